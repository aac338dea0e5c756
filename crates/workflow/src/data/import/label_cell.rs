//! What a cell of a label column says: no label, one, or several, in the ways in which programs write them. What can't
//! be told is refused with its reason: a label that nobody meant would be released.

use domain::project::Task;
use domain::source::means_nothing;
use domain::taxonomy::name;
use serde_json::Value;

/// Between what may be several labels, where it is not `|`.
const OTHER_SEPARATORS: [char; 3] = [';', ',', '#'];

/// The names in a cell; none, where the cell holds no answer. `is_label` knows the labels there are: what is one of them
/// as a whole is that one, whatever it looks like.
pub fn read(task: Task, cell: &str, is_label: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let cell = cell.trim();
    if !cell.is_empty() && is_label(cell) {
        return Ok(vec![cell.to_owned()]);
    }
    let mut names = match cell.chars().next() {
        Some('[') => list(cell)?,
        Some('{') => choices(cell)?,
        _ if task == Task::Multi => cell.split('|').map(str::to_owned).collect(),
        _ => vec![cell.to_owned()],
    };
    names.retain(|name| !means_nothing(name) || (!name.trim().is_empty() && is_label(name)));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name::key(name)));
    if let Some(name) = names.iter().find(|name| name.trim().chars().any(char::is_control)) {
        return Err(format!("{} holds a line break, and a label is one line", shown(name)));
    }
    match (task, names.len()) {
        (Task::Single, 2..) => {
            Err(format!("{} names {} labels, and an item has one here", shown(cell), names.len()))
        }
        _ => Ok(names),
    }
}

/// A hint for a name that may be several.
pub fn may_be_several(task: Task, name: &str) -> Option<String> {
    let separator =
        name.chars().find(|c| OTHER_SEPARATORS.contains(c) || (*c == '|' && task == Task::Single))?;
    Some(match task {
        Task::Multi => {
            format!("if “{separator}” separates several labels, write “|” instead, or a JSON list")
        }
        Task::Single => {
            format!("if “{separator}” separates several labels, an item can have one only in this project")
        }
    })
}

/// The parts of a name that may be several.
pub fn parts(name: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c == '|' || OTHER_SEPARATORS.contains(&c);
    name.split(is_between).map(str::trim).filter(move |part| !part.is_empty() && name.contains(is_between))
}

/// A JSON list, or one as Python prints it.
fn list(cell: &str) -> Result<Vec<String>, String> {
    match serde_json::from_str::<Vec<Value>>(cell) {
        Ok(values) => values.iter().map(|value| plain(cell, value)).collect(),
        Err(_) => python_list(cell).ok_or_else(|| {
            format!(
                "{} begins like a list and can’t be read as one: write a JSON list such as [\"a\", \"b\"]",
                shown(cell)
            )
        }),
    }
}

fn plain(cell: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "{} holds parts of texts or other objects: only labels of whole texts can be taken",
            shown(cell)
        )),
    }
}

/// `{"choices": ["a", "b"]}`, as Label Studio writes more than one choice.
fn choices(cell: &str) -> Result<Vec<String>, String> {
    match serde_json::from_str::<Value>(cell) {
        Ok(Value::Object(object)) if object.len() == 1 => match object.get("choices") {
            Some(Value::Array(values)) => values.iter().map(|value| plain(cell, value)).collect(),
            _ => Err(format!("{} is a JSON object and no label", shown(cell))),
        },
        Ok(_) => Err(format!("{} is a JSON object and no label", shown(cell))),
        Err(_) => Ok(vec![cell.to_owned()]),
    }
}

/// `['a', "b", 1, None]`, and without commas, as NumPy prints it. Bare words are none of Python's.
fn python_list(cell: &str) -> Option<Vec<String>> {
    let mut rest = cell.strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut names = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (name, after) = match first {
            '\'' | '"' => quoted(&rest[1..], first)?,
            _ => bare(rest)?,
        };
        names.push(name);
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    Some(names)
}

