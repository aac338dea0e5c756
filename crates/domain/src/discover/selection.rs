//! A selection: items picked on Discover by group, area, words, field and time, put together step by step. It has an
//! address, so it can be sent to a colleague, saved as a slice, queued and labeled in bulk.
//!
//! Steps apply from left to right, as a person clicks them: the first one begins, each further one adds (`or`), narrows
//! (`and`) or takes away (`not`).

use crate::{ClusterId, ClusteringId, Time};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Items of one run. Without steps it selects nothing in particular.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// The run whose groups and map the steps name. All items of the project without one.
    pub run: Option<ClusteringId>,
    pub steps: Vec<Step>,
}

impl Selection {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub fn of_group(run: ClusteringId, group: ClusterId) -> Selection {
        Selection { run: Some(run), steps: vec![Step { op: Op::Or, part: Part::Group(group) }] }
    }

    /// Reads the steps of an address.
    pub fn read<S: AsRef<str>>(run: Option<ClusteringId>, steps: &[S]) -> Result<Selection, BadStep> {
        if steps.len() > MOST_STEPS {
            return Err(BadStep(format!("a selection has up to {MOST_STEPS} steps")));
        }
        Ok(Selection {
            run,
            steps: steps.iter().map(|step| step.as_ref().parse()).collect::<Result<_, _>>()?,
        })
    }

    /// Puts the steps together for one item, of which `has` says whether a part holds it.
    pub fn holds(&self, mut has: impl FnMut(&Part) -> bool) -> bool {
        self.steps.iter().fold(false, |held, step| match step.op {
            Op::Or => held || has(&step.part),
            Op::And => held && has(&step.part),
            Op::Not => held && !has(&step.part),
        })
    }
}

const MOST_STEPS: usize = 20;
const MOST_CORNERS: usize = 64;
const MOST_WORDS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Step {
    pub op: Op,
    pub part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Or,
    And,
    Not,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Group(ClusterId),
    Area(Area),
    /// As the search box reads them.
    Words(String),
    Field {
        name: String,
        value: String,
    },
    /// Happened (or, where that is not known, came in) from the beginning of the first day to the end of the last.
    Days {
        first: Time,
        last: Time,
    },
    /// Far from all groups when it came in.
    Ground,
}

/// A polygon on the map, its corners in map units from 0 to 65,535. What lies inside by the non-zero winding rule belongs
/// to it; so do the corners' own edges on the left and lower side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area(Vec<(u16, u16)>);

impl Area {
    pub fn new(corners: Vec<(u16, u16)>) -> Option<Area> {
        (3..=MOST_CORNERS).contains(&corners.len()).then_some(Area(corners))
    }

    /// The smallest box around it: left, lower, right, upper.
    pub fn bounds(&self) -> (u16, u16, u16, u16) {
        self.0.iter().fold((u16::MAX, u16::MAX, 0, 0), |(left, low, right, up), &(x, y)| {
            (left.min(x), low.min(y), right.max(x), up.max(y))
        })
    }

    /// Is a place inside? The winding number (Sunday 2001), in integers: the same answer everywhere.
    pub fn holds(&self, x: u16, y: u16) -> bool {
        let place = (i64::from(x), i64::from(y));
        let wide = |corner: (u16, u16)| (i64::from(corner.0), i64::from(corner.1));
        let mut winding = 0;
        for (at, &corner) in self.0.iter().enumerate() {
            let (a, b) = (wide(corner), wide(self.0[(at + 1) % self.0.len()]));
            let left = (b.0 - a.0) * (place.1 - a.1) - (place.0 - a.0) * (b.1 - a.1);
            if a.1 <= place.1 {
                if b.1 > place.1 && left > 0 {
                    winding += 1;
                }
            } else if b.1 <= place.1 && left < 0 {
                winding -= 1;
            }
        }
        winding != 0
    }
}

/// A step that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadStep(String);

impl FromStr for Step {
    type Err = BadStep;

    fn from_str(text: &str) -> Result<Step, BadStep> {
        let bad = || BadStep(format!("“{text}” is no step of a selection"));
        let (op, rest) = text.split_once('.').ok_or_else(bad)?;
        let (kind, value) = rest.split_once('.').unwrap_or((rest, ""));
        let op = match op {
            "or" => Op::Or,
            "and" => Op::And,
            "not" => Op::Not,
            _ => return Err(bad()),
        };
        let part = match kind {
            "group" => Part::Group(value.parse().map_err(|_| bad())?),
            "area" => Part::Area(corners(value).and_then(Area::new).ok_or_else(|| {
                BadStep(format!("an area has 3 to {MOST_CORNERS} corners from 0,0 to 65535,65535"))
            })?),
            "words" if !value.trim().is_empty() && value.chars().count() <= MOST_WORDS => {
                Part::Words(value.to_owned())
            }
            "field" => {
                let (name, value) = value.split_once('=').ok_or_else(bad)?;
                Part::Field { name: name.to_owned(), value: value.to_owned() }
            }
            "time" => {
                let (first, last) = value.split_once("..").ok_or_else(bad)?;
                let day = |day: &str| Time::of_date(day).ok_or_else(bad);
                Part::Days { first: day(first)?, last: day(last)? }
            }
            "ground" if value.is_empty() => Part::Ground,
            _ => return Err(bad()),
        };
        Ok(Step { op, part })
    }
}

