//! `assay vectors`: vectors of a project's items that were made elsewhere.

use super::Place;
use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use domain::permission::Actor;
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use workflow::discover::given::{self, VectorSetRow};
use workflow::site::projects;

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Vectors {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bring vectors: a .npy file of rows, and the ids of their items
    Add(Add),
    /// List those of a project
    List(List),
    /// Remove some; runs keep their name
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    project: String,
    /// What people will choose them by
    name: String,
    /// Rows of float32 or float64, as numpy.save writes them
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// The external id of each row's item, one a line, in the order of the rows
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    project: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    project: String,
    name: String,
}

impl Vectors {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Add(args) => args.run().await,
            Verb::List(args) => args.run().await,
            Verb::Remove(args) => args.run().await,
        }
    }
}

fn as_json(set: &VectorSetRow) -> Value {
    json!({
        "id": set.id, "name": set.name, "items": set.n_items, "dims": set.dims, "bytes": set.bytes,
        "created_by": set.created_by, "created_at_us": set.created_at,
    })
}

fn line(set: &VectorSetRow) -> String {
    let VectorSetRow { name, n_items, dims, bytes, .. } = set;
    format!("{name}\t{n_items} items\t{dims} dimensions\t{}", app::parts::numbers::bytes(*bytes))
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let Some(ids) = &self.ids else {
            bail!(
                "say which item each row belongs to: --ids FILE, one external id a line, in the order of the rows \
                 (tables with vectors, as .csv or .jsonl, are not read)"
            );
        };
        let instance = self.place.open_existing().await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.project).await?;
        if project.archived_at.is_some() {
            bail!("the project “{}” is archived", self.project);
        }
        let added = given::add(&instance, &OPERATOR, project.id, &self.name, &self.file, ids).await?;
        if self.json {
            let mut said = as_json(&added.set);
            said["ids_unknown"] = json!(added.n_unknown);
            said["items_without"] = json!(added.n_without);
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&said)?)?;
        } else {
            writeln!(stdout(), "{}", line(&added.set))?;
        }
        if let Some(remark) = added.remark() {
            eprintln!("assay: {remark}");
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_to_read().await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.project).await?;
        let known = given::list(&instance, &OPERATOR, project.id).await?;
        if self.json {
            let known: Vec<Value> = known.iter().map(as_json).collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&known)?)?;
        } else {
            for set in &known {
                writeln!(stdout(), "{}", line(set))?;
            }
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.project).await?;
        let missing = |error| match error {
            workflow::Error::NotFound(_) => anyhow!("no vectors of the project are called “{}”", self.name),
            other => other.into(),
        };
        let known = given::find(&instance, &OPERATOR, project.id, &self.name).await.map_err(missing)?;
        given::remove(&instance, &OPERATOR, project.id, known.id).await?;
        writeln!(stdout(), "The vectors are removed.")?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
