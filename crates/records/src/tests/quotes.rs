use super::*;

fn reasons(seen: &[Seen]) -> Vec<(i64, &str)> {
    seen.iter().filter_map(|(line, cells)| Some((*line, cells.as_ref().err()?.as_str()))).collect()
}

fn notices(bytes: &[u8], format: Format) -> Vec<Notice> {
    let mut records = open(bytes, format);
    while records.next_record().expect("readable").is_some() {}
    records.notices().to_vec()
}

#[test]
fn with_tabs_an_open_quote_is_text() {
    let file =
        b"id\ttext\tlabel\n1\t\"Great, loved it\tpos\n2\tbad\tneg\n3\t\"Never again\tneg\n4\t\"Fine\"\tpos\n";
    let seen = all(file, Format::Tsv);
    let texts: Vec<&str> = values(&seen).iter().map(|(_, cells)| cells[1]).collect();
    assert_eq!(texts, ["\"Great, loved it", "bad", "\"Never again", "\"Fine\""]);
    assert_eq!(notices(file, Format::Tsv), [Notice::QuotesAreText]);
    // Even where each quote finds another one: whole rows are rows.
    let file = b"id\ttext\n1\t\"Great\n2\tbad\n3\tNever again\"\n4\tfine\n";
    assert_eq!(values(&all(file, Format::Tsv)).len(), 4);
}

#[test]
fn with_tabs_quotes_that_are_needed_are_quotes() {
    let file = b"id\ttext\n1\t\"two\nlines\"\n2\t\"a \"\"b\"\"\"\n3\t\"c\td\"\n";
    let seen = all(file, Format::Tsv);
    assert_eq!(
        values(&seen),
        [(2, vec!["1", "two\nlines"]), (4, vec!["2", "a \"b\""]), (5, vec!["3", "c\td"])]
    );
    assert_eq!(notices(file, Format::Tsv), []);
    // One quote that is open among them is text in its line alone.
    let file = b"id\ttext\n1\t\"two\nlines\"\n2\t\"open\n3\tfine\n";
    assert_eq!(values(&all(file, Format::Tsv))[1..], [(4, vec!["2", "\"open"]), (5, vec!["3", "fine"])]);
}

#[test]
fn an_open_quote_takes_no_other_row_with_it() {
    let seen =
        all(b"id,text,label\n1,\"Great,pos\n2,bad,neg\n3,\"Never again\",neg\n4,fine,pos\n", Format::Csv);
    let lines: Vec<i64> = values(&seen).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5]);
    let [(2, reason)] = reasons(&seen)[..] else { panic!("{seen:?}") };
    assert!(
        reason
            .starts_with("a quote opens a cell and is not closed as it should be: the next one is in line 4")
    );

    let seen = all(b"id,text\n1,first\n2,\"never closed\n3,third\n4,fourth\n", Format::Csv);
    assert_eq!(reasons(&seen), [(3, "a quoted cell is never closed")]);
    assert_eq!(values(&seen).len(), 3);
}

#[test]
fn a_cell_that_goes_on_behind_its_quote_is_refused() {
    let file = "id,text\n1,\"Great\" phone\n2,\"He said \\\"hi\\\" to me\"\n3,\"fine\" ,\n4,\"fine\" \n5,it's 5\" wide\n";
    let seen = all(file.as_bytes(), Format::Csv);
    let behind = "a quoted cell goes on behind its closing quote: a quote inside is doubled";
    let backslash = format!("{behind}, and is not escaped with a backslash");
    let cells = "the row has 3 cells, the header has 2";
    assert_eq!(reasons(&seen), [(2, behind), (3, &*backslash), (4, cells)]);
    assert_eq!(values(&seen), [(5, vec!["4", "fine"]), (6, vec!["5", "it's 5\" wide"])]);
}

#[test]
fn rows_that_lost_a_quote_are_refused_together() {
    let file = b"id,text,label\n1,\"Great,pos\n2,bad,neg\n3,Never again\",neg\n4,fine,pos\n";
    let seen = all(file, Format::Csv);
    let [(2, reason)] = reasons(&seen)[..] else { panic!("{seen:?}") };
    assert!(reason.starts_with("a quoted cell joins the lines 2 to 4, which look like rows of their own"));
    assert_eq!(values(&seen), [(5, vec!["4", "fine", "pos"])]);
    // A letter is no table, whatever its lines hold.
    let letter = b"id,text\n1,\"Dear Anna, \nthe 3 boxes, and\n12, rue de Paris\"\n2,\"a\nb,c\"\n";
    assert_eq!(values(&all(letter, Format::Csv)).len(), 2);
}

#[test]
fn an_open_quote_in_a_large_file_is_found_within_a_megabyte() {
    let mut file = b"id,text\n0,\"open\n".to_vec();
    for i in 1..100_000 {
        file.extend_from_slice(format!("{i},message number {i}\n").as_bytes());
    }
    let seen = all(&file, Format::Csv);
    let closed = "a quoted cell is not closed within 1 MB: its closing quote is missing";
    assert_eq!(reasons(&seen), [(2, closed)]);
    assert_eq!(values(&seen).len(), 99_999);
}

#[test]
fn a_text_of_many_lines_is_told() {
    let file = format!("id,text\n1,\"{}\"\n2,short\n", "a line\n".repeat(150));
    assert_eq!(values(&all(file.as_bytes(), Format::Csv)).len(), 2);
    assert_eq!(notices(file.as_bytes(), Format::Csv), [Notice::LongRow { line: 2, lines: 151 }]);
}
