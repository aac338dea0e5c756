//! From an intent to a message as somebody would write it: order of parts, register, slips of the finger.

use crate::calendar::{DAY, civil};
use crate::dice::Dice;
use crate::grammar::{Node, Phrase, Slot, parse};
use crate::intents::{INTENTS, Intent};
use crate::words::{FIRST, LAST, LISTS};
use crate::{Channel, Plan};
use std::fmt::Write;
use std::sync::LazyLock;

/// Whoever writes, made from a number, so that they are the same in all their messages.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) number: u64,
    first: &'static str,
    last: &'static str,
    digits: usize,
    pub(crate) plan: Plan,
}

impl Customer {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let plan = match dice.unit() {
            x if x < 0.5 => Plan::Basic,
            x if x < 0.85 => Plan::Plus,
            _ => Plan::Office,
        };
        Self { number, first: dice.word(FIRST), last: dice.word(LAST), digits: dice.below(1_000_000), plan }
    }

    fn push_email(&self, new: bool, out: &mut String) {
        let domain = ["example.com", "example.org", "example.net"][(self.digits + usize::from(new)) % 3];
        let (first, last) = (self.first, self.last);
        let start = out.len();
        let _ = match (self.digits / 3 + usize::from(new)) % 4 {
            0 => write!(out, "{first}.{last}@{domain}"),
            1 => write!(out, "{}{last}{}@{domain}", &first[..1], self.digits % 90 + 10),
            2 => write!(out, "{first}_{last}@{domain}"),
            _ => write!(out, "{last}.{first}{}@{domain}", self.digits % 10),
        };
        out[start..].make_ascii_lowercase();
    }

    /// From ranges that are set aside: 555-0100 to 555-0199 in North America, Ofcom's numbers for drama in Britain.
    fn push_phone(&self, out: &mut String) {
        let d = self.digits;
        let _ = match d % 5 {
            0 => write!(out, "07700 900{:03}", d % 1000),
            1 => write!(out, "020 7946 0{:03}", d % 1000),
            2 => write!(out, "(415) 555-01{:02}", d % 100),
            3 => write!(out, "+1 212 555 01{:02}", d % 100),
            _ => write!(out, "617-555-01{:02}", d % 100),
        };
    }
}

struct Phrases {
    core: Vec<Phrase>,
    detail: Vec<Phrase>,
    ask: Vec<Phrase>,
    note: Vec<Phrase>,
}

static PHRASES: LazyLock<Vec<Phrases>> = LazyLock::new(|| {
    let all = |sources: &'static [&'static str]| sources.iter().map(|source| parse(source)).collect();
    let of = |intent: &'static crate::Intent| Phrases {
        core: all(intent.core),
        detail: all(intent.detail),
        ask: all(intent.ask),
        note: all(intent.note),
    };
    INTENTS.iter().map(of).collect()
});

fn list(name: &str) -> &'static [&'static str] {
    LISTS.iter().find(|list| list.0 == name).map_or(&[], |list| list.1)
}

/// Lists that stand around what a message wants, looked up once.
struct Around {
    greeting_chat: &'static [&'static str],
    greeting_mail: &'static [&'static str],
    context: &'static [&'static str],
    anger: &'static [&'static str],
    calm: &'static [&'static str],
    close_mail: &'static [&'static str],
    close_chat: &'static [&'static str],
    stars: &'static [&'static str],
    tail_note: &'static [&'static str],
    also: &'static [&'static str],
    resend: &'static [&'static str],
    nudge: &'static [&'static str],
}

static AROUND: LazyLock<Around> = LazyLock::new(|| Around {
    greeting_chat: list("greeting_chat"),
    greeting_mail: list("greeting_mail"),
    context: list("context"),
    anger: list("anger"),
    calm: list("calm"),
    close_mail: list("close_mail"),
    close_chat: list("close_chat"),
    stars: list("stars"),
    tail_note: list("tail_note"),
    also: list("also"),
    resend: list("resend"),
    nudge: list("nudge"),
});

