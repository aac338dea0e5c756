//! Published tables, invented people whose habits are known, then what must hold for any votes.

use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

#[test]
fn the_most_votes_win_and_ties_stay_open() {
    assert_eq!(majority::<u32>(&[]), Majority::NoVotes);
    assert_eq!(majority(&[4]), Majority::Agreed { value: 4, votes: 1, of: 1 });
    assert_eq!(majority(&[4, 2, 4, 3]), Majority::Agreed { value: 4, votes: 2, of: 4 });
    assert_eq!(majority(&[4, 2, 4, 2, 1]), Majority::Tie { values: vec![2, 4], votes: 2, of: 5 });
}

#[test]
fn sets_are_wholes_or_label_by_label() {
    let votes = [vec![2, 1], vec![1, 2, 1], vec![], vec![1]];
    assert_eq!(majority_sets(&votes), Majority::Agreed { value: vec![1, 2], votes: 2, of: 4 });
    assert_eq!(majority_each(&votes), EachLabel { agreed: vec![1], tied: vec![2], of: 4 });
    assert_eq!(majority_sets::<Vec<u32>>(&[]), Majority::NoVotes);
    let empty: Vec<u32> = vec![];
    assert_eq!(majority_sets(&[&empty, &empty]), Majority::Agreed { value: vec![], votes: 2, of: 2 });
    assert_eq!(majority_each::<Vec<u32>>(&[]), EachLabel::default());
}

/// Dawid and Skene 1979, table 1: five anesthetists on 45 patients; the first of them three times.
const ANESTHETISTS: [&str; 45] = [
    "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223",
    "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111", "1111111", "1111111",
    "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222",
    "1111111", "1111111", "1121121", "1111111", "3333233", "1111111", "2222222", "2223232", "4334343",
    "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
];

fn anesthetists() -> Vec<Vote> {
    let mut votes = Vec::new();
    for (item, line) in ANESTHETISTS.iter().enumerate() {
        for (at, digit) in line.bytes().enumerate() {
            // The first three are the first anesthetist's repeats.
            let annotator = at.saturating_sub(2);
            votes.push(Vote { item, annotator, label: usize::from(digit - b'1') });
        }
    }
    votes
}

#[test]
fn the_anesthetists() {
    let model = DawidSkene::new(45, 5, 4).unwrap().people(People::Confusion { shrinkage: 0.0 }).unwrap();
    let fitted = model.until(5_000, 1e-10).fit(&anesthetists(), &[]).unwrap();
    for (got, wanted) in fitted.prior.iter().zip([0.3996, 0.4220, 0.1118, 0.0667]) {
        assert!((got - wanted).abs() < 1e-4, "{:?}", fitted.prior);
    }
    assert!(fitted.converged && (fitted.log_likelihood - -192.8909).abs() < 1e-3, "{fitted:?}");
    // Items 7, 35 and 38 of the published table 4 are those in doubt.
    for (item, label, p) in [(6, 0, 0.98102), (34, 1, 0.947_995), (37, 2, 0.9788), (1, 3, 1.0)] {
        assert!((fitted.probabilities[[item, label]] - p).abs() < 1e-3, "{}", fitted.probabilities.row(item));
    }
}

