//! What lies on the desk: texts to come, what was said, what has not reached the server. No browser in here.

use crate::wire::label::{Card, Fate, Remaining, Sent, Turn, Word};
use std::collections::{HashSet, VecDeque};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub cards: VecDeque<Card>,
    /// What was said, the newest last: the way back.
    pub past: Vec<(Card, Sent)>,
    /// What the server has not confirmed, in order.
    pub outbox: Vec<Sent>,
    /// So many at the front of the outbox are on their way.
    flying: usize,
    /// Answers of this visit that are safe and do not count.
    uncounted: HashSet<String>,
    /// What was taken back and has not been confirmed, with the id of the message that takes it back.
    taken_back: Vec<(String, Card, Sent)>,
    /// What an earlier visit could not send, until it is decided; and how many answers it came to.
    left_over: HashSet<String>,
    n_left_over: i64,
}

/// What taking an answer back came to.
#[derive(Debug, PartialEq)]
pub enum Undone {
    /// It had not left yet: this id can be forgotten.
    Unsent(String),
    /// The server is asked to take it back.
    Asked(Sent),
}

impl Table {
    pub fn new(outbox: Vec<Sent>, first: Option<Card>) -> Table {
        let left_over = outbox.iter().map(|sent| sent.id.clone()).collect();
        let mut table = Table { outbox, left_over, ..Table::default() };
        table.deal(first.into_iter().collect());
        table
    }

    pub fn current(&self) -> Option<&Card> {
        self.cards.front()
    }

    /// How many answers of this person count that did not when the page was made: skips, and what the server
    /// refused or kept without counting it, are none.
    pub fn n_more(&self) -> i64 {
        let counts = |sent: &Sent| matches!(sent.word, Word::Labels(_)) && !self.uncounted.contains(&sent.id);
        self.past.iter().filter(|(_, sent)| counts(sent)).count() as i64 + self.n_left_over
    }

    /// The card on the desk is answered, and the next one lies there.
    pub fn say(&mut self, sent: Sent) {
        if let Some(card) = self.cards.pop_front() {
            self.past.push((card, sent.clone()));
            self.outbox.push(sent);
        }
    }

    /// The last answered card comes back to the desk. `withdrawal` makes the message for one that has left.
    pub fn undo(&mut self, withdrawal: impl FnOnce(&Card, &Sent) -> Sent) -> Option<(Sent, Undone)> {
        let (card, sent) = self.past.pop()?;
        let unsent = self.outbox.iter().position(|other| other.id == sent.id).filter(|at| *at >= self.flying);
        let undone = match unsent {
            Some(at) => Undone::Unsent(self.outbox.remove(at).id),
            None => {
                let back = withdrawal(&card, &sent);
                self.outbox.push(back.clone());
                self.taken_back.push((back.id.clone(), card.clone(), sent.clone()));
                Undone::Asked(back)
            }
        };
        self.cards.push_front(card);
        Some((sent, undone))
    }

    /// Everything that has to be sent; it is on its way from now on.
    pub fn take_off(&mut self) -> Vec<Sent> {
        self.flying = self.outbox.len();
        self.outbox.clone()
    }

    /// The server has answered: what it decided on is no longer kept, and its texts lie behind those that are here.
    pub fn landed(&mut self, turn: &Turn) {
        self.flying = 0;
        for fate in &turn.fates {
            self.decided(fate);
        }
        self.outbox.retain(|sent| !turn.fates.iter().any(|fate| fate.id == sent.id));
        self.deal(turn.cards.clone());
        // What is answered from here on would not count.
        if turn.rest == Remaining::Closed {
            self.cards.clear();
        }
    }

