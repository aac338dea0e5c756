//! Published tables with their published figures, then what must hold for any table.

use super::alpha::ratio;
use super::*;
use crate::resample::Bootstrap;
use proptest::prelude::*;
use rustc_hash::FxHashMap;

/// One line an annotator, one column an item, `.` where there is no answer.
fn table(lines: &[&str]) -> Ratings {
    let mut rows = Vec::new();
    for (who, line) in lines.iter().enumerate() {
        for (item, cell) in line.split_whitespace().enumerate() {
            if let Ok(value) = cell.parse::<f64>() {
                rows.push((item as u64, who as u64, value));
            }
        }
    }
    Ratings::from_values(rows).unwrap()
}

/// Krippendorff 2011, example C: 4 observers, 12 units.
fn four_by_twelve() -> Ratings {
    table(&[
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ])
}

/// Krippendorff's 3 coders, 15 units (the worked example of Wikipedia's article on his alpha).
fn three_by_fifteen() -> Ratings {
    table(&[
        ". . . . . 3 4 1 2 1 1 3 3 . 3",
        "1 . 2 1 3 3 4 3 . . . . . . .",
        ". . 2 1 3 4 4 . 2 1 1 3 3 . 4",
    ])
}

/// Fleiss 1971 as retold by Wikipedia: 14 raters put 10 subjects into 5 categories.
fn ten_by_fourteen() -> Ratings {
    let counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ];
    let mut rows = Vec::new();
    for (item, row) in counts.iter().enumerate() {
        let mut who = 0;
        for (label, &n) in row.iter().enumerate() {
            for _ in 0..n {
                rows.push((item as u64, who, label as u32));
                who += 1;
            }
        }
    }
    Ratings::from_labels(rows)
}

fn near(got: Result<Estimate, Undefined>, wanted: f64, digits: f64) {
    let got = got.unwrap().value;
    assert!((got - wanted).abs() < digits, "{got} is not {wanted}");
}

const NONE: Bootstrap = Bootstrap::none();

fn is_inside(got: &Estimate) -> bool {
    got.interval.is_ok_and(|interval| interval.low < got.value && got.value < interval.high)
}

/// One label of sets as a yes-or-no question: value 1 where the set holds it, 0 where it does not.
fn one_label(table: &SetRatings, label: u32) -> Ratings {
    Ratings::from_labels(table.ratings.items().enumerate().flat_map(|(item, answers)| {
        answers.iter().map(move |&(who, set)| {
            (item as u64, who.into(), u32::from(table.sets[set as usize].contains(&label)))
        })
    }))
}

#[test]
fn krippendorffs_twelve_units() {
    let table = four_by_twelve();
    for (metric, alpha) in [
        (Metric::Nominal, 0.743_421),
        (Metric::Ordinal, 0.815_388),
        (Metric::Interval, 0.849_107),
        (Metric::Ratio, 0.797_403),
    ] {
        near(krippendorff_alpha(&table, metric, &NONE), alpha, 1e-6);
    }
    // Units 1 to 11: the twelfth has a single value.
    assert_eq!(krippendorff_alpha(&table, Metric::Nominal, &NONE).unwrap().n_items, 11);
    assert_eq!((table.n_items(), table.n_answers(), table.annotators().len()), (12, 41, 4));
}

#[test]
fn krippendorffs_fifteen_units() {
    let table = three_by_fifteen();
    for (metric, alpha) in [
        (Metric::Nominal, 0.691_358),
        (Metric::Ordinal, 0.806_721),
        (Metric::Interval, 0.810_845),
        (Metric::Ratio, 0.808_944),
    ] {
        near(krippendorff_alpha(&table, metric, &NONE), alpha, 1e-6);
    }
}

#[test]
fn fleiss_ten_subjects() {
    near(fleiss_kappa(&ten_by_fourteen(), &NONE), 0.209_931, 1e-6);
    near(percent(&ten_by_fourteen(), &NONE), 0.378, 5e-4);
}

