//! Projects: making one, finding it, what it decides for itself, putting it away.

use crate::data::fields::Fields;
use crate::{Error, Instance, Result, Thing, allow};
use domain::ProjectId;
use domain::item::hash53;
use domain::permission::{Act, Actor, Roles};
use domain::project::{Settings, Slug, Task};
use rand::RngCore;
use rand::rngs::OsRng;
use std::collections::BTreeMap;
use store::label::tally::Tally;
use store::site::projects::NewProject;

pub use store::site::overview::{Overview, OverviewDetails};
pub use store::site::projects::{ListedProject, Project};

/// Projects on one page of the list.
pub const A_PAGE: i64 = 60;
const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 10_000;

/// A form about a new project.
#[derive(Debug, Clone)]
pub struct NewProjectForm {
    pub name: String,
    /// The short name in addresses; made from the name where it is left empty.
    pub slug: String,
    pub description: String,
    pub task: Task,
    /// 0 to 1; decided now and never again.
    pub control_share: f64,
}

impl Default for NewProjectForm {
    fn default() -> Self {
        let control_share = Settings::default().control_share;
        let (name, slug, description) = (String::new(), String::new(), String::new());
        NewProjectForm { name, slug, description, task: Task::Single, control_share }
    }
}

/// What can be changed later.
#[derive(Debug, Clone)]
pub struct ProjectForm {
    pub name: String,
    pub description: String,
    pub shown_fields: Vec<String>,
    pub confirm_picks: bool,
    /// Nothing: as it was.
    pub bulk_bar: Option<f64>,
    /// What was there when the form was made, see [`stamp`].
    pub seen: i64,
}

/// Tells what can be changed of a project from what it was before.
pub fn stamp(project: &Project) -> i64 {
    let (settings, confirm) = (&project.settings.0, [u8::from(project.settings.0.confirm_picks)]);
    let bar = settings.bulk_bar.to_le_bytes();
    let fields = settings.shown_fields.join("\n");
    hash53(&[project.name.as_bytes(), project.description.as_bytes(), fields.as_bytes(), &confirm, &bar])
}

/// Makes a project. A short name made from the name gets a number where it is taken.
pub async fn create(instance: &Instance, actor: &Actor, form: NewProjectForm) -> Result<Project> {
    allow(actor, Act::ManageProjects)?;
    let mut fields = Fields::default();
    let name = fields.title("name", &form.name, LONGEST_NAME);
    let given = match form.slug.trim() {
        "" => None,
        slug => fields.take("slug", Slug::parse(slug)),
    };
    let description = description(&mut fields, &form.description);
    if !(0.0..=1.0).contains(&form.control_share) {
        fields.refuse("control_share", "This is a share of the items: from 0 to 100 percent.");
    }
    let Some(name) = name else { return Err(fields.refused()) };
    fields.done()?;
    let settings = Settings { control_share: form.control_share, seed: seed()?, ..Settings::default() };
    let slug = given.clone().unwrap_or_else(|| Slug::from_name(&name));
    let (first, actor) = (NewProject { slug, name, description, task: form.task, settings }, *actor);
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let mut new = first.clone();
                let mut n = 1;
                let id = loop {
                    if let Some(id) = tx.create_project(&new).await? {
                        break id;
                    }
                    if given.is_some() {
                        let message = "There is a project with this short name. Choose another.";
                        return Err(Error::invalid("slug", message));
                    }
                    n += 1;
                    new.slug = first.slug.numbered(n);
                };
                tx.audit(&actor, Some(id), "made the project", &new.name, new.slug.as_str()).await?;
                Ok(id)
            })
        })
        .await?;
    instance.store.project(id).await?.ok_or(Error::NotFound(Thing::Project))
}

/// 53 random bits: seeds stand in files that JavaScript may read.
fn seed() -> Result<u64> {
    let mut bytes = [0; 8];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(u64::from_le_bytes(bytes) >> 11)
}

fn description(fields: &mut Fields, text: &str) -> String {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > LONGEST_DESCRIPTION {
        fields.refuse("description", format!("Use at most {LONGEST_DESCRIPTION} characters."));
    }
    text
}

/// The project with this short name, if the actor may see it. `actor` carries the roles of that project.
pub async fn by_slug(instance: &Instance, actor: &Actor, slug: &str) -> Result<Project> {
    let project = instance.store.project_by_slug(slug).await?.ok_or(Error::NotFound(Thing::Project))?;
    allow(actor, Act::SeeProject).map_err(|_| Error::NotFound(Thing::Project))?;
    Ok(project)
}

