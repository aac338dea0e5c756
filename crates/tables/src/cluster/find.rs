//! From vectors to clusters, their words and their typical texts.

use super::{Cluster, Grain};
use crate::Error;
use learn::cluster::{Grains, KMeans, Node, StabilitySpec, Tree, micro_clusters, silhouette, stability};
use learn::keywords::{Balance, keywords, typical};
use learn::text::{Features, TfIdf};
use ndarray::{Array2, Axis};

/// Keywords and typical texts of a cluster.
const SHOWN: usize = 6;
const TYPICAL: usize = 5;
const OUTLIERS: usize = 10;
/// Rows on which the silhouette is measured.
const SILHOUETTE: usize = 2_000;
/// What was found in the texts.
pub struct Found {
    /// Of each text, if anything is known of it.
    pub clusters: Vec<Option<u32>>,
    pub groups: Vec<Group>,
    /// Above the k-means clusters: all of those asked for, or micro-clusters.
    pub tree: Tree,
    /// Of each node of the tree, leaves first, then merges.
    pub nodes: Vec<Node>,
    pub stability: Vec<f32>,
    pub grains: Grains,
    /// Rows of each leaf of the tree, and the cluster that the leaf belongs to.
    pub leaves: Vec<(u32, u32)>,
    /// Rows that lie far from the rest of their leaf, with the distance, the farthest first.
    pub outliers: Vec<(usize, f32)>,
    pub silhouette: Option<f64>,
    /// The nearest texts that each one was clustered with.
    pub neighbours: usize,
    /// The rows in a cluster, and their vectors: smoothed ones, unless there are too many of them.
    pub rows: Vec<usize>,
    pub vectors: Array2<f32>,
}

pub struct Group {
    /// Of the tree.
    pub node: u32,
    pub size: usize,
    pub keywords: Vec<String>,
    /// Rows.
    pub typical: Vec<usize>,
}

pub fn find(asked: &Cluster, texts: &[String], vectors: Array2<f32>) -> Result<Found, Error> {
    let wrong = |error: learn::cluster::ClusterError| Error::Asked(error.to_string());
    let rows: Vec<usize> =
        (0..texts.len()).filter(|&row| vectors.row(row).iter().any(|x| *x != 0.0)).collect();
    if rows.is_empty() {
        return Err(Error::table(
            &asked.texts,
            format!("nothing is known of any of the {} texts: no word stands in two of them", texts.len()),
        ));
    }
    let k = asked.clusters.unwrap_or_else(|| micro_clusters(rows.len()));
    if k > rows.len() {
        return Err(Error::table(
            &asked.texts,
            format!("{k} clusters can't be made of {} texts with known words", rows.len()),
        ));
    }
    let plain = if rows.len() == texts.len() { vectors } else { vectors.select(Axis(0), &rows) };
    // Texts and all their neighbours become one point: no more than make a cluster of average size.
    let few = asked.clusters.map_or(usize::MAX, |k| (rows.len() / k).saturating_sub(1));
    let with = |neighbours: usize| {
        let (fit, smoothed) = KMeans::new(k, asked.seed)?.fit_smoothed(plain.view(), neighbours)?;
        Ok((neighbours, smoothed, fit))
    };
    let mut made = with(asked.neighbours.min(few)).map_err(wrong)?;
    // Clusters of very different sizes can still fall together: the texts as they are have more to tell apart.
    if asked.clusters.is_some() && made.0 > 0 && made.2.sizes.len() < k {
        made = with(0).map_err(wrong)?;
    }
    let (neighbours, smoothed, fit) = made;
    let left_to_smooth = if smoothed.is_some() { 0 } else { neighbours };
    let vectors = smoothed.unwrap_or(plain);
    let tree = fit.tree();
    let spec = StabilitySpec { neighbours: left_to_smooth, ..StabilitySpec::seeded(asked.seed) };
    let stability = stability(vectors.view(), &fit, &tree, spec).map_err(wrong)?;
    let (nodes, openings) = (fit.nodes(&tree), fit.openings(&tree));
    let grains = openings.grains();
    let mut shown: Vec<u32> = match (asked.clusters, asked.grain) {
        (Some(_), _) => (0..fit.sizes.len() as u32).collect(),
        (None, Grain::Overview) => openings.cut(grains.overview),
        (None, Grain::Themes) => openings.cut(grains.themes),
        (None, Grain::Details) => openings.cut(grains.details),
    };
    shown.sort_by_key(|&node| std::cmp::Reverse(nodes[node as usize].size));
    let of_leaf = tree.leaves_under(&shown);
    let of_row: Vec<u32> = fit.assignment.iter().map(|&leaf| of_leaf[leaf as usize]).collect();
    let mut members = vec![Vec::new(); shown.len()];
    of_row.iter().enumerate().for_each(|(at, &group)| members[group as usize].push(at));
    let typical: Vec<Vec<usize>> = members
        .iter()
        .map(|members| typical(vectors.view(), members, TYPICAL, Balance::default()))
        .map(|typical| typical.into_iter().map(|at| rows[at]).collect())
        .collect();
    let in_rows: Vec<Vec<usize>> =
        members.iter().map(|members| members.iter().map(|&at| rows[at]).collect()).collect();
    let groups = words(texts, &in_rows)
        .into_iter()
        .zip(&members)
        .zip(typical)
        .zip(shown)
        .map(|(((keywords, members), typical), node)| Group { node, size: members.len(), keywords, typical })
        .collect();
    let far = fit.distances_left_out();
    let mut clusters = vec![None; texts.len()];
    rows.iter().zip(&of_row).for_each(|(&row, &group)| clusters[row] = Some(group));
    Ok(Found {
        clusters,
        groups,
        leaves: fit.sizes.iter().copied().zip(of_leaf).collect(),
        outliers: fit.outliers(OUTLIERS).into_iter().map(|at| (rows[at], far[at])).collect(),
        silhouette: silhouette(vectors.view(), &of_row, SILHOUETTE, asked.seed),
        tree,
        nodes,
        stability,
        grains,
        neighbours,
        rows,
        vectors,
    })
}

/// The keywords of each group of texts.
fn words(texts: &[String], members: &[Vec<usize>]) -> Vec<Vec<String>> {
    // Characters left out: nobody reads grams of them.
    let Ok(features) = Features::new(Some(1..=2), None, 1, Some(200_000)) else { return Vec::new() };
    let (tfidf, rows) = TfIdf::fit(&features, texts);
    keywords(&rows, members, |column| Some(tfidf.term(column)), SHOWN)
        .into_iter()
        .map(|group| group.into_iter().map(|keyword| tfidf.term(keyword.column).to_owned()).collect())
        .collect()
}