/// Krippendorff 2011, example A: two observers, ten units, binary: α = .095. κ and π of the same table by hand: one says
/// 1 in 2 of 10 units, the other in 4, and they agree on 6.
#[test]
fn two_observers_of_ten_units() {
    let table = table(&["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]);
    near(krippendorff_alpha(&table, Metric::Nominal, &NONE), 0.095_238, 1e-6);
    near(percent(&table, &NONE), 0.6, 1e-12);
    let chance = 0.8 * 0.6 + 0.2 * 0.4;
    near(cohen_kappa(&table, 0, 1, Weights::Nominal, &NONE), (0.6 - chance) / (1.0 - chance), 1e-12);
    let chance = 0.7 * 0.7 + 0.3 * 0.3;
    near(scott_pi(&table, 0, 1, &NONE), (0.6 - chance) / (1.0 - chance), 1e-12);
    // On a binary question the weights change nothing.
    let plain = cohen_kappa(&table, 0, 1, Weights::Nominal, &NONE).unwrap().value;
    near(cohen_kappa(&table, 0, 1, Weights::Linear, &NONE), plain, 1e-12);
    near(cohen_kappa(&table, 1, 0, Weights::Quadratic, &NONE), plain, 1e-12);
}

/// Cohen's κ as everybody retells it: 50 proposals, both yes 20, both no 15, 5 and 10 apart: κ = .4.
#[test]
fn fifty_proposals() {
    let cells = [((1, 1), 20), ((1, 0), 5), ((0, 1), 10), ((0, 0), 15)];
    let mut rows = Vec::new();
    for ((a, b), n) in cells {
        for _ in 0..n {
            let item = rows.len() as u64 / 2;
            rows.extend([(item, 7, a), (item, 9, b)]);
        }
    }
    let table = Ratings::from_labels(rows);
    near(cohen_kappa(&table, 7, 9, Weights::Nominal, &NONE), 0.4, 1e-12);
    // AC1 by hand: p_yes = (25 + 30) / 100, chance = 2 · .55 · .45 = .495, (.7 − .495) / .505.
    near(gwet_ac1(&table, 2, &NONE), 0.205 / 0.505, 1e-12);
}

/// Weighted κ by hand on three ranks: rows a, columns b: [[2,1,0],[0,2,1],[0,0,2]], n = 8.
/// Linear: observed 2; expected Σ nᵢ· n·ⱼ |i−j| / 8 with a = (3,3,2), b = (2,3,3): (3·3 + 3·3·2 + 3·2 + 3·3 + 2·2·2 + 2·3) / 8 = 7.
#[test]
fn weighted_kappa_of_three_ranks() {
    let table = table(&["0 0 0 1 1 1 2 2", "0 0 1 1 1 2 2 2"]);
    near(cohen_kappa(&table, 0, 1, Weights::Linear, &NONE), 1.0 - 2.0 / 7.0, 1e-12);
    // Quadratic: observed 2; expected (3·3 + 3·3·4 + 3·2 + 3·3 + 2·2·4 + 2·3) / 8 = 82 / 8.
    near(cohen_kappa(&table, 0, 1, Weights::Quadratic, &NONE), 1.0 - 16.0 / 82.0, 1e-12);
}

/// Figures of irrCAC 0.4.4 (Gwet's own definitions) on Krippendorff's twelve units.
#[test]
fn gwets_coefficients_of_twelve_units() {
    let table = four_by_twelve();
    near(gwet_ac1(&table, 5, &NONE), 0.775_444_068_127, 1e-11);
    near(gwet_ac2(&table, &[], Weights::Nominal, &NONE), 0.775_444_068_127, 1e-11);
    near(gwet_ac2(&table, &[], Weights::Linear, &NONE), 0.858_739_136_433, 1e-11);
    near(gwet_ac2(&table, &[5.0, f64::NAN, 1.0], Weights::Quadratic, &NONE), 0.914_000_723_552, 1e-11);
    // A longer scale, of which nobody used the far end.
    near(gwet_ac2(&table, &[9.0], Weights::Linear, &NONE), 0.924_929_376_92, 1e-11);
    near(gwet_ac2(&table, &[9.0], Weights::Quadratic, &NONE), 0.977_760_987_64, 1e-11);
}

/// By the definition, item by item, in Python.
#[test]
fn each_person_against_the_others() {
    let table = four_by_twelve();
    let plain = against_others(&table, Weights::Nominal, &NONE, || ());
    let squared = against_others(&table, Weights::Quadratic, &Bootstrap::seeded(3), || ());
    for (who, wanted) in [
        (9, 0.814_814_814_814_814_8, 0.747_191_011_235_955, 0.701_244_813_278_008_2),
        (10, 0.833_333_333_333_333_3, 0.781_659_388_646_288_3, 0.910_112_359_550_561_8),
        (10, 0.7, 0.612_068_965_517_241_3, 0.857_819_905_213_270_2),
        (11, 0.848_484_848_484_848_4, 0.804_270_462_633_451_9, 0.850_085_178_875_638_8),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(plain[who].percent.unwrap().n_items, wanted.0);
        near(plain[who].percent, wanted.1, 1e-12);
        near(plain[who].kappa, wanted.2, 1e-12);
        near(squared[who].kappa, wanted.3, 1e-12);
        assert!(is_inside(&squared[who].kappa.unwrap()), "{squared:?}");
    }
    // The second person's answer to the twelfth unit is the only one: it counts as an answer and not as an item.
    assert_eq!(plain[1].n_answers, 11);
}

/// Sets: {1}|{1}, {1}|{1,2}, {}|{}. Observed (2/3) / 3; expected by the habits {1} 2, {} 1 and {1} 1, {1,2} 1, {} 1:
/// (2·1·2/3 + 2·1·1 + 1·1·1 + 1·1·1) / 9 = 16/27; κ = 1 − (2/9) / (16/27) = 5/8.
#[test]
fn kappa_of_sets_by_hand() {
    let rows = [
        (1, 1, vec![1]),
        (1, 2, vec![1]),
        (2, 1, vec![1]),
        (2, 2, vec![2, 1]),
        (3, 1, vec![]),
        (3, 2, vec![]),
    ];
    let table = SetRatings::new(rows);
    let pairs = masi_pairwise_kappa(&table, &NONE, || ());
    assert_eq!((pairs.len(), pairs[0].n_items), (1, 3));
    near(pairs[0].weighted.unwrap(), 5.0 / 8.0, 1e-12);
    // Whole sets: of {1} 2, {} 1 and {1} 1, {1,2} 1, {} 1 two agree, where chance gives 3 of 9.
    near(pairs[0].kappa, 1.0 / 2.0, 1e-12);
    for person in masi_against_others(&table, &NONE, || ()) {
        near(person.kappa, 5.0 / 8.0, 1e-12);
        near(person.percent, 2.0 / 3.0, 1e-12);
    }
}

/// A label against the rest is the nominal α of the table in which all other labels are one.
#[test]
fn each_label_against_the_rest() {
    let table = four_by_twelve();
    let plan = Bootstrap::seeded(5);
    let each = alpha_per_label(&table, &plan);
    assert_eq!(each.len(), 5);
    for (v, got) in each.into_iter().enumerate() {
        let rest = table.items().enumerate().flat_map(|(item, answers)| {
            answers.iter().map(move |&(who, value)| (item as u64, who.into(), u32::from(value as usize == v)))
        });
        let alone = krippendorff_alpha(&Ratings::from_labels(rest), Metric::Nominal, &NONE).unwrap().value;
        let got = got.unwrap();
        assert!((got.value - alone).abs() < 1e-12, "{got:?}");
        // Only the second label stands in five items.
        assert_eq!(got.interval.is_ok(), v == 1, "{v}: {got:?}");
        assert!(got.interval.is_err() || is_inside(&got), "{got:?}");
    }
}

#[test]
fn masi_weighs_what_is_shared() {
    for (a, b, distance) in [
        (&[][..], &[][..], 0.0),
        (&[], &[1], 1.0),
        (&[1, 2], &[1, 2], 0.0),
        (&[1], &[1, 2], 1.0 - 2.0 / 3.0 / 2.0),
        (&[1, 2], &[2, 3], 1.0 - 1.0 / 9.0),
        (&[1, 2], &[3], 1.0),
    ] {
        assert!((masi_distance(a, b) - distance).abs() < 1e-12);
        assert!((masi_distance(b, a) - distance).abs() < 1e-12);
    }
}

/// By hand: two people, three items {1}|{1}, {1}|{1,2}, {}|{}. Six values: {1} 3, {1,2} 1, {} 2; δ({1},{1,2}) = 2/3.
/// Observed 2 · 2/3; expected 2·(3·1·2/3 + 3·2·1 + 1·2·1) = 20; α = 1 − 5 · (4/3) / 20 = 2/3.
#[test]
fn masi_alpha_by_hand() {
    let rows = [
        (1, 1, vec![1]),
        (1, 2, vec![1, 1]),
        (2, 1, vec![1]),
        (2, 2, vec![2, 1]),
        (3, 1, vec![]),
        (3, 2, vec![]),
    ];
    let table = SetRatings::new(rows);
    near(masi_alpha(&table, &NONE), 2.0 / 3.0, 1e-12);
    near(percent(table.exact(), &NONE), 2.0 / 3.0, 1e-12);
    near(percent(&one_label(&table, 1), &NONE), 1.0, 1e-12);
    near(percent(&one_label(&table, 2), &NONE), 2.0 / 3.0, 1e-12);
    assert_eq!(table.labels(), [1, 2]);
}

#[test]
fn the_last_row_of_a_pair_counts() {
    let table = Ratings::from_labels([(1, 1, 5), (1, 2, 6), (1, 1, 6), (2, 1, 5), (2, 2, 5)]);
    assert_eq!((table.dropped(), table.n_answers()), (1, 4));
    near(percent(&table, &NONE), 1.0, 1e-12);
    let sets = SetRatings::new([(1, 1, [5]), (1, 2, [6]), (1, 1, [6]), (2, 1, [8]), (2, 2, [8])]);
    assert_eq!((sets.exact().dropped(), sets.labels()), (1, vec![6, 8]));
    near(masi_alpha(&sets, &NONE), 1.0, 1e-12);
}

#[test]
fn what_has_no_value_says_why() {
    let empty = Ratings::from_labels([]);
    let alone = Ratings::from_labels([(1, 1, 1), (2, 2, 2)]);
    let same = Ratings::from_labels([(1, 1, 1), (1, 2, 1), (2, 1, 3)]);
    for table in [&empty, &alone] {
        for got in [
            percent(table, &NONE),
            krippendorff_alpha(table, Metric::Ordinal, &NONE),
            fleiss_kappa(table, &NONE),
            cohen_kappa(table, 1, 2, Weights::Nominal, &NONE),
            scott_pi(table, 1, 2, &NONE),
            gwet_ac1(table, 3, &NONE),
        ] {
            assert_eq!(got, Err(Undefined::NoPairs));
        }
    }
    // Item 2 has one answer: of what can be compared all is 1.
    for got in [
        krippendorff_alpha(&same, Metric::Nominal, &NONE),
        krippendorff_alpha(&same, Metric::Interval, &NONE),
        fleiss_kappa(&same, &NONE),
        cohen_kappa(&same, 1, 2, Weights::Quadratic, &NONE),
        scott_pi(&same, 1, 2, &NONE),
        masi_alpha(&SetRatings::new([(1, 1, [1]), (1, 2, [1])]), &NONE),
    ] {
        assert_eq!(got, Err(Undefined::OneCategory));
    }
    assert_eq!(alpha_per_label(&same, &NONE), [Err(Undefined::OneCategory); 2]);
    near(percent(&same, &NONE), 1.0, 1e-12);
    // AC1 can tell: with three labels to choose from, agreeing on one is no accident.
    assert!(gwet_ac1(&same, 3, &NONE).unwrap().value > 0.99);
    assert_eq!(
        gwet_ac1(&Ratings::from_labels([(1, 1, 1), (1, 2, 1)]), 1, &NONE),
        Err(Undefined::OneCategory)
    );
    let below = Ratings::from_values([(1, 1, -1.0), (1, 2, 1.0)]).unwrap();
    assert_eq!(krippendorff_alpha(&below, Metric::Ratio, &NONE), Err(Undefined::NegativeRatio));
    let huge = Ratings::from_values([(1, 1, -1e300), (1, 2, 1e300)]).unwrap();
    assert_eq!(krippendorff_alpha(&huge, Metric::Interval, &NONE), Err(Undefined::OutOfRange));
    assert_eq!(Ratings::from_values([(1, 1, 0.0), (1, 1, f64::NAN)]), Err(NotFinite { row: 1 }));
}

#[test]
fn an_interval_holds_its_value_and_narrows_with_items() {
    let rows = |n: u64| {
        Ratings::from_labels((0..n).flat_map(|item| {
            let label = (item % 4) as u32;
            [(item, 1, label), (item, 2, if item % 5 == 0 { (label + 1) % 4 } else { label })]
        }))
    };
    let of = |n| krippendorff_alpha(&rows(n), Metric::Nominal, &Bootstrap::seeded(1)).unwrap();
    let (few, many) = (of(100), of(2_000));
    for got in [few, many] {
        assert!(is_inside(&got) && got.n_resamples == 2_000, "{got:?}");
    }
    let width = |got: Estimate| got.high().unwrap() - got.low().unwrap();
    assert!(width(many) < 0.4 * width(few));
}

/// The figures of a real table, for whoever has it at hand; people repeat themselves in it, so the last row counts.
#[test]
fn convabuse_severity() {
    let Ok(mut file) = csv::Reader::from_path(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/convabuse/annotations.csv"
    )) else {
        return;
    };
    let columns = file.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|c| c == name);
    let (Some(item), Some(who), Some(severity)) =
        (column("item_id"), column("annotator_id"), column("severity"))
    else {
        panic!("columns are {columns:?}")
    };
    let mut numbers: FxHashMap<String, u64> = FxHashMap::default();
    let mut rows = Vec::new();
    for row in file.records() {
        let row = row.unwrap();
        let mut number = |kind: char, name: &str| {
            let next = numbers.len() as u64;
            *numbers.entry(format!("{kind}{name}")).or_insert(next)
        };
        rows.push((number('i', &row[item]), number('a', &row[who]), row[severity].parse::<f64>().unwrap()));
    }
    let table = Ratings::from_values(rows.iter().copied()).unwrap();
    assert_eq!(table.dropped(), 357);
    near(krippendorff_alpha(&table, Metric::Nominal, &NONE), 0.437_632_311_9, 1e-9);
    near(krippendorff_alpha(&table, Metric::Ordinal, &NONE), 0.659_163_703_9, 1e-9);
    near(krippendorff_alpha(&table, Metric::Interval, &NONE), 0.734_354_431_4, 1e-9);
    let abusive = Ratings::from_labels(rows.into_iter().map(|(i, a, value)| (i, a, u32::from(value < 0.0))));
    near(krippendorff_alpha(&abusive, Metric::Nominal, &NONE), 0.652_253_407_5, 1e-9);
}

