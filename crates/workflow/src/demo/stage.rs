//! The three weeks of the demo, run by the workflows that people use, with a clock of their own.

use super::SLUG;
use super::work::{Crew, Worker};
use crate::data::import::{self, Bring};
use crate::design::{self, Published};
use crate::jobs::{Halt, Running};
use crate::label::queues::{self, Setup};
use crate::release::{self, Order};
use crate::site::people::{self, Newcomer};
use crate::site::projects::{self, NewProjectForm, ProjectForm};
use crate::{Error, Instance, Result, Thing};
use domain::consensus::State;
use domain::permission::{Actor, Role, Roles, Via};
use domain::queue::Plan;
use domain::slice::{FieldIs, Slice};
use domain::source::{Format, Mapping};
use domain::taxonomy::edit::Edit;
use domain::{PersonId, ProjectId, QueueId, Time};
use sample::{INTENTS, Intent, Message, Truth};
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::Clock;

pub(super) const NAME: &str = "Support inbox";
/// Its name until it is finished.
pub(super) const UNFINISHED: &str = "Support inbox (unfinished)";
const DESCRIPTION: &str = "What customers of Kettle & Crow, an invented coffee shop, write about. Nobody wrote these \
                           messages: all people, orders and addresses in them are made up.";
const QUEUE_NOTE: &str =
    "Decide by what the customer wants done. Where they want two things, take the first.";
const N_MESSAGES: usize = 2_000;
const SEED: u64 = 20_261_123;
const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// Reports how many days are done to the job, if there is one.
#[derive(Default)]
pub(super) struct Told<'a> {
    run: Option<&'a Running>,
    done: AtomicI64,
}

impl<'a> Told<'a> {
    pub(super) fn job(running: &'a Running) -> Told<'a> {
        Told { run: Some(running), ..Told::default() }
    }
}

impl Told<'_> {
    async fn a_day_of(&self, total: usize) -> std::result::Result<(), Halt> {
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        match self.run {
            Some(run) => Ok(run.progress(done, Some(total as i64), "").await?),
            None => Ok(()),
        }
    }
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

    /// A full hour on the day so many days ago.
    fn at(self, ago: i64, hour: i64) -> Time {
        Time((self.today - ago) * DAY + hour * HOUR)
    }

    /// The working days in a range of days ago, in order.
    fn working(self, from: i64, to: i64) -> Vec<i64> {
        // 1970 began on a Thursday.
        let is_weekend = |ago: &i64| matches!((self.today - ago + 4).rem_euclid(7), 0 | 6);
        (to..=from).rev().filter(|ago| !is_weekend(ago)).collect()
    }
}

pub(super) struct Stage {
    pub(super) instance: Instance,
    clock: Clock,
    days: Days,
}

impl Stage {
    /// The past days have a clock of their own.
    pub(super) fn before(instance: &Instance, now: Time) -> Stage {
        let days = Days::before(now);
        let clock = Clock::manual(days.at(21, 9));
        let past = Instance { store: instance.store.clone().with_clock(clock.clone()), ..instance.clone() };
        Stage { instance: past, clock, days }
    }

    /// Runs the three weeks in a few seconds. No part is left to a job, because a job would run with the real clock.
    pub(super) async fn play(
        &self,
        owner: &Actor,
        project: ProjectId,
        password: Option<&str>,
        told: &Told<'_>,
    ) -> std::result::Result<(), Halt> {
        let inbox = sample::inbox(N_MESSAGES, SEED, self.days.at(5, 8).0);
        let first_import = self.days.at(21, 10);
        let n_early = inbox.messages.partition_point(|m| m.event_at_micros < first_import.0);
        let (early, late) = inbox.messages.split_at(n_early);
        let (first_days, last_days) = (self.days.working(20, 6), self.days.working(5, 1));
        let total = first_days.len() + last_days.len();

        let workers = self.hire(owner, project, password).await?;
        let mut crew = Crew::new(self.instance.clone(), self.clock.clone(), project, &inbox, workers, SEED);

        self.until(first_import);
        self.import(owner, project, "support-inbox.jsonl", early).await?;
        self.until(self.days.at(21, 11));
        Box::pin(self.look_around(owner, project, &inbox)).await?;
        let note = "First version, from reading two hundred messages";
        self.taxonomy(owner, project, |intent| !intent.is_new, note).await?;
        self.until(self.days.at(21, 12));
        let chats = self.queue(owner, project, "Chats, two people each", "chat", 2).await?;
        let mut left = first_days.len();
        for ago in first_days {
            told.a_day_of(total).await?;
            self.until(self.days.at(ago, 9));
            Box::pin(crew.work(chats, 1.0 / left as f64)).await?;
            left -= 1;
        }

        self.until(self.days.at(5, 8));
        self.import(owner, project, "support-inbox-later.jsonl", late).await?;
        let mails = self.queue(owner, project, "E-mails, one person each", "email", 1).await?;
        for ago in last_days {
            told.a_day_of(total).await?;
            if ago <= 3 {
                self.until(self.days.at(ago, 8));
                self.new_topic(owner, project).await?;
            }
            self.until(self.days.at(ago, 9));
            Box::pin(crew.work(mails, 0.2)).await?;
        }
        self.until(self.days.at(1, 17));
        Box::pin(self.label_in_bulk(owner, project, &inbox)).await?;
        self.until(self.days.at(1, 18));
        self.release(owner, project).await?;
        self.named(owner, project, NAME).await?;
        Ok(())
    }

