//! Clusters as JSON for programs and as a table for people.

use super::Cluster;
use super::find::{Found, Group};
use crate::Error;
use clap::ValueEnum;
use learn::cluster::Grains;
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
                    "tightness": self.tightness(group),
                    "stability": self.stability(group),
                    "node": group.node,
                    "keywords": group.keywords,
                    "typical": group.typical.iter().map(|&row| item(row)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let leaves: Vec<Value> = found
            .leaves
            .iter()
            .zip(&found.nodes)
            .zip(&found.stability)
            .map(|(((size, cluster), node), stability)| {
                json!({ "size": size, "cluster": cluster, "tightness": node.tightness, "stability": stability })
            })
            .collect();
        let above = found.nodes.iter().zip(&found.stability).skip(found.tree.leaves());
        let merges: Vec<Value> = found
            .tree
            .merges()
            .iter()
            .zip(above)
            .map(|(merge, (node, stability))| {
                json!({
                    "a": merge.a,
                    "b": merge.b,
                    "height": merge.height,
                    "size": merge.size,
                    "tightness": node.tightness,
                    "stability": stability,
                })
            })
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
            "grain": self.asked.clusters.is_none().then(|| self.grain()),
            "grains": {
                "overview": found.grains.overview,
                "themes": found.grains.themes,
                "details": found.grains.details,
            },
            "tree": { "leaves": leaves, "merges": merges },
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
            write!(out, ", the {} of a tree of {}", self.grain(), found.tree.leaves())?;
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
        writeln!(out, "cluster    size  tight  stable  {:<width$}  most typical text", "keywords")?;
        for (number, (group, words)) in found.groups.iter().zip(&words).enumerate() {
            let text = group.typical.first().map_or("", |&row| &self.texts[row]);
            let (tight, stable) = (self.tightness(group), self.stability(group));
            write!(out, "{number:>7}  {:>6}  {tight:>5.2}  {stable:>6.2}  ", group.size)?;
            writeln!(out, "{words:<width$}  {}", short(text, 72))?;
        }
        let Grains { overview, themes, details } = found.grains;
        if self.asked.clusters.is_none() {
            writeln!(out, "Groups by grain: overview {overview}, themes {themes}, details {details}")?;
        }
        Ok(())
    }

    fn grain(&self) -> String {
        self.asked.grain.to_possible_value().map_or_else(String::new, |grain| grain.get_name().to_owned())
    }

    fn tightness(&self, group: &Group) -> f32 {
        self.found.nodes.get(group.node as usize).map_or(1.0, |node| node.tightness)
    }

    fn stability(&self, group: &Group) -> f32 {
        self.found.stability.get(group.node as usize).copied().unwrap_or(0.0)
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
