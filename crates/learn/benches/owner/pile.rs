//! The pile that nobody has read, as vectors, and the groups in it as Discover makes them.

use super::banking77::Labeled;
use learn::classify::Features;
use learn::cluster::{
    ClusterError, Grains, KMeans, Node, Openings, StabilitySpec, micro_clusters, smooth, stability,
};
use learn::lsa::{Lsa, LsaSpec};
use learn::sparse::Csr;
use learn::text::{self, TfIdf};
use ndarray::Array2;

/// Each text is clustered as the mean of itself and so many nearest ones: what a run of Discover does.
const NEIGHBOURS: usize = 10;

/// One part of the data: what a classifier sees, and the truth that only a person who looks at an item learns.
pub struct Part {
    pub vectors: Array2<f32>,
    pub words: Csr,
    pub truth: Vec<u32>,
}

impl Part {
    pub fn features(&self) -> Features<'_> {
        Features::joined(self.vectors.view(), &self.words).expect("as many rows")
    }
}

/// Makes a row of each text.
type Encode<'a> = &'a dyn Fn(&[String]) -> Array2<f32>;

/// Items to label, and those that a model is measured on.
pub struct Pile {
    pub train: Part,
    pub test: Part,
}

impl Pile {
    /// `encode` makes the vectors of all texts; without it they are LSA, which like tf-idf knows the texts to label alone.
    pub fn of(all: &Labeled, encode: Option<Encode<'_>>) -> Pile {
        let texts =
            |rows: &[usize]| -> Vec<String> { rows.iter().map(|&row| all.texts[row].clone()).collect() };
        let (train, test) = (all.rows(false), all.rows(true));
        let (tfidf, words) = TfIdf::fit(&text::Features::default(), &texts(&train));
        let lsa = encode.is_none().then(|| Lsa::fit(&words, &LsaSpec::seeded(1)));
        let part = |rows: &[usize], words: Csr| {
            let vectors = match (encode, &lsa) {
                (Some(encode), _) => encode(&texts(rows)),
                (None, Some(lsa)) => lsa.transform(&words),
                (None, None) => Array2::zeros((rows.len(), 1)),
            };
            Part { vectors, words, truth: all.labels_of(rows) }
        };
        let other = tfidf.transform(&texts(&test));
        Pile { train: part(&train, words), test: part(&test, other) }
    }
}

/// The tree of groups of one run.
pub struct Forest {
    /// What was clustered.
    pub vectors: Array2<f32>,
    pub nodes: Vec<Node>,
    pub openings: Openings,
    pub grains: Grains,
    pub stability: Vec<f32>,
    /// Rows as their leaves stand in the dendrogram, and where those of each leaf begin.
    rows: Vec<usize>,
    starts: Vec<usize>,
}

impl Forest {
    /// The steps of a run of Discover.
    pub fn grow(pile: &Part, seed: u64) -> Result<Forest, ClusterError> {
        let n = pile.truth.len();
        let vectors = smooth(pile.vectors.view(), NEIGHBOURS, seed)?;
        let clusters = KMeans::new(micro_clusters(n), seed)?.fit(vectors.view())?;
        let tree = clusters.tree();
        let openings = clusters.openings(&tree);
        let nodes = clusters.nodes(&tree);
        let stability = stability(vectors.view(), &clusters, &tree, StabilitySpec::seeded(seed))?;
        let place = |row: &usize| nodes[clusters.assignment[*row] as usize].from as usize;
        let mut rows: Vec<usize> = (0..n).collect();
        rows.sort_by_key(place);
        let starts = (0..=tree.leaves()).map(|leaf| rows.partition_point(|row| place(row) < leaf)).collect();
        let grains = openings.grains();
        Ok(Forest { vectors, nodes, openings, grains, stability, rows, starts })
    }

    /// The items of a group.
    pub fn members(&self, node: u32) -> &[usize] {
        let node = &self.nodes[node as usize];
        &self.rows[self.starts[node.from as usize]..self.starts[node.to as usize]]
    }
}
