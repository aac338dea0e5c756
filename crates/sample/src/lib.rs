//! A support inbox that nobody wrote: the pile of text behind the demo, the tests and the load tests.
//!
//! Customers of an invented coffee shop write about fifteen things over ninety days. Everything follows from a seed and
//! an end time: no clock, no file, the same bytes on every machine. All people, numbers and addresses are invented and
//! taken from ranges that belong to nobody.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod annotators;
mod calendar;
mod compose;
mod dice;
mod grammar;
mod intents;
mod words;
mod write;

pub use annotators::{Annotator, Answered, annotators};
pub use intents::{CounterExample, INTENTS, Intent};
pub use write::{Truth, write_csv, write_jsonl};

use calendar::{DAY, HOUR, Rhythm};
use compose::Customer;
use dice::Dice;
use std::collections::VecDeque;

/// How many days messages cover.
pub const N_DAYS: i64 = 90;

/// How many of them, at the end, hold the new topic.
pub const N_NEW_DAYS: i64 = 14;

/// How a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Short and quick.
    Chat,
    /// With greeting and signature.
    Email,
    /// What an agent wrote down during a call.
    Phone,
    /// In public, under a product.
    Review,
}

impl Channel {
    /// As it stands in a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Phone => "phone note",
            Self::Review => "review",
        }
    }
}

/// What a customer pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plan {
    /// Half of all customers.
    Basic,
    /// A third.
    Plus,
    /// Companies.
    Office,
}

impl Plan {
    /// As it stands in a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Plus => "plus",
            Self::Office => "office",
        }
    }
}

/// One message of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Unique and stable for a seed.
    pub external_id: String,
    /// What they wrote, with line breaks where it is an e-mail.
    pub text: String,
    /// What they want: an index into [`INTENTS`].
    pub intent: usize,
    /// When they wrote, in microseconds since 1970 (UTC).
    pub event_at_micros: i64,
    /// The customer: several messages share one.
    pub group: String,
    /// How it came in.
    pub channel: Channel,
    /// What the customer pays for.
    pub plan: Plan,
    /// `en`.
    pub language: &'static str,
    /// The external id of the message that this one sends again, with small changes or none.
    pub near_duplicate_of: Option<String>,
}

/// All that a demo needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbox {
    /// What messages are about, ready to become a taxonomy with a guideline.
    pub intents: &'static [Intent],
    /// In order of time.
    pub messages: Vec<Message>,
    /// Who could label them.
    pub annotators: Vec<Annotator>,
}

/// `n` messages of the [`N_DAYS`] days before `end_micros`, in order of time and numbered in it.
///
/// ```
/// let inbox = sample::inbox(100, 7, 1_780_000_000_000_000);
/// assert_eq!(inbox.messages.len(), 100);
/// assert_eq!(inbox, sample::inbox(100, 7, 1_780_000_000_000_000));
/// ```
#[must_use]
pub fn inbox(n: usize, seed: u64, end_micros: i64) -> Inbox {
    let mut order: Vec<(usize, Message)> = messages(seed, end_micros).take(n).enumerate().collect();
    order.sort_by_key(|(number, message)| (message.event_at_micros, *number));
    // Where each message of the stream ended up, so that whoever repeats it names its new number.
    let mut place = vec![0; order.len()];
    for (at, (number, _)) in order.iter().enumerate() {
        place[*number] = at;
    }
    let number_of = |id: &str| id.rsplit('-').next().and_then(|digits| digits.parse::<usize>().ok());
    let mut messages: Vec<Message> = order.into_iter().map(|(_, message)| message).collect();
    for (at, message) in messages.iter_mut().enumerate() {
        message.external_id = external_id(at);
        let first = message.near_duplicate_of.as_deref().and_then(number_of);
        message.near_duplicate_of =
            first.and_then(|number| place.get(number.checked_sub(1)?)).map(|at| external_id(*at));
    }
    Inbox { intents: INTENTS, messages, annotators: annotators() }
}

