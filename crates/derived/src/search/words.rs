//! How text becomes words: the word boundaries of Unicode (UAX #29), so that scripts without spaces can be
//! searched as well; in lower case and without accents.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use unicode_segmentation::UnicodeSegmentation;

pub(super) const NAME: &str = "words";
/// Longer "words" are no words (encoded files and the like), in bytes.
const LONGEST: usize = 200;

pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words)
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// The words of a text in order, as they are looked up.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push(token.text.clone());
    }
    words
}

#[derive(Clone)]
struct Words;

impl Tokenizer for Words {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream { words: Box::new(text.unicode_word_indices()), token: Token::default() }
    }
}

struct Stream<'a> {
    words: Box<dyn Iterator<Item = (usize, &'a str)> + 'a>,
    token: Token,
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some((at, word)) = self.words.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = at;
        self.token.offset_to = at + word.len();
        self.token.text.clear();
        // Both apostrophes stand within words.
        self.token.text.extend(word.chars().map(|c| if c == '’' { '\'' } else { c }));
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
