//! Components that several pages share.

pub mod browsers;
pub mod fields;
pub mod files;
pub mod labels;
pub mod numbers;
pub mod qr;
pub mod times;

/// The beginning of a text, of so many characters at most.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
