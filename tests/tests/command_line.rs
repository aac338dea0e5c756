//! The command line as whoever types it meets it: the program itself, in a process of its own.

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