fn external_id(at: usize) -> String {
    let mut digits = [b'0'; 20];
    let (mut rest, mut from) = (at + 1, digits.len());
    while rest > 0 || from > digits.len() - 6 {
        from -= 1;
        digits[from] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut id = String::with_capacity(4 + digits.len() - from);
    id.push_str("msg-");
    id.extend(digits[from..].iter().map(|digit| char::from(*digit)));
    id
}

/// Messages without end, for load tests: as in [`inbox`], but in no order of time.
pub fn messages(seed: u64, end_micros: i64) -> impl Iterator<Item = Message> {
    let mut sum = 0.0;
    let shares = |with_new: bool| {
        let of = |intent: &Intent| match (intent.is_new, with_new) {
            (true, false) => 0.0,
            (true, true) => intent.share / (1.0 - intent.share),
            (false, _) => intent.share,
        };
        INTENTS.iter().map(of).collect::<Vec<f64>>()
    };
    let mut running = |shares: Vec<f64>| {
        sum = 0.0;
        let add = |share: f64| {
            sum += share;
            sum
        };
        shares.into_iter().map(add).collect::<Vec<f64>>()
    };
    Stream {
        seed,
        end: end_micros,
        dice: Dice::new(seed),
        rhythm: Rhythm::new(end_micros, N_DAYS),
        usual: running(shares(false)),
        lately: running(shares(true)),
        number: 0,
        customers: VecDeque::new(),
        n_customers: 0,
        recent: VecDeque::new(),
    }
}

struct Stream {
    seed: u64,
    end: i64,
    dice: Dice,
    rhythm: Rhythm,
    usual: Vec<f64>,
    lately: Vec<f64>,
    number: usize,
    customers: VecDeque<Customer>,
    n_customers: u64,
    recent: VecDeque<Message>,
}

impl Iterator for Stream {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let external_id = external_id(self.number);
        self.number += 1;
        let resent = if self.dice.chance(0.035) { self.resent() } else { None };
        let mut message = resent.unwrap_or_else(|| self.fresh());
        message.external_id = external_id;
        // A quarter of what customers write themselves is kept in mind to be sent again; what was sent again is not.
        let written = matches!(message.channel, Channel::Chat | Channel::Email);
        if written && message.near_duplicate_of.is_none() && self.dice.chance(0.25) {
            if self.recent.len() == 64 {
                self.recent.pop_front();
            }
            self.recent.push_back(message.clone());
        }
        Some(message)
    }
}

impl Stream {
    fn fresh(&mut self) -> Message {
        let event_at_micros = self.rhythm.time(&mut self.dice);
        let new_days = event_at_micros >= self.end.saturating_sub(N_NEW_DAYS * DAY);
        let sums = if new_days { &self.lately } else { &self.usual };
        let target = self.dice.unit() * sums.last().copied().unwrap_or(0.0);
        let intent = sums.partition_point(|sum| *sum <= target).min(INTENTS.len() - 1);
        let customer = self.customer();
        let channel = match self.dice.unit() {
            x if x < 0.44 => Channel::Chat,
            x if x < 0.80 => Channel::Email,
            x if x < 0.92 => Channel::Phone,
            _ if INTENTS[intent].reviewed => Channel::Review,
            _ => Channel::Chat,
        };
        let text = compose::message(intent, channel, &customer, event_at_micros, &mut self.dice);
        Message {
            external_id: String::new(),
            text,
            intent,
            event_at_micros,
            group: format!("cust-{:06}", customer.number),
            channel,
            plan: customer.plan,
            language: "en",
            near_duplicate_of: None,
        }
    }

    /// The same customer, minutes to days later, in the same words or nearly.
    fn resent(&mut self) -> Option<Message> {
        let first = self.dice.pick(&self.recent.make_contiguous()[..])?.clone();
        let later = first.event_at_micros.saturating_add(self.dice.between(1, 70) as i64 * HOUR);
        Some(Message {
            text: compose::again(&first.text, &mut self.dice),
            event_at_micros: later.min(self.end.saturating_sub(1)).max(first.event_at_micros),
            near_duplicate_of: Some(first.external_id.clone()),
            ..first
        })
    }

    fn customer(&mut self) -> Customer {
        if self.dice.chance(0.45)
            && let Some(known) = self.customers.get(self.dice.below(self.customers.len()))
        {
            return known.clone();
        }
        self.n_customers += 1;
        let customer = Customer::new(self.seed, self.n_customers);
        if self.customers.len() == 512 {
            self.customers.pop_front();
        }
        self.customers.push_back(customer.clone());
        customer
    }
}

#[cfg(test)]
mod tests;
