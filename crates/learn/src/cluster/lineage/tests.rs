use super::*;

/// The group of an item in the old and in the new run.
type Both = (Option<u32>, Option<u32>);
use proptest::prelude::*;

/// `(old, new, items)` with sizes of what is shared.
fn lineage(parts: &[(u32, u32, usize)], n_old: usize, n_new: usize) -> Lineage {
    let items: Vec<_> =
        parts.iter().flat_map(|&(old, new, n)| std::iter::repeat_n((Some(old), Some(new)), n)).collect();
    let (mut old, mut new) = (vec![0; n_old], vec![0; n_new]);
    for &(a, b, n) in parts {
        old[a as usize] += n as u64;
        new[b as usize] += n as u64;
    }
    Lineage::of(items, &old, &new)
}

#[test]
fn what_becomes_of_groups() {
    // 0 goes on as 2; 1 splits in three; 2 takes in 3; 4 is scattered over groups that are others.
    let parts = [
        (0, 2, 90),
        (1, 0, 40),
        (1, 1, 30),
        (1, 6, 30),
        (2, 3, 50),
        (3, 3, 45),
        (4, 4, 5),
        (4, 5, 5),
        (4, 2, 5),
        (5, 4, 30),
        (6, 5, 30),
    ];
    let got = lineage(&parts, 7, 8);
    use Fate::*;
    assert_eq!(
        got.fates,
        [Continued(2), Split(vec![0, 1, 6]), Grown(3), Merged(3), Gone, Continued(4), Continued(5)]
    );
    assert_eq!(
        got.origins[..4],
        [Origin::Split(1), Origin::Split(1), Origin::Continued(0), Origin::Grown(2)]
    );
    assert_eq!(got.origins[7], Origin::New);
    assert_eq!(got.names, [None, None, Some(0), Some(2), Some(5), Some(6), None, None]);
    let pair = got.pairs.iter().find(|pair| (pair.old, pair.new) == (0, 2)).unwrap();
    assert_eq!((pair.shared, pair.jaccard), (90, 90.0 / 95.0));
}

#[test]
fn three_equal_groups_merge_into_one_that_is_none_of_them() {
    let got = lineage(&[(0, 0, 20), (1, 0, 20), (2, 0, 20)], 3, 1);
    assert_eq!(got.fates, vec![Fate::Merged(0); 3]);
    assert_eq!((got.origins, got.names), (vec![Origin::Merged(vec![0, 1, 2])], vec![None]));
}

#[test]
fn a_group_cut_in_halves_leaves_its_name_to_the_first() {
    let got = lineage(&[(0, 0, 20), (0, 1, 20)], 1, 2);
    assert_eq!(got.names, [Some(0), None]);
    assert_eq!((got.fates, got.origins[1].clone()), (vec![Fate::Continued(0)], Origin::Split(0)));
}

#[test]
fn items_of_one_run_alone_make_a_group_grow_but_not_another() {
    let items =
        vec![(Some(0), Some(0)); 40].into_iter().chain([(None, Some(1)), (Some(1), None), (None, None)]);
    let got = Lineage::of(items, &[40, 9], &[400, 7]);
    assert_eq!(got.fates, [Fate::Grown(0), Fate::Gone]);
    assert_eq!(got.origins, [Origin::Grown(0), Origin::New]);
    // Groups that no size is known of are nobody's.
    assert_eq!(Lineage::of([(Some(7), Some(9))], &[1], &[1]).fates, [Fate::Gone]);
}

proptest! {
    #[test]
    fn both_sides_tell_the_same(
        items in proptest::collection::vec((proptest::option::of(0_u32..6), proptest::option::of(0_u32..6)), 0..120),
    ) {
        let size = |of: fn(&Both) -> Option<u32>| -> Vec<u64> {
            (0..6).map(|group| items.iter().filter(|item| of(item) == Some(group)).count() as u64).collect()
        };
        let (old, new) = (size(|item| item.0), size(|item| item.1));
        let got = Lineage::of(items.iter().copied(), &old, &new);
        let turned = Lineage::of(items.iter().map(|&(a, b)| (b, a)), &new, &old);
        prop_assert_eq!(got.pairs.iter().map(|p| p.shared).sum::<u64>(),
            items.iter().filter(|(a, b)| a.is_some() && b.is_some()).count() as u64);
        prop_assert_eq!(got.pairs.len(), turned.pairs.len());
        let mut named: Vec<u32> = got.names.iter().flatten().copied().collect();
        let n = named.len();
        named.sort_unstable();
        named.dedup();
        prop_assert_eq!(named.len(), n, "a name goes to one group");
        for (new, name) in got.names.iter().enumerate() {
            let goes_on = |of: &Origin| matches!(of, Origin::Continued(_) | Origin::Grown(_));
            prop_assert_eq!(name.is_some(), goes_on(&got.origins[new]));
            if let Some(old) = name {
                let pair = got.pairs.iter().find(|p| (p.old, p.new as usize) == (*old, new)).unwrap();
                prop_assert!(pair.jaccard >= 0.5);
                let to = &got.fates[*old as usize];
                prop_assert!(*to == Fate::Continued(new as u32) || *to == Fate::Grown(new as u32));
            }
        }
        // A run beside itself: all groups that have items go on.
        let same = Lineage::of(items.iter().map(|&(a, _)| (a, a)), &old, &old);
        for (group, fate) in same.fates.iter().enumerate() {
            let expected = if old[group] > 0 { Fate::Continued(group as u32) } else { Fate::Gone };
            prop_assert_eq!(fate, &expected);
        }
    }
}