    /// Moves the clock forward to this time, never back.
    fn until(&self, time: Time) {
        let seconds = (time.0 - self.clock.now().0) / 1_000_000;
        self.clock.advance(seconds.max(0));
    }

    pub(super) fn owner(&self, person: PersonId) -> Actor {
        Actor { person, admin: true, roles: Roles::of(&[Role::Owner]), via: Via::Session }
    }

    pub(super) async fn project(&self, owner: &Actor) -> Result<ProjectId> {
        let form = NewProjectForm {
            name: UNFINISHED.to_owned(),
            slug: SLUG.to_owned(),
            description: DESCRIPTION.to_owned(),
            ..NewProjectForm::default()
        };
        let project = projects::create(&self.instance, owner, form).await?.id;
        people::set_roles(&self.instance, owner, project, owner.person, owner.roles).await?;
        self.named(owner, project, UNFINISHED).await?;
        Ok(project)
    }

    async fn named(&self, owner: &Actor, project: ProjectId, name: &str) -> Result<()> {
        let now = self.instance.store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?;
        let form = ProjectForm {
            name: name.to_owned(),
            description: DESCRIPTION.to_owned(),
            shown_fields: vec!["channel".to_owned(), "plan".to_owned()],
            confirm_picks: false,
            bulk_bar: None,
            seen: projects::stamp(&now),
        };
        projects::change(&self.instance, owner, project, form).await
    }

    async fn hire(&self, owner: &Actor, project: ProjectId, password: Option<&str>) -> Result<Vec<Worker>> {
        let mut workers = Vec::new();
        for annotator in sample::annotators() {
            let newcomer = Newcomer {
                name: annotator.name.to_owned(),
                email: annotator.email.to_owned(),
                password: password.map(str::to_owned),
                admin: false,
            };
            let person: PersonId = people::add(&self.instance, owner, newcomer).await?;
            let roles = Roles::of(&[Role::Annotator]);
            people::set_roles(&self.instance, owner, project, person, roles).await?;
            let actor = Actor { person, admin: false, roles, via: Via::Session };
            workers.push(Worker { actor, annotator });
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
        let sample = import::look(file.as_slice(), Some(Format::Jsonl))?;
        let (bytes, file) = (file.len() as u64, bytes::Bytes::from(file));
        let column = |name: &str| Some(name.to_owned());
        let mapping = Mapping {
            text: "text".to_owned(),
            id: column("external_id"),
            event_time: column("event_at"),
            group: column("customer"),
            ..Mapping::default()
        };
        let bring = Bring {
            project,
            name: name.to_owned(),
            format: Format::Jsonl,
            mapping,
            open: Arc::new(move || Ok(Box::new(Cursor::new(file.clone())))),
            bytes: Some(bytes),
        };
        Box::pin(import::bring(&self.instance, owner, bring, &sample, Arc::default(), |_| {})).await?;
        Ok(())
    }

    /// Adds intents as labels and publishes. The label for everything else comes last.
    async fn taxonomy(
        &self,
        owner: &Actor,
        project: ProjectId,
        is_wanted: impl Fn(&Intent) -> bool,
        note: &str,
    ) -> Result<()> {
        let mut draft = design::draft(&self.instance, owner, project).await?;
        for intent in INTENTS.iter().filter(|intent| is_wanted(intent)) {
            let mut label = design::new_label(&self.instance, intent.name);
            label.definition = intent.definition.to_owned();
            label.includes = intent.includes.join("\n");
            label.excludes_text = intent.excludes.join("\n");
            label.examples = intent.examples.iter().map(|e| (*e).to_owned()).collect();
            label.counter_examples = intent.counter_examples.iter().map(|c| c.text.to_owned()).collect();
            label.other = intent.is_other;
            draft = design::edit(&self.instance, owner, project, draft.edit, Edit::Add(label)).await?;
        }
        Box::pin(design::publish(&self.instance, owner, project, draft.edit, note)).await?;
        Ok(())
    }

    /// Publishes the label for the topic of the last weeks, once.
    async fn new_topic(&self, owner: &Actor, project: ProjectId) -> Result<()> {
        let published: Option<Published> = design::published(&self.instance, owner, project).await?;
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
    ) -> std::result::Result<QueueId, Halt> {
        let field = FieldIs { name: "channel".to_owned(), value: channel.to_owned() };
        let setup = Setup {
            name: name.to_owned(),
            plan: Plan { overlap, ..Plan::default() },
            slice: Slice { field: Some(field), ..Slice::default() },
            note: QUEUE_NOTE.to_owned(),
        };
        Box::pin(queues::create_now(&self.instance, owner, project, setup)).await
    }

    async fn release(&self, owner: &Actor, project: ProjectId) -> Result<()> {
        let order =
            Order { name: "First labels".to_owned(), states: vec![State::Agreed, State::Adjudicated] };
        Box::pin(release::cut_now(&self.instance, owner, project, &order, &|_, _| {})).await?;
        Ok(())
    }
}
