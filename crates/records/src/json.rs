//! A line of JSON as cells. Objects inside become columns of their own (`data.text`); numbers keep their digits.
//!
//! What Python writes beyond JSON (`NaN`, `Infinity`) is as good as absent. What would lose something is refused with its
//! place: a key that stands twice, half a surrogate pair.

mod text;

use crate::NAME_LIMIT;
use std::borrow::Cow;
use std::collections::HashSet;
use text::push_text;

/// Lists and objects in each other.
const DEPTH: usize = 128;
/// Keys of an object.
const FEW: usize = 32;

/// What a column holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Value<'t> {
    /// A text, or a number, `true` or `false` as it is written.
    Text(Cow<'t, str>),
    /// A list, or an object under a name that is too long: JSON without blanks.
    Nested(String),
}

/// Reads an object; `put` is told each column with what it holds.
///
/// # Errors
/// Why it is none, with the place in the line.
pub fn object<'t>(line: &'t str, put: &mut dyn FnMut(&str, Value<'t>)) -> Result<(), String> {
    let mut reader = Reader { line, at: 0, depth: 0, keys: Vec::new() };
    reader.blanks();
    if reader.peek() != Some(b'{') {
        let is_json = reader.value().is_ok() && reader.ends();
        return Err(if is_json { "the line is no JSON object" } else { "the line is not JSON" }.to_owned());
    }
    reader.columns(&mut String::new(), put)?;
    if reader.ends() {
        return Ok(());
    }
    let another = if reader.peek() == Some(b'{') { ": each object has a line of its own" } else { "" };
    Err(reader.wrong(&format!("something follows the object{another}")))
}

struct Reader<'t> {
    line: &'t str,
    at: usize,
    depth: usize,
    /// Of the objects that are open.
    keys: Vec<Cow<'t, str>>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn ends(&mut self) -> bool {
        self.blanks();
        self.peek().is_none()
    }

    /// Takes a sign, if it is there.
    fn takes(&mut self, sign: u8) -> bool {
        self.blanks();
        let is_there = self.peek() == Some(sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn wrong(&self, what: &str) -> String {
        self.wrong_at(self.at, what)
    }

    fn wrong_at(&self, at: usize, what: &str) -> String {
        format!("{what} (character {})", self.line[..at].chars().count() + 1)
    }

    fn unexpected(&mut self) -> String {
        if self.ends() {
            "the JSON object does not end in this line: each object has a line of its own".to_owned()
        } else {
            self.wrong("the line is not JSON")
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.wrong(&format!("lists and objects are more than {DEPTH} deep")));
        }
        Ok(())
    }

    /// An object whose keys are columns. `path` is what stands before their names.
    fn columns(&mut self, path: &mut String, put: &mut dyn FnMut(&str, Value<'t>)) -> Result<(), String> {
        let from = path.len();
        self.members(&mut |reader, key| {
            path.truncate(from);
            path.push_str(key);
            let is_name = !key.trim().is_empty() && !key.contains('\0') && path.chars().count() <= NAME_LIMIT;
            if !is_name {
                return Err(format!("a key is empty or longer than {NAME_LIMIT} characters"));
            }
            if reader.peek() == Some(b'{') && reader.fits(path)? {
                path.push('.');
                return reader.columns(path, put);
            }
            if let Some(value) = reader.value()? {
                put(path, value);
            }
            Ok(())
        })?;
        path.truncate(from);
        Ok(())
    }

    /// Do the keys of the object that begins here make names of columns?
    fn fits(&mut self, path: &str) -> Result<bool, String> {
        let (at, room) = (self.at, NAME_LIMIT.saturating_sub(path.chars().count() + 1));
        let mut fits = true;
        self.members(&mut |reader, key| {
            fits &= !key.trim().is_empty() && !key.contains('\0') && key.chars().count() <= room;
            reader.value().map(|_| ())
        })?;
        self.at = at;
        Ok(fits)
    }

    /// Goes through an object: `each` reads the value of a key.
    fn members(
        &mut self,
        each: &mut dyn FnMut(&mut Reader<'t>, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        self.deeper()?;
        self.takes(b'{');
        let own = self.keys.len();
        let mut seen = HashSet::new();
        if !self.takes(b'}') {
            loop {
                self.blanks();
                let at = self.at;
                if self.peek() != Some(b'"') {
                    return Err(self.unexpected());
                }
                let key = self.text()?;
                // One by one, few keys are compared faster than they are hashed.
                let few = self.keys.len() - own < FEW;
                if !few && seen.is_empty() {
                    seen.extend(self.keys[own..].iter().cloned());
                }
                let is_known = if few { self.keys[own..].contains(&key) } else { !seen.insert(key.clone()) };
                if is_known {
                    return Err(self.wrong_at(at, &format!("the key “{key}” stands twice in an object")));
                }
                if !self.takes(b':') {
                    return Err(self.unexpected());
                }
                self.blanks();
                self.keys.push(key.clone());
                each(self, &key)?;
                if self.takes(b'}') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.unexpected());
                }
            }
        }
        self.keys.truncate(own);
        self.depth -= 1;
        Ok(())
    }

    /// A value; nothing for `null` and what is no number.
    fn value(&mut self) -> Result<Option<Value<'t>>, String> {
        self.blanks();
        match self.peek() {
            Some(b'"') => Ok(Some(Value::Text(self.text()?))),
            Some(b'{' | b'[') => {
                let mut json = String::new();
                self.nested(&mut json)?;
                Ok(Some(Value::Nested(json)))
            }
            _ => Ok(self.word()?.map(|word| Value::Text(word.into()))),
        }
    }

    /// A number, `true` or `false` as it is written; nothing for `null`, `NaN` and `Infinity`.
    fn word(&mut self) -> Result<Option<&'t str>, String> {
        let from = self.at;
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
        match &self.line[from..self.at] {
            "null" | "NaN" | "Infinity" | "-Infinity" => Ok(None),
            word if word == "true" || word == "false" || is_number(word.as_bytes()) => Ok(Some(word)),
            _ => {
                self.at = from;
                Err(self.unexpected())
            }
        }
    }

    /// A list or an object as JSON without blanks.
    fn nested(&mut self, json: &mut String) -> Result<(), String> {
        match self.peek() {
            Some(b'"') => push_text(&self.text()?, json),
            Some(b'{') => {
                json.push('{');
                let start = json.len();
                self.members(&mut |reader, key| {
                    if json.len() > start {
                        json.push(',');
                    }
                    push_text(key, json);
                    json.push(':');
                    reader.nested(json)
                })?;
                json.push('}');
            }
            Some(b'[') => {
                self.deeper()?;
                self.at += 1;
                json.push('[');
                if !self.takes(b']') {
                    loop {
                        self.blanks();
                        self.nested(json)?;
                        if self.takes(b']') {
                            break;
                        }
                        if !self.takes(b',') {
                            return Err(self.unexpected());
                        }
                        json.push(',');
                    }
                }
                self.depth -= 1;
                json.push(']');
            }
            _ => json.push_str(self.word()?.unwrap_or("null")),
        }
        Ok(())
    }
}

fn is_number(word: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let n = digits(rest);
    if n == 0 || n > 1 && rest[0] == b'0' {
        return false;
    }
    rest = &rest[n..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}
