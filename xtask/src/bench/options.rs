//! What can be said after the name of a benchmark.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::place::Profile;

/// Other sizes than the usual ones make a trial, whose figures mean nothing.
pub struct Options {
    sizes: BTreeMap<String, String>,
    pub profile: Profile,
}

impl Options {
    pub fn parse(words: &[String], known: &[&str]) -> Result<Options> {
        let mut options = Options { sizes: BTreeMap::new(), profile: Profile::Release };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").with_context(|| format!("unknown argument: {word}"))?;
            if name == "dev" {
                options.profile = Profile::Dev;
                continue;
            }
            if !known.contains(&name) {
                let known: Vec<_> = known.iter().map(|size| format!("--{size}")).collect();
                bail!("unknown argument: {word}; there are: --dev {}", known.join(" "));
            }
            let value = words.next().with_context(|| format!("{word} needs a number"))?;
            value.parse::<f64>().ok().with_context(|| format!("{word} takes a number, not `{value}`"))?;
            options.sizes.insert(name.to_owned(), value.clone());
        }
        Ok(options)
    }

    pub fn is_trial(&self) -> bool {
        !self.sizes.is_empty() || self.profile == Profile::Dev
    }

    /// A size as it was said, or the usual one.
    pub fn size(&self, name: &str, usual: &str) -> String {
        self.sizes.get(name).cloned().unwrap_or_else(|| usual.to_owned())
    }

    pub fn count(&self, name: &str, usual: usize) -> Result<usize> {
        let said = self.size(name, &usual.to_string());
        said.parse().with_context(|| format!("--{name} takes a whole number, not `{said}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words, &["items", "seconds"])
    }

    #[test]
    fn a_size_makes_a_trial() {
        assert!(!parse(&[]).expect("nothing said").is_trial());
        let options = parse(&["--items", "2000"]).expect("a size");
        assert!(options.is_trial());
        assert_eq!(options.count("items", 7).expect("a number"), 2000);
        assert_eq!(options.count("seconds", 7).expect("a number"), 7);
        assert!(parse(&["--dev"]).expect("a flag").is_trial());
    }

    #[test]
    fn mistakes_are_named() {
        for words in [&["items"][..], &["--items"], &["--items", "many"], &["--people", "3"]] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