/// What crowd-kit 1.4.2 gives on the same table from the same start (vote shares) after as many steps. It clips
/// probabilities at 1e-10.
#[test]
fn the_same_steps_as_crowd_kit() {
    let model = DawidSkene::new(45, 5, 4).unwrap().people(People::Confusion { shrinkage: 0.0 }).unwrap();
    for (steps, prior, items) in [
        (
            1,
            [
                0.404_102_181_798_262_1,
                0.415_575_102_956_549_4,
                0.122_265_354_090_169_35,
                0.058_057_361_155_018_93,
            ],
            [
                (2, [0.235_218_381_011, 0.764_778_433_67, 3.185_318_876_94e-6, 1e-10]),
                (6, [0.950_026_466_24, 0.049_973_353_681_3, 1.800_782_528_99e-7, 1e-10]),
                (34, [1.045_917_704_2e-7, 0.881_393_838_224, 0.118_606_057_184, 1e-10]),
                (35, [1e-10, 1e-10, 0.019_595_079_385_2, 0.980_404_920_615]),
                (37, [1e-10, 0.055_594_947_101_1, 0.944_405_052_899, 1e-10]),
            ],
        ),
        (
            5,
            [
                0.399_598_851_112_121_7,
                0.422_182_872_489_914_15,
                0.111_551_609_688_026_5,
                0.066_666_666_709_937_58,
            ],
            [
                (2, [0.001_656_872_494_29, 0.998_343_127_506, 1e-10, 1e-10]),
                (6, [0.981_323_950_217, 0.018_676_049_782_7, 1e-10, 1e-10]),
                (34, [1e-10, 0.949_533_261_467, 0.050_466_738_533_3, 1e-10]),
                (35, [1e-10, 1e-10, 1e-10, 1.0]),
                (37, [1e-10, 0.021_820_701_039_7, 0.978_179_298_96, 1e-10]),
            ],
        ),
    ] {
        // The first step ends with the first round's, which begins with the start's parameters.
        let fitted = model.clone().until(steps - 1, 0.0).fit(&anesthetists(), &[]).unwrap();
        for (item, wanted) in items {
            for (got, wanted) in fitted.probabilities.row(item).iter().zip(wanted) {
                assert!((got - wanted).abs() < 1e-8, "{steps}, {item}: {}", fitted.probabilities.row(item));
            }
        }
        let fitted = model.clone().until(steps, 0.0).fit(&anesthetists(), &[]).unwrap();
        for (got, wanted) in fitted.prior.iter().zip(prior) {
            assert!((got - wanted).abs() < 1e-8, "{steps}: {:?}", fitted.prior);
        }
    }
}

/// What crowd-kit 1.4.2 gives after 1,000 steps (with a tolerance that never stops it): its `skills_` and `probas_`.
#[test]
fn one_coin_without_smoothing_is_crowd_kits() {
    let rows = "0ax 0bx 0cy 1ax 1by 1cy 2ay 2by 2cy 3ax 3bx 3cx 4ay 4bx 4cx 5ax 5bx 6by 6cx 7ay 7cy 8az 8bz 8cx 9az 9cz";
    let place = |letter: u8, first: u8| usize::from(letter - first);
    let votes: Vec<Vote> = rows
        .split(' ')
        .map(str::as_bytes)
        .map(|row| Vote {
            item: place(row[0], b'0'),
            annotator: place(row[1], b'a'),
            label: place(row[2], b'x'),
        })
        .collect();
    let of = |smoothing| {
        let model = DawidSkene::new(10, 3, 3).unwrap().people(People::OneCoin { smoothing }).unwrap();
        model.until(5_000, 1e-12).fit(&votes, &[]).unwrap()
    };
    let fitted = of(0.0);
    let skills = [0.751_805_512_081_773_7, 0.999_999_999_869_159, 0.640_694_400_982_363_3];
    for (who, skill) in skills.into_iter().enumerate() {
        assert!((fitted.accuracy(who).unwrap() - skill).abs() < 1e-8, "{who}: {:?}", fitted.accuracy(who));
    }
    for (item, wanted) in
        [(0, [1.0, 0.0, 0.0]), (7, [0.044_501, 0.935_560, 0.019_939]), (9, [0.085_811, 0.083_499, 0.830_690])]
    {
        for (got, wanted) in fitted.probabilities.row(item).iter().zip(wanted) {
            assert!((got - wanted).abs() < 1e-6, "{item}: {}", fitted.probabilities.row(item));
        }
    }
    // A right and a wrong answer more: nearer to even.
    assert!(of(1.0).accuracy(1).unwrap() < 0.95);
}

#[test]
fn who_shares_no_item_cannot_be_judged() {
    // The third person's items are their own, the fourth's too, but one is known; the fifth never answered.
    let pairs = [(0, 0), (0, 1), (1, 0), (2, 2), (3, 2), (2, 2), (4, 3), (5, 3)];
    assert_eq!(judged(6, 5, pairs, [5]), [true, true, false, true, false]);
    assert_eq!(judged(6, 5, pairs, []), [true, true, false, false, false]);
}

