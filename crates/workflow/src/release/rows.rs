//! The rows of a release: all resolved items of one snapshot, each with the ids of its answers.

use super::cut::Cut;
use super::splits::control_keys;
use super::spool;
use crate::jobs::Halt;
use crate::{Error, Result};
use domain::consensus::State;
use domain::item::split_key;
use domain::project::Settings;
use domain::release::split_by_control;
use domain::taxonomy::Taxonomy;
use domain::{LabelId, TaxonomyVersionId};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::design::taxonomies::LabelMaps;
use store::engine::snapshot::Snapshot;
use store::label::tally::Tally;
use store::release::rows::{Candidate, NewRow, PAGE, PIECE};

/// What was found while the rows were taken.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) n_rows: i64,
    /// Resolved items that are left out because one of their labels is gone.
    pub(super) n_left_out: i64,
    /// Names of the fields that occur.
    pub(super) fields: BTreeSet<String>,
}

impl Cut<'_> {
    /// Takes the rows of one snapshot. They go through a file on disk (a buffer without a limit), so that a slow
    /// write does not keep the snapshot open: while a snapshot is open, neither database can clean up old row
    /// versions, and all other work gets slower.
    pub(super) async fn take_rows(&self) -> std::result::Result<Taken, Halt> {
        let (bring, take) = spool::line(&self.instance.data)?;
        let (taken, ()) = futures::try_join!(self.look_at_all(bring), self.write_all(take))?;
        Ok(taken)
    }

    async fn look_at_all(&self, mut rows: spool::Bring<Vec<NewRow>>) -> std::result::Result<Taken, Halt> {
        let mut moment = self.instance.store.along_indexes().snapshot().await?;
        let control = control_keys(&mut moment, self.project.id).await?;
        let mut taken = Taken::default();
        for state in &self.spec.states {
            let mut after = 0;
            loop {
                let look = self.look(&mut moment, *state, after);
                let (found, last) = self.instance.store.read_background(look).await?;
                let Some(last) = last else { break };
                after = last;
                let mut page = Vec::with_capacity(found.len());
                for (candidate, answers) in found {
                    page.extend(taken.take(self.row_of(*state, &control, candidate, answers))?);
                }
                rows.push(&page).await?;
            }
        }
        Ok(taken)
    }

    async fn write_all(&self, mut rows: spool::Take<Vec<NewRow>>) -> std::result::Result<(), Halt> {
        let counts = self.instance.store.tally(Tally::Project(self.project.id)).await?;
        let total: i64 = self.spec.states.iter().filter_map(|s| counts.get(s.as_str())).sum();
        let mut done = 0;
        while let Some(page) = rows.next().await? {
            done += page.len() as i64;
            self.write_rows(page).await?;
            self.audience.tell(done, total.max(done) * 2, "Taking the rows").await?;
        }
        Ok(())
    }

    /// A page of resolved items after an id, each with the ids of its answers, and the last id that was read.
    async fn look(
        &self,
        moment: &mut Snapshot,
        state: State,
        after: i64,
    ) -> std::result::Result<(Vec<(Candidate, Vec<String>)>, Option<i64>), Halt> {
        let page = moment.resolved_items(self.project.id, state.as_str(), after, PAGE as i64).await?;
        let last = page.last().map(|placed| placed.at);
        let found: Vec<Candidate> = page.into_iter().filter_map(|placed| placed.row).collect();
        let items: Vec<_> = found.iter().map(|candidate| candidate.item_id).collect();
        let mut answers: HashMap<i64, Vec<String>> = HashMap::new();
        for (item, id) in moment.standing_answers(&items).await? {
            answers.entry(item).or_default().push(id);
        }
        let with_answers = |candidate: Candidate| {
            let answers = answers.remove(&candidate.item_id.0).unwrap_or_default();
            (candidate, answers)
        };
        Ok((found.into_iter().map(with_answers).collect(), last))
    }

    async fn write_rows(&self, rows: Vec<NewRow>) -> std::result::Result<(), Halt> {
        let (project, release) = (self.project.id, self.row.id);
        let pieces = rows.chunks(PIECE).map(|rows| {
            let rows = Arc::new(rows.to_vec());
            self.piece(move |tx| {
                Box::pin(async move { Ok(tx.add_release_rows(project, release, &rows).await?) })
            })
        });
        futures::future::try_join_all(pieces).await?;
        Ok(())
    }

    /// The row of a resolved item. None if the taxonomy of the release does not offer its labels.
    fn row_of(
        &self,
        state: State,
        control: &HashSet<i64>,
        found: Candidate,
        answers: Vec<String>,
    ) -> Option<(NewRow, String)> {
        let labels = current(&self.taxonomy, &self.maps, found.taxonomy_version_id, &found.labels.0)?;
        let Settings { seed, .. } = self.project.settings.0;
        let key = split_key(found.group_key.as_deref(), found.normalized_hash);
        let row = NewRow {
            item: found.item_id,
            revision: found.revision_id,
            state,
            control: found.control,
            labels,
            confidence: found.confidence,
            answers,
            split_key: key,
            split: split_by_control(seed, key, control.contains(&key)),
        };
        Some((row, found.fields))
    }
}

impl Taken {
    fn take(&mut self, row: Option<(NewRow, String)>) -> Result<Option<NewRow>> {
        let Some((row, fields)) = row else {
            self.n_left_out += 1;
            return Ok(None);
        };
        self.n_rows += 1;
        let names: BTreeMap<Cow<'_, str>, IgnoredAny> =
            serde_json::from_str(&fields).map_err(Error::internal)?;
        for name in names.into_keys() {
            if !self.fields.contains(name.as_ref()) {
                self.fields.insert(name.into_owned());
            }
        }
        Ok(Some(row))
    }
}

/// Translates labels from the version under which they were resolved to the taxonomy of a release, to which the maps
/// lead. None if that taxonomy does not offer them.
pub(super) fn current(
    taxonomy: &Taxonomy,
    maps: &LabelMaps,
    version: Option<i64>,
    labels: &[LabelId],
) -> Option<Vec<LabelId>> {
    let labels = match version.and_then(|v| maps.get(&TaxonomyVersionId(v))) {
        Some(map) => map.carry(labels)?,
        None => labels.to_vec(),
    };
    labels.iter().all(|id| taxonomy.live(*id).is_some()).then_some(labels)
}
