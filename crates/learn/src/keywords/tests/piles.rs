//! Short texts to a shop in five languages, twelve for each of four topics, and words that any text may have.

pub struct Pile {
    pub language: &'static str,
    /// Words one of which is to lead, and texts.
    pub topics: Vec<(Vec<&'static str>, Vec<&'static str>)>,
    /// Known to these tests only.
    pub function_words: Vec<&'static str>,
}

impl Pile {
    pub fn texts(&self) -> Vec<&'static str> {
        self.topics.iter().flat_map(|(_, texts)| texts.iter().copied()).collect()
    }
}

/// One pile a file: topics behind `#`, their texts below, function words behind `!`.
pub fn piles() -> Vec<Pile> {
    [
        ("Arabic", include_str!("piles/arabic.txt")),
        ("English", include_str!("piles/english.txt")),
        ("German", include_str!("piles/german.txt")),
        ("Japanese", include_str!("piles/japanese.txt")),
        ("Thai", include_str!("piles/thai.txt")),
    ]
    .map(|(language, file)| {
        let mut pile = Pile { language, topics: Vec::new(), function_words: Vec::new() };
        for line in file.lines() {
            if let Some(leading) = line.strip_prefix("# ") {
                pile.topics.push((leading.split(", ").collect(), Vec::new()));
            } else if let Some(words) = line.strip_prefix("! ") {
                pile.function_words = words.split(", ").collect();
            } else {
                pile.topics.last_mut().unwrap().1.push(line);
            }
        }
        assert_eq!(pile.topics.len(), 4, "{language}");
        assert!(pile.topics.iter().all(|(_, texts)| texts.len() == 12), "{language}");
        pile
    })
    .into()
}
