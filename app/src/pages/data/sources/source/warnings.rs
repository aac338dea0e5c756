//! What is known of a file before anything of it is imported.

use leptos::prelude::*;
use workflow::data::import::{Preview, Sample};

/// What is known before anything is imported: that nothing would come of it, other ids than one might expect, and why
/// columns were taken for something that they are not called.
pub fn warnings(
    Preview { source, sample, cautions }: &Preview,
    roles: &[String],
    asked_for_text: bool,
) -> AnyView {
    let nobody_is = |role: &str| !roles.iter().any(|r| r == role);
    let mut words = Vec::new();
    if sample.rows().next().is_none() {
        words.push("There is a header, but no row: nothing can be imported.".to_owned());
    } else {
        if nobody_is("text") && !asked_for_text {
            words.push("Choose the column that holds the text.".to_owned());
        }
        // A column of this name that was not taken for the id by itself.
        let is_named = |column: &&String| column.eq_ignore_ascii_case("id") && source.mapping.id.is_none();
        if nobody_is("id") {
            words.push(match sample.columns.iter().find(is_named) {
                Some(column) => format!(
                    "“{column}” is not the id: in some rows it is empty, too long or the same as in another. Ids are made \
                     from the content, unless you choose a column."
                ),
                None => "No column is the id: ids are made from the content.".to_owned(),
            });
        }
        let reasons = sample.guessed().reasons;
        words.extend(reasons.into_iter().filter(|reason| !reason.sure).filter_map(|reason| {
            let role = reason.role.replace('_', " ");
            Some(format!(
                "“{}” was taken for the {role}, because {}. Look whether that is right.",
                reason.column?, reason.why
            ))
        }));
        words.extend(group_left_out(sample, roles));
        words.extend(cautions.iter().cloned());
    }
    words.into_iter().map(|words| view! { <p class="notice">{words}</p> }).collect_view().into_any()
}

/// A column that is called like a group, and why it was not taken for one.
fn group_left_out(sample: &Sample, roles: &[String]) -> Option<String> {
    let reason = sample.guessed().reasons.into_iter().find(|reason| reason.role == "group")?;
    let is_told =
        reason.column.is_none() && reason.why.starts_with('“') && !roles.iter().any(|role| role == "group");
    is_told.then(|| format!("No column is the group: {}.", reason.why))
}
