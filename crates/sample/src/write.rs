//! Messages as files that an import takes: CSV (RFC 4180) and JSON Lines.

use crate::calendar::rfc3339;
use crate::{INTENTS, Message};
use std::borrow::{Borrow, Cow};
use std::io::{self, Write};

/// Whether the true intent goes into the file: never where people are to find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Without it.
    Hidden,
    /// In a last column `intent`, as a key.
    Shown,
}

/// Writes CSV with a header: `external_id,text,event_at,customer,channel,plan,language` and, if shown, `intent`. Rows end
/// in CRLF, times are RFC 3339 in UTC.
///
/// # Errors
/// What the writer says. Hand it a buffered one.
pub fn write_csv<M: Borrow<Message>>(
    mut out: impl Write,
    messages: impl IntoIterator<Item = M>,
    truth: Truth,
) -> io::Result<()> {
    out.write_all(b"external_id,text,event_at,customer,channel,plan,language")?;
    out.write_all(if truth == Truth::Shown { b",intent\r\n" } else { b"\r\n" })?;
    let mut line = Vec::new();
    for message in messages {
        line.clear();
        for (at, (_, value)) in fields(message.borrow(), truth).iter().enumerate() {
            if at > 0 {
                line.push(b',');
            }
            if value.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
                line.push(b'"');
                for (at, part) in value.split('"').enumerate() {
                    line.extend_from_slice(if at > 0 { b"\"\"" } else { b"" });
                    line.extend_from_slice(part.as_bytes());
                }
                line.push(b'"');
            } else {
                line.extend_from_slice(value.as_bytes());
            }
        }
        line.extend_from_slice(b"\r\n");
        out.write_all(&line)?;
    }
    out.flush()
}

/// Writes one JSON object a line with the keys of [`write_csv`].
///
/// # Errors
/// What the writer says. Hand it a buffered one.
pub fn write_jsonl<M: Borrow<Message>>(
    mut out: impl Write,
    messages: impl IntoIterator<Item = M>,
    truth: Truth,
) -> io::Result<()> {
    let mut line = Vec::new();
    for message in messages {
        line.clear();
        for (at, (key, value)) in fields(message.borrow(), truth).iter().enumerate() {
            line.push(if at > 0 { b',' } else { b'{' });
            push_json(key, &mut line);
            line.push(b':');
            push_json(value, &mut line);
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line)?;
    }
    out.flush()
}

/// The fields of a file in their order; without the intent where that stays hidden.
fn fields(message: &Message, truth: Truth) -> Vec<(&'static str, Cow<'_, str>)> {
    let mut fields = vec![
        ("external_id", message.external_id.as_str().into()),
        ("text", message.text.as_str().into()),
        ("event_at", rfc3339(message.event_at_micros).into()),
        ("customer", message.group.as_str().into()),
        ("channel", message.channel.as_str().into()),
        ("plan", message.plan.as_str().into()),
        ("language", message.language.into()),
    ];
    if truth == Truth::Shown {
        fields.push(("intent", INTENTS.get(message.intent).map_or("", |intent| intent.key).into()));
    }
    fields
}

/// A JSON string (RFC 8259): only quotes, backslashes and control characters need an escape, all of them single bytes.
fn push_json(value: &str, line: &mut Vec<u8>) {
    line.push(b'"');
    let bytes = value.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate().filter(|(_, b)| **b < b' ' || matches!(**b, b'"' | b'\\')) {
        line.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            _ => line.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    line.extend_from_slice(&bytes[from..]);
    line.push(b'"');
}