/// What stands before a quote, and what behind it.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next()?.1 {
                escaped @ ('\'' | '"' | '\\') => name.push(escaped),
                'n' => name.push('\n'),
                't' => name.push('\t'),
                _ => return None,
            },
            end if end == quote => return Some((name, &text[at + 1..])),
            letter => name.push(letter),
        }
    }
    None
}

fn bare(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
    let word = &text[..end];
    let is_known = matches!(word, "True" | "False" | "None" | "nan") || word.parse::<f64>().is_ok();
    is_known.then(|| (word.to_owned(), &text[end..]))
}

/// The start of a cell, for a sentence.
pub fn shown(cell: &str) -> String {
    const MOST: usize = 60;
    match cell.char_indices().nth(MOST) {
        Some((end, _)) => format!("“{}…”", &cell[..end]),
        None => format!("“{cell}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(cell: &str) -> Result<Vec<String>, String> {
        read(Task::Single, cell, |_| false)
    }

    fn multi(cell: &str) -> Result<Vec<String>, String> {
        read(Task::Multi, cell, |_| false)
    }

    #[test]
    fn a_list_of_one_is_the_label() {
        for cell in [
            "pos",
            " pos ",
            "[\"pos\"]",
            "['pos']",
            "[\"pos\", null]",
            "['pos' 'Pos']",
            "{\"choices\":[\"pos\"]}",
        ] {
            assert_eq!(single(cell).expect("a label"), ["pos"], "{cell}");
        }
        assert_eq!(single("[2]").expect("a label"), ["2"]);
        assert_eq!(single("[True]").expect("a label"), ["True"]);
        let refused = single("[\"pos\", \"urgent\"]").expect_err("two labels");
        assert!(refused.contains("names 2 labels"), "{refused}");
    }

    #[test]
    fn several_labels_have_several_writings() {
        let expected = ["a", "it's b"];
        for cell in [
            "a|it's b",
            "[\"a\", \"it's b\"]",
            "['a', \"it's b\"]",
            "['a' 'it\\'s b']",
            "{\"choices\": [\"a\", \"it's b\"]}",
        ] {
            assert_eq!(multi(cell).expect("labels"), expected, "{cell}");
        }
        assert_eq!(multi("[1, 2.5]").expect("labels"), ["1", "2.5"]);
    }

    #[test]
    fn nothing_is_no_label() {
        for cell in [
            "",
            " ",
            "None",
            "nan",
            "NULL",
            "n/a",
            "-",
            "[]",
            "[ ]",
            "[null]",
            "[None]",
            "[\"\"]",
            "{\"choices\":[]}",
        ] {
            assert_eq!(single(cell), Ok(Vec::new()), "{cell}");
            assert_eq!(multi(cell), Ok(Vec::new()), "{cell}");
        }
        let is_label = |name: &str| name == "None" || name == "[URGENT]" || name == "a|b";
        for cell in ["None", "[URGENT]", "a|b"] {
            assert_eq!(
                read(Task::Multi, cell, is_label).expect("a label"),
                [cell],
                "the owner says that it is one"
            );
        }
        assert_eq!(read(Task::Multi, "None|x", is_label).expect("labels"), ["None", "x"]);
    }

    #[test]
    fn what_can_not_be_told_is_refused() {
        for cell in [
            "[URGENT]",
            "[\"a\"",
            "[[0, 5, \"PER\"]]",
            "[{\"value\": 1}]",
            "{\"a\": 1}",
            "a\nb",
            "['a\\x41']",
        ] {
            assert!(single(cell).is_err(), "{cell}");
            assert!(multi(cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn other_separators_get_a_hint() {
        for name in ["pos#urgent", "a;b", "a, b"] {
            assert!(may_be_several(Task::Multi, name).is_some_and(|hint| hint.contains('|')), "{name}");
            assert!(
                may_be_several(Task::Single, name).is_some_and(|hint| hint.contains("one only")),
                "{name}"
            );
        }
        assert_eq!(may_be_several(Task::Multi, "card lost"), None);
        assert_eq!(parts("a; b#c").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(parts("plain").count(), 0);
    }
}
