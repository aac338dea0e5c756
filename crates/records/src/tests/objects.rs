use super::*;
use serde_json::{Value, json};

fn why(line: &str) -> String {
    let file = format!("{{\"text\":\"first\"}}\n{line}\n");
    let seen = all(file.as_bytes(), Format::Jsonl);
    match &seen[1].1 {
        Ok(cells) => format!("taken: {cells:?}"),
        Err(reason) => reason.clone(),
    }
}

fn cells(line: &str) -> Vec<(String, String)> {
    all(line.as_bytes(), Format::Jsonl).remove(0).1.expect("an object")
}

#[test]
fn objects_a_line_each() {
    let file = b"{\"text\":\"a\",\"n\":1.50,\"tags\":[\"x\", 2],\"none\":null}\n\n[1]\n{\"text\":\n{\"text\":\"\"}\r\n{}";
    let seen = all(file, Format::Jsonl);
    assert_eq!(values(&seen), [(1, vec!["a", "1.50", "[\"x\",2]"]), (5, vec![""]), (6, vec![])]);
    let lines: Vec<i64> = seen.iter().filter(|s| s.1.is_err()).map(|s| s.0).collect();
    assert_eq!(lines, [3, 4]);
    let mut records = open(file, Format::Jsonl);
    assert_eq!(records.next_record().expect("readable").expect("a row").lists, ["tags".into()]);
}

#[test]
fn numbers_keep_their_digits() {
    let numbers = ["123456789012345678901234", "1.10", "-0", "1e5", "0.1E-7", "12.50"];
    for number in numbers {
        assert_eq!(cells(&format!("{{\"id\":{number}}}"))[0].1, number);
        assert_eq!(cells(&format!("{{\"ids\":[{number}, {number}]}}"))[0].1, format!("[{number},{number}]"));
    }
    for wrong in ["01", "1.", ".5", "+1", "1e", "--1", "0x10", "nan", "True", "1.2.3"] {
        assert_eq!(why(&format!("{{\"id\":{wrong}}}")), "the line is not JSON (character 7)", "{wrong}");
    }
}

#[test]
fn what_is_no_number_is_absent() {
    let line = r#"{"id":1,"a":NaN,"b":Infinity,"c":-Infinity,"d":null,"list":[NaN,1]}"#;
    assert_eq!(cells(line), [("id", "1"), ("list", "[null,1]")].map(|(n, v)| (n.to_owned(), v.to_owned())));
}

