//! A small labeled project for the stories of design, agreement and releases.

use domain::answer::Said;
use domain::permission::{Actor, Role};
use domain::project::{Settings, Task};
use domain::queue::{Plan, Strategy};
use domain::{ItemId, LabelId, ProjectId, QueueId, RevisionId};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use store::label::tally::Tally;
use store::{Store, on};
use workflow::label::annotate::Served;
use workflow::label::queues;
use workflow::testbed;
use workflow::{Error, Instance};

pub struct Testbed {
    pub instance: Instance,
    pub project: ProjectId,
    pub owner: Actor,
    pub annotator: Actor,
    /// refund, card, other.
    pub labels: Vec<LabelId>,
    pub items: Vec<(ItemId, RevisionId)>,
    bed: testbed::Testbed,
    /// Ben, Cleo, Dan, Eva.
    people: Vec<Actor>,
    /// What each of them was given: (queue, item, person).
    served: Mutex<HashMap<(QueueId, usize, usize), Served>>,
    n_answers: AtomicU64,
}

const SETTINGS: Settings = Settings {
    control_share: 0.4,
    seed: 7,
    shown_fields: Vec::new(),
    confirm_picks: false,
    bulk_bar: 0.9,
    stuck_after: 3,
    alpha_target: 0.667,
};

impl Testbed {
    /// A project with a published taxonomy and four annotators, without items and answers.
    pub async fn new(store: Store, task: Task) -> Testbed {
        let bed = testbed::Testbed::owned_by("Ada", store, "inbox", task, SETTINGS).await;
        let mut people = Vec::new();
        for name in ["Ben", "Cleo", "Dan", "Eva"] {
            people.push(bed.person(name, Role::Annotator).await);
        }
        Testbed {
            instance: bed.instance.clone(),
            project: bed.project,
            owner: bed.owner,
            annotator: people[0],
            labels: bed.publish(&["refund", "card", "other"]).await,
            items: Vec::new(),
            bed,
            people,
            served: Mutex::default(),
            n_answers: AtomicU64::new(0),
        }
    }

    /// Another project of the same installation, without items.
    pub async fn another_project(&self, slug: &str) -> ProjectId {
        testbed::project(&self.instance, slug, Task::Single, SETTINGS).await
    }

    /// Adds items with these texts; the text before a `|` is the group.
    pub async fn import(&mut self, texts: &[&str]) {
        let from = self.items.len();
        let rows: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let at = from + at;
                let (group, text) =
                    text.split_once('|').map_or((None, *text), |(group, text)| (Some(group), text));
                let channel = if at.is_multiple_of(2) { "mail" } else { "=chat" };
                json!({
                    "id": format!("m-{at:03}"), "text": text, "group": group, "at": "2026-11-02T09:00:00Z",
                    "channel": channel, "score": -(at as i64),
                })
            })
            .collect();
        self.bed.import("mail.jsonl", &rows).await;
        let query = "SELECT id, revision_id FROM item WHERE project_id = $1 ORDER BY external_id";
        let items: Vec<(i64, i64)> =
            on!(self.instance.store, |db| sqlx::query_as(query).bind(self.project.0).fetch_all(db).await)
                .expect("items");
        self.items = items.into_iter().map(|(item, revision)| (ItemId(item), RevisionId(revision))).collect();
    }

    /// A queue with all items, control items first: twenty items hold the first one that a person has not answered.
    pub async fn queue(&self, name: &str, overlap: u32) -> QueueId {
        let plan = Plan { strategy: Strategy::InOrder, overlap, control_share: 1.0, ..Plan::default() };
        self.bed.queue(name, plan).await
    }

    /// One person is given an item and answers it, or corrects what they said of it before; no labels at all: taken
    /// back. What the item is resolved to follows.
    pub async fn answer(&self, queue: QueueId, item: usize, person: usize, labels: Option<&[usize]>) {
        self.give(queue, item, person).await;
        let served = self.served.lock().expect("no panic")[&(queue, item, person)].clone();
        let said = match labels {
            Some(labels) => Said::Labels(labels.iter().map(|l| self.labels[*l]).collect()),
            None => Said::Withdrawn,
        };
        let serial = self.n_answers.fetch_add(1, Ordering::SeqCst);
        self.bed.advance(1);
        self.bed.say(&self.people[person], &served, said, serial).await.expect("an answer");
    }

    /// A person is given an item once. All leases are taken back at once, so that others can be given it too.
    pub async fn give(&self, queue: QueueId, item: usize, person: usize) {
        let key = (queue, item, person);
        if self.served.lock().expect("no panic").contains_key(&key) {
            return;
        }
        let batch = self.bed.next(&self.people[person], queue, 20).await;
        let served = batch.items.into_iter().find(|served| served.item == self.items[item].0);
        self.served.lock().expect("no panic").insert(key, served.expect("the item is open"));
        queues::release_leases(&self.instance, &self.owner, self.project, queue, None)
            .await
            .expect("no leases");
    }

    /// Items by state, from the rows and from the counts, which must be the same.
    pub async fn states(&self) -> Vec<(String, i64)> {
        let query = "SELECT state, CAST(COUNT(*) AS BIGINT) FROM item WHERE project_id = $1
                     GROUP BY state ORDER BY state";
        let rows: Vec<(String, i64)> =
            on!(self.instance.store, |db| sqlx::query_as(query).bind(self.project.0).fetch_all(db).await)
                .expect("states");
        let mut counts = self.instance.store.tally(Tally::Project(self.project)).await.expect("counts");
        counts.retain(|key, n| *n != 0 && key != "control");
        assert_eq!(rows, counts.into_iter().collect::<Vec<_>>());
        rows
    }

    /// Runs what was promised to be done.
    pub async fn work(&self) {
        workflow::jobs::run_all(&self.instance).await.expect("the jobs");
    }
}

/// The sentence of an error, whatever kind it is.
pub fn sentence<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    outcome.expect_err("an error").to_string()
}