    fn decided(&mut self, fate: &Fate) {
        if let Some(at) = self.taken_back.iter().position(|(id, _, _)| *id == fate.id) {
            let (_, card, sent) = self.taken_back.swap_remove(at);
            // It could not be taken back: the answer stands, and its text has no place on the desk.
            if !fate.saved {
                self.cards.retain(|held| held.assignment != card.assignment);
                self.past.push((card, sent));
            }
        } else if self.past.iter().any(|(_, sent)| sent.id == fate.id) {
            if !fate.saved {
                self.past.retain(|(_, sent)| sent.id != fate.id);
            } else if !fate.counts {
                self.uncounted.insert(fate.id.clone());
            }
        } else if self.left_over.remove(&fate.id) && fate.counts {
            let word = self.outbox.iter().find(|sent| sent.id == fate.id).map(|sent| &sent.word);
            self.n_left_over += match word {
                Some(Word::Labels(_)) => 1,
                Some(Word::Withdrawn) => -1,
                Some(Word::Skip(_)) | None => 0,
            };
        }
    }

    /// It did not reach the server, or the answer was lost: all of it is sent again.
    pub fn lost(&mut self) {
        self.flying = 0;
    }

    fn deal(&mut self, cards: Vec<Card>) {
        for card in cards {
            let last = self.outbox.iter().rev().find(|sent| sent.assignment == card.assignment);
            if last.is_some_and(|sent| sent.word != Word::Withdrawn) {
                continue;
            }
            match self.cards.iter_mut().find(|held| held.assignment == card.assignment) {
                Some(held) => *held = card,
                None => self.cards.push_back(card),
            }
        }
    }
}

