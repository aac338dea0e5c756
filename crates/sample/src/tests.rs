//! What a demo and the tests of other crates rely on.

use super::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::{HashMap, HashSet};

/// 2026-05-28, a Thursday.
const END: i64 = 1_779_926_400_000_000;

fn csv(inbox: &Inbox) -> Vec<u8> {
    let mut out = Vec::new();
    write_csv(&mut out, &inbox.messages, Truth::Shown).unwrap();
    out
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let inbox = inbox(500, 7, END);
    assert_eq!(csv(&inbox), csv(&super::inbox(500, 7, END)));
    assert_ne!(csv(&inbox), csv(&super::inbox(500, 8, END)));
}

#[test]
fn ids_are_unique_and_times_in_order_within_the_days() {
    let inbox = inbox(2_000, 1, END);
    let ids: HashSet<&str> = inbox.messages.iter().map(|m| m.external_id.as_str()).collect();
    assert_eq!(ids.len(), 2_000);
    assert!(inbox.messages.is_sorted_by_key(|m| m.event_at_micros));
    assert!(inbox.messages.iter().all(|m| (END - N_DAYS * DAY..END).contains(&m.event_at_micros)));
    let streamed: HashSet<String> = messages(1, END).take(5_000).map(|m| m.external_id).collect();
    assert_eq!(streamed.len(), 5_000);
}

#[test]
fn shares_have_a_long_tail_and_an_other() {
    let mut counts = vec![0; INTENTS.len()];
    let n = 20_000;
    for message in messages(3, END).take(n) {
        counts[message.intent] += 1;
    }
    let share = |key: &str| {
        f64::from(counts[INTENTS.iter().position(|intent| intent.key == key).unwrap()]) / n as f64
    };
    assert!((0.065..0.1).contains(&share("other")), "{}", share("other"));
    assert!(share("delivery_status") > 6.0 * share("invoice_request"));
    assert!(counts.iter().all(|count| *count > 0));
    let usual: f64 = INTENTS.iter().filter(|intent| !intent.is_new).map(|intent| intent.share).sum();
    assert!((usual - 1.0).abs() < 1e-9);
}

#[test]
fn the_new_topic_is_new() {
    let from = END - N_NEW_DAYS * DAY;
    let (mut new, mut lately) = (0, 0);
    for message in messages(4, END).take(20_000) {
        lately += i32::from(message.event_at_micros >= from);
        if INTENTS[message.intent].is_new {
            new += 1;
            assert!(message.event_at_micros >= from);
        } else {
            assert!(!message.text.contains("recall"), "{}", message.text);
        }
    }
    let share = f64::from(new) / f64::from(lately);
    assert!((0.13..0.21).contains(&share), "{share}");
}

#[test]
fn weekdays_and_hours_differ() {
    let (mut monday, mut sunday, mut night, mut morning) = (0, 0, 0, 0);
    for message in messages(5, END).take(20_000) {
        match (message.event_at_micros.div_euclid(DAY) + 4).rem_euclid(7) {
            0 => sunday += 1,
            1 => monday += 1,
            _ => {}
        }
        match message.event_at_micros.div_euclid(HOUR).rem_euclid(24) {
            2..=4 => night += 1,
            9..=11 => morning += 1,
            _ => {}
        }
    }
    assert!(monday > 2 * sunday - sunday / 4 && morning > 8 * night, "{monday} {sunday} {morning} {night}");
}

#[test]
fn some_messages_are_sent_again() {
    let inbox = inbox(2_000, 6, END);
    let by_id: HashMap<&str, &Message> = inbox.messages.iter().map(|m| (m.external_id.as_str(), m)).collect();
    let mut n = 0;
    for message in &inbox.messages {
        if let Some(first) = &message.near_duplicate_of {
            let first = by_id[first.as_str()];
            n += 1;
            assert_eq!((&message.group, message.intent), (&first.group, first.intent));
            assert!(message.event_at_micros >= first.event_at_micros);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<HashSet<_>>();
            let (a, b) = (words(&message.text), words(&first.text));
            assert!(a.intersection(&b).count() * 2 >= b.len(), "{}\n{}", message.text, first.text);
        }
    }
    assert!((40..110).contains(&n), "{n}");
}

/// Nothing may look copied: apart from what is sent again, hardly two texts are alike.
#[test]
fn texts_are_varied() {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut lengths = Vec::new();
    let n = 20_000;
    for message in messages(8, END).take(n) {
        lengths.push(message.text.len());
        assert!(
            !message.text.contains("  ") && !message.text.contains(" ,") && !message.text.is_empty(),
            "{:?}",
            message.text
        );
        assert!(!message.text.contains(['{', '}', '|']), "{:?}", message.text);
        if message.near_duplicate_of.is_none() {
            *seen.entry(message.text).or_default() += 1;
        }
    }
    let repeated: usize = seen.values().filter(|count| **count > 1).sum();
    assert!(repeated < n / 40, "{repeated}");
    lengths.sort_unstable();
    let at = |share: usize| lengths[n * share / 100];
    assert!(at(5) < 75 && (90..160).contains(&at(50)) && at(95) > 220, "{} {} {}", at(5), at(50), at(95));
}

