//! What became of the groups of one run in the next.

use rustc_hash::FxHashMap;

/// Two groups, one of each run, that share items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Group of the old run.
    pub old: u32,
    /// Group of the new run.
    pub new: u32,
    /// Items in both.
    pub shared: u64,
    /// Those over the items of either, among items that are in both runs: what was imported or undone since says nothing
    /// about whether a group is the same.
    pub jaccard: f64,
}

/// What became of an old group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is this new group, whose name it keeps.
    Continued(u32),
    /// So too, and it has a quarter more items than it had, or more.
    Grown(u32),
    /// It is no single group any more: these, at least two, each have half of their items from it, and together half of
    /// its own.
    Split(Vec<u32>),
    /// Half of its items or more are in this one, which is not the same group.
    Merged(u32),
    /// None of that.
    Gone,
}

/// Where a new group comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is this old group, and carries its name.
    Continued(u32),
    /// So too, with a quarter more items or more.
    Grown(u32),
    /// At least half of its items are from this old group, which is another one now.
    Split(u32),
    /// It took in these, at least two: half of the items of each, which together are half of its own.
    Merged(Vec<u32>),
    /// None of that.
    New,
}

/// Groups of two runs beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineage {
    /// All pairs that share an item, by old and new group.
    pub pairs: Vec<Pair>,
    /// Of each old group.
    pub fates: Vec<Fate>,
    /// Of each new group.
    pub origins: Vec<Origin>,
    /// For each new group the old one whose name it carries: the pairs with a Jaccard coefficient of .5 or more, the
    /// largest first (then by number), each group once.
    pub names: Vec<Option<u32>>,
}

/// From so much on a pair is the same group.
const SAME: f64 = 0.5;
/// From so many times its size on a group has grown.
const GROWN: f64 = 1.25;

impl Lineage {
    /// `groups`: of each item that is in both runs its old and its new group, if it is in one. `old_sizes`, `new_sizes`:
    /// items of each group in its own run, others among them; groups without a size are left out.
    #[must_use]
    pub fn of(
        groups: impl IntoIterator<Item = (Option<u32>, Option<u32>)>,
        old_sizes: &[u64],
        new_sizes: &[u64],
    ) -> Self {
        let mut shared: FxHashMap<(u32, u32), u64> = FxHashMap::default();
        let (mut of_old, mut of_new) = (vec![0_u64; old_sizes.len()], vec![0_u64; new_sizes.len()]);
        for (old, new) in groups {
            let old = old.filter(|&old| (old as usize) < old_sizes.len());
            let new = new.filter(|&new| (new as usize) < new_sizes.len());
            old.into_iter().for_each(|old| of_old[old as usize] += 1);
            new.into_iter().for_each(|new| of_new[new as usize] += 1);
            if let (Some(old), Some(new)) = (old, new) {
                *shared.entry((old, new)).or_insert(0) += 1;
            }
        }
        let mut pairs: Vec<Pair> = shared
            .into_iter()
            .map(|((old, new), shared)| {
                let either = of_old[old as usize] + of_new[new as usize] - shared;
                Pair { old, new, shared, jaccard: shared as f64 / either as f64 }
            })
            .collect();
        pairs.sort_by_key(|pair| (pair.old, pair.new));
        let names = names(&pairs, old_sizes.len(), new_sizes.len());
        let grown =
            |old: u32, new: u32| new_sizes[new as usize] as f64 >= GROWN * old_sizes[old as usize] as f64;
        let is_half = |part: u64, whole: u64| 2 * part >= whole;
        let mut fates = vec![Fate::Gone; old_sizes.len()];
        for of_one in pairs.chunk_by(|a, b| a.old == b.old) {
            let old = of_one[0].old;
            let from_it: Vec<&Pair> =
                of_one.iter().filter(|pair| is_half(pair.shared, of_new[pair.new as usize])).collect();
            let together: u64 = from_it.iter().map(|pair| pair.shared).sum();
            let in_one = of_one.iter().find(|pair| is_half(pair.shared, of_old[old as usize]));
            let same = of_one.iter().find(|pair| names[pair.new as usize] == Some(old));
            fates[old as usize] = match (same, in_one) {
                (Some(same), _) if grown(old, same.new) => Fate::Grown(same.new),
                (Some(same), _) => Fate::Continued(same.new),
                _ if from_it.len() > 1 && is_half(together, of_old[old as usize]) => {
                    Fate::Split(from_it.iter().map(|pair| pair.new).collect())
                }
                (None, Some(other)) => Fate::Merged(other.new),
                (None, None) => Fate::Gone,
            };
        }
        let mut by_new = pairs.clone();
        by_new.sort_by_key(|pair| (pair.new, pair.old));
        let mut origins = vec![Origin::New; new_sizes.len()];
        for of_one in by_new.chunk_by(|a, b| a.new == b.new) {
            let new = of_one[0].new;
            let taken: Vec<&Pair> =
                of_one.iter().filter(|pair| is_half(pair.shared, of_old[pair.old as usize])).collect();
            let together: u64 = taken.iter().map(|pair| pair.shared).sum();
            let mostly = of_one.iter().find(|pair| is_half(pair.shared, of_new[new as usize]));
            origins[new as usize] = match (names[new as usize], mostly) {
                (Some(old), _) if grown(old, new) => Origin::Grown(old),
                (Some(old), _) => Origin::Continued(old),
                _ if taken.len() > 1 && is_half(together, of_new[new as usize]) => {
                    Origin::Merged(taken.iter().map(|pair| pair.old).collect())
                }
                (None, Some(of)) => Origin::Split(of.old),
                (None, None) => Origin::New,
            };
        }
        Self { pairs, fates, origins, names }
    }
}

fn names(pairs: &[Pair], n_old: usize, n_new: usize) -> Vec<Option<u32>> {
    let mut same: Vec<&Pair> = pairs.iter().filter(|pair| pair.jaccard >= SAME).collect();
    same.sort_by(|a, b| b.jaccard.total_cmp(&a.jaccard).then((a.old, a.new).cmp(&(b.old, b.new))));
    let (mut is_given, mut names) = (vec![false; n_old], vec![None; n_new]);
    for pair in same {
        if !is_given[pair.old as usize] && names[pair.new as usize].is_none() {
            is_given[pair.old as usize] = true;
            names[pair.new as usize] = Some(pair.old);
        }
    }
    names
}

#[cfg(test)]
mod tests;
