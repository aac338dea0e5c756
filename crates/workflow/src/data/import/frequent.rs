//! The values that come most often in a stream that is too long to count all of them (Misra and Gries 1982).

use rustc_hash::FxHashMap;

/// Values that are held at once: no count is too low by more than one in this many of the stream, and none is too high.
const HELD: usize = 100;

#[derive(Debug, Default)]
pub struct Frequent(FxHashMap<String, i64>);

impl Frequent {
    pub fn count(&mut self, value: &str) {
        if let Some(n) = self.0.get_mut(value) {
            *n += 1;
        } else if self.0.len() < HELD {
            self.0.insert(value.to_owned(), 1);
        } else {
            self.0.retain(|_, n| {
                *n -= 1;
                *n > 0
            });
        }
    }

    /// The value that came most often, and how often at least.
    pub fn most(&self) -> Option<(&str, i64)> {
        let most = self.0.iter().max_by_key(|(value, n)| (**n, std::cmp::Reverse(*value)));
        most.map(|(value, n)| (value.as_str(), *n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_value_is_found_among_very_many() {
        let mut values = Frequent::default();
        assert_eq!(values.most(), None);
        for i in 0..10_000 {
            values.count(if i % 4 == 0 { "None".to_owned() } else { format!("customer {i}") }.as_str());
        }
        let (value, at_least) = values.most().expect("a value");
        assert_eq!(value, "None");
        assert!((2_400..=2_500).contains(&at_least), "{at_least}");
        assert!(values.0.len() <= HELD);
    }
}
