//! Every page and list is found along an index: what they ask of the database is heard, and SQLite says how it would
//! look for it. A whole table is read for none of them.

use domain::ProjectId;
use sqlx::Connection as _;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tests::pages::{Known, every};
use tests::{As, TestApp};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use workflow::demo;

/// Tables that grow with the texts, with what people say of them, or with what is done.
const LARGE: [&str; 26] = [
    "bulk_item",
    "cluster",
    "cluster_member",
    "cluster_part",
    "discover_act",
    "item_aside",
    "answer",
    "assignment",
    "audit",
    "blob",
    "blob_part",
    "change",
    "consensus",
    "consensus_label",
    "item",
    "item_field",
    "item_revision",
    "job",
    "queue_item",
    "queue_cursor",
    "reject",
    "release_file",
    "release_row",
    "session",
    "split",
    "tally",
];

/// Hears each statement that sqlx runs.
#[derive(Debug, Clone, Default)]
struct Ear(Arc<Mutex<BTreeSet<String>>>);

impl Ear {
    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut said = Said::default();
            event.record(&mut said);
            let text = if said.whole.is_empty() { said.summary } else { said.whole };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(text);
        }
    }
}

/// What sqlx says of a statement: its first words, and all of it where that is more.
#[derive(Default)]
struct Said {
    summary: String,
    whole: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// The large tables that a plan reads whole: SQLite names a table as the query does, by its alias where it has one.
fn read_whole(query: &str, plan: &[String]) -> Vec<String> {
    let words: Vec<&str> =
        query.split(|c: char| c.is_whitespace() || "(),".contains(c)).filter(|w| !w.is_empty()).collect();
    let is_large = |name: &str| {
        LARGE.contains(&name)
            || words.windows(2).any(|pair| LARGE.contains(&pair[0]) && pair[1] == name)
            || words.windows(3).any(|three| LARGE.contains(&three[0]) && three[1] == "AS" && three[2] == name)
    };
    let scanned = |step: &String| {
        step.strip_prefix("SCAN ").map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
    };
    plan.iter().filter(|step| scanned(step).is_some_and(|name| is_large(&name))).cloned().collect()
}

#[test]
fn a_whole_table_is_noticed() {
    let plan = |steps: &[&str]| steps.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let query = "SELECT i.id FROM item i JOIN project p ON p.id = i.project_id";
    assert_eq!(read_whole(query, &plan(&["SCAN i USING COVERING INDEX item_state"])).len(), 1);
    assert_eq!(
        read_whole(query, &plan(&["SCAN p", "SEARCH i USING INDEX item_project (project_id=?)"])).len(),
        0
    );
    assert_eq!(read_whole("SELECT 1 FROM answer", &plan(&["SCAN answer"])).len(), 1);
}

#[tokio::test]
async fn no_page_reads_a_whole_table() {
    let ear = Ear::default();
    tracing_subscriber::registry().with(ear.clone()).init();
    let (store, folder) = store::testing::sqlite().await;
    let app = TestApp::new(store, folder.path());
    demo::seed(&app.instance, "a long enough password").await.expect("the demo");
    let admin = workflow::site::people::sign_in(&app.instance, demo::OWNER, "a long enough password")
        .await
        .expect("the owner");
    let project: ProjectId =
        app.instance.store.project_by_slug(demo::SLUG).await.expect("a read").expect("the demo").id;
    let known = Known::of(&app.instance, demo::SLUG, project).await;
    let queue =
        workflow::label::queues::list(&app.instance, &app.admin(admin), project).await.expect("queues")[0].id;
    let from: As = app.session(admin).await;
    let path = folder.path().join("assay.db");
    let mut database =
        sqlx::SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");

    let (mut wrong, mut n) = (Vec::new(), 0);
    for (what, address) in every(&known, queue) {
        ear.take();
        let reply = app.get(&from, &address).await;
        assert!(reply.status.is_success(), "{address}: {} {}", reply.status, reply.text());
        for query in ear.take() {
            let query = query.trim();
            if !query.starts_with("SELECT") && !query.starts_with("WITH") {
                continue;
            }
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
            let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain)
                .fetch_all(&mut database)
                .await
                .unwrap_or_else(|e| panic!("{query}: {e}"));
            let plan: Vec<String> = steps.into_iter().map(|step| step.3).collect();
            n += 1;
            for step in read_whole(query, &plan) {
                wrong.push(format!("{what}: {step}\n{query}"));
            }
        }
    }
    assert!(n > 60, "{n} queries were heard");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
