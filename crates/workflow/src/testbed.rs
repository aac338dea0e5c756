//! A small project for tests, made by the functions that people use.

use crate::data::import::{self, Bring};
use crate::design::{self, new_label};
use crate::label::annotate::{self, Batch, Receipt, Served, Submission};
use crate::label::queues::{self, Setup};
use crate::site::people::{self, Newcomer};
use crate::{Instance, Result};
use domain::answer::Said;
use domain::permission::{Actor, Role, Roles, Via};
use domain::person::{Email, PersonKind};
use domain::project::{Settings, Slug, Task};
use domain::queue::Plan;
use domain::source::{Format, Mapping};
use domain::taxonomy::edit::Edit;
use domain::{LabelId, PersonId, ProjectId, QueueId, SourceId};
use serde_json::Value;
use std::io::Cursor;
use std::sync::Arc;
use store::Store;
use store::site::people::NewPerson;
use store::site::projects::NewProject;
use tempfile::TempDir;
use uuid::Uuid;

/// An installation with one project and its owner.
#[derive(Clone)]
pub struct Testbed {
    pub instance: Instance,
    pub project: ProjectId,
    pub owner: Actor,
    _data: Arc<TempDir>,
}

impl Testbed {
    /// The project has no labels, no items and no queues yet.
    pub async fn new(store: Store, slug: &str, task: Task, settings: Settings) -> Testbed {
        Testbed::owned_by("Olga", store, slug, task, settings).await
    }

    /// The same with another name for the owner.
    pub async fn owned_by(name: &str, store: Store, slug: &str, task: Task, settings: Settings) -> Testbed {
        let data = Arc::new(TempDir::new().expect("a folder"));
        let instance = Instance::new(store, data.path());
        let project = project(&instance, slug, task, settings).await;
        let owner = person(&instance, project, name, Role::Owner).await;
        Testbed { instance, project, owner, _data: data }
    }

    /// A person with one role in the project.
    pub async fn person(&self, name: &str, role: Role) -> Actor {
        person(&self.instance, self.project, name, role).await
    }

    /// Many people with one role in the project, in one transaction.
    pub async fn people(&self, n: usize, kind: PersonKind, role: Role) -> Vec<Actor> {
        let project = self.project;
        let write = self.instance.store.write(move |tx| {
            Box::pin(async move {
                let mut people = Vec::with_capacity(n);
                for i in 1..=n {
                    let new = NewPerson {
                        kind,
                        name: format!("{} {i}", kind.as_str()),
                        email: Email::parse(&format!("{}-{i}@example.org", kind.as_str())).ok(),
                        password_hash: None,
                        admin: false,
                        project: (kind == PersonKind::Machine).then_some(project),
                    };
                    let person = tx.add_person(&new).await?.expect("a new address");
                    tx.set_roles(project, person, Roles::of(&[role])).await?;
                    people.push(actor(person, role));
                }
                Ok::<_, store::Error>(people)
            })
        });
        write.await.expect("people")
    }

    /// Adds labels to the draft and publishes it.
    pub async fn publish(&self, names: &[&str]) -> Vec<LabelId> {
        let (instance, owner, project) = (&self.instance, &self.owner, self.project);
        let mut edit = design::draft(instance, owner, project).await.expect("a draft").edit;
        let mut labels = Vec::new();
        for name in names {
            let mut label = new_label(instance, name);
            label.other = *name == "other";
            labels.push(label.id);
            edit =
                design::edit(instance, owner, project, edit, Edit::Add(label)).await.expect("an edit").edit;
        }
        design::publish(instance, owner, project, edit, "").await.expect("a version");
        labels
    }

    /// Imports rows with the columns `id`, `text` and, where a row has them, `group` and `at`. Other columns are
    /// fields.
    pub async fn import(&self, name: &str, rows: &[Value]) -> SourceId {
        let file: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let look = import::look(file.as_bytes(), Some(Format::Jsonl)).expect("rows");
        let has = |name: &str| rows.iter().any(|row| row.get(name).is_some_and(|value| !value.is_null()));
        let column = |name: &str| has(name).then(|| name.to_owned());
        let mapping = Mapping {
            text: "text".to_owned(),
            id: column("id"),
            event_time: column("at"),
            group: column("group"),
            ..Mapping::default()
        };
        let bytes = file.len() as u64;
        let open = Arc::new(move || Ok(Box::new(Cursor::new(file.clone())) as _));
        let bring = Bring {
            project: self.project,
            name: name.to_owned(),
            format: Format::Jsonl,
            mapping,
            open,
            bytes: Some(bytes),
        };
        let done = import::bring(&self.instance, &self.owner, bring, &look, Arc::default(), |_| {}).await;
        done.expect("an import").id
    }

    /// A queue that holds all items and is open.
    pub async fn queue(&self, name: &str, plan: Plan) -> QueueId {
        let setup = Setup { name: name.to_owned(), plan, ..Setup::default() };
        let queue = queues::create(&self.instance, &self.owner, self.project, setup).await.expect("a queue");
        crate::jobs::run_all(&self.instance).await.expect("the jobs");
        queue
    }

    /// Up to `n` items that a person holds in a queue.
    pub async fn next(&self, actor: &Actor, queue: QueueId, n: usize) -> Batch {
        annotate::next(&self.instance, actor, self.project, queue, n).await.expect("a batch")
    }

    /// An answer to an item that a person holds. The same serial number is the same answer.
    pub async fn say(&self, actor: &Actor, served: &Served, said: Said, serial: u64) -> Result<Receipt> {
        let version =
            self.instance.store.published_taxonomy(self.project).await.expect("a version").map(|v| v.0);
        let submission = Submission {
            id: answer_id(serial),
            assignment: served.assignment,
            revision: served.revision,
            said,
            version,
            seconds: Some(2.5),
            note: None,
            confidence: None,
        };
        annotate::submit(&self.instance, actor, self.project, submission).await
    }

    pub fn advance(&self, seconds: i64) {
        self.instance.store.clock().advance(seconds);
    }
}

/// A project with these settings. Its page would choose the seed by chance.
pub async fn project(instance: &Instance, slug: &str, task: Task, settings: Settings) -> ProjectId {
    let new = NewProject {
        slug: Slug::parse(slug).expect("a short name"),
        name: format!("Project {slug}"),
        description: String::new(),
        task,
        settings,
    };
    let write = instance.store.write(move |tx| {
        Box::pin(
            async move { Ok::<_, store::Error>(tx.create_project(&new).await?.expect("a new short name")) },
        )
    });
    write.await.expect("a project")
}

/// A person without a password who has one role in a project.
pub async fn person(instance: &Instance, project: ProjectId, name: &str, role: Role) -> Actor {
    let email = format!("{}@example.org", name.to_lowercase().replace(' ', "-"));
    let newcomer = Newcomer { name: name.to_owned(), email, ..Newcomer::default() };
    let person = people::add(instance, &Actor::OPERATOR, newcomer).await.expect("a new address");
    let roles = Roles::of(&[role]);
    people::set_roles(instance, &Actor::OPERATOR, project, person, roles).await.expect("a role");
    actor(person, role)
}

/// A person who has signed in.
pub fn actor(person: PersonId, role: Role) -> Actor {
    Actor { person, admin: false, roles: Roles::of(&[role]), via: Via::Session }
}

/// An id of version 7 with this serial number.
pub fn answer_id(serial: u64) -> Uuid {
    Uuid::parse_str(&format!("00000000-0000-7000-8000-{serial:012}")).expect("an id")
}
