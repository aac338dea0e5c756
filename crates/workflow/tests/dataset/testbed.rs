//! A small labeled project for the stories of design, agreement and releases.

use domain::answer::{Origin, Said, Standing};
use domain::item::{control_hash, control_threshold, hash53};
use domain::permission::{Actor, Role, Roles, Via};
use domain::person::{Email, PersonKind};
use domain::project::{Settings, Slug, Task};
use domain::taxonomy::edit::Edit;
use domain::{ItemId, LabelId, PersonId, ProjectId, QueueId, RevisionId, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::label::answers::NewAnswer;
use store::label::tally::Tally;
use store::site::people::NewPerson;
use store::site::projects::NewProject;
use store::{Doc, Store, Tx, on};
use tempfile::TempDir;
use workflow::design::{self, new_label};
use workflow::{Error, Instance};

pub struct Testbed {
    pub instance: Instance,
    pub project: ProjectId,
    pub owner: Actor,
    pub annotator: Actor,
    /// Four annotators.
    pub people: Vec<PersonId>,
    /// refund, card, other.
    pub labels: Vec<LabelId>,
    pub items: Vec<(ItemId, RevisionId)>,
    n_answers: AtomicI64,
    _data: TempDir,
}

const SETTINGS: Settings = Settings {
    control_share: 0.4,
    seed: 7,
    shown_fields: Vec::new(),
    confirm_picks: false,
    stuck_after: 3,
    alpha_target: 0.667,
};

fn actor(person: PersonId, role: Role) -> Actor {
    Actor { person, admin: false, roles: Roles::of(&[role]), via: Via::Session }
}

impl Testbed {
    /// A project with a published taxonomy, nobody's answers and no items.
    pub async fn new(store: Store, task: Task) -> Testbed {
        let data = TempDir::new().expect("a folder");
        let instance = Instance::new(store, data.path());
        let (project, people) = instance
            .store
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    let new = NewProject {
                        slug: Slug::parse("inbox").expect("a slug"),
                        name: "Inbox".into(),
                        description: String::new(),
                        task,
                        settings: SETTINGS,
                    };
                    let project = tx.create_project(&new).await?.expect("a new project");
                    let mut people = Vec::new();
                    for name in ["Ada", "Ben", "Cleo", "Dan", "Eva"] {
                        let person = NewPerson {
                            kind: PersonKind::Person,
                            name: name.into(),
                            email: Some(Email::parse(&format!("{name}@example.org")).expect("an address")),
                            password_hash: None,
                            admin: false,
                            project: None,
                        };
                        people.push(tx.add_person(&person).await?.expect("a new person"));
                    }
                    tx.set_roles(project, people[0], Roles::of(&[Role::Owner])).await?;
                    Ok::<_, store::Error>((project, people))
                })
            })
            .await
            .expect("project and people");
        let owner = actor(people[0], Role::Owner);
        let mut bed = Testbed {
            instance,
            project,
            owner,
            annotator: actor(people[1], Role::Annotator),
            people: people[1..].to_vec(),
            labels: Vec::new(),
            items: Vec::new(),
            n_answers: AtomicI64::new(0),
            _data: data,
        };
        for (edit, name) in ["refund", "card", "other"].into_iter().enumerate() {
            let mut label = new_label(&bed.instance, name);
            label.other = name == "other";
            bed.labels.push(label.id);
            design::edit(&bed.instance, &owner, project, edit as i64, Edit::Add(label))
                .await
                .expect("an edit");
        }
        design::publish(&bed.instance, &owner, project, 3, "the first").await.expect("a version");
        bed
    }

    /// Another project of the same installation, without items.
    pub async fn another_project(&self, slug: &str) -> ProjectId {
        let new = NewProject {
            slug: Slug::parse(slug).expect("a slug"),
            name: slug.into(),
            description: String::new(),
            task: Task::Single,
            settings: SETTINGS,
        };
        let made = self.instance.store.write(move |tx: &mut Tx| {
            Box::pin(
                async move { Ok::<_, store::Error>(tx.create_project(&new).await?.expect("a new project")) },
            )
        });
        made.await.expect("a project")
    }

    /// Adds items with these texts; the text before a `|` is the group.
    pub async fn import(&mut self, texts: &[&str]) {
        let project = self.project;
        let texts: Arc<Vec<String>> = Arc::new(texts.iter().map(|t| (*t).to_owned()).collect());
        let start = self.items.len();
        let made = self
            .instance
            .store
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    let source: i64 = tx.next_id();
                    let query =
                        "INSERT INTO source (id, project_id, name, format, mapping, state, created_at)
                                 VALUES ($1, $2, 'mail.csv', 'csv', '{}', 'done', 0)";
                    on!(tx, |db| sqlx::query(query)
                        .bind(source)
                        .bind(project.0)
                        .execute(db)
                        .await
                        .map(|_| ()))?;
                    let mut made = Vec::new();
                    for (at, text) in texts.iter().enumerate() {
                        made.push(add_item(tx, project, source, start + at, text).await?);
                    }
                    tx.count(Tally::Project(project), "unlabeled", made.len() as i64, 0).await?;
                    Ok::<_, store::Error>(made)
                })
            })
            .await
            .expect("items");
        self.items.extend(made);
    }

    /// A queue with all items.
    pub async fn queue(&self, name: &str, overlap: i64) -> QueueId {
        let (project, name) = (self.project, name.to_owned());
        let items: Vec<i64> = self.items.iter().map(|i| i.0.0).collect();
        self.instance
            .store
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    let id: QueueId = tx.next_id();
                    let query =
                        "INSERT INTO queue (id, project_id, name, state, strategy, overlap, control_share,
                                                    lease_seconds, seed, filter, created_at)
                                 VALUES ($1, $2, $3, 'open', 'random', $4, 0.2, 600, 1, '{}', 0)";
                    on!(tx, |db| sqlx::query(query)
                        .bind(id.0)
                        .bind(project.0)
                        .bind(&name)
                        .bind(overlap)
                        .execute(db)
                        .await
                        .map(|_| ()))?;
                    let query = "INSERT INTO queue_item (queue_id, item_id, rank, control, target)
                                 VALUES ($1, $2, $2, FALSE, $3)";
                    for item in &items {
                        on!(tx, |db| sqlx::query(query)
                            .bind(id.0)
                            .bind(*item)
                            .bind(overlap)
                            .execute(db)
                            .await
                            .map(|_| ()))?;
                    }
                    Ok::<_, store::Error>(id)
                })
            })
            .await
            .expect("a queue")
    }

    /// One person's answer to one item in a queue; no labels at all: taken back. What the item is resolved to
    /// follows.
    pub async fn answer(&self, queue: QueueId, item: usize, person: usize, labels: Option<&[usize]>) {
        let serial = self.n_answers.fetch_add(1, Ordering::SeqCst);
        let said = match labels {
            Some(labels) => Said::Labels(labels.iter().map(|l| self.labels[*l]).collect()),
            None => Said::Withdrawn,
        };
        let (project, person, (item, revision)) = (self.project, self.people[person], self.items[item]);
        let version = self.instance.store.published_taxonomy(project).await.expect("a version").map(|v| v.0);
        self.instance
            .store
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    let earlier =
                        "SELECT COUNT(*) FROM answer WHERE queue_id = $1 AND item_id = $2 AND person_id = $3";
                    let earlier: i64 = on!(tx, |db| sqlx::query_scalar(earlier)
                        .bind(queue.0)
                        .bind(item.0)
                        .bind(person.0)
                        .fetch_one(db)
                        .await)?;
                    let answer = NewAnswer {
                        id: format!("00000000-0000-7000-8000-{serial:012}"),
                        project,
                        queue: Some(queue),
                        assignment: None,
                        source: None,
                        person,
                        item,
                        revision,
                        number: earlier + 1,
                        said,
                        note: None,
                        confidence: None,
                        seconds: Some(1.5 + serial as f64),
                        version,
                        origin: Origin::Queue,
                        standing: Standing::Counted,
                        sighted: false,
                        strategy: None,
                        round: None,
                        score: None,
                        at: Time(tx.now().0 + serial),
                    };
                    let mut counts = store::label::tally::TallyChanges::default();
                    tx.append_answer(&answer, &mut counts).await?;
                    tx.settle_consensus(project, item, &mut counts).await?;
                    tx.count_all(counts, item.0).await?;
                    Ok::<_, store::Error>(())
                })
            })
            .await
            .expect("an answer");
    }

    /// Items by state, from the rows and from the counts, which must be the same.
    pub async fn states(&self) -> Vec<(String, i64)> {
        let query = "SELECT state, CAST(COUNT(*) AS BIGINT) FROM item WHERE project_id = $1
                     GROUP BY state ORDER BY state";
        let rows: Vec<(String, i64)> =
            on!(self.instance.store, |db| sqlx::query_as(query).bind(self.project.0).fetch_all(db).await)
                .expect("states");
        let mut counts = self.instance.store.tally(Tally::Project(self.project)).await.expect("counts");
        counts.retain(|_, n| *n != 0);
        assert_eq!(rows, counts.into_iter().collect::<Vec<_>>());
        rows
    }

    /// Runs what was promised to be done.
    pub async fn work(&self) {
        workflow::jobs::run_all(&self.instance).await.expect("the jobs");
    }
}

