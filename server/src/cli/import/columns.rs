//! What each column of a file was taken for and why, before any row is taken in; and the question whether that is right.

use super::visible;
use anyhow::bail;
use domain::source::{LabelUse, Mapping};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write, stderr, stdin};
use workflow::data::import::{Reason, Sample};

/// A role, the column that has it, and why.
pub struct Taken {
    pub role: &'static str,
    pub column: Option<String>,
    pub why: String,
    /// Nobody named it, and it is not called so either.
    pub is_doubtful: bool,
    /// Nobody named it.
    pub is_guessed: bool,
}

/// The columns of a file before it is taken in.
pub struct Columns<'s> {
    pub sample: &'s Sample,
    pub taken: Vec<Taken>,
    pub fields: Vec<String>,
    pub cautions: Vec<String>,
    /// Among the cautions is one that somebody should decide.
    is_doubtful: bool,
}

impl<'s> Columns<'s> {
    /// `said` are the roles that the command line names.
    pub fn of(sample: &'s Sample, mapping: &Mapping, said: &[&str], cautions: Vec<String>) -> Columns<'s> {
        let taken = sample.guessed().reasons.into_iter().map(|reason| taken(reason, mapping, said)).collect();
        let fields = sample.columns.iter().filter(|column| mapping.is_field(column)).cloned().collect();
        let certain: Vec<String> =
            sample.notices.iter().filter(|n| n.is_certain()).map(ToString::to_string).collect();
        let is_doubtful = cautions.iter().any(|caution| !certain.contains(caution));
        Columns { sample, taken, fields, cautions, is_doubtful }
    }

    pub fn json(&self) -> Value {
        let of = |taken: &Taken| json!({ "role": taken.role, "column": taken.column, "guessed": taken.is_guessed, "why": taken.why });
        self.taken.iter().map(of).collect()
    }

    /// Beside the result, which goes to standard output.
    pub fn print(&self, name: &str) -> std::io::Result<()> {
        let mut out = stderr().lock();
        let format = self.sample.format.as_str().to_uppercase();
        writeln!(out, "{} ({format}):", visible(name))?;
        for taken in &self.taken {
            let column = taken.column.as_deref().map_or("–".to_owned(), visible);
            writeln!(out, "  {:<11} {column}  ({})", taken.role.replace('_', " "), visible(&taken.why))?;
        }
        let fields: Vec<String> = self.fields.iter().map(|column| visible(column)).collect();
        writeln!(
            out,
            "  {:<11} {}",
            "fields",
            if fields.is_empty() { "–".to_owned() } else { fields.join(", ") }
        )?;
        for caution in &self.cautions {
            writeln!(out, "! {}", visible(caution))?;
        }
        Ok(())
    }

    /// Is it right? On a terminal the person says it. Elsewhere nobody can be asked: what is sure goes on, the rest is
    /// refused.
    pub fn confirm(&self) -> anyhow::Result<bool> {
        if !self.taken.iter().any(|taken| taken.is_guessed && taken.column.is_some()) && !self.is_doubtful {
            return Ok(true);
        }
        if stdin().is_terminal() && stderr().is_terminal() {
            eprint!("Import it like this? [y/N] ");
            stderr().flush()?;
            let mut line = String::new();
            stdin().lock().read_line(&mut line)?;
            return Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"));
        }
        let doubtful: Vec<String> = self
            .taken
            .iter()
            .filter(|taken| taken.is_doubtful)
            .filter_map(|taken| {
                Some(format!("--{} {}", taken.role.replace('_', "-"), visible(taken.column.as_ref()?)))
            })
            .collect();
        if doubtful.is_empty() && !self.is_doubtful {
            return Ok(true);
        }
        let mut why = "nothing was imported, because somebody should look first".to_owned();
        if !doubtful.is_empty() {
            why.push_str(&format!(": if the guess is right, say {}", doubtful.join(" ")));
        }
        bail!("{why}; --yes imports it as it is shown above");
    }
}

fn taken(reason: Reason, mapping: &Mapping, said: &[&str]) -> Taken {
    let Reason { role, column: guessed, why, sure } = reason;
    let column = match role {
        "text" => Some(mapping.text.clone()).filter(|text| !text.is_empty()),
        "id" => mapping.id.clone(),
        "event_time" => mapping.event_time.clone(),
        "group" => mapping.group.clone(),
        _ => mapping.label.as_ref().map(|label| label.column.clone()),
    };
    let was_said = said.contains(&role);
    let mut why = match (&column, &guessed) {
        _ if was_said => "as you say".to_owned(),
        (None, Some(guessed)) if role == "label" => {
            format!("“{guessed}” looks like labels and stays a field: --label says otherwise")
        }
        (None, Some(guessed)) => format!("“{guessed}” is something else, as you say"),
        _ => why,
    };
    if role == "label"
        && let Some(label) = &mapping.label
    {
        why.push_str(&match &label.becomes {
            LabelUse::Field => "; it becomes a field".to_owned(),
            LabelUse::Answers { person } => format!("; they become answers of {person}"),
        });
    }
    if let (true, Some(dates)) = (role == "event_time" && column.is_some(), mapping.dates) {
        why.push_str(&format!("; {} in dates such as 03/04/2025", dates.as_str()));
    }
    let is_guessed = !was_said && column.is_some();
    Taken { role, column, why, is_doubtful: is_guessed && !sure, is_guessed }
}