/// The projects that somebody sees, by name, with the counts of their cards; the next page begins behind `after`.
/// Archived ones are seen by those who look after them.
pub async fn list(
    instance: &Instance,
    actor: &Actor,
    archived: bool,
    after: Option<(&str, ProjectId)>,
) -> Result<Vec<ListedProject>> {
    allow(actor, Act::OwnAccount)?;
    let mut listed = instance.store.projects(actor.person, actor.admin, archived, after, A_PAGE).await?;
    if archived && !actor.admin {
        listed.retain(|p| !Roles::from_list(p.roles.as_deref().unwrap_or_default()).in_archive().is_empty());
    }
    Ok(listed)
}

/// Items by consensus state, and `control`.
pub async fn counts(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<BTreeMap<String, i64>> {
    allow(actor, Act::SeeProject)?;
    Ok(instance.store.tally(Tally::Project(project)).await?)
}

/// The counts of a project that its navigation shows.
pub async fn overview(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Overview> {
    allow(actor, Act::SeeProject)?;
    Ok(instance.store.overview(project).await?)
}

/// How far a project is, station by station.
pub async fn line(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<OverviewDetails> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.overview_details(project).await?)
}

/// Labels given by day, for so many days up to today: (days since 1970, labels), every day once.
pub async fn labels_by_day(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    days: i64,
) -> Result<Vec<(i64, i64)>> {
    allow(actor, Act::SeeOthers)?;
    let today = instance.store.now().day();
    let first = today - days.max(1) + 1;
    let found = instance.store.labels_by_day(project, first).await?;
    Ok((first..=today).map(|day| (day, found.get(&day).copied().unwrap_or(0))).collect())
}

/// Renames, describes, and sets what annotators see and how a pick is sent.
pub async fn change(instance: &Instance, actor: &Actor, project: ProjectId, form: ProjectForm) -> Result<()> {
    allow(actor, Act::EditTaxonomy)?;
    let mut fields = Fields::default();
    let name = fields.title("name", &form.name, LONGEST_NAME);
    let description = description(&mut fields, &form.description);
    if form.bulk_bar.is_some_and(|bar| !(0.5..=1.0).contains(&bar)) {
        fields.refuse("bulk_bar", "This is a share from 50 to 100 percent.");
    }
    let Some(name) = name else { return Err(fields.refused()) };
    fields.done()?;
    let mut shown_fields: Vec<String> = Vec::new();
    for field in form.shown_fields.iter().map(|f| f.trim()).filter(|f| !f.is_empty()) {
        if !shown_fields.iter().any(|f| f == field) {
            shown_fields.push(field.to_owned());
        }
    }
    let (confirm_picks, bulk_bar, seen, actor) = (form.confirm_picks, form.bulk_bar, form.seen, *actor);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let before = tx.project_to_change(project).await?.ok_or(Error::NotFound(Thing::Project))?;
                if seen != stamp(&before) {
                    return Err(Error::conflict(
                        "The settings were changed while you were looking at them. What you typed stands here, nothing of \
                         it is saved: look at it once more, then save it.",
                    ));
                }
                let bulk_bar = bulk_bar.unwrap_or(before.settings.0.bulk_bar);
                let settings = Settings { shown_fields, confirm_picks, bulk_bar, ..before.settings.0.clone() };
                let mut changed = Vec::new();
                if before.name != name {
                    changed.push(format!("name was: {}", before.name));
                }
                if before.description != description {
                    changed.push("description".to_owned());
                }
                if before.settings.0.shown_fields != settings.shown_fields {
                    changed.push(format!("shown fields: {}", settings.shown_fields.join(", ")));
                }
                if before.settings.0.confirm_picks != confirm_picks {
                    changed.push(format!("picks wait for Enter: {confirm_picks}"));
                }
                if before.settings.0.bulk_bar != bulk_bar {
                    changed.push(format!("share of right items for bulk labels: {bulk_bar}"));
                }
                if !changed.is_empty() {
                    tx.change_project(project, &name, &description, &settings).await?;
                    tx.audit(&actor, Some(project), "changed the project", &name, &changed.join("; "))
                        .await?;
                }
                Ok(())
            })
        })
        .await
}

/// Puts a project away (nobody labels in it, and only those who look after it still see it), or takes it out
/// again. Nothing of it is lost.
pub async fn set_archived(instance: &Instance, actor: &Actor, project: ProjectId, away: bool) -> Result<()> {
    allow(actor, Act::ManageProjects)?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let known = tx.project_to_change(project).await?.ok_or(Error::NotFound(Thing::Project))?;
                if tx.archive_project(project, away).await? {
                    let act = if away { "archived the project" } else { "took out of the archive" };
                    tx.audit(&actor, Some(project), act, &known.name, "").await?;
                }
                Ok(())
            })
        })
        .await
}