async fn add_item(
    tx: &mut Tx,
    project: ProjectId,
    source: i64,
    at: usize,
    text: &str,
) -> Result<(ItemId, RevisionId), store::Error> {
    let (item, revision): (ItemId, RevisionId) = (tx.next_id(), tx.next_id());
    let external = format!("m-{at:03}");
    let hash = control_hash(SETTINGS.seed, &external);
    let (group, text) = match text.split_once('|') {
        Some((group, text)) => (Some(group.to_owned()), text),
        None => (None, text),
    };
    let query =
        "INSERT INTO item (id, project_id, source_id, external_id, group_key, ingested_at, control_hash,
                                   control, revision_id, state)
                 VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, 'unlabeled')";
    on!(tx, |db| sqlx::query(query)
        .bind(item.0)
        .bind(project.0)
        .bind(source)
        .bind(&external)
        .bind(group.as_deref())
        .bind(hash)
        .bind(hash < control_threshold(SETTINGS.control_share))
        .bind(revision.0)
        .execute(db)
        .await
        .map(|_| ()))?;
    let query =
        "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, group_key,
                                            event_at, content_hash, normalized_hash, created_at)
                 VALUES ($1, $2, $3, $4, 1, $5, $6, $7, 1793610000000000, 0, $8, 0)";
    let channel = if at.is_multiple_of(2) { "mail" } else { "=chat" };
    let fields = serde_json::json!({ "channel": channel, "score": -(at as i64) });
    on!(tx, |db| sqlx::query(query)
        .bind(revision.0)
        .bind(item.0)
        .bind(project.0)
        .bind(source)
        .bind(text)
        .bind(Doc(&fields))
        .bind(group.as_deref())
        .bind(hash53(&[text.as_bytes()]))
        .execute(db)
        .await
        .map(|_| ()))?;
    let query = "INSERT INTO item_field (item_id, name, project_id, text) VALUES ($1, 'channel', $2, $3)";
    on!(tx, |db| sqlx::query(query)
        .bind(item.0)
        .bind(project.0)
        .bind(channel)
        .execute(db)
        .await
        .map(|_| ()))?;
    Ok((item, revision))
}

/// The sentence of an error, whatever kind it is.
pub fn sentence<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    outcome.expect_err("an error").to_string()
}
