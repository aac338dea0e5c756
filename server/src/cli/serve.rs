//! `assay serve`: the installation on an address, until it is told to stop.

use super::Place;
use crate::options::Options;
use crate::serve::{Listening, serve};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    web: Web,
}

/// How to be reached.
#[derive(Debug, Clone, Args)]
pub struct Web {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", env = "ASSAY_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: String,
    /// Browsers come by https (a proxy in front does the encryption): cookies are sent by it alone
    #[arg(long, env = "ASSAY_HTTPS")]
    pub https: bool,
    /// All come by a proxy that adds whom it speaks for to X-Forwarded-For: the limits on sign-ins hold for each address
    #[arg(long, env = "ASSAY_BEHIND_PROXY")]
    pub behind_proxy: bool,
}

impl Web {
    pub fn options(&self) -> Options {
        Options { https: self.https, behind_proxy: self.behind_proxy }
    }
}

impl Serve {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open().await?;
        let listening = Listening::on(&self.web.listen).await?;
        serve(instance, listening, self.web.options()).await?;
        Ok(ExitCode::SUCCESS)
    }
}
