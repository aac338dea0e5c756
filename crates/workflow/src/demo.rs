//! A house that looks lived in: an invented support inbox, taken in, defined, labeled by four people over three
//! weeks and released. Everything is done by the same workflows that people use, only at an earlier time.

mod work;

#[cfg(test)]
mod tests;

use crate::design::{self, Published};
use crate::people::{self, Newcomer};
use crate::projects::{self, NewProjectForm, ProjectForm};
use crate::queues::{self, Setup};
use crate::release::{self, Order};
use crate::{Error, House, Result, import, jobs, rebuild};
use domain::consensus::State;
use domain::permission::{Actor, Role, Roles, Via};
use domain::queue::{FieldIs, Filter, Plan};
use domain::source::{Format, Mapping};
use domain::taxonomy::edit::Edit;
use domain::{PersonId, ProjectId, QueueId, Time};
use sample::{INTENTS, Intent, Message, Truth};
use store::Clock;
use work::{Crew, Worker};

/// The address of the demo's project.
pub const SLUG: &str = "support-inbox";
/// Who owns the demo, and is its admin.
pub const OWNER: &str = "demo@assay.example";

const N_MESSAGES: usize = 2_000;
const SEED: u64 = 20_261_123;
const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

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
pub async fn seed(house: &House, password: &str) -> Result<Demo> {
    let annotators = sample::annotators();
    let mut people = vec![("Demo owner".to_owned(), OWNER.to_owned(), "admin and owner")];
    people.extend(annotators.iter().map(|a| (a.name.to_owned(), a.email.to_owned(), "annotator")));
    if house.store.project_by_slug(SLUG).await?.is_some()
        && people::find(house, &Actor::OPERATOR, OWNER).await.is_ok()
    {
        return Ok(Demo { people, is_new: false });
    }
    if !people::is_first_run(house).await? {
        return Err(Error::conflict(
            "This installation is in use: the demo would be mixed with it. Name another folder with --data.",
        ));
    }
    let days = Days::before(house.store.now());
    // Past days are lived through by a clock of their own.
    let clock = Clock::manual(days.at(21, 9));
    let past = House { store: house.store.clone().with_clock(clock.clone()), ..house.clone() };
    let stage = Stage { house: past, clock, days };
    stage.play(&annotators, password).await?;
    rebuild::catch_up(house).await?;
    Ok(Demo { people, is_new: true })
}

/// The days before today.
#[derive(Clone, Copy)]
struct Days {
    today: i64,
}

impl Days {
    fn before(now: Time) -> Days {
        Days { today: now.day() }
    }

    /// A full hour, so many days ago.
    fn at(self, ago: i64, hour: i64) -> Time {
        Time((self.today - ago) * DAY + hour * HOUR)
    }

    /// Working days from so many days ago to so many days ago, in order.
    fn working(self, from: i64, to: i64) -> Vec<i64> {
        // 1970 began on a Thursday.
        let is_weekend = |ago: &i64| matches!((self.today - ago + 4).rem_euclid(7), 0 | 6);
        (to..=from).rev().filter(|ago| !is_weekend(ago)).collect()
    }
}

struct Stage {
    house: House,
    clock: Clock,
    days: Days,
}

impl Stage {
    /// Three weeks in a few seconds.
    async fn play(&self, annotators: &[sample::Annotator], password: &str) -> Result<()> {
        let inbox = sample::inbox(N_MESSAGES, SEED, self.days.at(5, 8).0);
        let first_import = self.days.at(21, 10);
        let n_early = inbox.messages.partition_point(|m| m.event_at_micros < first_import.0);
        let (early, late) = inbox.messages.split_at(n_early);

        let owner = self.owner(password).await?;
        let project = self.project(&owner).await?;
        let workers = self.hire(&owner, project, annotators, password).await?;
        let mut crew = Crew::new(self.house.clone(), self.clock.clone(), project, &inbox, workers, SEED);

        self.until(first_import);
        self.import(&owner, project, "support-inbox.jsonl", early).await?;
        self.until(self.days.at(21, 11));
        self.taxonomy(
            &owner,
            project,
            |intent| !intent.is_new,
            "First version, from reading two hundred messages",
        )
        .await?;
        self.until(self.days.at(21, 12));
        let chats = self.queue(&owner, project, "Chats, two people each", "chat", 2).await?;
        let days = self.days.working(20, 6);
        let mut left = days.len();
        for ago in days {
            self.until(self.days.at(ago, 9));
            crew.work(chats, 1.0 / left as f64).await?;
            left -= 1;
        }

        self.until(self.days.at(5, 8));
        self.import(&owner, project, "support-inbox-later.jsonl", late).await?;
        let mails = self.queue(&owner, project, "E-mails, one person each", "email", 1).await?;
        for ago in self.days.working(5, 1) {
            if ago <= 3 {
                self.until(self.days.at(ago, 8));
                self.new_topic(&owner, project).await?;
            }
            self.until(self.days.at(ago, 9));
            crew.work(mails, 0.2).await?;
        }
        self.until(self.days.at(1, 18));
        self.release(&owner, project).await
    }

    /// Moves on in time; never back.
    fn until(&self, time: Time) {
        let seconds = (time.0 - self.clock.now().0) / 1_000_000;
        self.clock.advance(seconds.max(0));
    }

