//! `assay token`: secrets with which programs act for somebody in one project.

use super::Place;
use anyhow::anyhow;
use app::parts::times::day;
use clap::{Args, Subcommand};
use domain::permission::{Actor, Scope};
use domain::{Time, TokenId};
use serde_json::json;
use std::io::{Write, stdout};
use std::process::ExitCode;
use workflow::site::people;
use workflow::site::projects;

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token and print it: it is shown this once
    Add(Add),
    /// List the tokens of a project that are not revoked, with when they expire
    List(List),
    /// End a token
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// For whom it acts
    email: String,
    /// The short name of the project
    slug: String,
    /// label, read or write; never more than the person may
    #[arg(long, value_parser = scope)]
    scope: Scope,
    /// What it is for
    #[arg(long, default_value = "command line")]
    name: String,
    /// Good for so many days; without it until it is revoked
    #[arg(long, value_name = "N")]
    days: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    slug: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    place: Place,
    /// The short name of the project
    slug: String,
    /// As the list shows it
    id: TokenId,
}

fn scope(word: &str) -> anyhow::Result<Scope> {
    word.parse().map_err(|()| anyhow!("use label, read or write"))
}

impl Token {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Add(args) => args.run().await,
            Verb::List(args) => args.run().await,
            Verb::Revoke(args) => args.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let person = people::find(&instance, &OPERATOR, &self.email).await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.slug).await?;
        let made = people::create_token(
            &instance, &OPERATOR, project.id, person.id, &self.name, self.scope, self.days,
        );
        let made = made.await?;
        if self.json {
            let said = serde_json::json!({
                "project": project.slug, "person": self.email, "name": self.name, "scope": self.scope.as_str(),
                "days": self.days, "secret": made.secret,
            });
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&said)?)?;
        } else {
            writeln!(stdout(), "{}", made.secret)?;
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.slug).await?;
        let tokens = people::tokens(&instance, &OPERATOR, project.id).await?;
        if self.json {
            let tokens: Vec<_> = tokens
                .iter()
                .map(|t| {
                    json!({
                        "id": t.id, "name": t.name, "of": t.person_name, "scope": t.scope,
                        "created_at_us": t.created_at, "last_used_at_us": t.last_used_at,
                        "expires_at_us": t.expires_at,
                    })
                })
                .collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&tokens)?)?;
        } else {
            for token in &tokens {
                let (name, of, scope) = (&token.name, &token.person_name, token.scope.as_str());
                let expires = match token.expires_at.map(Time) {
                    None => "never expires".to_owned(),
                    Some(at) if at <= instance.store.now() => format!("expired on {}", day(at)),
                    Some(at) => format!("expires on {}", day(at)),
                };
                writeln!(stdout(), "{}\t{name}\t{of}\t{scope}\t{expires}", token.id)?;
            }
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Revoke {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let project = projects::by_slug(&instance, &OPERATOR, &self.slug).await?;
        people::revoke_token(&instance, &OPERATOR, project.id, self.id).await?;
        writeln!(stdout(), "The token is revoked.")?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