/// One message in the making.
struct Draft<'a> {
    dice: &'a mut Dice,
    who: &'a Customer,
    event_at: i64,
    /// The order that this message is about: the same wherever it is named.
    order: usize,
    /// What each list gave last, so that nobody gets *Antigua* instead of *Antigua*.
    before: [u8; LISTS.len()],
    out: String,
}

pub(crate) fn message(
    intent: usize,
    channel: Channel,
    who: &Customer,
    event_at: i64,
    dice: &mut Dice,
) -> String {
    let order = dice.between(104_000, 398_999);
    let mut draft =
        Draft { dice, who, event_at, order, before: [u8::MAX; LISTS.len()], out: String::with_capacity(256) };
    let Some(phrases) = PHRASES.get(intent) else { return String::new() };
    match channel {
        Channel::Chat => draft.chat(intent, phrases),
        Channel::Email => draft.mail(intent, phrases),
        Channel::Phone => draft.note(phrases),
        Channel::Review => draft.review(intent, phrases),
    }
    draft.out
}

impl Draft<'_> {
    fn chat(&mut self, intent: usize, phrases: &Phrases) {
        if self.dice.chance(0.4) {
            let greeting = self.dice.word(AROUND.greeting_chat);
            let end = if self.dice.chance(0.5) { "," } else { "" };
            self.plain(greeting, end);
        }
        if !INTENTS[intent].is_other && self.dice.chance(0.08) {
            self.around(AROUND.context);
        }
        self.any(&phrases.core);
        if self.dice.chance(0.35) {
            self.any(&phrases.detail);
        }
        self.mood(intent, 0.12, 0.04);
        if self.dice.chance(0.4) {
            self.any(&phrases.ask);
        }
        if self.dice.chance(0.04) {
            self.second_wish(intent);
        }
        if self.dice.chance(0.22) {
            let thanks = self.dice.word(AROUND.close_chat);
            self.plain(thanks, "");
        }
        self.trim();
        if self.out.ends_with('.') && self.dice.chance(0.5) {
            self.out.pop();
        }
        let style = self.dice.unit();
        if style < 0.3 {
            self.out.make_ascii_lowercase();
        } else if style < 0.315 {
            self.out.make_ascii_uppercase();
        } else {
            capitals(&mut self.out);
        }
        if self.dice.chance(0.14) {
            self.out.retain(|c| c != '\'');
        }
        if self.dice.chance(0.35) {
            self.out = slips(&self.out, 0.05, self.dice);
        }
    }

    fn mail(&mut self, intent: usize, phrases: &Phrases) {
        let mut body = 0;
        if self.dice.chance(0.82) {
            let greeting = self.dice.word(AROUND.greeting_mail);
            self.out.push_str(greeting);
            self.out.push_str(if self.dice.chance(0.8) { "," } else { "" });
            self.out.push_str(if self.dice.chance(0.7) { "\n\n" } else { "\n" });
            body = self.out.len();
        }
        if !INTENTS[intent].is_other && self.dice.chance(0.3) {
            self.around(AROUND.context);
        }
        self.any(&phrases.core);
        let detail = self.dice.below(phrases.detail.len().max(1));
        if self.dice.chance(0.72) {
            self.one(phrases.detail.get(detail));
            if self.dice.chance(0.3) {
                self.one(phrases.detail.get((detail + 1) % phrases.detail.len().max(1)));
            }
        }
        self.mood(intent, 0.25, 0.14);
        if self.dice.chance(0.75) {
            if self.dice.chance(0.12) {
                self.trim();
                self.out.push_str("\n\n");
            }
            self.any(&phrases.ask);
        }
        if self.dice.chance(0.05) {
            self.second_wish(intent);
        }
        self.trim();
        capitals_from(&mut self.out, body);
        if self.dice.chance(0.16) {
            let (head, tail) = self.out.split_at(body);
            self.out = format!("{head}{}", slips(tail, 0.025, self.dice));
        }
        if self.dice.chance(0.78) {
            self.out.push_str(if self.dice.chance(0.75) { "\n\n" } else { "\n" });
            let close = self.dice.word(AROUND.close_mail);
            self.out.push_str(close);
            self.out.push_str(if self.dice.chance(0.7) { ",\n" } else { "\n" });
            self.signature();
        }
    }

    fn signature(&mut self) {
        let who = self.who;
        match self.dice.below(5) {
            0 => self.out.push_str(who.first),
            1 => {
                let _ = write!(self.out, "{}. {}", &who.first[..1], who.last);
            }
            _ => {
                let _ = write!(self.out, "{} {}", who.first, who.last);
            }
        }
        if self.dice.chance(0.12) {
            self.out.push('\n');
            who.push_phone(&mut self.out);
        } else if self.dice.chance(0.06) {
            self.out.push('\n');
            who.push_email(false, &mut self.out);
        }
    }

    fn note(&mut self, phrases: &Phrases) {
        let who = self.who;
        let (hour, minute) = (self.dice.between(8, 19), self.dice.below(60));
        let _ = match self.dice.below(8) {
            0 => write!(self.out, "cust-{:06} ({}): ", who.number, who.plan.as_str()),
            1 => write!(self.out, "{hour}h{minute:02}, {}. {}. ", &who.first[..1], who.last),
            2 => write!(self.out, "Call {hour}:{minute:02}. "),
            3 => write!(self.out, "Mx {}: ", who.last),
            _ => Ok(()),
        };
        self.any(&phrases.note);
        if self.dice.chance(0.45) {
            self.around(AROUND.tail_note);
        }
        self.trim();
        capitals(&mut self.out);
        if self.dice.chance(0.2) {
            self.out = slips(&self.out, 0.04, self.dice);
        }
    }

    fn review(&mut self, intent: usize, phrases: &Phrases) {
        if !INTENTS[intent].is_other && self.dice.chance(0.45) {
            self.around(AROUND.stars);
        }
        self.any(&phrases.core);
        if self.dice.chance(0.65) {
            self.any(&phrases.detail);
        }
        self.mood(intent, 0.45, 0.1);
        self.trim();
        capitals(&mut self.out);
    }

    fn mood(&mut self, intent: usize, anger: f64, calm: f64) {
        let Intent { vexing, is_other, .. } = INTENTS[intent];
        if is_other {
            return;
        }
        let anger = if vexing { anger } else { 0.0 };
        let mood = self.dice.unit();
        if mood < anger {
            self.around(AROUND.anger);
        } else if mood < anger + calm {
            self.around(AROUND.calm);
        }
    }

    /// Something else that the customer wants too: what makes labeling a matter of judgment.
    fn second_wish(&mut self, intent: usize) {
        let other = self.dice.below(INTENTS.len());
        if other == intent || INTENTS[other].is_new || INTENTS[other].is_other {
            return;
        }
        let also = self.dice.word(AROUND.also);
        self.plain(also, "");
        self.any(&PHRASES[other].core);
    }

    fn around(&mut self, of: &'static [&'static str]) {
        let words = self.dice.word(of);
        let end = if words.ends_with(['.', '?', '!', ':']) { "" } else { "." };
        self.plain(words, end);
    }

    fn plain(&mut self, words: &str, end: &str) {
        self.out.push_str(words);
        self.out.push_str(end);
        self.out.push(' ');
    }

    fn any(&mut self, of: &[Phrase]) {
        let at = self.dice.below(of.len());
        self.one(of.get(at));
    }

    /// A phrase as a sentence, with the mark that it asks for.
    fn one(&mut self, phrase: Option<&Phrase>) {
        let Some(phrase) = phrase else { return };
        let start = self.out.len();
        self.say(phrase);
        self.trim();
        let sentence = self.out.get(start..).unwrap_or_default();
        if !sentence.is_empty() && !sentence.ends_with(['.', '?', '!', ':']) {
            let mark = if asks(sentence) { '?' } else { '.' };
            self.out.push(mark);
        }
        self.out.push(' ');
    }

    fn trim(&mut self) {
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
    }

    fn say(&mut self, phrase: &Phrase) {
        for node in phrase {
            match node {
                Node::Text(text) => self.emit(text),
                Node::Choice(all) => {
                    let at = self.dice.below(all.len());
                    if let Some(phrase) = all.get(at) {
                        self.say(phrase);
                    }
                }
                Node::List(at) => {
                    let words = LISTS[*at].1;
                    let mut pick = self.dice.below(words.len());
                    if pick == usize::from(self.before[*at]) {
                        pick = (pick + 1) % words.len();
                    }
                    self.before[*at] = pick as u8;
                    self.emit(words[pick]);
                }
                Node::Slot(slot) => self.fill(*slot),
            }
        }
    }

    /// Alternatives may be empty: no doubled space, and none before a mark.
    fn emit(&mut self, text: &str) {
        let spaced = self.out.is_empty() || self.out.ends_with([' ', '\n']);
        let text = if spaced { text.trim_start_matches(' ') } else { text };
        if spaced && text.starts_with([',', '.', '?', '!']) {
            self.trim();
        }
        self.out.push_str(text);
    }

    fn fill(&mut self, slot: Slot) {
        let who = self.who;
        let dice = &mut *self.dice;
        let out = &mut self.out;
        let _ = match slot {
            Slot::Order => match dice.below(8) {
                0 => write!(out, "{}", self.order),
                1 => write!(out, "#{}", self.order),
                _ => write!(out, "KC-{}", self.order),
            },
            Slot::Full => write!(out, "{} {}", who.first, who.last),
            Slot::Last => out.write_str(who.last),
            Slot::Stranger => write!(out, "{} {}", dice.word(FIRST), dice.word(LAST)),
            Slot::Email => {
                who.push_email(false, out);
                Ok(())
            }
            Slot::NewEmail => {
                who.push_email(true, out);
                Ok(())
            }
            Slot::Phone => {
                who.push_phone(out);
                Ok(())
            }
            Slot::Iban => push_reference(dice, out),
            Slot::Amount => {
                let (whole, cents) = (dice.between(4, 189), [90, 50, 95, 99, 0, 20, 45][dice.below(7)]);
                match dice.below(4) {
                    0 => write!(out, "{whole}.{cents:02}"),
                    1 => write!(out, "£{whole}.{cents:02}"),
                    2 => write!(out, "${whole}.{cents:02}"),
                    _ => write!(out, "£{whole}"),
                }
            }
            Slot::Days => {
                let n = dice.between(3, 19);
                let words = ["three", "four", "five", "six", "seven", "eight", "nine", "ten"];
                match words.get(n - 3) {
                    Some(word) if dice.chance(0.5) => out.write_str(word),
                    _ => write!(out, "{n}"),
                }
            }
            Slot::Number => {
                let n = dice.between(2, 6);
                let words = ["two", "three", "four", "five", "six"];
                // After a letter or before a digit it is part of a name or a measure.
                if out.ends_with(' ') && dice.chance(0.5) {
                    out.write_str(words[n - 2])
                } else {
                    write!(out, "{n}")
                }
            }
            Slot::Date => {
                let (_, month, day) = civil(self.event_at.div_euclid(DAY) - dice.between(2, 16) as i64);
                let name = list_month(month);
                match dice.below(4) {
                    0 => write!(out, "{name} {day}"),
                    1 => write!(out, "the {day}{}", ordinal(day)),
                    2 => write!(out, "{day} {}", &name[..3]),
                    _ => write!(out, "{day} {name}"),
                }
            }
            Slot::Tracking => write!(out, "TK{:09}", dice.below(1_000_000_000)),
            Slot::LastFour => write!(out, "{:04}", dice.below(10_000)),
            Slot::Serial => write!(out, "EK2-{:05}", dice.below(100_000)),
            Slot::Plan => out.write_str(who.plan.as_str()),
        };
    }
}

