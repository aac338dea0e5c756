//! What the start of a table says of the whole: what separates its columns, whether quotes are quotes, and where its
//! header is. The content tells, not the file's ending.

use crate::rows::{Rows, Style};
use crate::{Notice, Window};
use memchr::memchr;

/// In the order in which they are preferred where nothing else decides.
const SEPARATORS: [u8; 4] = *b"\t,;|";

/// How a table is to be read.
pub struct Start {
    pub style: Style,
    /// Bytes before the header, and their lines.
    pub skip: usize,
    pub lines: i64,
    pub notices: Vec<Notice>,
}

/// Looks at the start of a file; `is_whole` where there is no more of it. `expected` separates where nothing tells.
pub fn look(head: &[u8], is_whole: bool, expected: u8) -> Start {
    let (said, mut skip) = match said_separator(head) {
        Some((separator, n)) => (Some(separator), n),
        None => (None, 0),
    };
    let (n_comments, n) = comments(&head[skip..], is_whole, said, expected);
    skip += n;
    let body = &head[skip..];
    let separator = said.unwrap_or_else(|| separator(body, is_whole, expected));
    let read = Reading::of(body, is_whole, separator);
    // Some write quotes around cells that need them, some write tabs and never quote.
    let quotes = separator != b'\t' || read.width == 1 || read.n_faults == 0 || read.n_needed > 0;
    let mut notices = Vec::new();
    if n_comments > 0 {
        notices.push(Notice::Comments { lines: n_comments });
    }
    if read.width == 1 {
        let most = |s: &u8| *s != separator && read.n_rows > 1 && 2 * lines_with(body, *s) > read.n_rows;
        notices.extend(SEPARATORS.into_iter().find(most).map(|separator| Notice::OneColumn { separator }));
    } else if separator != expected {
        notices.push(Notice::Separator { separator });
    }
    if !quotes {
        notices.push(Notice::QuotesAreText);
    }
    let lines = memchr::memchr_iter(b'\n', &head[..skip]).count() as i64;
    Start { style: Style { separator, quotes }, skip, lines, notices }
}

/// `sep=;` in the first line, as spreadsheets write and read it; and where the next line begins.
fn said_separator(head: &[u8]) -> Option<(u8, usize)> {
    let (line, next) = first_line(head);
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator]
            if separator.is_ascii() && !separator.is_ascii_alphanumeric() && *separator != b'"' =>
        {
            Some((*separator, next))
        }
        _ => None,
    }
}

/// The first line without its end, and where the next one begins.
fn first_line(bytes: &[u8]) -> (&[u8], usize) {
    let end = memchr(b'\n', bytes);
    let line = &bytes[..end.unwrap_or(bytes.len())];
    (line.strip_suffix(b"\r").unwrap_or(line), end.map_or(bytes.len(), |n| n + 1))
}

/// Lines that begin with `#` before the header, and their bytes. The last one may be the header itself: `#id,text`.
fn comments(head: &[u8], is_whole: bool, said: Option<u8>, expected: u8) -> (i64, usize) {
    let (mut n, mut at, mut last) = (0, 0, 0);
    while head[at..].trim_ascii_start().starts_with(b"#") {
        let blank = head[at..].len() - head[at..].trim_ascii_start().len();
        last = at;
        n += 1;
        at += blank + first_line(&head[at + blank..]).1;
    }
    let body = &head[at..];
    // Texts may begin so, too: not all of them are comments.
    let lines = body.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty());
    let (n_lines, n_marked) =
        lines.fold((0, 0), |(all, marked), line| (all + 1, marked + i64::from(line.starts_with(b"#"))));
    if n == 0 || n_lines == 0 || 2 * n_marked > n_lines {
        return (0, 0);
    }
    let separator = said.unwrap_or_else(|| separator(body, is_whole, expected));
    let width = Reading::of(body, is_whole, separator).width;
    let (line, _) = first_line(head[last..].trim_ascii_start());
    if is_header(line, separator, width) { (n - 1, last) } else { (n, at) }
}