#[test]
fn customers_write_several_times() {
    let inbox = inbox(2_000, 9, END);
    let mut groups: HashMap<&str, (usize, Plan)> = HashMap::new();
    for message in &inbox.messages {
        let group = groups.entry(&message.group).or_insert((0, message.plan));
        group.0 += 1;
        assert_eq!(group.1, message.plan);
    }
    assert!(groups.len() > 800 && groups.values().filter(|group| group.0 > 1).count() > 300);
}

/// Whatever looks like a person's detail belongs to nobody.
#[test]
fn invented_details_are_nobodys() {
    let mut n_references = 0;
    for message in messages(10, END).take(20_000) {
        for word in message.text.split_whitespace().filter(|word| word.contains('@')) {
            let word = word.to_lowercase();
            let domain =
                word.split('@').nth(1).unwrap().trim_end_matches(['.', ',', '?', '!', ')']).to_owned();
            assert!(["example.com", "example.org", "example.net"].contains(&domain.as_str()), "{word}");
        }
        let upper = message.text.to_uppercase();
        for country in ["DE0", "NL0", "FR0", "ES0"] {
            for (at, _) in upper.match_indices(country) {
                let all: String = upper[at..].chars().filter(|c| !c.is_whitespace()).take(20).collect();
                if all.len() < 20 || !all[4..].bytes().all(|b| b.is_ascii_digit()) {
                    continue;
                }
                n_references += 1;
                let turned = format!("{}{}", &all[4..], &all[..4]);
                let rest = turned.chars().fold(0_u64, |sum, c| match c.to_digit(36) {
                    Some(digit) if digit > 9 => (sum * 100 + u64::from(digit)) % 97,
                    digit => (sum * 10 + u64::from(digit.unwrap_or(0))) % 97,
                });
                assert_ne!(rest, 1, "{all}");
            }
        }
    }
    assert!(n_references > 100, "{n_references}");
}

#[test]
fn guidelines_are_whole() {
    let keys: HashSet<&str> = INTENTS.iter().map(|intent| intent.key).collect();
    assert_eq!(keys.len(), INTENTS.len());
    for intent in INTENTS {
        assert!(!intent.definition.is_empty() && !intent.examples.is_empty() && !intent.excludes.is_empty());
        assert!(intent.confused_with.iter().all(|key| keys.contains(key) && *key != intent.key));
        assert!(
            intent.counter_examples.iter().all(|other| keys.contains(other.is) && other.is != intent.key)
        );
    }
    assert_eq!(INTENTS.iter().filter(|intent| intent.is_other).count(), 1);
}

#[test]
fn people_answer_as_their_tables_say() {
    let people = annotators();
    let mut message = messages(11, END).next().unwrap();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    let n = 4_000;
    for person in &people {
        assert_eq!(person.confusion.len(), INTENTS.len());
        for (truth, row) in person.confusion.iter().enumerate() {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9 && row.iter().all(|chance| *chance >= 0.0));
            message.intent = truth;
            let mut counts = vec![0.0; INTENTS.len()];
            let mut skips = 0.0;
            for _ in 0..n {
                let answered = person.answer(&message, &mut random);
                assert!(answered.seconds > 0.1 && answered.seconds < 600.0);
                match answered.intent {
                    Some(said) => counts[said] += 1.0,
                    None => skips += 1.0,
                }
            }
            assert!((skips / f64::from(n) - person.skip).abs() < 0.02);
            for (count, chance) in counts.iter().zip(row) {
                assert!((count / (f64::from(n) - skips) - chance).abs() < 0.04, "{} {truth}", person.name);
            }
        }
    }
    let right = |person: &Annotator| -> f64 {
        (0..INTENTS.len()).map(|truth| person.confusion[truth][truth]).sum::<f64>() / INTENTS.len() as f64
    };
    assert!(people[..3].iter().all(|person| right(person) > 0.84) && right(&people[3]) < 0.7);
}

#[test]
fn files_quote_what_they_must() {
    let mut message = messages(13, END).next().unwrap();
    message.text = "He said \"no\",\nthen\tleft\u{1}".to_owned();
    let (mut csv, mut json) = (Vec::new(), Vec::new());
    write_csv(&mut csv, [&message], Truth::Hidden).unwrap();
    write_jsonl(&mut json, [&message], Truth::Shown).unwrap();
    let (csv, json) = (String::from_utf8(csv).unwrap(), String::from_utf8(json).unwrap());
    assert!(csv.starts_with("external_id,text,event_at,customer,channel,plan,language\r\n"));
    assert!(csv.contains(",\"He said \"\"no\"\",\nthen\tleft\u{1}\","), "{csv}");
    assert!(json.contains(r#""text":"He said \"no\",\nthen\tleft\u0001""#), "{json}");
    assert!(json.contains("\"intent\":") && json.ends_with("\"}\n"));
}

#[test]
fn any_end_will_do() {
    for end in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(inbox(20, 1, end).messages.len(), 20);
    }
    assert!(inbox(0, 1, END).messages.is_empty());
}
