//! What is counted while the files of a release are written.

use super::manifest;
use domain::LabelId;
use domain::release::Split;
use domain::taxonomy::Taxonomy;
use std::collections::{BTreeMap, HashMap, HashSet};
use store::release::rows::{FullRow, RowAnswer};

/// The counts of the rows that were written so far.
#[derive(Default)]
pub(super) struct RowTotals {
    pub(super) n_rows: i64,
    pub(super) n_answers: i64,
    pub(super) rows: [i64; 3],
    pub(super) control: [i64; 3],
    pub(super) labels: HashMap<(Split, LabelId), i64>,
    pub(super) sources: BTreeMap<i64, i64>,
    pub(super) queues: BTreeMap<i64, i64>,
    /// Rows by the bulk answer that labeled them.
    pub(super) bulks: BTreeMap<i64, i64>,
    pub(super) annotators: HashSet<i64>,
}

impl RowTotals {
    pub(super) fn add(&mut self, row: &FullRow, answers: &[RowAnswer]) {
        let split = row.split;
        self.n_rows += 1;
        self.rows[split as usize] += 1;
        self.control[split as usize] += i64::from(row.control);
        for label in &row.labels.0 {
            *self.labels.entry((split, *label)).or_default() += 1;
        }
        *self.sources.entry(row.source_id).or_default() += 1;
        self.n_answers += answers.len() as i64;
        for answer in answers {
            self.annotators.insert(answer.person_id);
            if let Some(queue) = answer.queue_id {
                *self.queues.entry(queue).or_default() += 1;
            }
            if let Some(bulk) = answer.bulk_id {
                *self.bulks.entry(bulk).or_default() += 1;
            }
        }
    }

    pub(super) fn split(&self, split: Split, taxonomy: &Taxonomy) -> manifest::SplitCount {
        let labels = taxonomy.offered().into_iter().map(|label| manifest::LabelCount {
            id: label.id,
            name: label.name.clone(),
            n: self.labels.get(&(split, label.id)).copied().unwrap_or(0),
        });
        manifest::SplitCount {
            split,
            n_rows: self.rows[split as usize],
            n_control: self.control[split as usize],
            labels: labels.collect(),
        }
    }
}