/// Rows of at most one answer a pair, in any order.
fn rows() -> impl Strategy<Value = Vec<(u64, u64, u32)>> {
    proptest::collection::btree_map((0_u64..12, 0_u64..5), 0_u32..5, 0..50)
        .prop_map(|cells| {
            cells.into_iter().map(|((item, who), label)| (item, who, label)).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn everything(table: &Ratings, plan: &Bootstrap) -> Vec<Result<Estimate, Undefined>> {
    let mut all = vec![
        percent(table, plan),
        krippendorff_alpha(table, Metric::Nominal, plan),
        fleiss_kappa(table, plan),
        gwet_ac1(table, 5, plan),
        cohen_kappa(table, 0, 1, Weights::Nominal, plan),
        scott_pi(table, 0, 1, plan),
        krippendorff_alpha(table, Metric::Ordinal, plan),
        krippendorff_alpha(table, Metric::Interval, plan),
        krippendorff_alpha(table, Metric::Ratio, plan),
        cohen_kappa(table, 0, 1, Weights::Quadratic, plan),
        masi_alpha(&sets_of(table), plan),
        gwet_ac2(table, &[], Weights::Linear, plan),
    ];
    all.extend(alpha_per_label(table, plan));
    for weighing in [Weights::Nominal, Weights::Linear, Weights::Quadratic] {
        let pairs = pairwise_kappa(table, weighing, plan, || ());
        all.extend(pairs.into_iter().flat_map(|pair| std::iter::once(pair.kappa).chain(pair.weighted)));
        all.extend(against_others(table, weighing, plan, || ()).into_iter().map(|person| person.kappa));
    }
    let sets = sets_of(table);
    all.extend(set_alpha_per_label(&sets, plan));
    all.extend(masi_against_others(&sets, plan, || ()).into_iter().flat_map(|p| [p.percent, p.kappa]));
    let pairs = masi_pairwise_kappa(&sets, plan, || ());
    all.extend(pairs.into_iter().flat_map(|pair| std::iter::once(pair.kappa).chain(pair.weighted)));
    all
}

/// Reads a label's bits as a set of labels.
fn sets_of(table: &Ratings) -> SetRatings {
    SetRatings::new(table.items().enumerate().flat_map(|(item, answers)| {
        answers.iter().map(move |&(who, value)| {
            let bits = table.values[value as usize] as u32;
            (item as u64, who.into(), (0..3).filter(move |bit| bits >> bit & 1 == 1))
        })
    }))
}

/// Sets of a crowd: items × people, most of whom say much the same; sets, and amounts, of which no two are alike.
fn crowd(n_items: u64, n_people: u64) -> (SetRatings, Ratings) {
    use rand::{Rng, SeedableRng};
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(5);
    let (mut sets, mut amounts) = (Vec::new(), Vec::new());
    for item in 0..n_items {
        let truth: Vec<u32> = (0..3).map(|_| random.gen_range(0..30)).collect();
        for who in 0..n_people {
            let mut set = truth.clone();
            set.truncate(random.gen_range(1..4));
            set.extend((0..random.gen_range(0..3)).map(|_| random.gen_range(0..30)));
            sets.push((item, who, set));
            amounts.push((item, who, f64::from(truth[0]) + 1.0 + random.gen_range(0.0..8.0)));
        }
    }
    (SetRatings::new(sets), Ratings::from_values(amounts).unwrap())
}

/// With few resamples every pair of values is summed in each of them, with many only around the data. Both speak of
/// the same intervals.
#[test]
fn many_values_give_the_same_interval_as_few() {
    let (sets, amounts) = crowd(700, 3);
    assert!(sets.sets.len() > 1_200 && amounts.values.len() > 2_000);
    let plans = [Bootstrap::new(120, 0.9, 3).unwrap(), Bootstrap::new(1_200, 0.9, 3).unwrap()];
    for figure in [
        &(|plan: &Bootstrap| masi_alpha(&sets, plan)) as &dyn Fn(&Bootstrap) -> _,
        &|plan: &Bootstrap| krippendorff_alpha(&amounts, Metric::Ratio, plan),
        &|plan: &Bootstrap| masi_against_others(&sets, plan, || ())[0].kappa,
        &|plan: &Bootstrap| masi_pairwise_kappa(&sets, plan, || ())[0].weighted.unwrap(),
    ] {
        let [exact, tangent] = plans.map(|plan| figure(&plan).unwrap());
        assert!((exact.value - tangent.value).abs() < 1e-9, "{exact:?} {tangent:?}");
        let (a, b) = (exact.interval.unwrap(), tangent.interval.unwrap());
        let width = a.high - a.low;
        assert!(
            ((a.high - b.high) / width).abs() < 0.15 && ((a.low - b.low) / width).abs() < 0.15,
            "{a:?} {b:?}"
        );
    }
}

/// Labels of sets one by one, and all at once.
#[test]
fn each_label_of_sets_is_a_question() {
    let (sets, _) = crowd(60, 3);
    let plan = Bootstrap::new(200, 0.9, 3).unwrap();
    let each = set_alpha_per_label(&sets, &plan);
    assert_eq!(each.len(), sets.labels().len());
    for (label, got) in sets.labels().into_iter().zip(each) {
        let (got, alone) =
            (got.unwrap(), krippendorff_alpha(&one_label(&sets, label), Metric::Nominal, &plan).unwrap());
        assert!((got.value - alone.value).abs() < 1e-9, "{got:?} {alone:?}");
        if let (Ok(a), Ok(b)) = (got.interval, alone.interval) {
            assert!((a.low - b.low).abs() < 1e-9 && (a.high - b.high).abs() < 1e-9, "{a:?} {b:?}");
        }
    }
}

/// In a crowd most pairs share an item or two: those who agree on them have no κ, those who do not have κ 0.
#[test]
fn the_mean_of_pairs_rests_on_those_that_share_enough() {
    let pairs = [(1, Some(0.0)), (2, Some(-0.5)), (4, None), (5, Some(0.5)), (15, Some(0.7)), (30, None)];
    let mean = MeanKappa::of(pairs);
    assert!((mean.value.unwrap() - 0.65).abs() < 1e-12, "{mean:?}");
    assert_eq!((mean.n_pairs, mean.n_counted, mean.n_few_items), (6, 2, 3));
    assert_eq!(MeanKappa::of(pairs[..3].iter().copied()).value, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_changes_no_bit(rows in rows(), turn in 0_usize..50) {
        let plan = Bootstrap::new(30, 0.9, 11).unwrap();
        let mut other = rows.clone();
        other.rotate_left(turn % rows.len().max(1));
        other.reverse();
        let (one, two) = (Ratings::from_labels(rows), Ratings::from_labels(other));
        prop_assert_eq!(everything(&one, &plan), everything(&two, &plan));
    }

    /// Names of labels carry no meaning for whatever is nominal; names of items and people carry none for anything.
    #[test]
    fn names_change_nothing(rows in rows(), names in Just([9_u32, 3, 70, 1, 22]).prop_shuffle()) {
        let renamed = rows.iter().map(|&(item, who, label)| (item * 7 + 3, who, names[label as usize]));
        let renamed = Ratings::from_labels(renamed);
        let table = Ratings::from_labels(rows.iter().copied());
        for (a, b) in everything(&table, &NONE).into_iter().zip(everything(&renamed, &NONE)).take(6) {
            match (a, b) {
                (Ok(a), Ok(b)) => prop_assert!((a.value - b.value).abs() < 1e-9),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }

    #[test]
    fn full_agreement_is_one(labels in proptest::collection::vec(0_u32..5, 2..20), people in 2_u64..5) {
        prop_assume!(labels.iter().any(|label| *label != labels[0]));
        let rows = labels.iter().enumerate().flat_map(|(i, &label)| (0..people).map(move |who| (i as u64, who, label)));
        for got in everything(&Ratings::from_labels(rows), &Bootstrap::new(20, 0.9, 2).unwrap()) {
            // A label of sets that all answers hold has none.
            if got == Err(Undefined::OneCategory) {
                continue;
            }
            let got = got.unwrap();
            // An interval from 1 to 1 would look like certainty.
            prop_assert!((got.value - 1.0).abs() < 1e-12 && got.value <= 1.0 && got.interval.is_err());
        }
    }

    /// With two people, the others are the other; and all pairs are each pair.
    #[test]
    fn one_pair_is_every_pair(rows in rows(), which in 0_usize..3) {
        let weighing = [Weights::Nominal, Weights::Linear, Weights::Quadratic][which];
        let plan = Bootstrap::new(25, 0.9, 5).unwrap();
        let table = Ratings::from_labels(rows.iter().copied());
        for pair in pairwise_kappa(&table, weighing, &plan, || ()) {
            let alone = |weighing| cohen_kappa(&table, pair.first, pair.second, weighing, &plan);
            prop_assert_eq!(pair.kappa, alone(Weights::Nominal));
            prop_assert_eq!(pair.weighted.unwrap_or(pair.kappa), alone(weighing));
        }
        let two = Ratings::from_labels(rows.into_iter().filter(|row| row.1 < 2));
        let one = cohen_kappa(&two, 0, 1, weighing, &NONE);
        for person in against_others(&two, weighing, &NONE, || ()) {
            match (person.kappa, one) {
                (Ok(a), Ok(b)) => prop_assert!((a.value - b.value).abs() < 1e-12),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }

    /// Sparse numbers of items are sorted, dense ones are put in place: the same table.
    #[test]
    fn numbers_of_items_may_have_gaps(rows in rows()) {
        let far = Ratings::from_labels(rows.iter().map(|&(item, who, label)| (item << 50, who, label)));
        prop_assert_eq!(Ratings::from_labels(rows), far);
    }

    /// By Krippendorff's definition word for word, through the full coincidence matrix.
    #[test]
    fn alpha_follows_the_definition(rows in rows(), which in 0_usize..4) {
        let metric = [Metric::Nominal, Metric::Ordinal, Metric::Interval, Metric::Ratio][which];
        let table = Ratings::from_labels(rows);
        let q = table.values.len();
        let mut coincidences = vec![vec![0.0; q]; q];
        for answers in table.items().filter(|answers| answers.len() > 1) {
            for (i, a) in answers.iter().enumerate() {
                for (j, b) in answers.iter().enumerate() {
                    if i != j {
                        coincidences[a.1 as usize][b.1 as usize] += 1.0 / (answers.len() as f64 - 1.0);
                    }
                }
            }
        }
        let totals: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
        let n: f64 = totals.iter().sum();
        let apart = |c: usize, k: usize| match metric {
            _ if c == k => 0.0,
            Metric::Nominal => 1.0,
            Metric::Ordinal => {
                let between: f64 = totals[c.min(k)..=c.max(k)].iter().sum();
                square(between - (totals[c] + totals[k]) / 2.0)
            }
            Metric::Interval => square(table.values[c] - table.values[k]),
            Metric::Ratio => ratio(table.values[c], table.values[k]),
        };
        let (mut observed, mut chance) = (0.0, 0.0);
        for c in 0..q {
            for k in 0..q {
                observed += coincidences[c][k] * apart(c, k);
                chance += totals[c] * totals[k] * apart(c, k);
            }
        }
        match krippendorff_alpha(&table, metric, &NONE) {
            Ok(got) => prop_assert!((got.value - (1.0 - (n - 1.0) * observed / chance)).abs() < 1e-9),
            Err(_) => prop_assert_eq!(chance, 0.0),
        }
    }

    #[test]
    fn as_many_threads_as_you_like(rows in rows(), seed: u64) {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| everything(&Ratings::from_labels(rows.iter().copied()), &Bootstrap::new(40, 0.95, seed).unwrap()))
        };
        prop_assert_eq!(on(1), on(2));
    }

    #[test]
    fn any_numbers_at_all(rows in proptest::collection::vec((0_u64..6, 0_u64..4, prop_oneof![any::<f64>(), -2.0..2.0_f64]), 0..40)) {
        if let Ok(table) = Ratings::from_values(rows) {
            for got in everything(&table, &Bootstrap::new(25, 0.9, 1).unwrap()).into_iter().flatten() {
                prop_assert!(got.value.is_finite() && got.value <= 1.0, "{got:?}");
                if let Ok(interval) = got.interval {
                    let is_finite = interval.low.is_finite() && interval.high.is_finite();
                    prop_assert!(is_finite && interval.low < interval.high && interval.high <= 1.0, "{got:?}");
                }
            }
        }
    }
}
