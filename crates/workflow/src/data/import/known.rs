//! The labels that a file may speak of, by the names that it may give them.

use domain::LabelId;
use domain::taxonomy::{Taxonomy, name};
use std::collections::HashMap;

/// Offered labels by name, as it is written and as it looks.
#[derive(Debug, Default)]
pub struct KnownLabels {
    labels: Vec<(LabelId, String)>,
    by_name: HashMap<String, usize>,
    by_look: HashMap<String, usize>,
}

impl KnownLabels {
    pub fn of(taxonomy: &Taxonomy) -> KnownLabels {
        let mut known = KnownLabels::default();
        for label in taxonomy.offered() {
            let at = known.labels.len();
            known.labels.push((label.id, label.name.clone()));
            known.by_name.entry(label.name.trim().to_owned()).or_insert(at);
            known.by_look.entry(name::key(&label.name)).or_insert(at);
        }
        known
    }

    /// The label that a name means, and what it is called.
    pub fn find(&self, name: &str) -> Option<(LabelId, &str)> {
        let at = self.by_name.get(name.trim()).or_else(|| self.by_look.get(&name::key(name)))?;
        self.labels.get(*at).map(|(id, name)| (*id, name.trim()))
    }
}
