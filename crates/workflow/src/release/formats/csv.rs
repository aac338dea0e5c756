//! `train.csv`, `validation.csv`, `test.csv`: a table with a header, for spreadsheets and data frames.

use super::{Format, Labels, Row, Shape};
use crate::{Error, Result};
use domain::project::Task;

struct Csv {
    /// The fields that are columns.
    columns: Vec<String>,
}

pub fn begin(shape: &Shape, out: &mut Vec<u8>) -> Result<Box<dyn Format>> {
    let labels = match shape.task {
        Task::Single => ["label", "label_id"],
        Task::Multi => ["labels", "label_ids"],
    };
    let fixed = ["id", "text", labels[0], labels[1]];
    let rest = ["state", "confidence", "n_answers", "control", "group", "event_at"];
    let names = fixed.iter().chain(&rest).map(|n| (*n).to_owned());
    line(names.chain(shape.columns.iter().map(|c| format!("field.{}", safe(c)))), out)?;
    Ok(Box::new(Csv { columns: shape.columns.clone() }))
}

impl Format for Csv {
    fn row(&mut self, Row { row, labels, event_at }: &Row<'_>, out: &mut Vec<u8>) -> Result<()> {
        let (label, label_id) = match labels {
            Labels::Single { label, label_id } => (safe(label), label_id.to_string()),
            // A name may hold any separator, so a set is a JSON list in its cell.
            Labels::Multi { labels, label_ids } => (
                serde_json::to_string(labels).map_err(Error::internal)?,
                serde_json::to_string(label_ids).map_err(Error::internal)?,
            ),
        };
        let fixed = [
            safe(&row.external_id),
            safe(&row.text),
            label,
            label_id,
            row.state.as_str().to_owned(),
            row.confidence.map_or_else(String::new, |c| c.to_string()),
            row.answers.0.len().to_string(),
            row.control.to_string(),
            row.group_key.as_deref().map_or_else(String::new, safe),
            event_at.clone().unwrap_or_default(),
        ];
        let cell = |name: &String| match row.fields.0.get(name) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => safe(text),
            Some(other) => other.to_string(),
        };
        line(fixed.into_iter().chain(self.columns.iter().map(cell)), out)
    }
}

fn line(cells: impl Iterator<Item = String>, out: &mut Vec<u8>) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for cell in cells {
        writer.write_field(cell).map_err(Error::internal)?;
    }
    writer.write_record(None::<&[u8]>).map_err(Error::internal)?;
    writer.flush().map_err(Error::internal)
}

/// Escapes a text that a spreadsheet would take for a formula (OWASP, "CSV Injection").
fn safe(text: &str) -> String {
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];
    if text.starts_with(formula) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]
        {
            assert_eq!(safe(bad), format!("'{bad}"));
        }
        assert_eq!(safe("a = b"), "a = b");
        let cells = ["a,b", "say \"hi\"", "two\nlines"].map(String::from);
        let mut got = Vec::new();
        line(cells.into_iter(), &mut got).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n");
    }
}
