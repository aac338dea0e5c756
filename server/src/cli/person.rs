//! `assay person`: who is here, and what they are in which project.

use super::Place;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::permission::{Actor, Role, Roles};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write, stdout};
use std::process::{Command, ExitCode, Stdio};
use store::site::people::Person as Known;
use workflow::Instance;
use workflow::site::people::{self, Newcomer};

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Person {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add somebody who may sign in; their password is read from standard input
    Add(Add),
    /// List everyone who may sign in
    List(List),
    /// Set what somebody is in a project: annotator, owner, engineer; several with commas, "none" takes them out
    Roles(SetRoles),
    /// Make a link with which somebody chooses a new password: good for 24 hours and one use
    Link(Link),
    /// Take somebody's second factor away, who has lost the app and the recovery codes
    RemoveSecondFactor(RemoveSecondFactor),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    email: String,
    /// How the others know them; else the part of the address before the @
    #[arg(long, default_value = "")]
    name: String,
    /// May do everything: projects, people, all roles in every project
    #[arg(long)]
    admin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SetRoles {
    #[command(flatten)]
    place: Place,
    email: String,
    /// The short name of the project
    slug: String,
    /// Such as owner,annotator
    roles: String,
}

#[derive(Debug, Args)]
struct Link {
    #[command(flatten)]
    place: Place,
    email: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RemoveSecondFactor {
    #[command(flatten)]
    place: Place,
    email: String,
}

impl Person {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Add(args) => args.run().await,
            Verb::List(args) => args.run().await,
            Verb::Roles(args) => args.run().await,
            Verb::Link(args) => args.run().await,
            Verb::RemoveSecondFactor(args) => args.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open().await?;
        if !self.admin && people::is_first_run(&instance).await? {
            bail!("the first person has to be an admin, or nobody could let others in: add --admin");
        }
        let password = Some(read_password(&self.email)?);
        let newcomer = Newcomer { name: self.name, email: self.email.clone(), password, admin: self.admin };
        let id = people::add(&instance, &OPERATOR, newcomer).await?;
        if self.json {
            let said = serde_json::json!({ "id": id, "email": self.email, "admin": self.admin });
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&said)?)?;
        } else {
            writeln!(
                stdout(),
                "{} may sign in{}.",
                self.email,
                if self.admin { ", as an admin" } else { "" }
            )?;
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// One line of standard input; on a terminal it is asked for and not shown.
fn read_password(email: &str) -> anyhow::Result<String> {
    let terminal = std::io::stdin().is_terminal();
    let echo = |on: &str| Command::new("stty").arg(on).stdin(Stdio::inherit()).status();
    if terminal {
        eprint!("Password for {email}: ");
        std::io::stderr().flush()?;
        let _ = echo("-echo");
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if terminal {
        let _ = echo("echo");
        eprintln!();
    }
    read.context("the password can't be read from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("give the password as one line on standard input");
    }
    Ok(password.to_owned())
}

/// Everyone, page by page.
async fn everyone(instance: &Instance) -> anyhow::Result<Vec<Known>> {
    let mut all: Vec<Known> = Vec::new();
    loop {
        let after = all.last().map(|p| (p.name.as_str(), p.id));
        let page = people::list(instance, &OPERATOR, after).await?;
        let last = (page.len() as i64) < people::A_PAGE;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let all = everyone(&instance).await?;
        if self.json {
            let all: Vec<_> = all
                .iter()
                .map(|p| {
                    json!({
                        "id": p.id, "email": p.email, "name": p.name, "admin": p.admin,
                        "disabled": p.disabled_at.is_some(), "has_password": p.has_password,
                        "has_second_factor": p.has_second_factor,
                    })
                })
                .collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&all)?)?;
        } else {
            for person in &all {
                let marks = [
                    (person.admin, "admin"),
                    (person.disabled_at.is_some(), "disabled"),
                    (!person.has_password, "no password yet"),
                    (person.has_second_factor, "second factor"),
                ];
                let marks: Vec<_> = marks.into_iter().filter(|(is, _)| *is).map(|(_, said)| said).collect();
                writeln!(
                    stdout(),
                    "{}\t{}\t{}",
                    person.email.as_deref().unwrap_or("—"),
                    person.name,
                    marks.join(", ")
                )?;
            }
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl SetRoles {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let roles = read_roles(&self.roles)?;
        let instance = self.place.open_existing().await?;
        let person = people::find(&instance, &OPERATOR, &self.email).await?;
        let project = workflow::site::projects::by_slug(&instance, &OPERATOR, &self.slug).await?;
        people::set_roles(&instance, &OPERATOR, project.id, person.id, roles).await?;
        let said = if roles.is_empty() { "nobody".to_owned() } else { roles.to_list() };
        writeln!(stdout(), "{} is {said} in {}.", self.email, project.slug)?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

fn read_roles(list: &str) -> anyhow::Result<Roles> {
    if list == "none" {
        return Ok(Roles::NONE);
    }
    let read = |word: &str| -> anyhow::Result<Role> {
        let role = word.trim().parse::<Role>().ok();
        role.with_context(|| format!("“{word}” is no role: use annotator, owner, engineer, or none"))
    };
    Ok(Roles::of(&list.split(',').map(read).collect::<anyhow::Result<Vec<_>>>()?))
}

impl Link {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let person = people::find(&instance, &OPERATOR, &self.email).await?;
        let link = people::make_reset_link(&instance, &OPERATOR, person.id).await?;
        let path = format!("/reset/{link}");
        if self.json {
            let said = serde_json::json!({ "email": self.email, "path": path, "hours": 24 });
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&said)?)?;
        } else {
            eprintln!("Open this path on the server within 24 hours; it works once:");
            writeln!(stdout(), "{path}")?;
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl RemoveSecondFactor {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let person = people::find(&instance, &OPERATOR, &self.email).await?;
        people::second_factor::remove_factor_of(&instance, &OPERATOR, person.id).await?;
        writeln!(stdout(), "{} signs in with their password alone now.", self.email)?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_spelled_out() {
        assert_eq!(read_roles("owner, annotator").expect("roles").to_list(), "annotator,owner");
        assert!(read_roles("none").expect("none").is_empty());
        for wrong in ["", "boss", "owner,,"] {
            assert!(read_roles(wrong).is_err(), "{wrong}");
        }
    }
}
