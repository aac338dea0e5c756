//! Which groups are shown at a level of the slider, and how acts of people change that.
//!
//! Every group has the numbers of groups at which it is shown, `from` to `to`. The nodes of a merge tree are opened in a
//! fixed order, so these intervals cut the tree at every level: each item is in exactly one group. A merged group takes
//! the place of its parts at the levels at which all of them are shown. A split moves the end of one interval and the
//! beginning of its children's. Neither touches any other group.

use crate::ClusterId;

/// A group as the levels see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    pub id: ClusterId,
    /// The smallest and the largest number of groups at which it is shown; never where `from > to`.
    pub from: i64,
    pub to: i64,
    /// The merged group that takes its place where that one is shown.
    pub into: Option<ClusterId>,
}

impl Level {
    fn covers(&self, groups: i64) -> bool {
        self.from <= groups && groups <= self.to
    }
}

/// The groups that are shown, as places in `all`, in their order.
pub fn shown(all: &[Level], groups: i64) -> Vec<usize> {
    let level = |id: ClusterId| all.iter().find(|other| other.id == id);
    // Merged groups are few, so looking for one in the list costs little.
    let mut hidden_by: Vec<(ClusterId, bool)> = Vec::new();
    let mut is_shown = |id: ClusterId| match hidden_by.iter().find(|(known, _)| *known == id) {
        Some((_, answer)) => *answer,
        None => {
            let answer = visible(all, id, groups, &level);
            hidden_by.push((id, answer));
            answer
        }
    };
    (0..all.len()).filter(|&at| all[at].covers(groups) && !all[at].into.is_some_and(&mut is_shown)).collect()
}

/// Is a group shown, itself or as a part of a larger merged one?
fn visible<'l>(
    all: &[Level],
    id: ClusterId,
    groups: i64,
    level: &impl Fn(ClusterId) -> Option<&'l Level>,
) -> bool {
    // A chain of merges is as long as people made it; a circle can't be made, and would end here.
    let (mut at, mut steps) = (id, 0);
    while let Some(group) = level(at) {
        if group.covers(groups) {
            return true;
        }
        match group.into {
            Some(next) if steps < all.len() => (at, steps) = (next, steps + 1),
            _ => return false,
        }
    }
    false
}

/// The levels at which a merged group takes the place of its parts: those at which all of them are shown. `None` if there
/// is no such level.
pub fn merged(parts: &[Level]) -> Option<(i64, i64)> {
    let from = parts.iter().map(|part| part.from).max()?;
    let to = parts.iter().map(|part| part.to).min()?;
    (from <= to).then_some((from, to))
}

/// The intervals of a group and of its children after a split at a level: the group ends before that level, the children
/// begin there.
pub fn split(group: Level, children: [Level; 2], groups: i64) -> (Level, [Level; 2]) {
    let opened = children.map(|child| Level { from: child.from.min(groups), ..child });
    (Level { to: group.to.min(groups - 1), ..group }, opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(id: i64, from: i64, to: i64) -> Level {
        Level { id: ClusterId(id), from, to, into: None }
    }

    fn ids(all: &[Level], groups: i64) -> Vec<i64> {
        shown(all, groups).into_iter().map(|at| all[at].id.0).collect()
    }

    /// A root of two, of which the first opens into two at three groups.
    fn tree() -> Vec<Level> {
        vec![level(1, 1, 1), level(2, 2, 2), level(3, 2, 9), level(4, 3, 9), level(5, 3, 9)]
    }

    #[test]
    fn a_level_is_a_cut_of_the_tree() {
        assert_eq!(ids(&tree(), 1), [1]);
        assert_eq!(ids(&tree(), 2), [2, 3]);
        assert_eq!(ids(&tree(), 3), [3, 4, 5]);
    }

    #[test]
    fn a_merged_group_stands_where_all_its_parts_stood() {
        let mut all = tree();
        let (from, to) = merged(&[all[2], all[3]]).expect("both are shown from three on");
        assert_eq!((from, to), (3, 9));
        all.push(level(6, from, to));
        (all[2].into, all[3].into) = (Some(ClusterId(6)), Some(ClusterId(6)));
        assert_eq!(ids(&all, 2), [2, 3]);
        assert_eq!(ids(&all, 3), [5, 6]);
        // Merged once more: the larger one takes the place of the smaller one and of its parts.
        all.push(level(7, 3, 9));
        (all[4].into, all[5].into) = (Some(ClusterId(7)), Some(ClusterId(7)));
        assert_eq!(ids(&all, 3), [7]);
        assert_eq!(merged(&[all[0], all[3]]), None);
    }

    #[test]
    fn a_split_touches_only_the_group_and_its_children() {
        let all = tree();
        let (group, children) = split(all[1], [all[3], all[4]], 2);
        let after = [all[0], group, all[2], children[0], children[1]];
        assert_eq!(ids(&after, 1), [1]);
        assert_eq!(ids(&after, 2), [3, 4, 5]);
        assert_eq!(ids(&after, 3), [3, 4, 5]);
    }
}
