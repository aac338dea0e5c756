//! Projects: their names, their settings, and who sees them.

use crate::sql::dialect::for_update;
use crate::sql::dialect::push_list;
use crate::{Doc, Result, Store, Tx, on};
use domain::project::{Settings, Slug, Task};
use domain::{PersonId, ProjectId, Time};
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Project {
    #[sqlx(try_from = "i64")]
    pub id: ProjectId,
    pub slug: String,
    pub name: String,
    pub description: String,
    #[sqlx(try_from = "String")]
    pub task: Task,
    pub settings: Doc<Settings>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    /// Unix microseconds, if the project is archived.
    pub archived_at: Option<i64>,
}

/// A project in a person's list, with the counts on its card.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedProject {
    pub project: Project,
    pub n_open_queues: i64,
    /// The person's roles, as a list; `None` for an admin who is no member.
    pub roles: Option<String>,
    /// Items by consensus state, and `control`: see [`crate::label::tally::Tally::Project`].
    pub tally: BTreeMap<String, i64>,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    project: Project,
    n_open_queues: i64,
    roles: Option<String>,
}

impl Store {
    pub async fn project(&self, id: ProjectId) -> Result<Option<Project>> {
        let query = "SELECT id, slug, name, description, task, settings, created_at, archived_at
                     FROM project WHERE id = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(id.0).fetch_optional(db).await)?)
    }

    pub async fn project_by_slug(&self, slug: &str) -> Result<Option<Project>> {
        let query = "SELECT id, slug, name, description, task, settings, created_at, archived_at
                     FROM project WHERE slug = $1";
        Ok(on!(self, |db| sqlx::query_as(query).bind(slug).fetch_optional(db).await)?)
    }

    /// The projects of a person, or all of them, by name, after `after`: the archived ones or the others.
    pub async fn projects(
        &self,
        person: PersonId,
        all: bool,
        archived: bool,
        after: Option<(&str, ProjectId)>,
        limit: i64,
    ) -> Result<Vec<ListedProject>> {
        let query = "SELECT j.id, j.slug, j.name, j.description, j.task, j.settings, j.created_at, j.archived_at, m.roles,
                       (SELECT CAST(COUNT(*) AS BIGINT) FROM queue q
                        WHERE q.project_id = j.id AND q.state = 'open') AS n_open_queues
                     FROM project j LEFT JOIN membership m ON m.project_id = j.id AND m.person_id = $1
                     WHERE ($2 OR m.roles IS NOT NULL) AND (j.archived_at IS NOT NULL) = $3 AND (j.name, j.id) > ($4, $5)
                     ORDER BY j.name, j.id LIMIT $6";
        let (name, id) = after.map_or(("", 0), |(name, id)| (name, id.0));
        let rows: Vec<ListedRow> = on!(self, |db| sqlx::query_as(query)
            .bind(person.0)
            .bind(all)
            .bind(archived)
            .bind(name)
            .bind(id)
            .bind(limit)
            .fetch_all(db)
            .await)?;
        let mut tallies = self.tallies_of(rows.iter().map(|r| r.project.id.0).collect()).await?;
        let listed = rows.into_iter().map(|row| ListedProject {
            tally: tallies.remove(&row.project.id.0).unwrap_or_default(),
            project: row.project,
            n_open_queues: row.n_open_queues,
            roles: row.roles,
        });
        Ok(listed.collect())
    }

    async fn tallies_of(&self, projects: Vec<i64>) -> Result<HashMap<i64, BTreeMap<String, i64>>> {
        let mut tallies: HashMap<i64, BTreeMap<String, i64>> = HashMap::new();
        if projects.is_empty() {
            return Ok(tallies);
        }
        let start = "SELECT id, key, CAST(SUM(n) AS BIGINT) FROM tally WHERE kind = 'project' AND id IN ";
        let rows: Vec<(i64, String, i64)> = on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(start);
            push_list(&mut query, projects.iter().copied());
            query.push(" GROUP BY id, key").build_query_as().fetch_all(db).await
        })?;
        for (id, key, n) in rows {
            tallies.entry(id).or_default().insert(key, n);
        }
        Ok(tallies)
    }

    /// Labels that people gave, by day (days since 1970), from `since` on. Days without labels are absent. Withdrawn
    /// and skipped answers are not labels and don't count.
    pub async fn labels_by_day(&self, project: ProjectId, since: i64) -> Result<BTreeMap<i64, i64>> {
        let query = "SELECT CAST(key AS BIGINT), CAST(SUM(n) AS BIGINT) FROM tally
                     WHERE kind = 'answers' AND id = $1 AND key >= $2 AND key < 'a' GROUP BY key";
        let days: Vec<(i64, i64)> = on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(since.to_string())
            .fetch_all(db)
            .await)?;
        Ok(days.into_iter().collect())
    }
}

/// The data of a new project.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub slug: Slug,
    pub name: String,
    pub description: String,
    pub task: Task,
    pub settings: Settings,
}

impl Tx {
    /// Returns nothing if the slug is taken.
    pub async fn create_project(&mut self, new: &NewProject) -> Result<Option<ProjectId>> {
        let (id, now): (ProjectId, Time) = (self.next_id(), self.now());
        let query = "INSERT INTO project (id, slug, name, description, task, settings, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slug) DO NOTHING RETURNING id";
        let made: Option<i64> = on!(self, |db| sqlx::query_scalar(query)
            .bind(id.0)
            .bind(new.slug.as_str())
            .bind(&new.name)
            .bind(&new.description)
            .bind(new.task.as_str())
            .bind(Doc(new.settings.clone()))
            .bind(now.0)
            .fetch_optional(db)
            .await)?;
        Ok(made.map(ProjectId))
    }

    /// The project, locked until the transaction ends.
    pub async fn project_to_change(&mut self, id: ProjectId) -> Result<Option<Project>> {
        let query = if for_update(self).is_empty() {
            "SELECT id, slug, name, description, task, settings, created_at, archived_at FROM project WHERE id = $1"
        } else {
            "SELECT id, slug, name, description, task, settings, created_at, archived_at FROM project WHERE id = $1
             FOR UPDATE"
        };
        Ok(on!(self, |db| sqlx::query_as(query).bind(id.0).fetch_optional(db).await)?)
    }

    /// Writes name, description and settings. Slug, task, control share and seed never change.
    pub async fn change_project(
        &mut self,
        id: ProjectId,
        name: &str,
        description: &str,
        settings: &Settings,
    ) -> Result<()> {
        let query = "UPDATE project SET name = $2, description = $3, settings = $4 WHERE id = $1";
        on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(name)
            .bind(description)
            .bind(Doc(settings.clone()))
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Archives a project or restores it. Returns whether that changed anything.
    pub async fn archive_project(&mut self, id: ProjectId, away: bool) -> Result<bool> {
        let at = away.then_some(self.now().0);
        let query = "UPDATE project SET archived_at = $2 WHERE id = $1 AND (archived_at IS NULL) = $3";
        let n = on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(at)
            .bind(away)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(n > 0)
    }
}
