//! Phrases with alternatives, read once, said many times.

use crate::words::LISTS;

/// What is invented for the message at hand rather than picked from a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Order,
    Full,
    Last,
    Stranger,
    Email,
    NewEmail,
    Phone,
    Iban,
    Amount,
    Days,
    Number,
    Date,
    Tracking,
    LastFour,
    Serial,
    Plan,
}

const SLOTS: &[(&str, Slot)] = &[
    ("order", Slot::Order),
    ("full", Slot::Full),
    ("last", Slot::Last),
    ("stranger", Slot::Stranger),
    ("email", Slot::Email),
    ("new_email", Slot::NewEmail),
    ("phone", Slot::Phone),
    ("iban", Slot::Iban),
    ("amount", Slot::Amount),
    ("days", Slot::Days),
    ("number", Slot::Number),
    ("date", Slot::Date),
    ("tracking", Slot::Tracking),
    ("last4", Slot::LastFour),
    ("serial", Slot::Serial),
    ("plan", Slot::Plan),
];

#[derive(Debug)]
pub(crate) enum Node {
    Text(&'static str),
    /// Index into [`LISTS`].
    List(usize),
    Slot(Slot),
    Choice(Vec<Phrase>),
}

/// A phrase as it is said: left to right.
pub(crate) type Phrase = Vec<Node>;

/// Reads a phrase. What is no known name stays in the text as it is (a test looks for such).
pub(crate) fn parse(source: &'static str) -> Phrase {
    let mut rest = source;
    let mut phrase = alternatives(&mut rest);
    // A stray closing bracket ends nothing.
    while !rest.is_empty() {
        phrase.push(Node::Text(&rest[..1]));
        rest = &rest[1..];
        phrase.extend(alternatives(&mut rest));
    }
    phrase
}

/// Reads up to a closing bracket or the end; several alternatives become one choice.
fn alternatives(rest: &mut &'static str) -> Phrase {
    let mut all = vec![Phrase::new()];
    loop {
        let end = rest.find(['(', '|', ')', '{']).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        let mut nodes = Vec::new();
        if !text.is_empty() {
            nodes.push(Node::Text(text));
        }
        let mut next = false;
        match after.as_bytes().first() {
            Some(b'(') => {
                *rest = &after[1..];
                nodes.extend(alternatives(rest));
                *rest = rest.strip_prefix(')').unwrap_or(rest);
            }
            Some(b'{') => {
                let close = after.find('}').unwrap_or(after.len() - 1);
                nodes.push(named(&after[1..close.max(1)], &after[..=close]));
                *rest = &after[close + 1..];
            }
            Some(b'|') => {
                *rest = &after[1..];
                next = true;
            }
            _ => *rest = after,
        }
        if let Some(last) = all.last_mut() {
            last.extend(nodes);
        }
        if next {
            all.push(Phrase::new());
        } else if rest.is_empty() || rest.starts_with(')') {
            break;
        }
    }
    if all.len() == 1 { all.pop().unwrap_or_default() } else { vec![Node::Choice(all)] }
}

fn named(name: &'static str, whole: &'static str) -> Node {
    if let Some(list) = LISTS.iter().position(|list| list.0 == name) {
        return Node::List(list);
    }
    SLOTS.iter().find(|slot| slot.0 == name).map_or(Node::Text(whole), |slot| Node::Slot(slot.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intents::INTENTS;

    fn unknown(phrase: &Phrase) -> Vec<&'static str> {
        let mut found = Vec::new();
        for node in phrase {
            match node {
                Node::Text(text) if text.contains(['{', '}', '(', ')', '|']) => found.push(*text),
                Node::Choice(all) => found.extend(all.iter().flat_map(unknown)),
                _ => {}
            }
        }
        found
    }

    #[test]
    fn every_phrase_is_well_formed() {
        for intent in INTENTS {
            for phrase in [intent.core, intent.detail, intent.ask, intent.note].into_iter().flatten() {
                assert_eq!(unknown(&parse(phrase)), Vec::<&str>::new(), "{phrase}");
                assert_eq!(phrase.matches('(').count(), phrase.matches(')').count(), "{phrase}");
            }
        }
    }

    #[test]
    fn brackets_nest_and_strays_stay() {
        let phrase = parse("a (b|c (d|)) {device} {nothing}");
        assert_eq!(phrase.len(), 6);
        assert!(matches!(&phrase[1], Node::Choice(all) if all.len() == 2 && all[1].len() == 2));
        assert!(matches!(phrase[3], Node::List(_)));
        assert_eq!(unknown(&phrase), ["{nothing}"]);
        for odd in ["", ")", "(", "|", "{", "a)b", "((|", "{x", "a)|(b"] {
            parse(odd);
        }
    }
}
