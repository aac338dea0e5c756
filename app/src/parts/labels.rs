//! A label as people see it: its name beside its hue.

use domain::taxonomy::Label;
use leptos::prelude::*;

/// The class of a label's hue: sixteen that can be distinguished, and none for the *other* bucket.
pub fn hue_class(hue: u8, other: bool) -> String {
    if other { "c0".to_owned() } else { format!("c{}", hue % 16 + 1) }
}

pub fn tag(label: &Label) -> AnyView {
    named_tag(&label.name, label.hue, label.other)
}

/// The same where only name and hue are at hand.
pub fn named_tag(name: &str, hue: u8, other: bool) -> AnyView {
    let class = format!("tag {}", hue_class(hue, other));
    view! {
        <span class=class dir="auto">
            {name.to_owned()}
        </span>
    }
    .into_any()
}
