use super::*;
use crate::cluster::Merge;
use std::collections::BTreeSet;

const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn term(column: usize) -> Option<&'static str> {
    LETTERS.get(column).copied()
}

/// Texts by the letters in them.
fn rows(texts: &[BTreeSet<u32>]) -> Csr {
    let ends = texts.iter().scan(0, |end, text| {
        *end += text.len();
        Some(*end)
    });
    let starts = std::iter::once(0).chain(ends).collect();
    let columns: Vec<u32> = texts.iter().flatten().copied().collect();
    let values = vec![1.0; columns.len()];
    Csr::new(8, starts, columns, values).unwrap()
}

fn merge(a: u32, b: u32) -> Merge {
    Merge { a, b, height: 0.0, size: 0 }
}

/// The leaves of each node.
fn leaves(n_leaves: usize, merges: &[Merge]) -> Vec<BTreeSet<u32>> {
    let mut nodes: Vec<BTreeSet<u32>> = (0..n_leaves as u32).map(|leaf| BTreeSet::from([leaf])).collect();
    for merge in merges {
        nodes.push(&nodes[merge.a as usize] | &nodes[merge.b as usize]);
    }
    nodes
}

/// Two groups of 40 texts, 30 and 5 of which hold a, all of them b; 20 others hold neither. Monroe, Colaresi and Quinn 2008,
/// with a prior of 10 texts like the whole pile.
#[test]
fn contrasts_are_the_definition() {
    let text = |i: usize| match i {
        0..30 | 75..80 => BTreeSet::from([0, 1]),
        30..75 => BTreeSet::from([1]),
        _ => BTreeSet::from([2]),
    };
    let texts: Vec<BTreeSet<u32>> = (0..100).map(text).collect();
    let leaf_of: Vec<Option<u32>> = (0..100).map(|i| Some(i / 40)).collect();
    let counts = TermCounts::new(&rows(&texts), &leaf_of, 3, term);
    assert_eq!((counts.n_leaves(), counts.size(0), counts.size(2)), (3, 40, 20));
    let found = contrast(&counts, &[0], &[1], term, 9);
    assert_eq!(found.len(), 1);
    let share = 35.5 / 101.0;
    let (with, without) = (10.0 * share, 10.0 * (1.0 - share));
    let odds = |n: f64| ((n + with) / (40.0 - n + without), 1.0 / (n + with) + 1.0 / (40.0 - n + without));
    let ((a, va), (b, vb)) = (odds(30.0), odds(5.0));
    assert!((found[0].score - (a / b).ln() / f64::sqrt(va + vb)).abs() < 1e-9);
    assert_eq!((found[0].column, found[0].n_texts), (0, 30));
    let [first, second] = [0..40, 40..80].map(|rows| rows.collect::<Vec<usize>>());
    assert_eq!(contrast_rows(&counts, &rows(&texts), [&first, &second], term, 9), found);
    assert!(contrast(&counts, &[1], &[0], term, 9).is_empty());
    assert!(contrast(&counts, &[], &[0], term, 9).is_empty());
    // Against the others both letters count.
    assert_eq!(contrast(&counts, &[0], &[2], term, 9).len(), 2);
}

#[test]
fn every_node_has_words() {
    let texts = [[0, 7], [0, 7], [0, 6], [1, 7], [1, 6], [1, 7], [2, 7], [2, 6], [2, 7]].map(BTreeSet::from);
    let leaf_of: Vec<Option<u32>> = (0..9).map(|i| Some(i / 3)).collect();
    let counts = TermCounts::new(&rows(&texts), &leaf_of, 3, term);
    let nodes = name_tree(&counts, &[merge(0, 1), merge(2, 3)], term, 2);
    let first: Vec<&str> = nodes[..3].iter().map(|node| LETTERS[node.keywords[0].column]).collect();
    assert_eq!(first, ["a", "b", "c"]);
    let both: Vec<&str> = nodes[3].keywords.iter().map(|k| LETTERS[k.column]).collect();
    assert_eq!(both, ["a", "b"]);
    assert!(!nodes[4].keywords.is_empty() && nodes[4].contrast.is_empty());
    assert!(nodes.iter().all(|node| node.keywords.len() <= 2));
    // Texts told one by one have the words of their leaf.
    let rows_of = |leaf: usize| -> Vec<usize> { (3 * leaf..3 * leaf + 3).collect() };
    let all = rows(&texts);
    for (leaf, node) in nodes[..3].iter().enumerate() {
        assert_eq!(name_rows(&counts, &all, &rows_of(leaf), term, 2), node.keywords);
    }
    assert!(name_rows(&counts, &all, &[], term, 2).is_empty());
    // Nothing in it, nothing said of it.
    let none = TermCounts::new(&rows(&texts), &[None; 9], 2, term);
    assert_eq!(name_tree(&none, &[merge(0, 1)], term, 2), vec![NodeWords::default(); 3]);
    assert!(name_tree(&TermCounts::new(&rows(&[]), &[], 0, term), &[], term, 2).is_empty());
}

/// A node with its leaves and those of its sibling.
type Named = (BTreeSet<u32>, BTreeSet<u32>, NodeWords);

/// A tree above six leaves by picks among the nodes that are left.
fn named(counts: &TermCounts, picks: &[(u32, u32)]) -> Vec<Named> {
    let mut alive: Vec<u32> = (0..6).collect();
    let mut merges = Vec::new();
    for (number, &(a, b)) in (6..11).zip(picks) {
        let a = alive.swap_remove(a as usize % alive.len());
        let b = alive.swap_remove(b as usize % alive.len());
        alive.push(number);
        merges.push(merge(a.min(b), a.max(b)));
    }
    let leaves = leaves(6, &merges);
    let mut siblings = vec![BTreeSet::new(); leaves.len()];
    for merge in &merges {
        siblings[merge.a as usize] = leaves[merge.b as usize].clone();
        siblings[merge.b as usize] = leaves[merge.a as usize].clone();
    }
    let words = name_tree(counts, &merges, term, 4);
    leaves
        .into_iter()
        .zip(siblings)
        .zip(words)
        .map(|((leaves, sibling), words)| (leaves, sibling, words))
        .collect()
}

proptest! {
    /// Nothing that happens elsewhere in the tree changes the words of a node.
    #[test]
    fn words_depend_on_own_leaves_and_sibling_alone(
        texts in prop::collection::vec((prop::collection::btree_set(0_u32..8, 1..5), 0_u32..7), 7..60),
        picks in prop::collection::vec((any::<u32>(), any::<u32>()), 10),
    ) {
        let leaf_of: Vec<Option<u32>> = texts.iter().map(|(_, leaf)| leaf.checked_sub(1)).collect();
        let texts: Vec<BTreeSet<u32>> = texts.into_iter().map(|(text, _)| text).collect();
        let counts = TermCounts::new(&rows(&texts), &leaf_of, 6, term);
        let (one, other) = (named(&counts, &picks[..5]), named(&counts, &picks[5..]));
        for (leaves, sibling, words) in &one {
            let [list, beside] = [leaves, sibling].map(|set| set.iter().rev().copied().collect::<Vec<u32>>());
            prop_assert_eq!(&name_leaves(&counts, &list, term, 4), &words.keywords);
            if !beside.is_empty() {
                prop_assert_eq!(&contrast(&counts, &list, &beside, term, 4), &words.contrast);
            }
            for (other_leaves, other_sibling, other_words) in &other {
                if leaves == other_leaves {
                    prop_assert_eq!(&words.keywords, &other_words.keywords);
                    prop_assert!(sibling != other_sibling || words.contrast == other_words.contrast);
                }
            }
        }
    }
}
