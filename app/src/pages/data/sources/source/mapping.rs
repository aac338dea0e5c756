//! The columns as the form says them.

use crate::web::forms::Form;
use domain::source::{DateOrder, LabelColumn, LabelUse, Mapping};
use workflow::Error;

pub fn mapping(columns: &[String], form: &Form) -> Result<Mapping, Error> {
    let mut mapping = Mapping::default();
    let mut twice = Vec::new();
    let mut put = |slot: &mut Option<String>, part: &str, column: &String| {
        if slot.is_some() {
            let message =
                format!("Two columns have the role “{}”: choose one of them.", part.replace('_', " "));
            twice.push(workflow::error::FieldError { field: part.to_owned(), message });
        }
        *slot = Some(column.clone());
    };
    let (mut text, mut label) = (None, None);
    for (i, column) in columns.iter().enumerate() {
        match form.get(&format!("role-{i}")) {
            "text" => put(&mut text, "text", column),
            "id" => put(&mut mapping.id, "id", column),
            "event_time" => put(&mut mapping.event_time, "event_time", column),
            "group" => put(&mut mapping.group, "group", column),
            "label" => put(&mut label, "label", column),
            "ignore" => mapping.ignore.push(column.clone()),
            _ => {}
        }
    }
    if !twice.is_empty() {
        return Err(Error::Invalid(twice));
    }
    mapping.text = text.ok_or_else(|| Error::invalid("text", "Choose the column that holds the text."))?;
    mapping.dates = DateOrder::parse(form.get("dates"));
    mapping.label = label.map(|column| {
        let becomes = match form.get("label") {
            "answers" => LabelUse::Answers { person: form.get("person").to_owned() },
            _ => LabelUse::Field,
        };
        LabelColumn { column, becomes }
    });
    Ok(mapping)
}
