//! The one field pattern: label, hint, input, error; what was typed comes back after an error.

use crate::web::flash::Flash;
use leptos::prelude::*;

/// A one-line field of a form. `value` stands there unless the visitor typed something else before.
pub struct Field<'a> {
    pub form: &'a str,
    pub name: &'a str,
    pub label: &'a str,
    pub hint: &'a str,
    /// The type of the input: `text`, `email`, `password`, `number`.
    pub kind: &'a str,
    pub value: &'a str,
    pub required: bool,
}

impl Field<'_> {
    pub fn view(&self, flash: &Flash) -> AnyView {
        let id = format!("{}-{}", self.form, self.name);
        let value = flash.value(self.form, self.name).unwrap_or(self.value).to_owned();
        let (describes, hint, error) = around(flash, self.form, self.name, self.hint, &id);
        let invalid = error.is_some().then_some("true");
        let autocomplete = match (self.kind, self.name) {
            ("email", "email") => Some("username"),
            ("password", "password") => Some("current-password"),
            ("password", _) => Some("new-password"),
            (_, "code") => Some("one-time-code"),
            _ => Some("off"),
        };
        // A password that was typed is never sent back.
        let value = (self.kind != "password").then_some(value);
        view! {
            <div class="field">
                <label for=id.clone()>{self.label.to_owned()}</label>
                {hint}
                <input
                    id=id.clone()
                    name=self.name.to_owned()
                    r#type=self.kind.to_owned()
                    value=value
                    required=self.required
                    autocomplete=autocomplete
                    aria-invalid=invalid
                    aria-describedby=describes
                />
                {error}
            </div>
        }
        .into_any()
    }
}

/// A field of several lines.
pub fn area(
    flash: &Flash,
    form: &str,
    name: &str,
    label: &str,
    hint: &str,
    value: &str,
    rows: u32,
) -> AnyView {
    let id = format!("{form}-{name}");
    let value = flash.value(form, name).unwrap_or(value).to_owned();
    let (describes, hint, error) = around(flash, form, name, hint, &id);
    let invalid = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            {hint}
            <textarea
                id=id.clone()
                name=name.to_owned()
                rows=rows.to_string()
                aria-invalid=invalid
                aria-describedby=describes
            >
                {inside_textarea(&value)}
            </textarea>
            {error}
        </div>
    }
    .into_any()
}

/// The text of a textarea as HTML. The templates escape no child of an element whose content HTML reads as text alone,
/// so it is done here. Browsers drop one line break behind the opening tag: ours, and none of the value. A lone
/// carriage return would be read as a line break.
pub fn inside_textarea(value: &str) -> String {
    let value = value.replace("\r\n", "\n");
    let mut html = String::with_capacity(value.len() + 1);
    html.push('\n');
    for c in value.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\r' => html.push_str("&#13;"),
            c => html.push(c),
        }
    }
    html
}

/// A choice among a few: value and what the person reads.
pub fn select(
    flash: &Flash,
    form: &str,
    name: &str,
    label: &str,
    hint: &str,
    chosen: &str,
    options: &[(String, String)],
) -> AnyView {
    let id = format!("{form}-{name}");
    let chosen = flash.value(form, name).unwrap_or(chosen).to_owned();
    let (describes, hint, error) = around(flash, form, name, hint, &id);
    let invalid = error.is_some().then_some("true");
    let options: Vec<_> = options
        .iter()
        .map(|(value, text)| {
            let selected = *value == chosen;
            view! {
                <option value=value.clone() selected=selected>
                    {text.clone()}
                </option>
            }
        })
        .collect();
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            {hint}
            <select id=id.clone() name=name.to_owned() aria-invalid=invalid aria-describedby=describes>
                {options}
            </select>
            {error}
        </div>
    }
    .into_any()
}

/// Hint and error of a field, and the ids that describe it.
fn around(
    flash: &Flash,
    form: &str,
    name: &str,
    hint: &str,
    id: &str,
) -> (Option<String>, Option<AnyView>, Option<AnyView>) {
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let error = flash.error(form, name).map(str::to_owned);
    let mut describes = Vec::new();
    if !hint.is_empty() {
        describes.push(hint_id.clone());
    }
    if error.is_some() {
        describes.push(error_id.clone());
    }
    let hint = (!hint.is_empty()).then(|| {
        let hint = hint.to_owned();
        view! {
            <p class="hint" id=hint_id>
                {hint}
            </p>
        }
        .into_any()
    });
    let error = error.map(|error| {
        view! {
            <p class="error" id=error_id>
                {error}
            </p>
        }
        .into_any()
    });
    ((!describes.is_empty()).then(|| describes.join(" ")), hint, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_textarea_holds_what_was_typed_and_nothing_else() {
        let flash = Flash {
            form: "f".to_owned(),
            values: vec![("note".to_owned(), "\r\n</textarea><b>&lt;\r</b>".to_owned())],
            ..Flash::default()
        };
        let html = Owner::new().with(|| area(&flash, "f", "note", "Note", "", "", 2).to_html());
        let (_, inside) =
            html.split_once("<textarea").and_then(|(_, rest)| rest.split_once('>')).expect("a textarea");
        let (inside, rest) = inside.split_once("</textarea>").expect("its end");
        assert_eq!(inside, "\n\n&lt;/textarea&gt;&lt;b&gt;&amp;lt;&#13;&lt;/b&gt;", "{html}");
        assert!(!rest.contains("<b>"), "{html}");
        let empty = Owner::new().with(|| area(&flash, "f", "other", "Other", "", "", 2).to_html());
        assert!(empty.contains(">\n</textarea>"), "{empty}");
    }
}