/// A bank reference with a check that can't be right: 00 is no check number (ISO 7064 gives 02 to 98), and where the sum
/// would come out all the same, 01 takes its place.
fn push_reference(dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let country = ["DE", "NL", "FR", "ES"][dice.below(4)];
    let body: Vec<usize> = (0..4).map(|_| dice.below(10_000)).collect();
    let value = |check: u64| {
        let letters = country.bytes().map(|b| u64::from(b - b'A') + 10);
        let groups = body.iter().fold(0_u64, |sum, group| (sum * 10_000 + *group as u64) % 97);
        letters.fold(groups, |sum, letter| (sum * 100 + letter) % 97) * 100 % 97 + check
    };
    let check = if value(0) % 97 == 1 { 1 } else { 0 };
    write!(out, "{country}{check:02}")?;
    body.iter().try_for_each(|group| write!(out, " {group:04}"))
}

fn list_month(month: u32) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES[(month as usize + 11) % 12]
}

fn ordinal(day: u32) -> &'static str {
    match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Whether a sentence without a mark is a question: by its first word, unless it asked already.
fn asks(sentence: &str) -> bool {
    const WORDS: [&str; 17] = [
        "can", "could", "do", "does", "is", "are", "which", "what", "what's", "how", "where", "when", "will",
        "why", "may", "who", "where's",
    ];
    !sentence.contains('?') && sentence.split(' ').next().is_some_and(|word| WORDS.contains(&word))
}

