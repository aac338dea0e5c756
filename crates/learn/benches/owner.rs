//! An owner who has never seen the pile labels it through its groups, beside one who answers item by item: what each has
//! after the same time. Banking77's training part is the pile; a model trained on what is labeled is measured on its test
//! part. Vectors are LSA and, where `ASSAY_MODEL` names a sentence model's folder, that model and a static one distilled
//! from it. Lines of JSON, of which `cargo xtask bench owner` makes tables.

#[path = "common/banking77.rs"]
mod banking77;
#[path = "owner/curve.rs"]
mod curve;
#[path = "owner/people.rs"]
mod people;
#[path = "owner/pile.rs"]
mod pile;

use banking77::Labeled;
use curve::{MINUTES, Point, curve, json, ratio, seconds_to};
use learn::select::QueryStrategy;
use people::{Answer, Grain, Habit, Order, audits, groups, singles};
use pile::{Forest, Pile};
use rayon::prelude::*;

/// The end of the work, in seconds.
const UNTIL: f64 = 9_000.0;
/// Who does both goes over to the other after so many seconds.
const TURN: f64 = 1_200.0;
/// Seeds of those who answer item by item at random, and of the others.
const SEEDS: (u64, u64) = (10, 5);
const TOLD: [u32; 5] = [10, 20, 30, 60, 120];
const TARGETS: [f64; 5] = [0.60, 0.70, 0.75, 0.80, 0.85];

fn main() {
    let Some(all) = Labeled::read() else {
        println!("Banking77 is not there: nothing is measured.");
        return;
    };
    measure("LSA", &Pile::of(&all, None));
    sentence(&all);
}

#[cfg(feature = "sentence")]
fn sentence(all: &Labeled) {
    use learn::encoder::{Encoder, StaticEncoder};
    let Some(folder) = std::env::var_os("ASSAY_MODEL") else {
        println!("ASSAY_MODEL names no sentence model: LSA alone is measured.");
        return;
    };
    let encoder = Encoder::open(folder.as_ref()).expect("a model");
    let distilled = StaticEncoder::distill(&encoder, 256, |_| ()).expect("a vocabulary");
    let encode = |texts: &[String]| distilled.encode(texts, |_| ()).expect("vectors");
    measure("static", &Pile::of(all, Some(&encode)));
    let encode = |texts: &[String]| encoder.encode(texts, |_| ()).expect("vectors");
    measure("MiniLM", &Pile::of(all, Some(&encode)));
}

#[cfg(not(feature = "sentence"))]
fn sentence(_: &Labeled) {
    println!("The feature `sentence` is off: LSA alone is measured.");
}

/// Curves of all seeds.
type Curves = Vec<Vec<Point>>;

fn measure(vectors: &str, pile: &Pile) {
    let each = |seeds: u64, work: &(dyn Fn(u64) -> Vec<Answer> + Sync)| -> Curves {
        (0..seeds).into_par_iter().map(|seed| curve(pile, &work(seed))).collect()
    };
    let alone = |strategy, seed| singles(pile, Vec::new(), strategy, (0.0, UNTIL), seed);
    let random = each(SEEDS.0, &|seed| alone(QueryStrategy::Random, seed));
    let tell = |who: &str, curves: &Curves| tell(vectors, who, curves, &random);
    tell("random", &random);
    tell("queue", &each(SEEDS.1, &|seed| alone(QueryStrategy::Default, seed)));
    let grow = |seed| Forest::grow(&pile.train, seed).expect("rows enough");
    let forests: Vec<Forest> = (0..SEEDS.1).into_par_iter().map(grow).collect();
    cuts(vectors, pile, &forests);
    let usual = Habit::USUAL;
    let details = Habit { grain: Grain::Details, ..usual };
    let walk = |habit, seed: u64| groups(pile, &forests[seed as usize], habit, UNTIL, seed);
    for (name, habit) in [
        ("themes, largest first", usual),
        ("themes, steadiest first", Habit { order: Order::Steadiest, ..usual }),
        ("details, largest first", details),
    ] {
        tell(name, &each(SEEDS.1, &|seed| walk(habit, seed)));
    }
    let turned = (TURN, UNTIL);
    let queue_last = |seed| singles(pile, walk(details, seed), QueryStrategy::Default, turned, seed);
    tell("details, then queue", &each(SEEDS.1, &queue_last));
    let queue_first =
        |seed: u64| audits(pile, &forests[seed as usize], alone(QueryStrategy::Default, seed), turned, seed);
    tell("queue, then its groups judged", &each(SEEDS.1, &queue_first));
}

/// What the owner starts from, in the eyes of who knows.
fn cuts(vectors: &str, pile: &Pile, forests: &[Forest]) {
    for (name, is_fine) in [("themes", false), ("details", true)] {
        let (groups, purity): (Vec<_>, Vec<_>) = forests
            .iter()
            .map(|forest| {
                let grains = forest.grains;
                let cut = forest.openings.cut(if is_fine { grains.details } else { grains.themes });
                let right: usize = cut.iter().map(|&node| most_frequent(pile, forest.members(node))).sum();
                (Some(cut.len() as f64), Some(right as f64 / pile.train.truth.len() as f64))
            })
            .unzip();
        println!(
            "{{\"table\": \"cut\", \"vectors\": \"{vectors}\", \"grain\": \"{name}\", \"groups\": {}, \"purity\": {}}}",
            json(&groups, 0),
            json(&purity, 3),
        );
    }
}

/// How many items have the label that most of them have.
fn most_frequent(pile: &Pile, rows: &[usize]) -> usize {
    let mut counts = [0; people::LABELS];
    rows.iter().for_each(|&row| counts[pile.train.truth[row] as usize] += 1);
    counts.into_iter().max().unwrap_or(0)
}

fn tell(vectors: &str, who: &str, curves: &Curves, random: &Curves) {
    for minutes in TOLD {
        let place = MINUTES.iter().position(|&at| at == minutes).expect("one of the points");
        let figure = |of: &dyn Fn(&Point) -> Option<f64>, digits: usize| {
            json(&curves.iter().map(|curve| of(&curve[place])).collect::<Vec<_>>(), digits)
        };
        println!(
            "{{\"table\": \"after\", \"vectors\": \"{vectors}\", \"who\": \"{who}\", \"minutes\": {minutes}, \
             \"labeled\": {}, \"precision\": {}, \"labels\": {}, \"macro_f1\": {}}}",
            figure(&|point| Some(point.labeled), 0),
            figure(&|point| point.precision, 3),
            figure(&|point| Some(point.labels), 1),
            figure(&|point| Some(point.macro_f1), 3),
        );
    }
    for target in TARGETS {
        let seconds = |curves: &Curves| -> Vec<Option<f64>> {
            curves.iter().map(|curve| seconds_to(curve, target)).collect()
        };
        let (ours, theirs) = (seconds(curves), seconds(random));
        println!(
            "{{\"table\": \"to\", \"vectors\": \"{vectors}\", \"who\": \"{who}\", \"macro_f1\": {target}, \"seconds\": {}, \
             \"of_random\": {}}}",
            json(&ours, 0),
            ratio(&ours, &theirs),
        );
    }
}
