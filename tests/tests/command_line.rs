//! The command line as people use it: the program itself, in a process of its own.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use tests::server::program;

fn assay(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().expect("the program runs")
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_says_each_command_in_one_line() {
    let (help, _) = said(&assay(&["--help"]));
    let commands = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next());
    let commands: Vec<&str> =
        commands.expect("a list").lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(commands.len() >= 17, "{help}");
    for line in &commands {
        assert!(line.starts_with("  ") && !line.starts_with("   "), "one line each: {line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() >= 4, "what it does: {line}");
        assert!(words[0] == "help" || assay(&[words[0], "--help"]).status.success(), "{line}");
    }
}

#[test]
fn whoever_has_read_enough_may_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let mut add = Command::new(program())
        .args(["person", "add", "ada@assay.test", "--admin", "--data", data, "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let password = b"correct horse battery staple\n";
    add.stdin.take().expect("its input").write_all(password).expect("the password");
    let added = add.wait_with_output().expect("an end");
    let person: serde_json::Value = serde_json::from_slice(&added.stdout).expect("JSON");
    assert_eq!((person["email"].as_str(), person["admin"].as_bool()), (Some("ada@assay.test"), Some(true)));
    for list in [&["person", "list", "--json"][..], &["project", "list"], &["doctor"]] {
        let mut command = Command::new(program())
            .args(list)
            .args(["--data", data])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        // The reader of the pipe goes away before anything is written to it.
        drop(command.stdout.take());
        let ended = command.wait_with_output().expect("an end");
        let (_, complaint) = said(&ended);
        assert!(ended.status.success() && !complaint.contains("panicked"), "{list:?}: {complaint}");
    }
}

#[test]
fn a_token_made_here_may_have_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let run = |arguments: &[&str]| assay(&[arguments, &["--data", data]].concat());
    let mut add = Command::new(program())
        .args(["person", "add", "ada@assay.test", "--admin", "--data", data])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    add.stdin.take().expect("its input").write_all(b"a few plain words\n").expect("the password");
    assert!(add.wait_with_output().expect("an end").status.success());
    assert!(run(&["project", "add", "Inbox"]).status.success());
    let token = ["token", "add", "ada@assay.test", "inbox", "--scope", "read"];
    let refused = run(&[&token[..], &["--days", "0"]].concat());
    assert!(!refused.status.success() && said(&refused).1.contains("1 to 3660 days"), "{}", said(&refused).1);
    for more in [&["--days", "30", "--name", "a month"][..], &["--name", "for ever"]] {
        let made = run(&[&token[..], more].concat());
        assert!(said(&made).0.starts_with("assay_"), "{}", said(&made).1);
    }
    let (list, _) = said(&run(&["token", "list", "inbox"]));
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].contains("for ever") && lines[0].ends_with("never expires"), "{list}");
    assert!(lines[1].contains("a month") && lines[1].contains("expires on "), "{list}");

    let none = run(&["person", "remove-second-factor", "ada@assay.test"]);
    assert!(!none.status.success() && said(&none).1.contains("has no second factor"), "{}", said(&none).1);
}

#[test]
fn a_file_that_does_not_fit_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ratings.csv");
    std::fs::write(&file, "item,annotator,label\n1,a,x\n1,b\n").expect("a file");
    let ended = assay(&["agreement", file.to_str().expect("a path")]);
    let (_, complaint) = said(&ended);
    assert!(!ended.status.success());
    assert!(complaint.contains("ratings.csv, line 3"), "{complaint}");
    let ended = assay(&["agreement", "not-there.csv"]);
    let (_, complaint) = said(&ended);
    assert!(!ended.status.success() && complaint.contains("not-there.csv"), "{complaint}");
}

/// A project in a folder of its own, and a file beside it.
fn project(folder: &std::path::Path, file: &str, rows: &str) -> (String, String) {
    let data = folder.join("data");
    let data = data.to_str().expect("a path").to_owned();
    let made = assay(&["project", "add", "Inbox", "--data", &data]);
    assert!(made.status.success(), "{:?}", said(&made));
    let file = folder.join(file);
    std::fs::write(&file, rows).expect("a file");
    (data, file.to_str().expect("a path").to_owned())
}

