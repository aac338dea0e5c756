//! Texts of JSON: what stands between two quotes.

use super::Reader;
use std::borrow::Cow;

impl<'t> Reader<'t> {
    /// A text in quotes.
    pub(super) fn text(&mut self) -> Result<Cow<'t, str>, String> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.line.as_bytes()[self.at..];
            let end = rest.iter().position(|b| matches!(b, b'"' | b'\\' | ..0x20));
            let Some(end) = end else {
                self.at = self.line.len();
                return Err(self.unexpected());
            };
            let part = &self.line[self.at..self.at + end];
            if text.is_empty() {
                text = part.into()
            } else {
                text.to_mut().push_str(part)
            }
            self.at += end;
            match rest[end] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => {
                    let c = self.escape()?;
                    text.to_mut().push(c);
                }
                _ => {
                    return Err(self.wrong(
                        "a text holds a control character, which JSON writes as \\n, \\t or \\u0000",
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let at = self.at;
        let c = match self.line.as_bytes().get(at + 1) {
            Some(b'u') => return self.code(),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            _ => return Err(self.wrong("a backslash stands before something that it does not go with")),
        };
        self.at += 2;
        Ok(c)
    }

    /// `\u` and four digits, or two of them for a character beyond the first 65,536.
    fn code(&mut self) -> Result<char, String> {
        let at = self.at;
        let unit = |at: usize| {
            let digits = self.line.as_bytes().get(at..at + 6)?.strip_prefix(b"\\u")?;
            let digits =
                std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u16::from_str_radix(digits, 16).ok()
        };
        let Some(first) = unit(at) else { return Err(self.wrong("\\u is followed by four digits")) };
        let second = unit(at + 6).filter(|_| (0xd800..0xdc00).contains(&first));
        let units = [first, second.unwrap_or_default()];
        let units = &units[..1 + usize::from(second.is_some())];
        match char::decode_utf16(units.iter().copied()).next() {
            Some(Ok(c)) => {
                self.at += 6 * units.len();
                Ok(c)
            }
            _ => Err(self.wrong(&format!("\\u{first:04x} is half a character: its other half is missing"))),
        }
    }
}

/// Writes a text as JSON does.
pub fn push_text(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}
