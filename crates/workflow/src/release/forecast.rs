//! The splits that a release would have. It is computed before the release, because a release decides splits for
//! good.

use super::rows::current;
use super::splits::{control_keys, decided};
use crate::data::import::{FEW_ROWS, LARGE_GROUP, empty_splits, large_group};
use crate::{Instance, Result, allow};
use domain::ProjectId;
use domain::consensus::State;
use domain::item::split_key;
use domain::permission::{Act, Actor};
use domain::release::{Split, split_by_control};
use std::collections::HashMap;
use store::release::rows::PAGE;

/// The rows that a release would have now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forecast {
    pub n_rows: i64,
    /// Train, validation, test.
    pub splits: [i64; 3],
    /// The group with the most rows, and how many it has.
    pub largest_group: Option<(String, i64)>,
    /// How many groups (or texts without a group) have a split that no release has decided yet.
    pub n_undecided: i64,
}

impl Forecast {
    /// Warnings about what is hard to repair after the release.
    pub fn warnings(&self) -> Vec<String> {
        if self.n_rows == 0 {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        if let Some((group, n)) = &self.largest_group {
            let share = *n as f64 / self.n_rows as f64;
            if self.n_rows >= FEW_ROWS && share > LARGE_GROUP {
                warnings.push(large_group(group, share, "of the rows of this release"));
            }
        }
        let empty: Vec<Split> =
            Split::ALL.into_iter().filter(|split| self.splits[*split as usize] == 0).collect();
        warnings.extend(empty_splits(&empty));
        warnings
    }

    /// “train 90, validation 6, test 4”.
    pub fn in_words(&self) -> String {
        Split::ALL.map(|split| format!("{} {}", split.as_str(), self.splits[split as usize])).join(", ")
    }
}

/// Reads every resolved item in these states. For a million items it takes some seconds.
pub async fn forecast(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    states: &[State],
) -> Result<Forecast> {
    allow(actor, Act::CutRelease)?;
    let Some((version, _, taxonomy)) = instance.store.published_taxonomy(project).await? else {
        return Ok(Forecast::default());
    };
    let maps = instance.store.label_maps(version).await?;
    let (_, settings) = instance.store.project_rules(project).await?;
    let mut moment = instance.store.along_indexes().snapshot().await?;
    let control = control_keys(&mut moment, project).await?;
    let mut keys = Keys::default();
    for state in states.iter().filter(|state| state.is_resolved()) {
        let mut after = 0;
        loop {
            let look = moment.resolved_items(project, state.as_str(), after, PAGE as i64);
            let page = instance.store.read_background(look).await?;
            let Some(last) = page.last() else { break };
            after = last.at;
            for found in page.into_iter().filter_map(|placed| placed.row) {
                if current(&taxonomy, &maps, found.taxonomy_version_id, &found.labels.0).is_some() {
                    let key = split_key(found.group_key.as_deref(), found.normalized_hash);
                    keys.count(key, found.group_key);
                }
            }
        }
    }
    let decided = decided(&mut moment, project, &keys.rows).await?;
    let mut forecast = Forecast { largest_group: keys.largest, ..Forecast::default() };
    for (key, n) in keys.rows {
        let rule = || split_by_control(settings.seed, key, control.contains(&key));
        let before = decided.get(&key).copied();
        forecast.n_undecided += i64::from(before.is_none());
        forecast.splits[before.unwrap_or_else(rule) as usize] += n;
        forecast.n_rows += n;
    }
    Ok(forecast)
}

/// How many rows each split key has.
#[derive(Default)]
struct Keys {
    rows: HashMap<i64, i64>,
    largest: Option<(String, i64)>,
}

impl Keys {
    fn count(&mut self, key: i64, group: Option<String>) {
        let rows = self.rows.entry(key).or_default();
        *rows += 1;
        let n = *rows;
        if let Some(group) = group
            && self.largest.as_ref().is_none_or(|(_, most)| n > *most)
        {
            self.largest = Some((group, n));
        }
    }
}