#[test]
fn an_import_says_what_it_took_for_what() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = "tweet_id,full_text,user,label,created_at\n1,where is my card,None,Card,2026-11-02 09:00 UTC\n\
                2,give me my money,None,card,yesterday\n3,,None,Refund,\n4,\u{1b}[31mred,None,Refund;Card,\n";
    let (data, file) = project(folder.path(), "tweets.csv", rows);
    let import = |more: &[&str]| {
        let mut words =
            vec!["import", "inbox", &file, "--data", &data, "--label", "label", "--label-as", "answers"];
        words.extend(more);
        assay(&words)
    };
    // There is no one to ask here, and the guess is not sure.
    let (out, told) = said(&import(&[]));
    assert!(out.is_empty() && told.contains("somebody should look first"), "{out}{told}");
    assert!(told.contains("--text full_text") && told.contains("its name ends with “text”"), "{told}");
    assert!(told.contains("“user” holds no value in the first 4 rows"), "{told}");
    assert!(told.contains("“Card” and “card” are one label"), "{told}");
    let rejects = folder.path().join("rejects.csv");
    let rejects = rejects.to_str().expect("a path");
    let ended = import(&["--yes", "--rejects", &file]);
    assert!(!ended.status.success() && said(&ended).1.contains("choose another one"), "{:?}", said(&ended));
    // The value that may be two labels keeps labels from being made at all.
    let ended = import(&["--yes"]);
    assert!(
        !ended.status.success() && said(&ended).1.contains("looks like several labels"),
        "{:?}",
        said(&ended)
    );
    let rows = rows.replace("Refund;Card", "[Refund]");
    std::fs::write(&file, rows).expect("a file");
    let ended = import(&["--yes", "--rejects", rejects]);
    let (out, told) = said(&ended);
    assert!(ended.status.success(), "{told}");
    assert!(
        out.contains("4 rows: 2 new, 2 refused, 2 answers, 1 with an event time that can’t be read"),
        "{out}"
    );
    assert!(
        out.contains("line 4: “full_text” is empty") && out.contains("line 5: “label”: “[Refund]”"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}') && out.contains("is also written “card” (1 row)"), "{out}");
    let written = std::fs::read_to_string(rejects).expect("the refused rows");
    assert!(written.starts_with("line,reason,row\r\n4,") && written.lines().count() == 3, "{written}");
    let ended = import(&["--yes", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!(report["taken"][0]["column"], "full_text", "{report}");
    assert_eq!(
        (&report["taken"][0]["guessed"], &report["taken"][4]["guessed"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&report["counts"]["undated"], &report["rejects"][0]["line"]),
        (&1.into(), &4.into()),
        "{report}"
    );
    // What is sure, or said, needs no word.
    let file = folder.path().join("sure.csv");
    std::fs::write(&file, "id,text\n1,hello there\n").expect("a file");
    let ended = assay(&["import", "inbox", file.to_str().expect("a path"), "--data", &data]);
    assert!(ended.status.success(), "{:?}", said(&ended));
    std::fs::write(&file, "id,text\n").expect("a file");
    let ended = assay(&["import", "inbox", file.to_str().expect("a path"), "--data", &data, "--yes"]);
    assert!(!ended.status.success() && said(&ended).1.contains("no row"), "{:?}", said(&ended));
    std::fs::write(&file, "id,text,sent\n5,hello,03/04/2025\n").expect("a file");
    let dated =
        ["import", "inbox", file.to_str().expect("a path"), "--data", &data, "--yes", "--event-time", "sent"];
    let ended = assay(&dated);
    assert!(!ended.status.success() && said(&ended).1.contains("such as 03/04/2025"), "{:?}", said(&ended));
    assert!(assay(&[&dated[..], &["--dates", "day-first"]].concat()).status.success());
}

#[test]
fn a_release_says_how_it_is_split() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = "id,text,customer,label\n1,one,acme,a\n2,two,acme,b\n3,three,acme,b\n";
    let (data, file) = project(folder.path(), "rows.csv", rows);
    let import = [
        "import",
        "inbox",
        &file,
        "--data",
        &data,
        "--label",
        "label",
        "--label-as",
        "answers",
        "--group",
        "customer",
    ];
    let ended = assay(&[&import[..], &["--yes"]].concat());
    assert!(ended.status.success(), "{:?}", said(&ended));
    let ended = assay(&["release", "inbox", "--name", "First", "--data", &data]);
    let (out, told) = said(&ended);
    assert!(ended.status.success(), "{told}");
    let counted = ["train", "validation", "test"].map(|split| out.contains(&format!("  {split}\t")));
    assert!(out.contains("inbox v1: 3 items") && counted == [true; 3], "{out}");
    assert!(told.contains("a release would have no row in"), "{told}");
}

#[test]
fn what_a_file_says_by_itself_is_told_and_nobody_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) =
        project(folder.path(), "a.csv", "sep=;\nid;text\n1;where is my card\n2;give me my money\n");
    let ended = assay(&["import", "inbox", &file, "--data", &data]);
    let (out, told) = said(&ended);
    assert!(ended.status.success() && out.contains("2 new"), "{told}");
    assert!(told.contains("separated by semicolons"), "{told}");
    // Whether letters of one byte were guessed right, only a person sees.
    std::fs::write(&file, b"id,text\n3,caf\xe9 is closed\n").expect("a file");
    let ended = assay(&["import", "inbox", &file, "--data", &data]);
    assert!(!ended.status.success() && said(&ended).1.contains("--yes"), "{}", said(&ended).1);
    let ended = assay(&["import", "inbox", &file, "--data", &data, "--yes"]);
    assert!(ended.status.success() && said(&ended).0.contains("1 new"), "{}", said(&ended).1);
}
