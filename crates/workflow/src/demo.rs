//! An instance that looks lived in: an invented support inbox, taken in, defined, labeled by four people over three
//! weeks and released. Everything is done by the same workflows that people use, only at an earlier time.

mod stage;
mod work;

#[cfg(test)]
mod tests;

use crate::care::rebuild;
use crate::jobs::{self, Halt, Job, JobOutcome, JobView, Running};
use crate::site::people;
use crate::{Error, Instance, Result, allow};
use domain::job::JobState;
use domain::permission::{Act, Actor};
use domain::{PersonId, ProjectId, Time};
use serde::{Deserialize, Serialize};
use stage::{Stage, Told};

/// The address of the demo's project.
pub const SLUG: &str = "support-inbox";
/// Who owns the demo, and is its admin.
pub const OWNER: &str = "demo@assay.example";

/// Who can sign in, and where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// Name, e-mail and what they are here; the owner first.
    pub people: Vec<(String, String, &'static str)>,
    /// False where the demo was there already.
    pub is_new: bool,
}

/// Fills an empty installation. On one that holds the demo it changes nothing; one that holds something else it
/// refuses. Everyone gets the same password.
pub async fn seed(instance: &Instance, password: &str) -> Result<Demo> {
    let annotators = sample::annotators();
    let mut people = vec![("Demo owner".to_owned(), OWNER.to_owned(), "admin and owner")];
    people.extend(annotators.iter().map(|a| (a.name.to_owned(), a.email.to_owned(), "annotator")));
    if instance.store.project_by_slug(SLUG).await?.is_some()
        && people::find(instance, &Actor::OPERATOR, OWNER).await.is_ok()
    {
        return Ok(Demo { people, is_new: false });
    }
    if !people::is_first_run(instance).await? {
        return Err(Error::conflict(
            "This installation is in use: the demo would be mixed with it. Name another folder with --data.",
        ));
    }
    let stage = Stage::before(instance, instance.store.now());
    let owner = people::create_first_admin(&stage.instance, "Demo owner", OWNER, password).await?;
    let owner = stage.owner(owner);
    let project = stage.project(&owner).await?;
    Box::pin(stage.play(&owner, project, Some(password), &Told::default())).await.map_err(failure)?;
    rebuild::catch_up(instance).await?;
    Ok(Demo { people, is_new: true })
}

/// Begins the demo in an installation that serves already, as a project of this admin, and returns its address. A
/// job makes it: until the job is done, the name of the project says that it is not whole. Its annotators get no
/// password.
pub async fn begin(instance: &Instance, admin: &Actor) -> Result<&'static str> {
    allow(admin, Act::ManageProjects)?;
    let person = admin.person_id().ok_or(Error::Forbidden(Act::ManageProjects))?;
    for annotator in sample::annotators() {
        if people::find(instance, admin, annotator.email).await.is_ok() {
            let email = annotator.email;
            return Err(Error::conflict(format!("One of the demo’s people has your e-mail, {email}.")));
        }
    }
    let now = instance.store.now();
    let stage = Stage::before(instance, now);
    let project = stage.project(&stage.owner(person)).await?;
    let make = MakeDemo { project, owner: person, now };
    jobs::enqueue(instance, Some(person), Some(project), &make).await?;
    Ok(SLUG)
}

/// The job that [`begin`] makes. A demo that was interrupted is not gone on with: it stays, and says what it is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MakeDemo {
    project: ProjectId,
    owner: PersonId,
    /// Its last day is the one before.
    now: Time,
}

impl Job for MakeDemo {
    const NAME: &'static str = "make_demo";
    const TITLE: &'static str = "Three weeks of work on an invented inbox";

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        if running.last_checkpoint::<bool>().is_some() {
            return Err(Halt::Failed(Error::conflict("The program ended while the demo was being made.")));
        }
        running.progress(0, None, "").await?;
        running.checkpoint(&true).await?;
        let stage = Stage::before(instance, self.now);
        let owner = stage.owner(self.owner);
        let told = Told::job(running);
        // Each long step is boxed: all of them in one frame are too much for the stack of a worker.
        Box::pin(stage.play(&owner, self.project, None, &told)).await?;
        Ok(serde_json::json!({ "project": self.project }))
    }
}

/// The job that makes this project, where it is a demo and nothing else was done in it since: it is under way, or
/// says why the demo is not whole.
pub async fn making(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<JobView>> {
    allow(actor, Act::SeeOthers)?;
    let newest = instance.store.jobs(Some(project), None, 1).await?.pop();
    let making = newest.filter(|job| job.kind == MakeDemo::NAME && job.state != JobState::Done);
    Ok(making.map(|job| JobView::of(&job, instance.store.now())))
}

fn failure(halt: Halt) -> Error {
    match halt {
        Halt::Failed(error) => error,
        Halt::Stop(_) => Error::conflict("The demo was stopped."),
    }
}
