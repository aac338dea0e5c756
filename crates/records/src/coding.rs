//! Bytes as text. UTF-8 is the rule. UTF-16 is told by its first bytes and becomes UTF-8 before anything else is read.
//!
//! Other encodings have no mark. A file is taken for one of them from the first row on that is not UTF-8, unless there are
//! more rows that can only be UTF-8: until then all was ASCII, which is the same in each. A row that is UTF-8 in a file of
//! another encoding is refused, and the other way round: read in the wrong one, its letters would be wrong ones.

use crate::rows::Span;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;
use std::io::{self, Chain, Cursor, Read};

/// What is known of a file's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Nothing but ASCII so far.
    Ascii,
    Utf8,
    /// UTF-8, made of UTF-16.
    Utf16,
    Other(&'static Encoding),
}

/// The bytes of a row, in what they are.
#[derive(Clone, Copy)]
pub enum Letters<'b> {
    Utf8(&'b str),
    Other(&'b [u8], &'static Encoding),
}

impl Coding {
    /// What the start of a file, or of what follows nothing but ASCII, says: most of its lines decide. The last line may
    /// be cut off unless it `is_whole`.
    ///
    /// # Errors
    /// In words, for an encoding that is not read.
    pub fn of(bytes: &[u8], is_whole: bool) -> Result<Coding, String> {
        let end = if is_whole { None } else { memchr::memrchr(b'\n', bytes) };
        let (mut n_utf8, mut n_other) = (0, 0);
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        let lines = bytes[..end.unwrap_or(bytes.len())].split(|b| *b == b'\n');
        for line in lines.filter(|line| !line.is_ascii()) {
            if std::str::from_utf8(line).is_ok() {
                n_utf8 += 1;
            } else {
                n_other += 1;
                detector.feed(line, false);
                detector.feed(b"\n", false);
            }
        }
        if n_utf8 + n_other == 0 {
            return Ok(Coding::Ascii);
        }
        if n_utf8 >= n_other {
            return Ok(Coding::Utf8);
        }
        detector.feed(b"", true);
        let guess = detector.guess(None, Utf8Detection::Deny);
        if guess.is_single_byte() {
            return Ok(Coding::Other(guess));
        }
        let looks = name(guess);
        Err(format!("The file is not UTF-8; it looks like {looks}. Save it as UTF-8 and bring it again."))
    }

    /// Letters of a row, or why they can't be had.
    pub fn letters(self, row: &[u8]) -> Result<Letters<'_>, String> {
        match (self, std::str::from_utf8(row)) {
            (Coding::Other(other), Ok(text)) if !text.is_ascii() => {
                Err(format!("is UTF-8 in a file that is {}", name(other)))
            }
            (_, Ok(text)) => Ok(Letters::Utf8(text)),
            (Coding::Other(other), Err(_)) => {
                let text = other.decode_without_bom_handling_and_without_replacement(row);
                text.map(|_| Letters::Other(row, other)).ok_or_else(|| format!("is not {}", name(other)))
            }
            (Coding::Utf16, Err(_)) => Err("is not UTF-16".to_owned()),
            (Coding::Ascii | Coding::Utf8, Err(_)) => Err("is not UTF-8".to_owned()),
        }
    }

    /// Anything but what is expected, in words.
    pub fn said(self) -> Option<String> {
        match self {
            Coding::Ascii | Coding::Utf8 => None,
            Coding::Utf16 => Some("UTF-16".to_owned()),
            Coding::Other(other) => Some(name(other)),
        }
    }

    /// A row as it is kept where it is refused.
    pub fn as_utf8(self, raw: Vec<u8>) -> Vec<u8> {
        match self {
            Coding::Other(other) if std::str::from_utf8(&raw).is_err() => {
                other.decode_without_bom_handling(&raw).0.into_owned().into_bytes()
            }
            _ => raw,
        }
    }
}

