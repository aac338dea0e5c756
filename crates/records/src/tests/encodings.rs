use super::*;

fn read(file: &[u8]) -> (Vec<Seen>, Vec<String>) {
    let mut records = open(file, Format::Csv);
    while records.next_record().expect("readable").is_some() {}
    let decoded = |notice: &&Notice| matches!(notice, Notice::Decoded { .. });
    let notices = records.notices().iter().filter(decoded).map(ToString::to_string).collect();
    (all(file, Format::Csv), notices)
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn utf16_with_and_without_a_mark() {
    let text = "id,text\n1,\"wörld, 😀\"\n2,two\n";
    for big in [false, true] {
        for mark in ["", "\u{feff}"] {
            let (seen, told) = read(&utf16(&format!("{mark}{text}"), big));
            assert_eq!(values(&seen), [(2, vec!["1", "wörld, 😀"]), (3, vec!["2", "two"])]);
            assert!(told[0].contains("it was read as UTF-16"), "{told:?}");
        }
    }
    let chinese = "\u{feff}编号\t文本\n1\t价格太高了\n".to_owned();
    assert_eq!(values(&all(&utf16(&chinese, false), Format::Csv)), [(2, vec!["1", "价格太高了"])]);
    let mut half = utf16("\u{feff}id,text\n1,x", false);
    half.extend_from_slice(&[0x3d, 0xd8]);
    half.extend(utf16("\n2,fine\n", false));
    let seen = all(&half, Format::Csv);
    assert_eq!(seen[0], (2, Err("“text” is not UTF-16".to_owned())));
    assert_eq!(values(&seen), [(3, vec!["2", "fine"])]);
}

#[test]
fn a_zero_in_a_text_is_no_utf16() {
    assert_eq!(values(&all(b"id,text\n1,a\0b\n2,c\n", Format::Csv))[0].1[1], "a\0b");
}

#[test]
fn other_encodings_are_decoded_and_told() {
    let (seen, told) = read(b"Nr;Text;Betrag\n1;\xdcberweisung fehlt;10,50 \x80\n2;Karte weg;0,00\n");
    assert_eq!(values(&seen)[0].1, ["1", "Überweisung fehlt", "10,50 €"]);
    assert_eq!(
        told,
        ["The file is not UTF-8; it was read as Windows-1252. Look whether all letters are right."]
    );
    let (seen, _) = read(b"id,text\n1,plain\n2,caf\xe9 ferm\xe9\n3,plain too\n");
    assert_eq!(values(&seen)[1].1[1], "café fermé");
    // Also in the header, in JSON, in quotes, and at the very end.
    assert_eq!(open(b"id,fran\xe7ais\n1,x\n", Format::Csv).columns()[1].to_string(), "français");
    assert_eq!(values(&all(b"{\"text\":\"caf\xe9\"}\n", Format::Jsonl)), [(1, vec!["café"])]);
    assert_eq!(values(&all(b"id,text\n1,\"un \"\"caf\xe9\"\"\"", Format::Csv))[0].1[1], "un \"café\"");
}

/// However late the first letter comes that tells.
#[test]
fn a_file_that_begins_with_ascii_is_not_cut_down_to_it() {
    let mut file = b"id,text\n".to_vec();
    for i in 0..20_000 {
        file.extend_from_slice(format!("{i},plain words\n").as_bytes());
    }
    file.extend_from_slice(b"a,caf\xe9\n");
    let (seen, told) = read(&file);
    assert_eq!(values(&seen).len(), 20_001);
    assert_eq!(values(&seen)[20_000].1[1], "café");
    assert_eq!(told.len(), 1);
}

#[test]
fn rows_in_two_encodings_are_refused_and_never_garbled() {
    let (seen, told) = read(b"id,text\n1,m\xc3\xbcde\n2,caf\xe9\n3,f\xc3\xbcr\n");
    assert_eq!(seen[1], (3, Err("“text” is not UTF-8".to_owned())));
    assert_eq!((values(&seen).len(), told.len()), (2, 0));
    let (seen, told) = read(b"id,text\n1,m\xc3\xbcde\n2,caf\xe9\n3,ferm\xe9\n4,no\xebl\n");
    assert_eq!(seen[0], (2, Err("“text” is UTF-8 in a file that is Windows-1252".to_owned())));
    assert_eq!((values(&seen).len(), told.len()), (3, 1));
}

#[test]
fn what_is_not_read_is_refused_as_a_whole() {
    // Shift_JIS.
    let file =
        b"id,text\n1,\x83\x65\x83\x4c\x83\x58\x83\x67\x82\xcd\x93\xfa\x96\x7b\x8c\xea\x82\xc5\x82\xb7\n";
    let why = Records::open(&file[..], Some(Format::Csv), COLUMN_LIMIT).err().map(|e| e.to_string());
    assert_eq!(
        why.as_deref(),
        Some("The file is not UTF-8; it looks like Shift_JIS. Save it as UTF-8 and bring it again.")
    );
}

/// Refused rows are kept in letters that can be read.
#[test]
fn a_refused_row_is_kept_as_text() {
    let mut records = open(b"id,text\n1,caf\xe9\n2,no\xebl,more\n", Format::Csv);
    records.next_record().expect("readable");
    let refused = records.next_record().expect("readable").expect("a row");
    assert_eq!(String::from_utf8(refused.raw).as_deref(), Ok("2,noël,more"));
}