    async fn owner(&self, password: &str) -> Result<Actor> {
        let person = people::create_first_admin(&self.house, "Demo owner", OWNER, password).await?;
        Ok(Actor { person, admin: true, roles: Roles::of(&[Role::Owner]), via: Via::Session })
    }

    async fn project(&self, owner: &Actor) -> Result<ProjectId> {
        let description = "What customers of Kettle & Crow, an invented coffee shop, write about. Nobody wrote these \
                           messages: all people, orders and addresses in them are made up.";
        let form = NewProjectForm {
            name: "Support inbox".to_owned(),
            slug: SLUG.to_owned(),
            description: description.to_owned(),
            ..NewProjectForm::default()
        };
        let project = projects::create(&self.house, owner, form).await?.id;
        people::set_roles(&self.house, owner, project, owner.person, owner.roles).await?;
        let form = ProjectForm {
            name: "Support inbox".to_owned(),
            description: description.to_owned(),
            shown_fields: vec!["channel".to_owned(), "plan".to_owned()],
            confirm_picks: false,
        };
        projects::change(&self.house, owner, project, form).await?;
        Ok(project)
    }

    async fn hire(
        &self,
        owner: &Actor,
        project: ProjectId,
        annotators: &[sample::Annotator],
        password: &str,
    ) -> Result<Vec<Worker>> {
        let mut workers = Vec::new();
        for annotator in annotators {
            let newcomer = Newcomer {
                name: annotator.name.to_owned(),
                email: annotator.email.to_owned(),
                password: Some(password.to_owned()),
                admin: false,
            };
            let person: PersonId = people::add(&self.house, owner, newcomer).await?;
            let roles = Roles::of(&[Role::Annotator]);
            people::set_roles(&self.house, owner, project, person, roles).await?;
            let actor = Actor { person, admin: false, roles, via: Via::Session };
            workers.push(Worker { actor, annotator: annotator.clone() });
        }
        Ok(workers)
    }

    async fn import(
        &self,
        owner: &Actor,
        project: ProjectId,
        name: &str,
        messages: &[Message],
    ) -> Result<()> {
        let mut file = Vec::new();
        sample::write_jsonl(&mut file, messages, Truth::Hidden).map_err(Error::internal)?;
        let mut blob = self.house.store.create_blob().await?;
        blob.write(&file).await?;
        let upload = blob.finish().await?;
        let source = import::begin(&self.house, owner, project, name, Some(Format::Jsonl), upload).await?;
        let column = |name: &str| Some(name.to_owned());
        let mapping = Mapping {
            text: "text".to_owned(),
            id: column("external_id"),
            event_time: column("event_at"),
            group: column("customer"),
            ..Mapping::default()
        };
        import::start(&self.house, owner, project, source, mapping).await?;
        self.finish_jobs().await
    }

    async fn finish_jobs(&self) -> Result<()> {
        jobs::run_all(&self.house).await?;
        let failed = self.house.store.jobs(None, None, 20).await?.into_iter().find_map(|job| job.error);
        failed.map_or(Ok(()), |why| Err(Error::internal(why)))
    }

    /// Adds intents as labels, the bucket for everything else last, and publishes.
    async fn taxonomy(
        &self,
        owner: &Actor,
        project: ProjectId,
        is_wanted: impl Fn(&Intent) -> bool,
        note: &str,
    ) -> Result<()> {
        let mut draft = design::draft(&self.house, owner, project).await?;
        for intent in INTENTS.iter().filter(|intent| is_wanted(intent)) {
            let mut label = design::new_label(&self.house, intent.name);
            label.definition = intent.definition.to_owned();
            label.includes = intent.includes.join("\n");
            label.excludes_text = intent.excludes.join("\n");
            label.examples = intent.examples.iter().map(|e| (*e).to_owned()).collect();
            label.counter_examples = intent.counter_examples.iter().map(|c| c.text.to_owned()).collect();
            label.other = intent.is_other;
            draft = design::edit(&self.house, owner, project, draft.edit, Edit::Add(label)).await?;
        }
        design::publish(&self.house, owner, project, draft.edit, note).await?;
        self.finish_jobs().await
    }

    /// The topic of the last weeks becomes a label, once.
    async fn new_topic(&self, owner: &Actor, project: ProjectId) -> Result<()> {
        let published: Option<Published> = design::published(&self.house, owner, project).await?;
        if published.is_some_and(|p| p.number > 1) {
            return Ok(());
        }
        let note =
            "People have begun to write about this: until now it went to the bucket for everything else";
        self.taxonomy(owner, project, |intent| intent.is_new, note).await
    }

    async fn queue(
        &self,
        owner: &Actor,
        project: ProjectId,
        name: &str,
        channel: &str,
        overlap: u32,
    ) -> Result<QueueId> {
        let field = FieldIs { name: "channel".to_owned(), value: channel.to_owned() };
        let setup = Setup {
            name: name.to_owned(),
            plan: Plan { overlap, ..Plan::default() },
            filter: Filter { field: Some(field), ..Filter::default() },
            note: String::new(),
        };
        let queue = queues::create(&self.house, owner, project, setup).await?;
        self.finish_jobs().await?;
        Ok(queue)
    }

    async fn release(&self, owner: &Actor, project: ProjectId) -> Result<()> {
        let order =
            Order { name: "First labels".to_owned(), states: vec![State::Agreed, State::Adjudicated] };
        release::order(&self.house, owner, project, &order).await?;
        self.finish_jobs().await
    }
}
