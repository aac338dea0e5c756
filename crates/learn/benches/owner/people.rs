//! Two simulated people and their clocks: the owner who opens groups, and the one who answers item by item. They know the
//! true labels of the items that they look at, and nothing else.

use super::pile::{Forest, Pile};
use learn::classify::{Classifier, Model, Targets};
use learn::keywords::{Balance, typical};
use learn::select::{QueryStrategy, UnlabeledPool};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;

/// Seconds for a single answer, for opening a group and looking at its typical items, for a page of items to untick.
const ANSWER: f64 = 6.0;
const OPEN: f64 = 45.0;
const PAGE: f64 = 15.0;
/// Items looked at in an opened group.
const TYPICAL: usize = 10;
/// Items of a page.
const DRAWN: usize = 20;
/// Precision among the items drawn from which on the whole group is labeled.
const BAR: f64 = 0.9;
/// Answers between two fits: five minutes.
const BATCH: usize = 50;

pub const LABELS: usize = 77;

/// A label that an item got, and how many seconds into the work.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub at: f64,
    pub row: usize,
    pub label: u32,
}

/// From how coarse groups the owner starts.
#[derive(Debug, Clone, Copy)]
pub enum Grain {
    Themes,
    Details,
}

/// Which group is opened next.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    Largest,
    Steadiest,
}

/// How the owner works.
#[derive(Debug, Clone, Copy)]
pub struct Habit {
    pub grain: Grain,
    pub order: Order,
    /// The share of typical items that must agree for a group to get a name.
    pub agree: f64,
}

impl Habit {
    pub const USUAL: Habit = Habit { grain: Grain::Themes, order: Order::Largest, agree: 0.7 };
}

/// Opens group after group until the time is over or no group is left: names it by the majority of its typical items or
/// splits it; judges items drawn at random; labels all of it, or splits it, or looks through a leaf page by page.
pub fn groups(pile: &Pile, forest: &Forest, habit: Habit, until: f64, seed: u64) -> Vec<Answer> {
    let mut owner = Owner { pile, forest, habit, until, clock: 0.0, answers: Vec::new() };
    owner.work(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    owner.answers
}

struct Owner<'a> {
    pile: &'a Pile,
    forest: &'a Forest,
    habit: Habit,
    until: f64,
    clock: f64,
    answers: Vec<Answer>,
}

impl Owner<'_> {
    fn work(&mut self, random: &mut Xoshiro256PlusPlus) {
        let grains = self.forest.grains;
        let mut list = self.forest.openings.cut(match self.habit.grain {
            Grain::Themes => grains.themes,
            Grain::Details => grains.details,
        });
        while self.clock < self.until {
            let Some(node) = self.next(&mut list) else { return };
            if !self.open(node, random) {
                list.extend(self.forest.nodes[node as usize].children.into_iter().flatten());
            }
        }
    }

    /// Takes the next group from the list; of equals that with the smaller number.
    fn next(&self, list: &mut Vec<u32>) -> Option<u32> {
        let worth = |node: u32| match self.habit.order {
            Order::Largest => self.forest.nodes[node as usize].size as f64,
            Order::Steadiest => f64::from(self.forest.stability[node as usize]),
        };
        let first =
            |a: &usize, b: &usize| worth(list[*a]).total_cmp(&worth(list[*b])).then(list[*b].cmp(&list[*a]));
        let next = (0..list.len()).max_by(first)?;
        Some(list.swap_remove(next))
    }

    /// Whether the group is done with; else it is to be split.
    fn open(&mut self, node: u32, random: &mut Xoshiro256PlusPlus) -> bool {
        let members = self.forest.members(node).to_vec();
        let is_leaf = self.forest.nodes[node as usize].children.is_none();
        self.clock += OPEN;
        let shown = typical(self.forest.vectors.view(), &members, TYPICAL, Balance::default());
        let (label, agree) = majority(shown.iter().map(|&row| self.pile.train.truth[row]));
        if (agree as f64) < self.habit.agree * shown.len() as f64 && !is_leaf {
            return false;
        }
        self.judge(members, label, is_leaf, random)
    }

    /// Judges items drawn at random. Where they pass, all others are labeled unseen; where not, those of a leaf are looked
    /// through page by page, and other groups are left to be split.
    fn judge(
        &mut self,
        mut members: Vec<usize>,
        label: u32,
        is_leaf: bool,
        random: &mut Xoshiro256PlusPlus,
    ) -> bool {
        let truth = &self.pile.train.truth;
        members.shuffle(random);
        let is_right = |row: &usize| truth[*row] == label;
        let (drawn, rest) = members.split_at(members.len().min(DRAWN));
        self.clock += PAGE;
        let right: Vec<usize> = drawn.iter().copied().filter(is_right).collect();
        let passes = right.len() as f64 >= BAR * drawn.len() as f64;
        if !passes && !is_leaf {
            return false;
        }
        right.iter().for_each(|&row| self.give(row, label));
        if passes {
            rest.iter().for_each(|&row| self.give(row, label));
        } else {
            for page in rest.chunks(DRAWN) {
                self.clock += PAGE;
                page.iter().filter(|row| is_right(row)).for_each(|&row| self.give(row, label));
            }
        }
        true
    }

    fn give(&mut self, row: usize, label: u32) {
        self.answers.push(Answer { at: self.clock, row, label });
    }
}