#[test]
fn objects_inside_are_columns_of_their_own() {
    let line = r#"{"id": 1, "data": {"text": "inside", "meta": {"source": "web"}}, "annotations": [{"a": {"b": "c"}}], "no": {}}"#;
    let expected = [
        ("id", "1"),
        ("data.text", "inside"),
        ("data.meta.source", "web"),
        ("annotations", r#"[{"a":{"b":"c"}}]"#),
    ];
    assert_eq!(cells(line), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    assert_eq!(why(r#"{"a.b":1,"a":{"b":2}}"#), "two values are called “a.b”");
    // Where no name can be made, an object stays JSON.
    let long = "k".repeat(90);
    let line = format!(r#"{{"outer keys":{{"{long}":1}}}}"#);
    assert_eq!(cells(&line), [("outer keys".to_owned(), format!(r#"{{"{long}":1}}"#))]);
}

#[test]
fn each_fault_has_its_reason_and_place() {
    assert_eq!(why(r#"{"text":"a","text":"b"}"#), "the key “text” stands twice in an object (character 13)");
    assert_eq!(why(r#"{"a":{"x":1,"x":2}}"#), "the key “x” stands twice in an object (character 13)");
    let half = "\\ud83d is half a character: its other half is missing";
    assert_eq!(why(r#"{"text":"ä\ud83d"}"#), format!("{half} (character 11)"));
    assert_eq!(why(r#"{"text":"\ud83d\u0041"}"#), format!("{half} (character 10)"));
    assert!(why(r#"{"text":"\udc00"}"#).starts_with("\\udc00 is half a character"));
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(128), "]".repeat(128));
    assert_eq!(why(&deep), "lists and objects are more than 128 deep (character 133)");
    let several = "the JSON object does not end in this line: each object has a line of its own";
    for open in ["{", "{\"text\":", "{\"text\":\"a", "{\"text\":\"a\",", "{\"list\":[1,"] {
        assert_eq!(why(open), several, "{open}");
    }
    let another = "something follows the object: each object has a line of its own (character 11)";
    assert_eq!(why(r#"{"text":1}{"text":2}"#), another);
    assert_eq!(why(r#"{"text":1},"#), "something follows the object (character 11)");
    assert_eq!(why("[1]"), "the line is no JSON object");
    assert_eq!(why("\"a\""), "the line is no JSON object");
    assert_eq!(why("text"), "the line is not JSON");
    assert_eq!(why("{'text':1}"), "the line is not JSON (character 2)");
    assert_eq!(why(r#"{"text":1,}"#), "the line is not JSON (character 11)");
    assert!(why("{\"text\":\"a\tb\"}").starts_with("a text holds a control character"));
    assert!(why(r#"{"text":"\x41"}"#).starts_with("a backslash stands before"));
    assert_eq!(why(r#"{"":1}"#), "a key is empty or longer than 100 characters");
}

#[test]
fn many_keys_are_refused_and_quickly() {
    let keys = |n: usize| (0..n).map(|i| format!("\"k{i}\":1")).collect::<Vec<_>>().join(",");
    assert_eq!(why(&format!("{{{}}}", keys(501))), "the object has 501 values; at most 500 are taken");
    let list = format!("{{\"list\":[{{{}}}]}}", keys(80_000));
    assert_eq!(cells(&list).len(), 1);
    assert_eq!(
        why(&format!("{{\"list\":[{{{},\"k7\":1}}]}}", keys(50))).split(" (").next(),
        Some("the key “k7” stands twice in an object")
    );
}

/// What the file is does not depend on its name.
#[test]
fn json_lines_are_known_by_their_first_bytes() {
    let mut records =
        Records::open(&b"{\"text\": \"a\"}\n"[..], Some(Format::Csv), COLUMN_LIMIT).expect("readable");
    assert_eq!(records.format(), Format::Jsonl);
    assert_eq!(records.next_record().expect("readable").expect("a row").cells.expect("cells").len(), 1);
}

/// Whatever serde_json writes is read as it reads it.
#[test]
fn reads_what_serde_json_writes() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let letters = ["a", "ä", "\"", "\\", "\n", "\u{1}", "😀", "/", "{", "]", ",", "\u{7f}"];
    fn value(
        rng: &mut rand::rngs::StdRng,
        text: &dyn Fn(&mut rand::rngs::StdRng) -> String,
        depth: usize,
    ) -> Value {
        match rng.gen_range(0..if depth == 0 { 5 } else { 6 }) {
            0 => json!(rng.gen_range(-1000..1000)),
            1 => json!(rng.gen_range(-1.0..1.0)),
            2 => json!(rng.gen_range(0..2) == 0),
            3 => Value::Null,
            4 => json!(text(rng)),
            _ => Value::Array((0..rng.gen_range(0..4)).map(|_| value(rng, text, depth - 1)).collect()),
        }
    }
    let text = |rng: &mut rand::rngs::StdRng| -> String {
        (0..rng.gen_range(0..6)).map(|_| letters[rng.gen_range(0..letters.len())]).collect()
    };
    for _ in 0..500 {
        let mut object = serde_json::Map::new();
        for i in 0..rng.gen_range(0..6) {
            object.insert(format!("{i}{}", text(&mut rng)), value(&mut rng, &text, 3));
        }
        let line = serde_json::to_string(&object).expect("JSON");
        let expected: Vec<(String, String)> = object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        assert_eq!(cells(&line), expected, "{line}");
    }
}
