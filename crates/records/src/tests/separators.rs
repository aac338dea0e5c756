use super::*;

/// The rows, and what was noticed.
fn read(file: &str, format: Format) -> (Vec<Vec<String>>, Vec<Notice>) {
    let mut records = open(file.as_bytes(), format);
    let mut rows = vec![records.columns().iter().map(|c| c.to_string()).collect()];
    while let Some(record) = records.next_record().expect("readable") {
        rows.push(record.cells.expect("a row").into_iter().map(|(_, value)| value).collect());
    }
    (rows, records.notices().to_vec())
}

#[test]
fn the_content_tells_what_separates() {
    for (separator, sign) in [(',', b','), (';', b';'), ('\t', b'\t'), ('|', b'|')] {
        let file = format!("id{separator}text\n1{separator}one: two\n2{separator}three\n");
        for (format, expected) in [(Format::Csv, b','), (Format::Tsv, b'\t')] {
            let (rows, notices) = read(&file, format);
            assert_eq!(rows, [["id", "text"], ["1", "one: two"], ["2", "three"]], "{file}");
            let told = (sign != expected).then_some(Notice::Separator { separator: sign });
            assert_eq!(notices, Vec::from_iter(told));
        }
    }
    assert_eq!(read("id\ttext, long\n1\tone, two\n2\tthree\n", Format::Csv).0[1], ["1", "one, two"]);
    assert_eq!(
        read("Nr;Text, lang;Betrag\n1;weg;10,50\n2;da;0,00\n", Format::Csv).0[1],
        ["1", "weg", "10,50"]
    );
    assert_eq!(read("id;text, long\n1;hello, you\n2;bye\n", Format::Csv).0[1], ["1", "hello, you"]);
    assert_eq!(read("id,text;long\n1,a;b\n", Format::Csv).0[1], ["1", "a;b"]);
    // A single column with tabs, where its name says so.
    assert_eq!(read("text\nhello, you\n", Format::Tsv).0[1], ["hello, you"]);
}

#[test]
fn semicolons_with_quotes_blank_lines_and_long_rows() {
    let file = "\u{feff}id;\"text, long\"\n1;\"a; \"\"b\"\", c\"\n\n2;d, e\n3\n";
    let seen = all(file.as_bytes(), Format::Csv);
    assert_eq!(values(&seen), [(2, vec!["1", "a; \"b\", c"]), (4, vec!["2", "d, e"])]);
    assert_eq!(seen[2], (5, Err("the row has 1 cells, the header has 2".to_owned())));
    assert_eq!(open(b"id;text\n", Format::Csv).columns().len(), 2);
    // A row that goes on behind what is looked at.
    let long = format!("text;label\n{};x\n", "word ".repeat(20_000));
    assert_eq!(values(&all(long.as_bytes(), Format::Csv))[0].1[1], "x");
}

#[test]
fn a_line_that_says_the_separator_is_obeyed() {
    let file = "sep=;\r\nid;text, long\r\n1;eins, zwei\r\n";
    let (rows, notices) = read(file, Format::Csv);
    assert_eq!(rows, [["id", "text, long"], ["1", "eins, zwei"]]);
    assert_eq!(notices, [Notice::Separator { separator: b';' }]);
    assert_eq!(all(file.as_bytes(), Format::Csv)[0].0, 3);
    assert_eq!(read("\u{feff}\"sep=^\"\nid^text\n1^a,b\n", Format::Csv).0[1], ["1", "a,b"]);
    // A column may be called so.
    assert_eq!(read("sep=long\nx\n", Format::Csv).0[0], ["sep=long"]);
}

#[test]
fn comments_before_the_header_are_passed_over() {
    let file = "# exported 2026-11-02, by me\n# more\nid,text\n1,# no comment\n";
    let (rows, notices) = read(file, Format::Csv);
    assert_eq!(rows, [["id", "text"], ["1", "# no comment"]]);
    assert_eq!(notices, [Notice::Comments { lines: 2 }]);
    assert_eq!(all(file.as_bytes(), Format::Csv)[0].0, 4);
    // The header itself may begin so, and so may texts.
    assert_eq!(read("#id\ttext\n1\ta\n", Format::Tsv).0, [["#id", "text"], ["1", "a"]]);
    assert_eq!(read("## made by a tool\n#id,text\n1,a\n", Format::Csv).0, [["#id", "text"], ["1", "a"]]);
    assert_eq!(read("#tag\n#one\n#two\n", Format::Csv).1, []);
}

#[test]
fn one_column_full_of_separators_is_told() {
    let told = |separator| [Notice::OneColumn { separator }];
    assert_eq!(read("text\na;b;c\nd;e;f\n", Format::Csv).1, told(b';'));
    assert_eq!(read("text\na,b\nc,d\n", Format::Tsv).1, told(b','));
    assert_eq!(read("note; remark\nfirst\nsecond; and more\nthird\n", Format::Csv).1, []);
    assert_eq!(
        read("note; remark\nfirst\nsecond; and more\nthird\n", Format::Csv).0[2],
        ["second; and more"]
    );
}

#[test]
fn a_header_that_looks_like_data_is_told() {
    let told = |cell: &str| [Notice::HeaderIsData { cell: cell.to_owned() }];
    assert_eq!(
        read("The screen went black\nI want a refund\n", Format::Csv).1,
        told("The screen went black")
    );
    assert_eq!(
        read("positive,The screen is lovely\nnegative,no\n", Format::Csv).1,
        told("The screen is lovely")
    );
    assert_eq!(read("1,a\n2,b\n", Format::Csv).1, told("1"));
    assert_eq!(read("2026-11-02 10:00,a\n", Format::Csv).1, told("2026-11-02 10:00"));
    assert_eq!(read("me@example.org,a\n", Format::Csv).1, told("me@example.org"));
    assert_eq!(read("id,How happy are you with it?\n1,very\n", Format::Csv).1, []);
    assert_eq!(read("customer,message text,sent at\na,b,c\n", Format::Csv).1, []);
}
