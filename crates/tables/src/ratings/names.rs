//! Names by number.

use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Names by number, in the order in which they came.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    numbers: FxHashMap<String, u32>,
    /// `1` and `1.0` are one name: programs write whole numbers the one way or the other.
    whole: bool,
    spellings: BTreeSet<String>,
}

impl Names {
    /// Names of labels.
    pub fn of_labels() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// The number of a name; a new one for a new name.
    pub fn number(&mut self, name: &str) -> u32 {
        let key = self.key(name);
        if let Some(&number) = self.numbers.get(key) {
            let known = &mut self.names[number as usize];
            if known != name {
                self.spellings.extend([known.clone(), name.to_owned()]);
                // The shortest spelling is the name, whichever came first.
                if name.len() < known.len() {
                    name.clone_into(known);
                }
            }
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(key.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(self.key(name)).copied()
    }

    fn key<'a>(&self, name: &'a str) -> &'a str {
        if self.whole { whole(name) } else { name }
    }

    /// Spellings that were taken for one name with another, in the order of the alphabet.
    pub fn spellings(&self) -> Vec<&str> {
        self.spellings.iter().map(String::as_str).collect()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// Numbers by name: those that are numbers by their value and first, all others by the alphabet.
    pub fn sorted(&self) -> Vec<u32> {
        let value = |name: &str| name.parse::<f64>().ok().filter(|x| x.is_finite());
        let numbered = self.names.iter().enumerate();
        let mut keyed: Vec<(Option<f64>, &str, u32)> =
            numbered.map(|(number, name)| (value(name), name.as_str(), number as u32)).collect();
        keyed.sort_unstable_by(|a, b| match (a.0, b.0) {
            (Some(x), Some(y)) => x.total_cmp(&y).then(a.1.cmp(b.1)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => a.1.cmp(b.1),
        });
        keyed.into_iter().map(|(_, _, number)| number).collect()
    }

    /// The place of each number in [`Names::sorted`]: the same whatever came first.
    pub fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.len()];
        for (rank, number) in self.sorted().into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }
}

/// `1` of `1.0`; whatever else it is, itself. `1.10` is no whole number, and may be a version.
pub fn whole(name: &str) -> &str {
    match name.split_once('.') {
        Some((before, zeros))
            if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') && before.parse::<i64>().is_ok() =>
        {
            before
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_label_however_it_is_written() {
        let mut labels = Names::of_labels();
        let numbers = ["1.0", "2", "1", "1.00", "-3.0", "1.10", "1.1", "v1.0", ".0", "2.0.0"];
        let got: Vec<u32> = numbers.iter().map(|name| labels.number(name)).collect();
        assert_eq!(got, [0, 1, 0, 0, 2, 3, 4, 5, 6, 7]);
        assert_eq!((labels.name(0), labels.name(2)), ("1", "-3.0"));
        assert_eq!((labels.find("2.0"), labels.find("-3"), labels.find("3")), (Some(1), Some(2), None));
        assert_eq!(labels.spellings(), ["1", "1.0", "1.00"]);
        let mut items = Names::default();
        assert_ne!(items.number("1"), items.number("1.0"));
    }
}
