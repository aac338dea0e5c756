//! Four people who answer as their tables say, so that whatever measures people can be held against the truth.

use crate::Message;
use crate::intents::{INTENTS, Intent};
use rand::Rng;

/// A simulated person.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotator {
    /// First name.
    pub name: &'static str,
    /// An address that no mail reaches.
    pub email: &'static str,
    /// Chance of each answer (column) for each true intent (row), given that they answer; rows sum to 1.
    pub confusion: Vec<Vec<f64>>,
    /// Chance of a skip, whatever the item.
    pub skip: f64,
    /// Factor on the time that others take.
    pub pace: f64,
}

/// What a simulated person did with an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered {
    /// Index of the intent; `None` is a skip.
    pub intent: Option<usize>,
    /// Seconds from seeing the item to the keypress: reading time and a decision, log-normally spread.
    pub seconds: f64,
}

/// Ada is careful, Ben nearly so, Chi takes *change a delivery* for *where is my order*, Dov is quick and clearly worse.
#[must_use]
pub fn annotators() -> Vec<Annotator> {
    let person = |name, email, accuracy: f64, to_other: f64, skip, pace| Annotator {
        name,
        email,
        confusion: (0..INTENTS.len()).map(|truth| row(truth, accuracy, to_other)).collect(),
        skip,
        pace,
    };
    let mut all = vec![
        person("Ada", "ada@assay.example", 0.95, 0.05, 0.015, 1.1),
        person("Ben", "ben@assay.example", 0.9, 0.1, 0.01, 1.0),
        person("Chi", "chi@assay.example", 0.89, 0.05, 0.03, 1.25),
        person("Dov", "dov@assay.example", 0.68, 0.35, 0.02, 0.55),
    ];
    let index = |key: &str| INTENTS.iter().position(|intent| intent.key == key);
    for (who, truth, said, share) in
        [(2, "change_delivery", "delivery_status", 0.35), (3, "refund_status", "return_request", 0.3)]
    {
        if let (Some(truth), Some(said)) = (index(truth), index(said)) {
            let row = &mut all[who].confusion[truth];
            for chance in row.iter_mut() {
                *chance *= 1.0 - share;
            }
            row[said] += share;
        }
    }
    all
}

/// Right with `accuracy` (less where an intent is new to everyone); of what is left, `to_other` goes to the other
/// bucket, most to intents that are easily mixed up, and a little anywhere.
fn row(truth: usize, accuracy: f64, to_other: f64) -> Vec<f64> {
    let intent = &INTENTS[truth];
    let accuracy = if intent.is_new { accuracy - 0.1 } else { accuracy };
    let pull = |(at, other): (usize, &Intent)| {
        if at == truth {
            return 0.0;
        }
        let likeness = intent.confused_with.iter().position(|key| *key == other.key);
        let near = likeness.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        near + 0.1 * other.share + if other.is_other { to_other * 2.0 } else { 0.0 }
    };
    let mut row: Vec<f64> = INTENTS.iter().enumerate().map(pull).collect();
    let sum: f64 = row.iter().sum();
    for chance in &mut row {
        *chance *= (1.0 - accuracy) / sum;
    }
    row[truth] = accuracy;
    row
}

impl Annotator {
    /// What they make of a message.
    pub fn answer(&self, message: &Message, random: &mut impl Rng) -> Answered {
        let skips = random.gen_bool(self.skip.clamp(0.0, 1.0));
        let mut left: f64 = random.r#gen();
        let row = self.confusion.get(message.intent).map_or(&[][..], Vec::as_slice);
        let said = row.iter().position(|chance| {
            left -= chance;
            left < 0.0
        });
        // Rounding can leave a crumb above the last chance: that falls to the truth.
        let said = said.unwrap_or(message.intent);
        let words = message.text.split_whitespace().count() as f64;
        let typical = (1.8 + words / 4.2) * self.pace;
        // Twelve uniforms less six are close enough to a normal deviate.
        let deviate = (0..12).map(|_| random.r#gen::<f64>()).sum::<f64>() - 6.0;
        Answered { intent: (!skips).then_some(said), seconds: typical * (0.4 * deviate).exp() }
    }
}