/// The most frequent label and how often it is there; the smallest of several.
fn majority(labels: impl Iterator<Item = u32>) -> (u32, usize) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_default() += 1);
    counts.into_iter().max_by_key(|&(label, n)| (n, std::cmp::Reverse(label))).unwrap_or_default()
}

/// What is known at a time: the last answer to each item, in the order of rows.
pub fn known(answers: &[Answer], at: f64) -> BTreeMap<usize, u32> {
    answers.iter().filter(|answer| answer.at <= at).map(|answer| (answer.row, answer.label)).collect()
}

pub fn fit(pile: &Pile, known: &BTreeMap<usize, u32>, earlier: Option<&Model>) -> Model {
    let (rows, labels): (Vec<usize>, Vec<u32>) = known.iter().map(|(&row, &label)| (row, label)).unzip();
    Classifier::new(LABELS)
        .and_then(|c| c.fit(pile.train.features().gather(&rows).features(), Targets::One(&labels), earlier))
        .expect("rows are whole")
}

/// Answers item by item, from `from` on to `until`, those that the strategy picks among the rest.
pub fn singles(
    pile: &Pile,
    mut answers: Vec<Answer>,
    strategy: QueryStrategy,
    (from, until): (f64, f64),
    seed: u64,
) -> Vec<Answer> {
    answers.retain(|answer| answer.at <= from);
    let mut clock = from;
    let mut model = None;
    while clock < until {
        let known = known(&answers, f64::INFINITY);
        let labeled: Vec<usize> = known.keys().copied().collect();
        if strategy != QueryStrategy::Random && !known.is_empty() {
            model = Some(fit(pile, &known, model.as_ref()));
        }
        let pool = UnlabeledPool {
            vectors: pile.train.vectors.view(),
            features: pile.train.features(),
            labeled: &labeled,
            scores: None,
        };
        // Another seed for each batch: the same draws again would be no draws.
        let seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(labeled.len() as u64);
        let picked = strategy.pick(&pool, model.as_ref(), BATCH, seed).expect("rows are whole");
        if picked.is_empty() {
            break;
        }
        for row in picked {
            clock += ANSWER;
            answers.push(Answer { at: clock, row, label: pile.train.truth[row] });
        }
    }
    answers
}

/// Goes on with groups whose answered items name them, and opens none: the owner judges items drawn at random and labels the
/// rest of the group, or splits it. The largest group first, from the details on; those without an answer, or whose answers
/// don't agree, are split until they do.
pub fn audits(
    pile: &Pile,
    forest: &Forest,
    mut answers: Vec<Answer>,
    (from, until): (f64, f64),
    seed: u64,
) -> Vec<Answer> {
    answers.retain(|answer| answer.at <= from);
    let before = known(&answers, from);
    let random = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut owner = Owner { pile, forest, habit: Habit::USUAL, until, clock: from, answers };
    let mut list = forest.openings.cut(forest.grains.details);
    while owner.clock < owner.until {
        let Some(node) = owner.next(&mut list) else { break };
        let children = forest.nodes[node as usize].children;
        let (answered, rest): (Vec<usize>, Vec<usize>) =
            forest.members(node).iter().partition(|row| before.contains_key(row));
        let (label, agree) = majority(answered.iter().map(|row| before[row]));
        let is_named = agree > 0 && agree as f64 >= owner.habit.agree * answered.len() as f64;
        if !is_named || rest.is_empty() || !owner.judge(rest, label, children.is_none(), random) {
            list.extend(children.into_iter().flatten());
        }
    }
    owner.answers
}
