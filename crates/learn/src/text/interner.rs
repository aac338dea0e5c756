//! Strings by number: each once, in one long buffer, found again by open addressing. Millions of grams cost their
//! bytes and about 20 more each; a lookup allocates nothing.

use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

const FREE: u32 = u32::MAX;

/// Distinct strings, numbered from 0 in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    bytes: String,
    ends: Vec<usize>,
    hashes: Vec<u32>,
    /// Numbers of strings, or [`FREE`]; a power of two of them, at most three quarters taken.
    slots: Vec<u32>,
}

impl Interner {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string of a number.
    pub fn term(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    pub fn terms(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|number| self.term(number))
    }

    /// The number of a string, if it is there.
    pub fn get(&self, term: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.find(term, hash(term)).ok()
    }

    /// The number of a string, a new one if it was not there.
    pub fn intern(&mut self, term: &str) -> u32 {
        if self.len() >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        let hash = hash(term);
        match self.find(term, hash) {
            Ok(number) => number,
            Err(slot) => {
                let number = self.len() as u32;
                self.slots[slot] = number;
                self.bytes.push_str(term);
                self.ends.push(self.bytes.len());
                self.hashes.push(hash);
                number
            }
        }
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
        self.slots.fill(FREE);
    }

    /// Its number, or the slot that waits for it.
    fn find(&self, term: &str, hash: u32) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == FREE {
                return Err(slot);
            }
            if self.hashes[number as usize] == hash && self.term(number as usize) == term {
                return Ok(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let n = (self.slots.len() * 2).max(16);
        self.slots.clear();
        self.slots.resize(n, FREE);
        for (number, &hash) in self.hashes.iter().enumerate() {
            let mut slot = hash as usize & (n - 1);
            while self.slots[slot] != FREE {
                slot = (slot + 1) & (n - 1);
            }
            self.slots[slot] = number as u32;
        }
    }
}

fn hash(term: &str) -> u32 {
    let wide = FxBuildHasher.hash_one(term.as_bytes());
    (wide ^ (wide >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_strings_find_each_other(words in prop::collection::vec("[a-c]{0,4}", 0..200)) {
            let mut interner = Interner::default();
            let mut distinct: Vec<&String> = Vec::new();
            for word in &words {
                let number = interner.intern(word) as usize;
                if number == distinct.len() {
                    distinct.push(word);
                }
                prop_assert_eq!(distinct[number], word);
            }
            prop_assert_eq!(interner.len(), distinct.len());
            for (number, word) in distinct.iter().enumerate() {
                prop_assert_eq!(interner.get(word), Some(number as u32));
                prop_assert_eq!(interner.term(number), word.as_str());
            }
            prop_assert_eq!(interner.get("d"), None);
            interner.clear();
            prop_assert_eq!(interner.get("a"), None);
            prop_assert_eq!(interner.intern("b"), 0);
        }
    }
}
