//! Forms as a browser reads them from a page: enough of HTML for pages of ours.

/// A form with its fields in their order.
#[derive(Debug, Clone, Default)]
pub struct HtmlForm {
    pub action: String,
    pub is_post: bool,
    pub fields: Vec<HtmlField>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlField {
    pub name: String,
    pub kind: Kind,
    /// As a browser would send it.
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An input that takes text.
    Line,
    Area,
    Password,
    /// Hidden, chosen or ticked: it is sent as it is.
    Set,
    /// A box that is not ticked, or a button.
    Off,
}

impl HtmlForm {
    /// What a browser sends when these words are typed into the field.
    pub fn filled(&self, typed: impl Fn(&HtmlField) -> String) -> Vec<(String, String)> {
        let sent = self.fields.iter().filter(|field| field.kind != Kind::Off);
        sent.map(|field| {
            (field.name.clone(), if field.is_typed() { typed(field) } else { field.value.clone() })
        })
        .collect()
    }

    pub fn field(&self, name: &str) -> Option<&HtmlField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl HtmlField {
    pub fn is_typed(&self) -> bool {
        matches!(self.kind, Kind::Line | Kind::Area | Kind::Password)
    }
}

/// The forms of a page.
pub fn forms(page: &str) -> Vec<HtmlForm> {
    let mut forms = Vec::new();
    let mut form: Option<HtmlForm> = None;
    let mut select = String::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once('<') {
        let (tag, after) = tag(from);
        rest = after;
        match (tag.name.as_str(), &mut form) {
            ("form", _) => {
                let action = tag.get("action").unwrap_or_default();
                form = Some(HtmlForm {
                    action,
                    is_post: tag.get("method").as_deref() == Some("post"),
                    fields: vec![],
                });
            }
            ("/form", Some(_)) => forms.extend(form.take()),
            ("textarea", Some(form)) => {
                let (inside, after) = rest.split_once("</textarea>").unwrap_or((rest, ""));
                rest = after;
                let value = unescaped(inside.strip_prefix('\n').unwrap_or(inside));
                form.fields.extend(tag.field(Kind::Area, value));
            }
            ("select", _) => select = tag.get("name").unwrap_or_default(),
            ("option", Some(form)) => {
                let value = tag.get("value").unwrap_or_default();
                let known = form.fields.iter_mut().find(|field| field.name == select);
                match known {
                    Some(field) if tag.get("selected").is_some() => field.value = value,
                    Some(_) => {}
                    None => form.fields.push(HtmlField { name: select.clone(), kind: Kind::Set, value }),
                }
            }
            ("button", Some(form)) => {
                form.fields.extend(tag.field(Kind::Off, tag.get("value").unwrap_or_default()))
            }
            ("input", Some(form)) => {
                let is_on = tag.get("checked").is_some();
                let kind = match tag.get("type").as_deref() {
                    Some("hidden") => Kind::Set,
                    Some("checkbox" | "radio") if is_on => Kind::Set,
                    Some("checkbox" | "radio" | "file" | "submit") => Kind::Off,
                    Some("password") => Kind::Password,
                    _ => Kind::Line,
                };
                form.fields.extend(tag.field(kind, tag.get("value").unwrap_or_default()));
            }
            _ => {}
        }
    }
    forms
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    fn field(&self, kind: Kind, value: String) -> Option<HtmlField> {
        Some(HtmlField { name: self.get("name")?, kind, value })
    }
}

/// A tag from behind its `<`, and what follows it.
fn tag(from: &str) -> (Tag, &str) {
    let end = |text: &str| text.find([' ', '\n', '>', '/', '=']).unwrap_or(text.len());
    let n = from.strip_prefix('/').map_or_else(|| end(from), |rest| 1 + end(rest));
    let mut tag = Tag { name: from[..n].to_ascii_lowercase(), attributes: Vec::new() };
    let mut rest = &from[n..];
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if rest.is_empty() || rest.starts_with('>') {
            return (tag, rest.strip_prefix('>').unwrap_or(rest));
        }
        let n = end(rest).max(1);
        let key = rest[..n].to_ascii_lowercase();
        rest = &rest[n..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                rest = after;
                unescaped(value)
            }
            None => String::new(),
        };
        tag.attributes.push((key, value));
    }
}

/// The text that HTML stands for.
pub fn unescaped(html: &str) -> String {
    let known =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#13;", "\r"), ("&amp;", "&")];
    known.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}