fn capitals(text: &mut str) {
    capitals_from(text, 0);
}

/// Capitals where sentences start, from a place on. Texts of ours change in ASCII letters only, so lengths stay.
fn capitals_from(text: &mut str, from: usize) {
    let mut starts = true;
    let mut marked = false;
    let mut at = from;
    while at < text.len() {
        let byte = text.as_bytes()[at];
        if starts && byte.is_ascii_alphabetic() {
            text[at..=at].make_ascii_uppercase();
        }
        starts = match byte {
            b' ' => starts || marked,
            b'\n' => true,
            b'"' => starts,
            _ => false,
        };
        marked = matches!(byte, b'.' | b'?' | b'!') || (marked && byte == b'"');
        at += 1;
        while at < text.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
}

/// Slips of the finger in words of letters alone: numbers, addresses and names of things stay readable.
fn slips(text: &str, rate: f64, dice: &mut Dice) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let bytes = word.as_bytes();
        if bytes.len() < 4 || !bytes.iter().all(u8::is_ascii_lowercase) || !dice.chance(rate) {
            out.push_str(word);
            continue;
        }
        let place = dice.between(1, bytes.len() - 2);
        match dice.below(4) {
            // Two letters swapped, one left out, one doubled, one beside it on the keyboard.
            0 => {
                out.push_str(&word[..place]);
                out.push_str(&word[place + 1..place + 2]);
                out.push_str(&word[place..=place]);
                out.push_str(&word[place + 2..]);
            }
            1 => {
                out.push_str(&word[..place]);
                out.push_str(&word[place + 1..]);
            }
            2 => {
                out.push_str(&word[..=place]);
                out.push_str(&word[place..]);
            }
            _ => {
                const BESIDE: &[u8; 26] = b"snvfrgyjuokqmbipwatuibecax";
                let beside = BESIDE[usize::from(bytes[place] - b'a')];
                out.push_str(&word[..place]);
                out.push(char::from(beside));
                out.push_str(&word[place + 1..]);
            }
        }
    }
    out
}

/// The same message once more, as people resend it: with a line before or after it, or typed anew.
pub(crate) fn again(text: &str, dice: &mut Dice) -> String {
    let gap = if text.contains('\n') { "\n\n" } else { " " };
    match dice.below(10) {
        0 => text.to_owned(),
        1..=3 => format!("{}{gap}{text}", dice.word(AROUND.resend)),
        4..=6 => format!("{text}{gap}{}", dice.word(AROUND.nudge)),
        7 => slips(text, 0.12, dice),
        8 => format!("{}{gap}{}", dice.word(AROUND.resend), slips(text, 0.05, dice)),
        _ => {
            let short = text.trim_end_matches(['.', ' ', '!']);
            format!("{short}!!")
        }
    }
}
