//! `assay release`: cutting a release, or writing one that was cut before, into a folder.

use super::Place;
use clap::Args;
use domain::consensus::State;
use domain::permission::Actor;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use workflow::release::{self, Forecast, Order, Release as Cut};

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Release {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    slug: String,
    /// What to call it; cuts the next release
    #[arg(long, required_unless_present_any = ["number", "list"])]
    name: Option<String>,
    /// Take this release instead of cutting one
    #[arg(long, conflicts_with = "name")]
    number: Option<i64>,
    /// List the releases
    #[arg(long, conflicts_with_all = ["name", "number"])]
    list: bool,
    /// Write its files into a folder <SLUG>-v<NUMBER> in this one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Cut without asking, whatever the splits would be
    #[arg(long, short)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Release {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let found = instance.store.project_by_slug(&self.slug).await?;
        let Some(project) = found else {
            anyhow::bail!("there is no project called {}: see assay project list", self.slug);
        };
        if self.list {
            let mut all: Vec<Cut> = Vec::new();
            loop {
                let before = all.last().map(|release| release.row.number);
                let page = release::list(&instance, &OPERATOR, project.id, before).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            self.show_all(&all)?;
            instance.store.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        let cut = match (self.number, &self.name) {
            (Some(number), _) => release::get(&instance, &OPERATOR, project.id, number).await?,
            (None, name) => {
                let name = name.clone().unwrap_or_default();
                let order = Order { name, states: vec![State::Agreed, State::Adjudicated] };
                let forecast = release::forecast(&instance, &OPERATOR, project.id, &order.states).await?;
                if !self.goes_on(&forecast)? {
                    anyhow::bail!("nothing was cut");
                }
                let bar = ProgressBar::new(0);
                if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
                    bar.set_style(style);
                }
                let told = {
                    let bar = bar.clone();
                    move |done: i64, total: i64| {
                        bar.set_length(u64::try_from(total).unwrap_or(0));
                        bar.set_position(u64::try_from(done).unwrap_or(0));
                    }
                };
                let cut = release::cut_now(&instance, &OPERATOR, project.id, &order, &told).await;
                bar.finish_and_clear();
                cut?
            }
        };
        let folder = match &self.out {
            Some(out) => {
                Some(release::write_to_dir(&instance, &OPERATOR, project.id, cut.row.number, out).await?)
            }
            None => None,
        };
        self.show(&cut, folder)?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    /// Splits are decided once for good: what speaks against them is said before. On a terminal the person decides.
    fn goes_on(&self, forecast: &Forecast) -> anyhow::Result<bool> {
        let warnings = forecast.warnings();
        for warning in &warnings {
            let warning: String = warning.chars().filter(|c| !c.is_control()).collect();
            writeln!(stderr(), "! {warning}")?;
        }
        if warnings.is_empty() || self.yes || !(stdin().is_terminal() && stderr().is_terminal()) {
            return Ok(true);
        }
        eprint!("{} items: {}. Cut it like this? [y/N] ", forecast.n_rows, forecast.in_words());
        stderr().flush()?;
        let mut line = String::new();
        stdin().lock().read_line(&mut line)?;
        Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    fn show(&self, cut: &Cut, folder: Option<PathBuf>) -> anyhow::Result<()> {
        if self.json {
            let value = json!({
                "number": cut.row.number, "name": cut.row.name, "state": cut.row.state, "hash": cut.hash,
                "folder": folder, "manifest": cut.manifest,
            });
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&value)?)?;
            return Ok(());
        }
        let n_rows = cut.manifest.as_ref().map_or(0, |m| m.n_rows);
        writeln!(stdout(), "{} v{}: {n_rows} items", self.slug, cut.row.number)?;
        for split in cut.manifest.iter().flat_map(|m| &m.splits) {
            writeln!(
                stdout(),
                "  {}\t{} items, {} of them control items",
                split.split.as_str(),
                split.n_rows,
                split.n_control
            )?;
        }
        for file in &cut.files {
            writeln!(stdout(), "  {}\t{} bytes\t{}", file.path, file.bytes, file.hash)?;
        }
        if let Some(folder) = folder {
            writeln!(stdout(), "written to {}", folder.display())?;
        }
        Ok(())
    }

    fn show_all(&self, releases: &[Cut]) -> anyhow::Result<()> {
        if self.json {
            let value: Vec<_> = releases
                .iter()
                .map(|cut| {
                    json!({
                        "number": cut.row.number, "name": cut.row.name, "state": cut.row.state, "hash": cut.hash,
                        "n_rows": cut.manifest.as_ref().map(|m| m.n_rows),
                    })
                })
                .collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&value)?)?;
            return Ok(());
        }
        for cut in releases {
            let n_rows = cut.manifest.as_ref().map_or_else(String::new, |m| format!("{} items", m.n_rows));
            writeln!(
                stdout(),
                "v{}\t{}\t{}\t{n_rows}",
                cut.row.number,
                cut.row.state.as_str(),
                cut.row.name
            )?;
        }
        Ok(())
    }
}
