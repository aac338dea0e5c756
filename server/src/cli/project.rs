//! `assay project`: making projects and listing them.

use super::Place;
use clap::{Args, Subcommand};
use domain::permission::Actor;
use domain::project::Task;
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::process::ExitCode;
use store::site::projects::{ListedProject, Project as Known};
use workflow::Instance;
use workflow::site::projects::{self, NewProjectForm};

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Project {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a project
    Add(Add),
    /// List the projects with their counts
    List(List),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    name: String,
    /// Its name in addresses and commands; else made from the name
    #[arg(long, default_value = "")]
    slug: String,
    /// Any number of labels an item instead of one
    #[arg(long)]
    multi: bool,
    /// What is this pile?
    #[arg(long, default_value = "")]
    description: String,
    /// Percent of the items that are control items, chosen by chance; can't be changed later
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    control: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Those that are archived
    #[arg(long)]
    archived: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Project {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Add(args) => args.run().await,
            Verb::List(args) => args.run().await,
        }
    }
}

fn as_json(project: &Known) -> Value {
    json!({
        "id": project.id, "slug": project.slug, "name": project.name, "task": project.task,
        "description": project.description, "archived": project.archived_at.is_some(),
        "control_share": project.settings.0.control_share,
    })
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open().await?;
        let form = NewProjectForm {
            name: self.name,
            slug: self.slug,
            description: self.description,
            task: if self.multi { Task::Multi } else { Task::Single },
            control_share: self.control / 100.0,
        };
        let project = projects::create(&instance, &OPERATOR, form).await?;
        if self.json {
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&as_json(&project))?)?;
        } else {
            writeln!(stdout(), "{}", project.slug)?;
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// All of them, page by page.
async fn all(instance: &Instance, archived: bool) -> anyhow::Result<Vec<ListedProject>> {
    let mut all: Vec<ListedProject> = Vec::new();
    loop {
        let after = all.last().map(|p| (p.project.name.as_str(), p.project.id));
        let page = projects::list(instance, &OPERATOR, archived, after).await?;
        let last = (page.len() as i64) < projects::A_PAGE;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let listed = all(&instance, self.archived).await?;
        let n_items = |p: &ListedProject| -> i64 {
            p.tally.iter().filter(|(k, _)| *k != "control").map(|(_, n)| n).sum()
        };
        if self.json {
            let listed: Vec<_> = listed
                .iter()
                .map(|p| {
                    let mut value = as_json(&p.project);
                    value["n_items"] = json!(n_items(p));
                    value["states"] = json!(p.tally);
                    value["n_open_queues"] = json!(p.n_open_queues);
                    value
                })
                .collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&listed)?)?;
        } else {
            for p in &listed {
                let task = p.project.task.as_str();
                writeln!(
                    stdout(),
                    "{}\t{}\t{task}\t{} items\t{} open queues",
                    p.project.slug,
                    p.project.name,
                    n_items(p),
                    p.n_open_queues
                )?;
            }
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