/// How well a name fits what was typed: lower is better, nothing where it does not. Letters in order are enough;
/// a beginning is better, the beginning of a word nearly so.
pub fn fit(name: &str, typed: &str) -> Option<u32> {
    let (name, typed) = (name.to_lowercase(), typed.trim().to_lowercase());
    if name.starts_with(&typed) {
        return Some(0);
    }
    if let Some(at) = name.find(&typed) {
        let at_word = name[..at].ends_with(|c: char| !c.is_alphanumeric());
        return Some(if at_word { 1 } else { 2 });
    }
    let mut letters = name.chars().enumerate();
    let (mut first, mut last) = (None, 0);
    for wanted in typed.chars().filter(|c| !c.is_whitespace()) {
        let (at, _) = letters.find(|(_, c)| *c == wanted)?;
        first = first.or(Some(at));
        last = at;
    }
    Some(3 + (last - first.unwrap_or(0)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::label::Remaining;

    fn card(n: i64) -> Card {
        Card { assignment: n, revision: n, text: format!("text {n}"), beside: Vec::new() }
    }

    fn sent(card: &Card, id: &str, word: Word) -> Sent {
        Sent {
            id: id.into(),
            assignment: card.assignment,
            revision: card.revision,
            version: 1,
            word,
            note: None,
            seconds: None,
        }
    }

    fn label(card: &Card, id: &str) -> Sent {
        sent(card, id, Word::Labels(vec![1]))
    }

    fn turn(saved: &[&str], cards: &[i64]) -> Turn {
        let fate = |id: &&str| fate(id, true, true);
        Turn {
            fates: saved.iter().map(fate).collect(),
            cards: cards.iter().copied().map(card).collect(),
            rest: Remaining::More,
            version: 1,
        }
    }

    fn fate(id: &str, saved: bool, counts: bool) -> Fate {
        Fate { id: id.to_owned(), saved, counts, message: None }
    }

    fn fates(fates: Vec<Fate>) -> Turn {
        Turn { fates, ..turn(&[], &[]) }
    }

    #[test]
    fn only_answers_that_count_are_counted() {
        let mut table = Table::new(vec![label(&card(9), "left over")], Some(card(1)));
        table.landed(&turn(&[], &[1, 2, 3, 4]));
        table.say(label(&card(1), "a"));
        table.say(sent(&card(2), "b", Word::Skip("unsure".into())));
        assert_eq!(table.n_more(), 1);
        table.take_off();
        // While that is on its way, two more: one comes too late to count, one is refused.
        table.say(label(&card(3), "c"));
        table.say(label(&card(4), "d"));
        assert_eq!(table.n_more(), 3);
        table.landed(&turn(&["left over", "a", "b"], &[]));
        assert_eq!(table.n_more(), 4);
        table.landed(&fates(vec![fate("c", true, false), fate("d", false, false)]));
        assert_eq!(table.n_more(), 2);
        // What was refused is nothing that could be taken back.
        let back = |card: &Card, _: &Sent| sent(card, "w", Word::Withdrawn);
        assert_eq!(table.undo(back).map(|(was, _)| was.id), Some("c".into()));
        assert_eq!(table.n_more(), 2);
    }

    #[test]
    fn what_can_not_be_taken_back_stands() {
        let mut table = Table::new(Vec::new(), Some(card(1)));
        table.landed(&turn(&[], &[1, 2]));
        table.say(label(&card(1), "a"));
        table.take_off();
        let back = |card: &Card, _: &Sent| sent(card, "w", Word::Withdrawn);
        // Before the server has heard of it.
        table.undo(back).expect("something to undo");
        assert_eq!((table.n_more(), table.current()), (0, Some(&card(1))));
        table.landed(&turn(&["a"], &[]));
        assert_eq!(table.n_more(), 0);
        table.landed(&fates(vec![fate("w", false, false)]));
        assert_eq!((table.n_more(), table.current()), (1, Some(&card(2))));
    }

    #[test]
    fn the_next_text_is_there_before_the_server_knows() {
        let mut table = Table::new(Vec::new(), Some(card(1)));
        table.landed(&turn(&[], &[1, 2, 3]));
        table.say(label(&card(1), "a"));
        assert_eq!(table.current(), Some(&card(2)));
        assert_eq!(table.take_off().len(), 1);
        // Answered while the first was on its way; the server still deals it, the desk does not.
        table.say(label(&card(2), "b"));
        table.landed(&turn(&["a"], &[2, 3, 4]));
        assert_eq!(table.cards, [card(3), card(4)]);
        assert_eq!(table.outbox.len(), 1);
    }

    #[test]
    fn what_was_kept_is_not_asked_again() {
        let table = Table::new(vec![label(&card(1), "a")], Some(card(1)));
        assert_eq!(table.current(), None);
        assert_eq!(table.outbox.len(), 1);
    }

    #[test]
    fn undo_before_and_after_it_left() {
        let mut table = Table::new(Vec::new(), Some(card(1)));
        table.landed(&turn(&[], &[1, 2]));
        let back = |card: &Card, _: &Sent| sent(card, "w", Word::Withdrawn);
        table.say(label(&card(1), "a"));
        let (was, undone) = table.undo(back).expect("something to undo");
        assert_eq!((was.id.as_str(), undone), ("a", Undone::Unsent("a".into())));
        assert_eq!((table.outbox.len(), table.current()), (0, Some(&card(1))));
        table.say(label(&card(1), "b"));
        table.take_off();
        let (_, undone) = table.undo(back).expect("something to undo");
        assert!(matches!(undone, Undone::Asked(_)));
        // It is dealt again and lies here already.
        table.landed(&turn(&["b"], &[2]));
        table.take_off();
        table.landed(&turn(&["w"], &[1, 2]));
        assert_eq!(table.cards, [card(1), card(2)]);
        assert!(table.outbox.is_empty() && table.undo(back).is_none());
    }

    #[test]
    fn names_are_found_by_what_people_type() {
        let best = |typed: &str| {
            let names = ["Card arrival", "Charged twice", "Cash withdrawal", "Refund not showing"];
            names.into_iter().filter_map(|n| Some((fit(n, typed)?, n))).min().map(|f| f.1)
        };
        assert_eq!(best("ch"), Some("Charged twice"));
        assert_eq!(best("with"), Some("Cash withdrawal"));
        assert_eq!(best("rns"), Some("Refund not showing"));
        assert_eq!(best("zz"), None);
    }
}
