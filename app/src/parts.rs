//! Components that several pages share.

pub mod browsers;
pub mod empty;
pub mod facts;
pub mod fields;
pub mod files;
pub mod head;
pub mod labels;
pub mod notices;
pub mod numbers;
pub mod pager;
pub mod qr;
pub mod table;
pub mod times;
pub mod work;

/// The beginning of a text, of so many characters at most.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
