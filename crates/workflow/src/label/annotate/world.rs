//! A small project for the stories of this folder.

use super::{Batch, Receipt, Rest, Served, Submission, next, submit};
use crate::label::queues::{self, Setup};
use crate::{Instance, Result};
use domain::answer::{Said, SkipReason};
use domain::permission::{Actor, Role, Roles, Via};
use domain::project::Settings;
use domain::queue::{Plan, Strategy};
use domain::taxonomy::{Label, Taxonomy};
use domain::{ItemId, LabelId, PersonId, ProjectId, QueueId, TaxonomyVersionId};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::label::tally::Tally;
use store::{Doc, Error, Store, Tx, on};
use uuid::Uuid;

pub const A: LabelId = LabelId(11);
pub const B: LabelId = LabelId(12);
pub const P: ProjectId = ProjectId(1);
pub const V: TaxonomyVersionId = TaxonomyVersionId(21);

#[derive(Clone)]
pub struct World {
    pub instance: Instance,
    _folder: Arc<tempfile::TempDir>,
}

pub fn labels(names: &[(LabelId, &str)]) -> Taxonomy {
    Taxonomy { labels: names.iter().map(|(id, name)| Label::named(*id, name)).collect(), ordered: false }
}

/// Runs statements without parameters; the words come from the tests themselves.
pub async fn run(store: &Store, statements: Vec<String>) {
    let done: std::result::Result<(), Error> = store
        .write(move |tx: &mut Tx| {
            Box::pin(async move {
                for statement in statements {
                    let statement = sqlx::AssertSqlSafe(statement);
                    on!(tx, |db| sqlx::query(statement).execute(db).await.map(|_| ()))?;
                }
                Ok(())
            })
        })
        .await;
    done.expect("the statements of a test");
}

pub async fn number(store: &Store, query: &'static str) -> i64 {
    on!(store, |db| sqlx::query_scalar(query).fetch_one(db).await).expect("a number")
}

impl World {
    /// A project with `n` items, of which every `control`-th is a control item, and twenty annotators (persons
    /// 1 to 20), an owner (30) and a machine (40).
    pub async fn with(store: Store, n: i64, control: i64) -> World {
        let settings = Doc(Settings { shown_fields: vec!["channel".into()], ..Settings::default() });
        let document = Doc(labels(&[(A, "refund"), (B, "card")]));
        let n_control = n.checked_div(control).unwrap_or_default();
        let mut statements = vec![
            format!(
                "INSERT INTO project (id, slug, name, task, settings, created_at)
                 VALUES (1, 'p', 'P', 'single', '{}', 0)",
                serde_json::to_string(&settings.0).expect("settings")
            ),
            "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
             VALUES (1, 1, 's', 'csv', '{}', 'done', 0)"
                .into(),
            format!(
                "INSERT INTO taxonomy_version (id, project_id, number, document, operations, label_maps, note, published_at)
                 VALUES (21, 1, 1, '{}', '[]', '{{}}', '', 0)",
                serde_json::to_string(&document.0).expect("a taxonomy")
            ),
            format!("INSERT INTO tally (kind, id, key, shard, n) VALUES ('project', 1, 'unlabeled', 0, {n})"),
            format!("INSERT INTO tally (kind, id, key, shard, n) VALUES ('project', 1, 'control', 0, {n_control})"),
        ];
        for person in (1..=20).chain([30, 40]) {
            statements.push(format!(
                "INSERT INTO person (id, email, name, kind, admin, created_at)
                 VALUES ({person}, '{person}@example.org', 'person {person}', 'person', FALSE, 0)"
            ));
        }
        for item in 1..=n {
            let is_control = control > 0 && item % control == 0;
            let text = format!("text {item}");
            statements.push(format!(
                "INSERT INTO item (id, project_id, source_id, external_id, ingested_at, control_hash, control, revision_id, state)
                 VALUES ({item}, 1, 1, 'e{item}', 0, 0, {is_control}, {}, 'unlabeled')",
                item * 10
            ));
            statements.push(format!(
                "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, content_hash, normalized_hash, created_at)
                 VALUES ({}, {item}, 1, 1, 1, '{text}', '{{\"channel\":\"mail\",\"secret\":\"x\"}}', 0, 0, 0)",
                item * 10
            ));
        }
        run(&store, statements).await;
        let folder = tempfile::tempdir().expect("a folder");
        World { instance: Instance::new(store, folder.path()), _folder: Arc::new(folder) }
    }

    /// A queue in the order of import.
    pub async fn queue(&self, overlap: u32) -> QueueId {
        let plan = Plan { strategy: Strategy::InOrder, overlap, ..Plan::default() };
        self.queue_with("q", plan).await
    }

    pub async fn queue_with(&self, name: &str, plan: Plan) -> QueueId {
        let setup = Setup { name: name.into(), plan, ..Setup::default() };
        queues::create(&self.instance, &owner(), P, setup).await.expect("a queue")
    }

    pub async fn next(&self, actor: &Actor, queue: QueueId, n: usize) -> Batch {
        next(&self.instance, actor, P, queue, n).await.expect("a batch")
    }

    pub async fn items(&self, actor: &Actor, queue: QueueId, n: usize) -> Vec<i64> {
        self.next(actor, queue, n).await.items.iter().map(|served| served.item.0).collect()
    }

    pub async fn rest(&self, actor: &Actor, queue: QueueId) -> Rest {
        self.next(actor, queue, 1).await.rest
    }

    pub async fn one(&self, actor: &Actor, queue: QueueId) -> Served {
        self.next(actor, queue, 1).await.items.remove(0)
    }

    pub async fn say(&self, actor: &Actor, served: &Served, said: Said) -> Result<Receipt> {
        submit(&self.instance, actor, P, said_of(served, said)).await
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
        self.instance.store.clock().advance(seconds);
    }
}

pub fn said_of(served: &Served, said: Said) -> Submission {
    Submission {
        id: Uuid::now_v7(),
        assignment: served.assignment,
        revision: served.revision,
        said,
        version: Some(V),
        seconds: Some(2.5),
        note: None,
        confidence: None,
    }
}

pub fn label(label: LabelId) -> Said {
    Said::Labels(vec![label])
}

pub const SKIP: Said = Said::Skip(SkipReason::Unsure);

pub fn annotator(person: i64) -> Actor {
    with(person, Role::Annotator)
}

pub fn owner() -> Actor {
    with(30, Role::Owner)
}

pub fn machine() -> Actor {
    Actor { via: Via::Token(domain::permission::Scope::Label), ..with(40, Role::Machine) }
}

fn with(person: i64, role: Role) -> Actor {
    Actor { person: PersonId(person), admin: false, roles: Roles::of(&[role]), via: Via::Session }
}

/// The promises hold, as far as the database can be asked; the search index is not there in these stories.
pub async fn nothing_is_wrong(w: &World) {
    let findings = crate::care::doctor::examine(&w.instance, crate::care::doctor::Depth::Sample, |_| {})
        .await
        .expect("an answer");
    assert!(findings.is_empty(), "{findings:#?}");
}
