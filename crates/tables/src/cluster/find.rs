//! From vectors to clusters, their words and their typical texts.

use super::Cluster;
use crate::Error;
use learn::cluster::{Clusters, KMeans, Tree, micro_clusters, silhouette, smooth};
use learn::keywords::{Balance, keywords, typical};
use learn::text::{Features, TfIdf};
use ndarray::{Array2, Axis};

/// Keywords and typical texts of a cluster.
const SHOWN: usize = 6;
const TYPICAL: usize = 5;
const OUTLIERS: usize = 10;
/// Rows on which the silhouette is measured.
const SILHOUETTE: usize = 2_000;
/// A suggested cut below or above this is of no use to somebody who wants to see what is in a pile.
const FEWEST: usize = 8;
const MOST: usize = 64;

/// What was found in the texts.
pub struct Found {
    /// Of each text, if anything is known of it.
    pub clusters: Vec<Option<u32>>,
    pub groups: Vec<Group>,
    /// Above the k-means clusters: all of those asked for, or micro-clusters.
    pub tree: Tree,
    /// Rows of each leaf of the tree, and the cluster that the leaf belongs to.
    pub leaves: Vec<(u32, u32)>,
    /// Rows that lie far from the rest of their leaf, with the distance, the farthest first.
    pub outliers: Vec<(usize, f32)>,
    pub silhouette: Option<f64>,
    /// The nearest texts that each one was clustered with.
    pub neighbours: usize,
    /// The rows in a cluster, and what was clustered of them.
    pub rows: Vec<usize>,
    pub vectors: Array2<f32>,
}

pub struct Group {
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
        let vectors = smooth(plain.view(), neighbours, asked.seed)?;
        let fit = KMeans::new(k, asked.seed)?.fit(vectors.view())?;
        Ok((neighbours, vectors, fit))
    };
    let mut made = with(asked.neighbours.min(few)).map_err(wrong)?;
    // Clusters of very different sizes can still fall together: the texts as they are have more to tell apart.
    if asked.clusters.is_some() && made.0 > 0 && made.2.sizes.len() < k {
        made = with(0).map_err(wrong)?;
    }
    let (neighbours, vectors, fit) = made;
    let tree = fit.tree();
    let of_leaf = match asked.clusters {
        Some(_) => (0..fit.sizes.len() as u32).collect(),
        None => by_size(tree.cut(suggested(&tree)), &fit),
    };
    let of_row: Vec<u32> = fit.assignment.iter().map(|&leaf| of_leaf[leaf as usize]).collect();
    let n_groups = of_leaf.iter().max().map_or(0, |&most| most as usize + 1);
    let mut members = vec![Vec::new(); n_groups];
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
        .map(|((keywords, members), typical)| Group { size: members.len(), keywords, typical })
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
        neighbours,
        rows,
        vectors,
    })
}

/// The clearest cut between few and many groups; of small trees the clearest there is, or all leaves.
fn suggested(tree: &Tree) -> usize {
    let cuts = tree.suggested();
    let fits = |groups: usize| (FEWEST..=MOST).contains(&groups) && groups * 2 <= tree.leaves();
    cuts.iter().find(|cut| fits(cut.groups)).or(cuts.first()).map_or(tree.leaves(), |cut| cut.groups)
}

/// Groups of leaves, numbered by the number of their rows, the largest first.
fn by_size(of_leaf: Vec<u32>, fit: &Clusters) -> Vec<u32> {
    let n_groups = of_leaf.iter().max().map_or(0, |&most| most as usize + 1);
    let mut sizes = vec![0_u64; n_groups];
    of_leaf.iter().zip(&fit.sizes).for_each(|(&group, &size)| sizes[group as usize] += u64::from(size));
    let mut order: Vec<usize> = (0..n_groups).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group]));
    let mut number = vec![0_u32; n_groups];
    order.iter().enumerate().for_each(|(new, &old)| number[old] = new as u32);
    of_leaf.into_iter().map(|group| number[group as usize]).collect()
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