/// Does a line that begins with `#` name so many columns?
fn is_header(line: &[u8], separator: u8, width: usize) -> bool {
    let line = line.strip_prefix(b"#").unwrap_or(line);
    let line = if width > 1 { line.strip_prefix(b" ").unwrap_or(line) } else { line };
    let names: Vec<&[u8]> = line.split(|b| *b == separator).collect();
    let is_name = |name: &&[u8]| {
        let has_letter = name.iter().any(|b| b.is_ascii_alphabetic() || !b.is_ascii());
        name.len() <= 40 && has_letter && !name.iter().any(u8::is_ascii_whitespace)
    };
    names.len() == width && names.iter().all(is_name)
}

/// What separates the columns: a header has it, and most rows have as many of it.
fn separator(body: &[u8], is_whole: bool, expected: u8) -> u8 {
    let fits = |read: &Reading| read.width > 1 && 2 * read.n_fit >= read.n_rows;
    let readings = SEPARATORS.map(|separator| (separator, Reading::of(body, is_whole, separator)));
    // Nobody has a tab in a header by accident.
    if fits(&readings[0].1) {
        return b'\t';
    }
    let best = readings[1..].iter().filter(|(_, read)| fits(read)).min_by_key(|(_, read)| {
        let misfits = (1000 * read.n_fit).checked_div(read.n_rows).map_or(0, |fit| 1000 - fit);
        // Signs in sentences have a blank behind them, and are not where quotes begin and end.
        (misfits, read.n_stray, read.n_spaced)
    });
    best.map_or(expected, |(separator, _)| *separator)
}

/// What comes of the start of a file with one separator.
struct Reading {
    /// Cells of the header.
    width: usize,
    /// Behind the header, and those of them with as many cells.
    n_rows: usize,
    n_fit: usize,
    /// Rows with a quote in the middle of a cell.
    n_stray: usize,
    /// Separators of the header that have a blank behind them.
    n_spaced: usize,
    /// Cells that could not do without their quotes.
    n_needed: usize,
    /// Rows whose quotes are not balanced.
    n_faults: usize,
}

impl Reading {
    fn of(body: &[u8], is_whole: bool, separator: u8) -> Reading {
        let read = Reading::with(body, is_whole, Style { separator, quotes: true });
        if separator != b'\t' || read.n_faults == 0 {
            return read;
        }
        let plain = Reading::with(body, is_whole, Style { separator, quotes: false });
        Reading { n_needed: read.n_needed, n_faults: read.n_faults, ..plain }
    }

    fn with(body: &[u8], is_whole: bool, style: Style) -> Reading {
        let separator = style.separator;
        let mut read =
            Reading { width: 1, n_rows: 0, n_fit: 0, n_stray: 0, n_spaced: 0, n_needed: 0, n_faults: 0 };
        let mut rows = Rows::new(Window::new(body), style, 1, usize::MAX);
        let mut is_header = true;
        // Bytes in memory have no errors.
        while let Ok(Some(found)) = rows.next() {
            let n_cells = match found {
                Ok(()) => {
                    let row = rows.row();
                    read.n_needed +=
                        row.cells.iter().filter(|c| c.needs_quotes(row.bytes, separator)).count();
                    read.n_stray += usize::from(row.cells.iter().any(|c| c.has_stray_quote(row.bytes)));
                    if is_header {
                        read.n_spaced = row.bytes.windows(2).filter(|w| *w == [separator, b' ']).count();
                    }
                    row.n_cells
                }
                Err(refused) if refused.is_open && !is_whole => break,
                Err(_) => 0,
            };
            // The last row of a start may be cut off.
            let is_cut = !is_whole && rows.ahead().is_empty();
            if n_cells == 0 && !is_cut {
                read.n_faults += 1;
            }
            if is_header {
                read.width = n_cells.max(1);
                is_header = false;
            } else if !is_cut {
                read.n_rows += 1;
                read.n_fit += usize::from(n_cells == read.width);
            }
        }
        read
    }
}

/// Lines that hold a separator that no blank follows.
fn lines_with(body: &[u8], separator: u8) -> usize {
    let holds = |line: &&[u8]| line.windows(2).any(|w| w[0] == separator && !w[1].is_ascii_whitespace());
    body.split(|b| *b == b'\n').filter(holds).count()
}