/// The empty set is an answer like any other.
#[test]
fn sets_are_questions_of_yes_and_no() {
    let vote = |item, annotator, labels: &[usize]| SetVote { item, annotator, labels: labels.to_vec() };
    // Three kinds of items, twenty of each. The third person never sees label 1.
    let mut votes = Vec::new();
    for item in (0..60).step_by(3) {
        votes.extend([vote(item, 0, &[0, 1]), vote(item, 1, &[1, 0, 1]), vote(item, 2, &[0])]);
        votes.extend([vote(item + 1, 0, &[]), vote(item + 1, 1, &[]), vote(item + 1, 2, &[2])]);
        votes.extend([vote(item + 2, 0, &[2]), vote(item + 2, 1, &[2]), vote(item + 2, 2, &[2])]);
    }
    let model = LabelVotes::new(60, 3, 3).unwrap().people(People::ONE_COIN).unwrap().until(200, 1e-9);
    let mut yes = Vec::new();
    model
        .fit(&votes, &[], |label, fitted| yes.push((label, fitted.probabilities.column(1).to_vec())))
        .unwrap();
    let said = |item: usize| -> Vec<usize> {
        yes.iter().filter(|(_, of)| of[item] > 0.5).map(|(label, _)| *label).collect()
    };
    assert_eq!((said(0), said(1), said(2)), (vec![0, 1], vec![], vec![2]));
    // A known set is known label by label.
    model
        .fit(&votes, &[(1, vec![2])], |label, fitted| {
            assert_eq!(fitted.probabilities[[1, usize::from(label == 2)]], 1.0);
        })
        .unwrap();
    let out = |row| Err(DawidSkeneError::VoteOutOfRange { row });
    assert_eq!(model.fit(&[vote(0, 0, &[1]), vote(0, 0, &[3])], &[], |_, _| ()), out(1));
    assert_eq!(
        model.fit(&votes, &[(0, vec![3])], |_, _| ()),
        Err(DawidSkeneError::KnownOutOfRange { row: 0 })
    );
    assert_eq!(LabelVotes::new(1, 1, 0), Err(DawidSkeneError::Empty));
}

#[test]
fn ten_thousand_labels() {
    let votes: Vec<Vote> =
        (0..200).map(|n| Vote { item: n % 100, annotator: n / 100, label: n % 100 * 100 }).collect();
    // One hundred items fit, with a pooled table of all pairs of labels; a million would not.
    let model = DawidSkene::new(100, 2, 10_000).unwrap().until(2, 0.0);
    let coin = model.clone().people(People::ONE_COIN).unwrap().fit(&votes, &[]).unwrap();
    assert!(coin.probabilities[[7, 700]] > 0.99);
    let far = DawidSkene::new(1_000_000, 2, 10_000).unwrap().fit(&votes, &[]);
    assert!(matches!(far, Err(DawidSkeneError::TooLarge { .. })), "{far:?}");
    let none = DawidSkene::new(usize::MAX / 4, 2, usize::MAX / 4).unwrap();
    assert!(matches!(none.fit(&votes, &[]), Err(DawidSkeneError::TooLarge { .. })));
}

