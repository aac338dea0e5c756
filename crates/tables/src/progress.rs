//! How far a long run has come, on the terminal: nothing where standard error is none.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `total` steps of something; hidden where nobody looks.
pub fn bar(total: u64, doing: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(doing);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
