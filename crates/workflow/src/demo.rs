//! The demo: an invented support inbox that four people have labeled for three weeks. It is made by the same
//! workflows that people use, with an earlier clock.

mod explore;
mod stage;
mod work;

#[cfg(test)]
mod tests;

use crate::care::rebuild;
use crate::discover::{JoinRun, LabelBulk};
use crate::jobs::{self, Halt, Job, JobOutcome, JobView, Running};
use crate::site::people;
use crate::{Error, Instance, Result, allow};
use domain::job::JobState;
use domain::permission::{Act, Actor};
use domain::{PersonId, ProjectId, Time};
use serde::{Deserialize, Serialize};
use stage::{Stage, Told};

/// The slug of the demo's project.
pub const SLUG: &str = "support-inbox";
/// The e-mail of the demo's owner, who is an admin.
pub const OWNER: &str = "demo@assay.example";

/// The people who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// Name, e-mail and role of each person. The owner is first.
    pub people: Vec<(String, String, &'static str)>,
    /// False if the demo existed already.
    pub is_new: bool,
}

/// Makes the demo in an empty installation. If the demo exists already, nothing is changed; an installation that
/// holds something else is refused. All people get the same password.
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

/// Begins the demo in a running installation, as a project of this admin, and returns its slug. A job makes it. Until
/// the job is done, the name of the project says that it is unfinished. Its annotators get no password.
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

/// The job that [`begin`] makes. An interrupted demo is not continued: it stays, and its name says that it is
/// unfinished.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MakeDemo {
    project: ProjectId,
    owner: PersonId,
    /// The demo ends on the day before.
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

/// Jobs that come of making the demo itself: new messages join their groups, and a bulk answer is given.
const OF_THE_DEMO: [&str; 2] = [JoinRun::NAME, LabelBulk::NAME];
/// More of them than it ever enqueues.
const LATELY: i64 = 10;

/// The job that makes this project, if it is an unfinished demo and nobody enqueued another job in it since.
pub async fn making(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<JobView>> {
    allow(actor, Act::SeeOthers)?;
    let lately = instance.store.jobs(Some(project), None, LATELY).await?;
    let newest = lately.into_iter().find(|job| !OF_THE_DEMO.contains(&job.kind.as_str()));
    let making = newest.filter(|job| job.kind == MakeDemo::NAME && job.state != JobState::Done);
    Ok(making.map(|job| JobView::of(&job, MakeDemo::TITLE, instance.store.now())))
}

fn failure(halt: Halt) -> Error {
    match halt {
        Halt::Failed(error) => error,
        Halt::Stop(_) => Error::conflict("The demo was stopped."),
    }
}