#[test]
fn known_items_teach_but_stay_out_of_the_prior() {
    let votes = anesthetists();
    let model = DawidSkene::new(45, 5, 4).unwrap();
    let known: Vec<(usize, usize)> = (0..10).map(|item| (item, 3)).collect();
    let fitted = model.fit(&votes, &known).unwrap();
    assert!((0..10).all(|item| fitted.probabilities[[item, 3]] == 1.0));
    let open: f64 = (10..45).map(|item| fitted.probabilities[[item, 3]]).sum::<f64>() / 35.0;
    assert!((fitted.prior[3] - open).abs() < 1e-4);
    let all_known: Vec<(usize, usize)> = (0..45).map(|item| (item, item % 4)).collect();
    assert!((model.fit(&votes, &all_known).unwrap().prior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn whoever_answers_at_random_is_found_out() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
    let truth: Vec<usize> = (0..600).map(|_| random.gen_range(0..5)).collect();
    let accuracy = [0.9, 0.85, 0.8, 0.2];
    let mut votes = Vec::new();
    for (item, &label) in truth.iter().enumerate() {
        for (annotator, &right) in accuracy.iter().enumerate() {
            let label = if random.gen_bool(right) { label } else { (label + random.gen_range(1..5)) % 5 };
            votes.push(Vote { item, annotator, label });
        }
    }
    for people in [People::ONE_COIN, People::Confusion { shrinkage: 1.0 }] {
        let fitted = DawidSkene::new(600, 4, 5).unwrap().people(people).unwrap().fit(&votes, &[]).unwrap();
        for (annotator, &right) in accuracy.iter().enumerate() {
            let table = fitted.confusion(annotator).unwrap();
            assert!((table.diag().sum() / 5.0 - right).abs() < 0.06, "{people:?} {annotator}: {table}");
        }
    }
}

#[test]
fn what_can_not_be_asked_says_so() {
    assert_eq!(DawidSkene::new(1, 0, 1), Err(DawidSkeneError::Empty));
    let model = DawidSkene::new(2, 2, 2).unwrap();
    let vote = |item, annotator, label| Vote { item, annotator, label };
    assert_eq!(model.fit(&[], &[]), Err(DawidSkeneError::NoVotes));
    assert_eq!(
        model.fit(&[vote(0, 0, 0), vote(0, 0, 2)], &[]),
        Err(DawidSkeneError::VoteOutOfRange { row: 1 })
    );
    assert_eq!(model.fit(&[vote(0, 0, 0)], &[(2, 0)]), Err(DawidSkeneError::KnownOutOfRange { row: 0 }));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(model.clone().people(People::Confusion { shrinkage: bad }).is_err());
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(model.clone().people(People::OneCoin { smoothing: bad }).is_err());
    }
    // Nobody voted on item 1, and annotator 1 never voted.
    let fitted = model.fit(&[vote(0, 0, 0)], &[]).unwrap();
    assert_eq!(fitted.probabilities.row(1).to_vec(), fitted.prior);
    assert!(fitted.confusion(1).is_some() && fitted.confusion(2).is_none() && fitted.accuracy(2).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn probabilities_are_probabilities(
        raw in proptest::collection::vec((0_usize..8, 0_usize..3, 0_usize..4), 1..60),
        known in proptest::collection::vec((0_usize..8, 0_usize..4), 0..4),
        shrinkage in prop_oneof![Just(0.0), 0.0..5.0_f64],
        coin: bool,
        smoothing in prop_oneof![Just(0.0), Just(1.0)],
    ) {
        let votes: Vec<Vote> =
            raw.iter().map(|&(item, annotator, label)| Vote { item, annotator, label }).collect();
        let people = if coin { People::OneCoin { smoothing } } else { People::Confusion { shrinkage } };
        let model = DawidSkene::new(8, 3, 4).unwrap().people(people).unwrap().until(40, 1e-6);
        let fitted = model.fit(&votes, &known).unwrap();
        for row in fitted.probabilities.rows() {
            prop_assert!((row.sum() - 1.0).abs() < 1e-9 && row.iter().all(|p| (0.0..=1.0).contains(p)), "{row}");
        }
        for (who, table) in (0..3).map(|a| (a, fitted.confusion(a).unwrap())) {
            let right: f64 = table.diag().iter().zip(&fitted.prior).map(|(right, share)| right * share).sum();
            prop_assert!((fitted.accuracy(who).unwrap() - right).abs() < 1e-12);
            for row in table.rows() {
                prop_assert!((row.sum() - 1.0).abs() < 1e-9, "{table}");
            }
        }
        let mut other = votes.clone();
        other.reverse();
        let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        prop_assert_eq!(&threads(1).install(|| model.fit(&other, &known)).unwrap(), &fitted);
        prop_assert_eq!(&threads(2).install(|| model.fit(&other, &known)).unwrap(), &fitted);
    }
}
