mod encodings;
mod objects;
mod quotes;
mod separators;

use super::*;
use rand::{Rng, SeedableRng};

fn open(bytes: &[u8], format: Format) -> Records<&[u8]> {
    Records::open(bytes, Some(format), COLUMN_LIMIT).expect("a readable file")
}

/// Line, and the cells or the reason.
type Seen = (i64, Result<Vec<(String, String)>, String>);

fn all(bytes: &[u8], format: Format) -> Vec<Seen> {
    let mut records = open(bytes, format);
    let mut seen = Vec::new();
    while let Some(record) = records.next_record().expect("readable") {
        let cells = record.cells.map(|cells| cells.into_iter().map(|(n, v)| (n.to_string(), v)).collect());
        seen.push((record.line, cells));
    }
    assert_eq!(records.bytes(), bytes.len() as u64, "everything was read");
    seen
}

fn values(seen: &[Seen]) -> Vec<(i64, Vec<&str>)> {
    seen.iter()
        .filter_map(|(line, cells)| {
            Some((*line, cells.as_ref().ok()?.iter().map(|(_, value)| value.as_str()).collect()))
        })
        .collect()
}

#[test]
fn quotes_line_ends_and_blank_lines() {
    let file =
        b"\xef\xbb\xbfid,text\r\n1,\"a, \"\"b\"\"\r\nsecond line\"\r\n\r\n2,plain \"quotes\" stay\n\n3,last";
    let seen = all(file, Format::Csv);
    assert_eq!(
        values(&seen),
        [
            (2, vec!["1", "a, \"b\"\r\nsecond line"]),
            (5, vec!["2", "plain \"quotes\" stay"]),
            (7, vec!["3", "last"])
        ]
    );
    assert_eq!(values(&all(b"a\tb\nx, y\tz", Format::Tsv)), [(2, vec!["x, y", "z"])]);
    assert_eq!(values(&all(b"a,b\rx,y\rz,w\r", Format::Csv)), [(2, vec!["x", "y"]), (3, vec!["z", "w"])]);
}

#[test]
fn what_does_not_fit_is_refused_with_its_line() {
    let file = b"id,text\n1,a\n2\n3,b,c\n4,fine\n";
    let seen = all(file, Format::Csv);
    let reasons: Vec<(i64, &str)> =
        seen.iter().filter_map(|(line, cells)| Some((*line, cells.as_ref().err()?.as_str()))).collect();
    assert_eq!(
        reasons,
        [(3, "the row has 1 cells, the header has 2"), (4, "the row has 3 cells, the header has 2"),]
    );
    assert_eq!(values(&seen), [(2, vec!["1", "a"]), (5, vec!["4", "fine"])]);
}

#[test]
fn a_huge_cell_is_refused_and_never_held() {
    let mut file = b"id,text\n1,\"".to_vec();
    file.resize(file.len() + (10 << 20), b'x');
    file.extend_from_slice(b"\"\n2,fine\n");
    let mut records = open(&file, Format::Csv);
    let huge = records.next_record().expect("readable").expect("a row");
    assert_eq!((huge.line, huge.cells), (2, Err("a cell is longer than 1 MB".to_owned())));
    assert!(huge.raw.len() <= RAW_LIMIT);
    assert!(records.reader.rows.bytes().len() <= 2 * ROW_LIMIT);
    assert_eq!(records.next_record().expect("readable").expect("a row").line, 3);
    assert!(records.next_record().expect("readable").is_none());

    let mut file = vec![b'{'; 3 << 20];
    file.extend_from_slice(b"\n{\"text\":\"fine\"}");
    let seen = all(&file, Format::Jsonl);
    assert_eq!(seen[0], (1, Err("the line is longer than 1 MB".to_owned())));
    assert_eq!(values(&seen), [(2, vec!["fine"])]);
}

#[test]
fn files_that_are_none() {
    let why = |bytes: &[u8], format| match Records::open(bytes, Some(format), COLUMN_LIMIT) {
        Ok(_) => "was taken".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(why(b"", Format::Csv), "The file is empty.");
    assert_eq!(why(b"", Format::Jsonl), "The file is empty.");
    assert!(why(b"a,A,a\n", Format::Csv).starts_with("Two columns are called “a”"));
    assert!(why(b"a;b;a\n", Format::Csv).starts_with("Two columns are called “a”"));
    for format in [Format::Csv, Format::Tsv, Format::Jsonl] {
        assert!(why(b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", format).starts_with("The file is a PDF."));
        assert!(why(b"PK\x03\x04\x14\0", format).contains("save or unpack it as CSV"));
    }
    assert!(why(b" [1]", Format::Jsonl).starts_with("The file is one JSON array"));
    let arrays =
        ["[\n  {\n    \"text\": \"a\"\n  }\n]\n", "\u{feff}[{\"text\":\"a\"}]", "\n[ \"a\", \"b\" ]", "[]"];
    for array in arrays {
        for format in [Format::Csv, Format::Tsv, Format::Jsonl] {
            assert!(why(array.as_bytes(), format).starts_with("The file is one JSON array"), "{array}");
        }
    }
    assert_eq!(values(&all(b"[id],text\n1,a\n", Format::Csv)), [(2, vec!["1", "a"])]);
}

/// Whatever the csv crate writes is read back, in pieces of any size.
#[test]
fn reads_what_the_csv_crate_writes() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let letters = ["a", "ä", "\"", ",", "\n", "\r\n", " ", "x;y", "=1"];
    for _ in 0..300 {
        let rows: Vec<[String; 3]> = (0..rng.gen_range(1..6))
            .map(|i| {
                let cell = |rng: &mut rand::rngs::StdRng| -> String {
                    (0..rng.gen_range(1..6)).map(|_| letters[rng.gen_range(0..letters.len())]).collect()
                };
                [i.to_string(), cell(&mut rng), cell(&mut rng)]
            })
            .collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "b", "c"]).expect("a header");
        for row in &rows {
            writer.write_record(row).expect("a row");
        }
        let bytes = writer.into_inner().expect("bytes");
        let seen = all(&bytes, Format::Csv);
        let got: Vec<Vec<&str>> = values(&seen).into_iter().map(|r| r.1).collect();
        assert_eq!(
            got,
            rows.iter().map(|r| r.iter().map(String::as_str).collect::<Vec<_>>()).collect::<Vec<_>>()
        );

        let mut slow = Records::open(Dripping(&bytes), Some(Format::Csv), COLUMN_LIMIT).expect("a header");
        let mut n = 0;
        while let Some(record) = slow.next_record().expect("readable") {
            assert_eq!(record.line, seen[n].0);
            n += 1;
        }
        assert_eq!(n, rows.len());
    }
}

/// Gives one byte at a time.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.len().min(1).min(buffer.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}
