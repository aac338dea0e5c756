//! A text cut into grams of words and of characters, with no allocation for a gram.

use super::interner::Interner;
use super::{normalize_into, words};
use std::ops::RangeInclusive;

/// Grams remembered for words already met; beyond that the memory starts afresh.
const MOST_REMEMBERED: usize = 4 << 20;

/// Cuts texts, one after the other, in buffers that are used again.
#[derive(Debug, Default)]
pub struct Cutter {
    normal: String,
    /// Where the words of the text lie in `normal`.
    words: Vec<(usize, usize)>,
    /// Whether there are letters of a script without spaces.
    has_runs: bool,
    joined: String,
}

impl Cutter {
    /// Takes the next text, normalized.
    pub fn take(&mut self, text: &str) {
        normalize_into(text, &mut self.normal);
        words::cut(&self.normal, &mut self.words);
        self.has_runs =
            !self.normal.is_ascii() && self.words.windows(2).any(|run| is_spelled_run(&self.normal, run));
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|&(from, to)| &self.normal[from..to])
    }

    /// Every run of so many words, as often as it stands in the text: joined by single spaces, or by nothing where nothing
    /// stands between them. Letters of scripts that write no spaces go on to twice the longest length: a letter says less
    /// than a word.
    pub fn word_grams(&mut self, lengths: RangeInclusive<usize>, mut each: impl FnMut(&str)) {
        let longest = *lengths.end();
        let most = if self.has_runs { 2 * longest } else { longest };
        for length in *lengths.start()..=most {
            for run in self
                .words
                .windows(length)
                .filter(|run| length <= longest || is_spelled_run(&self.normal, run))
            {
                if let [(from, to)] = *run {
                    each(&self.normal[from..to]);
                    continue;
                }
                self.joined.clear();
                let mut end = run[0].0;
                for &(from, to) in run {
                    if from > end {
                        self.joined.push(' ');
                    }
                    self.joined.push_str(&self.normal[from..to]);
                    end = to;
                }
                each(&self.joined);
            }
        }
    }
}

/// Whether all are letters of a script without spaces, each next to the one before.
fn is_spelled_run(normal: &str, run: &[(usize, usize)]) -> bool {
    run.windows(2).all(|pair| pair[0].1 == pair[1].0)
        && run.iter().all(|&(from, to)| words::is_spelled(&normal[from..to]))
}

/// The numbers of the character grams of words, remembered for each word: a word is spelled once, however often it
/// comes.
#[derive(Debug, Default)]
pub struct Speller {
    words: Interner,
    ends: Vec<usize>,
    grams: Vec<u32>,
    padded: String,
    bounds: Vec<usize>,
}

impl Speller {
    /// Numbers of the grams of `word`, repeats included, as `number` gives them; `None` is left out. `number` must
    /// give the same number for the same gram as long as this speller is used.
    pub fn spell(
        &mut self,
        word: &str,
        lengths: RangeInclusive<usize>,
        mut number: impl FnMut(&str) -> Option<u32>,
    ) -> &[u32] {
        if self.grams.len() + self.words.len() > MOST_REMEMBERED {
            self.words.clear();
            self.ends.clear();
            self.grams.clear();
        }
        let known = self.words.intern(word) as usize;
        if known == self.ends.len() {
            character_grams(word, lengths, &mut self.padded, &mut self.bounds, |gram| {
                self.grams.extend(number(gram));
            });
            self.ends.push(self.grams.len());
        }
        let start = known.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.grams[start..self.ends[known]]
    }
}

/// Grams of the characters (Unicode scalar values) of one word with a space before and after it, as scikit-learn's
/// `char_wb`: a word shorter than the gram gives itself, once.
fn character_grams(
    word: &str,
    lengths: RangeInclusive<usize>,
    padded: &mut String,
    bounds: &mut Vec<usize>,
    mut each: impl FnMut(&str),
) {
    padded.clear();
    padded.extend([" ", word, " "]);
    bounds.clear();
    bounds.extend(padded.char_indices().map(|(at, _)| at));
    let n = bounds.len();
    bounds.push(padded.len());
    for length in lengths {
        if n <= length {
            each(padded);
            break;
        }
        for from in 0..=n - length {
            each(&padded[bounds[from]..bounds[from + length]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(word: &str, lengths: RangeInclusive<usize>) -> Vec<String> {
        let mut grams = Vec::new();
        character_grams(word, lengths, &mut String::new(), &mut Vec::new(), |g| grams.push(g.to_owned()));
        grams
    }

    /// What `CountVectorizer(analyzer="char_wb", ngram_range=…).build_analyzer()` gives.
    #[test]
    fn characters_as_scikit_learn_cuts_them() {
        assert_eq!(spelled("a", 3..=5), [" a "]);
        assert_eq!(spelled("ab", 3..=5), [" ab", "ab ", " ab "]);
        assert_eq!(spelled("über", 4..=5), [" übe", "über", "ber ", " über", "über "]);
        assert_eq!(spelled("ab", 5..=6), [" ab "]);
        assert_eq!(spelled("ab", 1..=1), [" ", "a", "b", " "]);
    }

    #[test]
    fn words_are_cut_and_joined() {
        let mut cutter = Cutter::default();
        cutter.take("  Where's MY card, 3.5€? 日本 ");
        assert_eq!(cutter.words().collect::<Vec<_>>(), ["where's", "my", "card", "3.5", "日", "本"]);
        let mut grams = Vec::new();
        cutter.word_grams(2..=3, |gram| grams.push(gram.to_owned()));
        assert_eq!(grams[..2], ["where's my", "my card"]);
        assert_eq!(grams.last().unwrap(), "3.5 日本");
        assert_eq!(grams.len(), 5 + 4);
        let mut grams = Vec::new();
        cutter.take("快递还没有到");
        cutter.word_grams(1..=2, |gram| grams.push(gram.to_owned()));
        assert_eq!(grams[6..8], ["快递", "递还"]);
        assert_eq!((grams.last().unwrap().as_str(), grams.len()), ("有到", 6 + 5));
        let mut grams = Vec::new();
        cutter.take("พัสดุ");
        cutter.word_grams(1..=2, |gram| grams.push(gram.to_owned()));
        assert_eq!(grams, ["พั", "ส", "ดุ", "พัส", "สดุ", "พัสดุ"]);
        cutter.take("?!");
        assert_eq!(cutter.words().count(), 0);
        cutter.word_grams(1..=2, |_| panic!("no words, no grams"));
    }

    #[test]
    fn a_word_is_spelled_once() {
        let mut speller = Speller::default();
        let mut interner = Interner::default();
        let first = speller.spell("aaaa", 3..=3, |gram| Some(interner.intern(gram))).to_vec();
        assert_eq!(first, [0, 1, 1, 2]);
        speller.spell("b", 3..=3, |_| None);
        let again = speller.spell("aaaa", 3..=3, |_| panic!("remembered")).to_vec();
        assert_eq!(first, again);
        assert!(speller.spell("b", 3..=3, |_| panic!("remembered")).is_empty());
    }
}
