//! The command line of this program: pairs of a name and a value.

use std::fmt::Debug;
use std::str::FromStr;

pub struct Arguments(Vec<String>);

impl Arguments {
    pub fn new(words: Vec<String>) -> Arguments {
        Arguments(words)
    }

    /// The value of a name, which is taken away, or what holds without it.
    pub fn number<T: FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: Debug,
    {
        match self.take(name) {
            Some(word) => word.parse().unwrap_or_else(|e| panic!("{name} {word} is no number: {e:?}")),
            None => default,
        }
    }

    /// The engine as people call it, and the address of its database.
    pub fn engine(&mut self) -> (&'static str, Option<String>) {
        match self.take("--engine").as_deref() {
            None | Some("sqlite") => ("SQLite", None),
            Some("postgres") => {
                let url =
                    std::env::var("ASSAY_BENCH_POSTGRES").expect("ASSAY_BENCH_POSTGRES names a database");
                ("PostgreSQL", Some(url))
            }
            Some(other) => panic!("--engine sqlite or postgres, not “{other}”"),
        }
    }

    /// Whatever is left was a mistake.
    pub fn end(self) {
        assert!(self.0.is_empty(), "unknown: {}", self.0.join(" "));
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|word| word == name)?;
        assert!(at + 1 < self.0.len(), "{name} has no value");
        self.0.remove(at);
        Some(self.0.remove(at))
    }
}