fn corners(text: &str) -> Option<Vec<(u16, u16)>> {
    let corner = |text: &str| {
        let (x, y) = text.split_once(',')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    text.split(';').map(corner).collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.op {
            Op::Or => "or.",
            Op::And => "and.",
            Op::Not => "not.",
        })?;
        match &self.part {
            Part::Group(group) => write!(f, "group.{group}"),
            Part::Area(Area(corners)) => {
                let corners: Vec<String> = corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
                write!(f, "area.{}", corners.join(";"))
            }
            Part::Words(words) => write!(f, "words.{words}"),
            Part::Field { name, value } => write!(f, "field.{name}={value}"),
            Part::Days { first, last } => write!(f, "time.{}..{}", first.date(), last.date()),
            Part::Ground => f.write_str("ground"),
        }
    }
}

impl TryFrom<String> for Step {
    type Error = BadStep;

    fn try_from(text: String) -> Result<Step, BadStep> {
        text.parse()
    }
}

impl From<Step> for String {
    fn from(step: Step) -> String {
        step.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_selection_is_its_address() {
        let steps = [
            "or.group.456",
            "and.area.100,200;300,400;0,65535",
            "not.words.refund, please",
            "and.field.channel=mail=box",
            "and.time.2026-01-01..2026-02-01",
            "or.ground",
        ];
        let selection = Selection::read(Some(ClusteringId(7)), &steps).expect("a selection");
        let again: Vec<String> = selection.steps.iter().map(Step::to_string).collect();
        assert_eq!(again, steps);
        let stored = serde_json::to_string(&selection).expect("a document");
        assert_eq!(serde_json::from_str::<Selection>(&stored).expect("a selection"), selection);
        for bad in [
            "group.4",
            "or.group.x",
            "or.area.1,2;3,4",
            "or.area.1,2;3,4;70000,1",
            "or.words.",
            "or.field.channel",
            "or.time.2026-01-01",
            "xor.group.1",
        ] {
            assert!(bad.parse::<Step>().is_err(), "{bad}");
        }
    }

    #[test]
    fn steps_apply_from_left_to_right() {
        let held = |steps: &[&str], groups: &[i64]| {
            let selection = Selection::read(None, steps).expect("a selection");
            selection.holds(|part| matches!(part, Part::Group(group) if groups.contains(&group.0)))
        };
        assert!(held(&["or.group.1", "or.group.2"], &[2]));
        assert!(!held(&["or.group.1", "and.group.2"], &[1]));
        assert!(held(&["or.group.1", "and.group.2", "or.group.3"], &[3]));
        assert!(!held(&["or.group.1", "or.group.3", "not.group.3"], &[1, 3]));
        assert!(!held(&[], &[1]));
    }

    #[test]
    fn an_area_holds_what_winds_around_it() {
        let square = Area::new(vec![(10, 10), (20, 10), (20, 20), (10, 20)]).expect("an area");
        assert!(square.holds(15, 15) && square.holds(10, 10));
        assert!(!square.holds(9, 15) && !square.holds(15, 21) && !square.holds(25, 15));
        // A five-pointed star: its middle is wound around twice, and belongs to it.
        let star = Area::new(vec![(50, 100), (20, 5), (98, 65), (2, 65), (80, 5)]).expect("an area");
        assert!(star.holds(50, 45) && star.holds(50, 90) && !star.holds(15, 90));
        assert_eq!(star.bounds(), (2, 5, 98, 100));
    }

    proptest! {
        #[test]
        fn a_box_holds_what_lies_in_it(
            (left, right) in (0_u16..60_000, 1_u16..5_000), (low, up) in (0_u16..60_000, 1_u16..5_000),
            x: u16, y: u16,
        ) {
            let (right, up) = (left + right, low + up);
            let area = Area::new(vec![(left, low), (right, low), (right, up), (left, up)]).expect("an area");
            let inside = (left..right).contains(&x) && (low..up).contains(&y);
            prop_assert_eq!(area.holds(x, y), inside);
        }
    }
}
