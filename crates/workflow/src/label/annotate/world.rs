//! A small project for the stories of this folder. Items and people are called by the numbers under which they came.

use super::{Batch, Receipt, Rest, Served, Submission, next, submit};
use crate::label::queues::{self, Setup};
use crate::testbed::Testbed;
use crate::{Instance, Result};
use domain::answer::{Said, SkipReason};
use domain::item::{control_hash, control_threshold};
use domain::permission::{Actor, Role, Scope, Via};
use domain::person::PersonKind;
use domain::project::{Settings, Task};
use domain::queue::{Plan, Strategy};
use domain::taxonomy::{Label, Taxonomy};
use domain::{ItemId, LabelId, ProjectId, QueueId, RevisionId, SourceId, TaxonomyVersionId};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use store::label::tally::Tally;
pub use store::testing::number;
use store::{Store, on};
use uuid::Uuid;

pub const A: LabelId = LabelId(11);
pub const B: LabelId = LabelId(12);

#[derive(Clone)]
pub struct World {
    pub instance: Instance,
    pub project: ProjectId,
    /// The taxonomy version that answers are given with.
    pub version: TaxonomyVersionId,
    made: Arc<Made>,
}

/// What is in it.
pub struct Made {
    bed: Testbed,
    source: SourceId,
    annotators: Vec<Actor>,
    machine: Actor,
    /// In the order of import: (item, its first revision, its external id).
    items: Vec<(ItemId, RevisionId, String)>,
}

impl Deref for World {
    type Target = Made;

    fn deref(&self) -> &Made {
        &self.made
    }
}

pub fn labels(names: &[(LabelId, &str)]) -> Taxonomy {
    Taxonomy { labels: names.iter().map(|(id, name)| Label::named(*id, name)).collect(), ordered: false }
}

impl Made {
    /// One of the twenty annotators, from 1.
    pub fn annotator(&self, n: usize) -> Actor {
        self.annotators[n - 1]
    }

    pub fn owner(&self) -> Actor {
        self.bed.owner
    }

    pub fn machine(&self) -> Actor {
        self.machine
    }

    /// An item by its place in the import, from 1.
    pub fn item(&self, place: usize) -> ItemId {
        self.items[place - 1].0
    }

    /// The first revision of an item.
    pub fn revision(&self, place: usize) -> RevisionId {
        self.items[place - 1].1
    }

    /// The place of an item in the import, from 1.
    pub fn place(&self, item: ItemId) -> usize {
        self.items.partition_point(|known| known.0 < item) + 1
    }
}

impl World {
    /// A project with `n` items, of which every `control`-th is a control item, and twenty annotators, an owner and a
    /// machine.
    pub async fn with(store: Store, n: usize, control: usize) -> World {
        let control_share = if control > 0 { 0.5 } else { 0.0 };
        let settings =
            Settings { control_share, seed: 7, shown_fields: vec!["channel".into()], ..Settings::default() };
        let bed = Testbed::new(store, "p", Task::Single, settings).await;
        let annotators = bed.people(20, PersonKind::Person, Role::Annotator).await;
        let machine = bed.people(1, PersonKind::Machine, Role::Machine).await[0];
        let machine = Actor { via: Via::Token(Scope::Label), ..machine };

        let external: Vec<String> = (1..=n)
            .map(|place| external_id(place, control > 0 && place % control == 0, control_share))
            .collect();
        let row = |(at, id): (usize, &String)| row(id, &format!("text {}", at + 1));
        let source = bed.import("s.jsonl", &external.iter().enumerate().map(row).collect::<Vec<_>>()).await;
        let (project, store) = (bed.project, bed.instance.store.clone());
        let query = "SELECT id, revision_id, external_id FROM item ORDER BY id";
        let items: Vec<(i64, i64, String)> =
            on!(store, |db| sqlx::query_as(query).fetch_all(db).await).expect("items");
        assert!(items.iter().map(|item| &item.2).eq(&external), "items have ids in the order of import");
        let items =
            items.into_iter().map(|(item, revision, id)| (ItemId(item), RevisionId(revision), id)).collect();

        let taxonomy = labels(&[(A, "refund"), (B, "card")]);
        let version = publish(&store, project, None, taxonomy).await;
        let instance = bed.instance.clone();
        let made = Arc::new(Made { bed, source, annotators, machine, items });
        World { instance, project, version, made }
    }

    /// Publishes the next version of the taxonomy.
    pub async fn publish(&self, taxonomy: Taxonomy) -> TaxonomyVersionId {
        publish(&self.instance.store, self.project, Some(self.version), taxonomy).await
    }

    /// A queue in the order of import.
    pub async fn queue(&self, overlap: u32) -> QueueId {
        let plan = Plan { strategy: Strategy::InOrder, overlap, ..Plan::default() };
        self.queue_with("q", plan).await
    }

