//! Clusters as JSON for programs and as a table for people.

use super::Cluster;
use super::find::Found;
use crate::Error;
use serde_json::{Value, json};
use std::io::Write;
use unicode_segmentation::UnicodeSegmentation;

pub struct Result<'a> {
    pub ids: &'a [String],
    pub texts: &'a [String],
    pub found: &'a Found,
    pub asked: &'a Cluster,
}

impl Result<'_> {
    pub fn json(&self, out: &mut dyn Write) -> std::result::Result<(), Error> {
        let found = self.found;
        let item = |row: usize| json!({ "id": self.ids[row], "text": self.texts[row] });
        let clusters: Vec<Value> = found
            .groups
            .iter()
            .enumerate()
            .map(|(number, group)| {
                json!({
                    "cluster": number,
                    "size": group.size,
                    "keywords": group.keywords,
                    "typical": group.typical.iter().map(|&row| item(row)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let leaves: Vec<Value> =
            found.leaves.iter().map(|(size, cluster)| json!({ "size": size, "cluster": cluster })).collect();
        let merges: Vec<Value> = found
            .tree
            .merges()
            .iter()
            .map(|merge| json!({ "a": merge.a, "b": merge.b, "height": merge.height, "size": merge.size }))
            .collect();
        let cuts: Vec<Value> = found
            .tree
            .suggested()
            .iter()
            // A gap above nothing is infinite, which JSON can't say.
            .map(|cut| json!({ "groups": cut.groups, "gap": cut.gap.is_finite().then_some(cut.gap) }))
            .collect();
        let outliers: Vec<Value> = found
            .outliers
            .iter()
            .map(|&(row, distance)| json!({ "id": self.ids[row], "text": self.texts[row], "distance": distance }))
            .collect();
        let result = json!({
            "n_items": self.ids.len(),
            "n_without_cluster": self.ids.len() - found.rows.len(),
            "encoder": self.asked.encoder.to_string(),
            "n_clusters_asked": self.asked.clusters,
            "neighbours": found.neighbours,
            "seed": self.asked.seed,
            "silhouette": found.silhouette,
            "clusters": clusters,
            "tree": { "leaves": leaves, "merges": merges, "suggested": cuts },
            "outliers": outliers,
        });
        writeln!(out, "{result:#}")?;
        Ok(())
    }

    pub fn table(&self, out: &mut dyn Write) -> std::result::Result<(), Error> {
        let found = self.found;
        let without = self.ids.len() - found.rows.len();
        write!(out, "{} texts in {} clusters", found.rows.len(), found.groups.len())?;
        if self.asked.clusters.is_none() {
            write!(out, ", cut from a tree of {}", found.tree.leaves())?;
        }
        if without > 0 {
            write!(out, "; {without} without a known word are in none")?;
        }
        if let Some(silhouette) = found.silhouette {
            write!(out, "; silhouette {silhouette:.3}")?;
        }
        writeln!(out)?;
        if let Some(asked) = self.asked.clusters.filter(|asked| *asked > found.groups.len()) {
            writeln!(out, "{asked} were asked for: no more texts than that differ from each other")?;
        }
        let words: Vec<String> =
            found.groups.iter().map(|group| short(&group.keywords.join(", "), 56)).collect();
        let width =
            words.iter().map(|words| words.chars().count()).chain(["keywords".len()]).max().unwrap_or(0);
        writeln!(out, "cluster    size  {:<width$}  most typical text", "keywords")?;
        for (number, (group, words)) in found.groups.iter().zip(&words).enumerate() {
            let text = group.typical.first().map_or("", |&row| &self.texts[row]);
            writeln!(out, "{number:>7}  {:>6}  {words:<width$}  {}", group.size, short(text, 72))?;
        }
        if self.asked.clusters.is_none() {
            let cuts: Vec<String> = found.tree.suggested().iter().map(|cut| cut.groups.to_string()).collect();
            if !cuts.is_empty() {
                writeln!(out, "Clear cuts of the tree, the clearest first: {}", cuts.join(", "))?;
            }
        }
        Ok(())
    }
}

/// On one line of at most so many characters, without those that a terminal would obey.
fn short(text: &str, most: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    // By graphemes: no vowel sign is cut off its letter, no family of emoji apart.
    if line.graphemes(true).count() <= most {
        return line;
    }
    line.graphemes(true).take(most - 1).chain(["…"]).collect()
}