impl<'b> Letters<'b> {
    pub fn cell(self, span: &Span) -> Cow<'b, str> {
        match self {
            Letters::Utf8(row) => span.text(row),
            Letters::Other(row, other) => {
                Cow::Owned(other.decode_without_bom_handling(&span.bytes(row)).0.into_owned())
            }
        }
    }

    pub fn bytes(self) -> &'b [u8] {
        match self {
            Letters::Utf8(row) => row.as_bytes(),
            Letters::Other(row, _) => row,
        }
    }

    pub fn all(self) -> Cow<'b, str> {
        match self {
            Letters::Utf8(row) => row.into(),
            Letters::Other(row, other) => other.decode_without_bom_handling(row).0,
        }
    }
}

fn name(encoding: &'static Encoding) -> String {
    encoding.name().replace("windows", "Windows")
}

/// The bytes of a file, which are UTF-8 as far as they are text.
pub enum Source<R> {
    AsItIs(Chain<Cursor<Vec<u8>>, R>),
    Utf16(Box<Utf16<R>>),
}

impl<R: Read> Source<R> {
    /// `head` is the start of the file, `from` what follows. Says how many bytes of marks were left out.
    pub fn new(head: Vec<u8>, from: R) -> (Source<R>, Coding, u64) {
        if let Some((encoding, n)) = utf16(&head) {
            let mut start = Cursor::new(head);
            start.set_position(n);
            return (Source::Utf16(Box::new(Utf16::new(encoding, start.chain(from)))), Coding::Utf16, n);
        }
        let marked = Encoding::for_bom(&head).filter(|(encoding, _)| *encoding == UTF_8);
        let n = marked.map_or(0, |(_, n)| n as u64);
        let mut start = Cursor::new(head);
        start.set_position(n);
        let coding = if n > 0 { Coding::Utf8 } else { Coding::Ascii };
        (Source::AsItIs(start.chain(from)), coding, n)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::AsItIs(from) => from.read(buffer),
            Source::Utf16(from) => from.read(buffer),
        }
    }
}

/// Is it UTF-16, by its mark or by every other byte of its ASCII being zero? And the bytes of the mark.
fn utf16(head: &[u8]) -> Option<(&'static Encoding, u64)> {
    if let Some((encoding, n)) = Encoding::for_bom(head) {
        return (encoding != UTF_8).then_some((encoding, n as u64));
    }
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let encoding = if odd > 20 * even {
        UTF_16LE
    } else if even > 20 * odd {
        UTF_16BE
    } else {
        return None;
    };
    let whole = &head[..head.len() / 2 * 2];
    let text = encoding.decode_without_bom_handling(whole).0;
    // A single zero in a text is no sign: lines must end as they do in UTF-16.
    let n_ends = whole.iter().filter(|b| **b == b'\n').count();
    let n_lines = text.chars().filter(|c| *c == '\n').count();
    (n_lines > 0 && 2 * n_lines >= n_ends).then_some((encoding, 0))
}

/// UTF-16 as UTF-8.
pub struct Utf16<R> {
    from: Chain<Cursor<Vec<u8>>, R>,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    is_over: bool,
    /// Bytes that were read.
    pub n_read: u64,
}

impl<R: Read> Utf16<R> {
    fn new(encoding: &'static Encoding, from: Chain<Cursor<Vec<u8>>, R>) -> Utf16<R> {
        let decoder = encoding.new_decoder_without_bom_handling();
        Utf16 { from, decoder, raw: vec![0; 64 << 10], text: Vec::new(), at: 0, is_over: false, n_read: 0 }
    }

    fn decode(&mut self) -> io::Result<()> {
        let n = self.from.read(&mut self.raw)?;
        self.n_read += n as u64;
        self.is_over = n == 0;
        let mut raw = &self.raw[..n];
        let mut piece = [0; 4096];
        self.text.clear();
        self.at = 0;
        loop {
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut piece, self.is_over);
            self.text.extend_from_slice(&piece[..written]);
            raw = &raw[read..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                // Nothing that is UTF-8, so that its row is refused.
                DecoderResult::Malformed(..) => self.text.push(0xff),
            }
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            if self.is_over || buffer.is_empty() {
                return Ok(0);
            }
            self.decode()?;
        }
        let n = buffer.len().min(self.text.len() - self.at);
        buffer[..n].copy_from_slice(&self.text[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