    pub async fn queue_with(&self, name: &str, plan: Plan) -> QueueId {
        let setup = Setup { name: name.into(), plan, ..Setup::default() };
        queues::create(&self.instance, &self.owner(), self.project, setup).await.expect("a queue")
    }

    pub async fn next(&self, actor: &Actor, queue: QueueId, n: usize) -> Batch {
        next(&self.instance, actor, self.project, queue, n).await.expect("a batch")
    }

    pub async fn items(&self, actor: &Actor, queue: QueueId, n: usize) -> Vec<usize> {
        self.next(actor, queue, n).await.items.iter().map(|served| self.place(served.item)).collect()
    }

    pub async fn rest(&self, actor: &Actor, queue: QueueId) -> Rest {
        self.next(actor, queue, 1).await.rest
    }

    pub async fn one(&self, actor: &Actor, queue: QueueId) -> Served {
        self.next(actor, queue, 1).await.items.remove(0)
    }

    pub async fn say(&self, actor: &Actor, served: &Served, said: Said) -> Result<Receipt> {
        submit(&self.instance, actor, self.project, self.said_of(served, said)).await
    }

    pub fn said_of(&self, served: &Served, said: Said) -> Submission {
        Submission {
            id: Uuid::now_v7(),
            assignment: served.assignment,
            revision: served.revision,
            said,
            version: Some(self.version),
            seconds: Some(2.5),
            note: None,
            confidence: None,
        }
    }

    /// Imports an item again with another text.
    pub async fn revise(&self, place: usize, text: &str) {
        self.bed.import("again.jsonl", &[row(&self.items[place - 1].2, text)]).await;
    }

    pub async fn state(&self, item: ItemId) -> String {
        on!(self.instance.store, |db| sqlx::query_scalar("SELECT state FROM item WHERE id = $1")
            .bind(item.0)
            .fetch_one(db)
            .await)
        .expect("an item")
    }

    pub async fn tally(&self, queue: QueueId) -> BTreeMap<String, i64> {
        let mut counts = self.instance.store.tally(Tally::Queue(queue)).await.expect("counts");
        counts.retain(|_, n| *n != 0);
        counts
    }

    pub fn advance(&self, seconds: i64) {
        self.bed.advance(seconds);
    }

    /// SQL in which `:item3`, `:revision3`, `:person3`, `:project` and `:source` stand for ids.
    pub fn sql(&self, text: &str) -> String {
        let mut text = text.replace(":project", &self.project.to_string());
        text = text.replace(":source", &self.source.to_string());
        // From the last: `:item1` is how `:item12` begins.
        for (at, (item, revision, _)) in self.items.iter().enumerate().take(20).rev() {
            text = text.replace(&format!(":item{}", at + 1), &item.to_string());
            text = text.replace(&format!(":revision{}", at + 1), &revision.to_string());
        }
        for (at, person) in self.annotators.iter().enumerate().rev() {
            text = text.replace(&format!(":person{}", at + 1), &person.person.to_string());
        }
        text
    }

    /// Runs such statements.
    pub async fn run(&self, statements: &[&str]) {
        let statements: Vec<String> = statements.iter().map(|text| self.sql(text)).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        store::testing::run(&self.instance.store, &statements).await;
    }

    /// One number that such a query gives.
    pub async fn number(&self, query: &str) -> i64 {
        let query = sqlx::AssertSqlSafe(self.sql(query));
        on!(self.instance.store, |db| sqlx::query_scalar(query).fetch_one(db).await).expect("a number")
    }
}

/// A row of a file with a field that is shown and one that is not.
fn row(id: &str, text: &str) -> serde_json::Value {
    json!({ "id": id, "text": text, "channel": "mail", "secret": "x" })
}

/// An id by which the item becomes a control item, or does not.
fn external_id(place: usize, is_control: bool, share: f64) -> String {
    let ids = (0..).map(|i| format!("e{place}-{i}"));
    let mut fitting = ids.filter(|id| (control_hash(7, id) < control_threshold(share)) == is_control);
    fitting.next().expect("half of all ids fit")
}

async fn publish(
    store: &Store,
    project: ProjectId,
    base: Option<TaxonomyVersionId>,
    taxonomy: Taxonomy,
) -> TaxonomyVersionId {
    let write = store.write(move |tx| {
        Box::pin(async move { tx.publish_taxonomy(project, base, taxonomy, "", None).await })
    });
    write.await.expect("an answer").expect("a new version").id
}

pub fn label(label: LabelId) -> Said {
    Said::Labels(vec![label])
}

pub const SKIP: Said = Said::Skip(SkipReason::Unsure);

/// The promises hold, as far as the database can be asked; the search index is not there in these stories.
pub async fn nothing_is_wrong(w: &World) {
    let findings = crate::care::doctor::examine(&w.instance, crate::care::doctor::Depth::Sample, |_| {})
        .await
        .expect("an answer");
    assert!(findings.is_empty(), "{findings:#?}");
}
