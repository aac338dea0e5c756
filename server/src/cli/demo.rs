//! `assay demo`: an instance that looks lived in, made once and served.

use super::Place;
use super::serve::Web;
use crate::serve::{Listening, serve};
use anyhow::Context;
use clap::Args;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use workflow::Instance;
use workflow::demo::{self, Demo};

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The folder of the demo
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA", default_value = "assay-demo")]
    data: PathBuf,
    /// Use this (empty) PostgreSQL database instead of an SQLite file in the folder
    #[arg(long, value_name = "URL", env = "ASSAY_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The password of everyone in it, when it is made; without one it is drawn at random
    #[arg(long, value_name = "PASSWORD", env = "ASSAY_DEMO_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    #[command(flatten)]
    web: Web,
}

/// Beside the database, readable by whoever may read that: the demo says it at every start.
const PASSWORD_FILE: &str = "demo-password";

impl DemoArgs {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        // The address first: nobody waits for the demo to be made and then learns that the port is taken.
        let listening = Listening::on(&self.web.listen).await?;
        let place = Place { data: self.data.clone(), database_url: self.database_url.clone() };
        if place.database_url.is_none() && !place.data.join("assay.db").exists() {
            self.make_aside().await?;
        }
        let instance = place.open().await?;
        let demo = match self.seeded(&instance, &place.data).await {
            Ok(demo) => demo,
            Err(error) => {
                instance.store.close().await;
                return Err(error);
            }
        };
        say(&demo, &place.data)?;
        serve(instance, listening, self.web.options()).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// Makes the demo in a folder beside, which takes its name when it is whole: an interrupted start leaves no
    /// half of a demo.
    async fn make_aside(&self) -> anyhow::Result<()> {
        let mut aside = self.data.as_os_str().to_owned();
        aside.push(".making");
        let aside = PathBuf::from(aside);
        if aside.exists() {
            std::fs::remove_dir_all(&aside)
                .with_context(|| format!("{} can't be removed", aside.display()))?;
        }
        eprintln!("Making the demo: three weeks of work on an invented inbox …");
        let place = Place { data: aside.clone(), database_url: None };
        let instance = place.open().await?;
        self.seeded(&instance, &aside).await?;
        instance.store.close().await;
        drop(instance);
        if self.data.exists() {
            let say =
                || format!("{} holds something else: name another folder with --data", self.data.display());
            std::fs::remove_dir(&self.data).with_context(say)?;
        }
        std::fs::rename(&aside, &self.data).with_context(|| format!("{} can't be made", self.data.display()))
    }

    async fn seeded(&self, instance: &Instance, data: &Path) -> anyhow::Result<Demo> {
        let file = data.join(PASSWORD_FILE);
        let password = match (&self.password, std::fs::read_to_string(&file)) {
            (_, Ok(kept)) => kept.trim().to_owned(),
            (Some(given), _) => given.clone(),
            (None, Err(_)) => drawn(),
        };
        let demo = demo::seed(instance, &password).await?;
        if demo.is_new {
            store::engine::private::create_file(&file)
                .and_then(|mut file| file.write_all(password.as_bytes()))
                .with_context(|| format!("{} can't be written", file.display()))?;
        }
        Ok(demo)
    }
}

/// Four groups that can be read aloud.
fn drawn() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    [&random[..4], &random[4..8], &random[16..20], &random[20..24]].join("-")
}

fn say(demo: &Demo, data: &Path) -> std::io::Result<()> {
    let password = std::fs::read_to_string(data.join(PASSWORD_FILE));
    let password = password.as_deref().map_or("the one it was made with", str::trim);
    writeln!(stdout(), "Sign in to the demo with one of these, password {password}")?;
    for (name, email, role) in &demo.people {
        writeln!(stdout(), "  {email:<24} {name}, {role}")?;
    }
    Ok(())
}
