//! What the desk sends and gets: answers to the server, texts to the browser.

use serde::{Deserialize, Serialize};

/// A label as the desk offers it, with its guideline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: i64,
    pub name: String,
    /// The class of its hue.
    pub hue: String,
    pub key: Option<char>,
    pub definition: String,
    pub includes: String,
    pub excludes: String,
    pub examples: Vec<String>,
    pub counter_examples: Vec<String>,
}

/// What stays the same while someone labels in a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub slug: String,
    pub project: String,
    pub queue: i64,
    pub queue_name: String,
    /// What its owner says to all who label in it, as a guideline beside those of the labels.
    pub note: Option<Choice>,
    pub person: i64,
    pub version: i64,
    pub choices: Vec<Choice>,
    /// A set of labels, not one.
    pub several: bool,
    /// A pick waits for Enter.
    pub confirm: bool,
    /// How many answers the queue has, and how many it asks for, from everyone.
    pub answers: i64,
    pub slots: i64,
    /// How much this person has answered here.
    pub mine: i64,
    /// Value and title of each reason to skip.
    pub reasons: Vec<(String, String)>,
}

/// A text to be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub assignment: i64,
    pub revision: i64,
    pub text: String,
    /// What stands beside it.
    pub beside: Vec<(String, String)>,
}

/// What someone said of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Version 7, made in the browser: sending it twice is one answer.
    pub id: String,
    pub assignment: i64,
    pub revision: i64,
    pub version: i64,
    pub word: Word,
    pub note: Option<String>,
    pub seconds: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Labels(Vec<i64>),
    Skip(String),
    Withdrawn,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    pub id: String,
    /// It is safe on the server, whether it counts or not. Otherwise it was refused, and sending it again is of no use.
    pub saved: bool,
    pub counts: bool,
    /// What the person should know.
    pub message: Option<String>,
}

/// What there is for this person after the cards at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remaining {
    More,
    Waiting,
    Done,
    Closed,
    Filling,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    pub fates: Vec<Fate>,
    pub cards: Vec<Card>,
    pub rest: Remaining,
    /// The labels that are published now. A desk with older ones has to be loaded again.
    pub version: i64,
}
