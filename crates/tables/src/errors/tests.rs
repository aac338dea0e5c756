use crate::Command;
use clap::Parser;
use serde_json::Value;
use std::fmt::Write;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn run(
    labeled: impl AsRef<[u8]>,
    probs: impl AsRef<[u8]>,
    options: &[&str],
) -> Result<(String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("l.csv"), labeled).unwrap();
    let mut command =
        vec!["assay".to_owned(), "errors".to_owned(), path("l.csv"), "--out".to_owned(), path("o.csv")];
    if !probs.as_ref().is_empty() {
        std::fs::write(path("p.csv"), probs).unwrap();
        command.extend(["--probs".to_owned(), path("p.csv")]);
    }
    command.extend(options.iter().map(|o| (*o).to_owned()));
    let mut out = Vec::new();
    Cli::try_parse_from(command).map_err(|e| e.to_string())?.command.run(&mut out).map_err(|e| {
        let folder = folder.path().to_str().unwrap();
        e.to_string().replace(&format!("{folder}/"), "")
    })?;
    Ok((String::from_utf8(out).unwrap(), std::fs::read_to_string(path("o.csv")).unwrap()))
}

/// 60 items of 4 labels; every seventh label is wrong. The rows of probabilities stand in another order, and one of them
/// belongs to no item.
fn made() -> (String, String) {
    let mut labeled = "id,label\n".to_owned();
    let mut probs = Vec::new();
    for i in 0..60 {
        let truth = (i * 5 + i / 3) % 4;
        let weight = |j: usize| (i * i * 31 + j * 17 + i * j * 7) % 23 + 1 + if j == truth { 30 } else { 0 };
        let sum: usize = (0..4).map(weight).sum();
        let mut row = format!("i{i}");
        for j in [2, 0, 1, 3] {
            write!(row, ",{}", weight(j) as f64 / sum as f64).unwrap();
        }
        probs.push(row);
        let label = if i % 7 == 0 { (truth + 1 + i % 2) % 4 } else { truth };
        writeln!(labeled, "i{i},l{label}").unwrap();
    }
    probs.push("other,0.1,0.2,0.3,0.4".to_owned());
    probs.rotate_left(17);
    (labeled, format!("id,l2,l0,l1,l3\n{}\n", probs.join("\n")))
}

/// What cleanlab 2.9.0 says of these columns in this order, which settles what lies on the half in rounding.
#[test]
fn by_given_probabilities() {
    let (labeled, probs) = made();
    for (filter, rank, wanted) in [
        ("prune-by-noise-rate", "self-confidence", [35, 49, 42, 28, 14, 7, 21, 0]),
        ("prune-by-noise-rate", "normalized-margin", [49, 35, 42, 14, 28, 7, 21, 0]),
        ("confident-learning", "self-confidence", [35, 49, 42, 56, 28, 14, 7, 21]),
        ("confident-learning", "normalized-margin", [49, 35, 42, 14, 28, 56, 7, 21]),
    ] {
        let (printed, written) =
            run(&labeled, &probs, &["--filter", filter, "--rank", rank, "--json"]).unwrap();
        let got: Value = serde_json::from_str(&printed).unwrap();
        let ids: Vec<&str> =
            got["suspects"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
        assert_eq!(ids, wanted.map(|i| format!("i{i}")));
        assert_eq!((&got["n_items"], &got["n_probabilities_without_item"]), (&60.into(), &1.into()));
        assert_eq!(written.lines().count(), 9);
        assert!(got["thresholds"]["l3"].as_f64().unwrap() < 0.1);
    }
    let (table, _) = run(&labeled, &probs, &["--top", "2"]).unwrap();
    assert!(
        table.starts_with("8 of 60 labels (13.3%) are probably wrong") && table.contains("and 6 more"),
        "{table}"
    );
}

#[test]
fn rows_without_a_label_are_left_out() {
    let (labeled, probs) = made();
    let more = format!("{labeled}later,\nother,NaN\n");
    let (printed, _) = run(&more, &probs, &["--json"]).unwrap();
    let got: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&got["n_without_label"], &got["n_items"], &got["n_suspects"]),
        (&2.into(), &60.into(), &8.into())
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |labeled: &str, probs: &str| run(labeled, probs, &[]).unwrap_err();
    let good = "id,label\n1,x\n2,y\n";
    assert_eq!(
        wrong("id,label\n1,x\n1,y\n", "id,x,y\n1,1,0\n"),
        "l.csv, line 3, column id: 1 stands in line 2 already"
    );
    assert_eq!(wrong("id,label\n", "id,x\n1,1\n"), "l.csv: no row has a label");
    assert_eq!(wrong("id,label\n1,\n", "id,x\n1,1\n"), "l.csv: no row has a label");
    assert!(
        wrong("name,label\n1,x\n", "id,x\n1,1\n")
            .contains("there is no column id; the file has: name, label")
    );
    assert!(wrong(good, "who,x,y\n1,1,0\n2,0,1\n").starts_with("p.csv: there is no column id"));
    assert_eq!(
        wrong(good, "id,x\n1,1\n2,0\n"),
        "l.csv, line 3, column label: p.csv has no column for the label y"
    );
    assert_eq!(
        wrong(good, "id,x,y\n1,1,0\n"),
        "l.csv, line 3, column id: p.csv has no row for 2, and for 0 more items"
    );
    assert_eq!(
        wrong(good, "id,x,y\n1,1,0\n2,0,1\n1,1,0\n"),
        "p.csv, line 4, column id: 1 stands in line 2 already"
    );
    assert_eq!(
        wrong(good, "id,x,y,x\n1,1,0,0\n2,0,1,0\n"),
        "p.csv: Two columns are called “x”. Rename one of them in the first line."
    );
    assert_eq!(wrong(good, "id,x,y\n1,1,0\n2,0,much\n"), "p.csv, line 3, column y: 'much' is no number");
    for bad in ["NaN", "1.5", "-0.2", "inf"] {
        let got = wrong(good, &format!("id,x,y\n1,1,0\n2,0,{bad}\n"));
        assert!(got.starts_with("p.csv, line 3, column y: ") && got.ends_with("is no probability"), "{got}");
    }
    // Rounded figures of many labels are off by a little, half a table by a lot.
    assert!(run(good, "id,x,y\n1,0.996,0\n2,0,1\n", &[]).is_ok());
    assert_eq!(
        wrong(good, "id,x,y\n1,0.7,0\n2,0,1\n"),
        "p.csv, line 2: the probabilities add up to 0.7000 and not to 1: is a column missing?"
    );
    assert!(wrong(good, "id,x,y\n1,1,0\n2,0.9,0.9\n").contains("add up to 1.8000"));
    assert!(wrong(good, "id,x,y\n1,1,0\n2,0\n").starts_with("p.csv, line 3: the row has 2 cells"));
    let bytes = run(good, b"id,x,y\n\xc3\xbc,1,0\n2,\xff,0\n", &[]).unwrap_err();
    assert_eq!(bytes, "p.csv, line 3: “x” is not UTF-8");
    assert!(
        wrong("id,label\n1,\"x\n2,y\n", "id,x,y\n1,1,0\n").contains("line 2: a quoted cell is never closed")
    );
    // Nothing is wrong with these.
    assert!(run(good, "id,x,y\n1,1,0\n2,0,1\n", &[]).unwrap().0.starts_with("0 of 2 labels"));
}

/// Without probabilities a model is trained on the texts: greetings called goodbyes are found.
#[test]
fn by_a_model_of_its_own() {
    let mut labeled = "id,label,text\n".to_owned();
    for i in 0..120 {
        let (label, words) =
            if i % 2 == 0 { ("greeting", "hello good morning") } else { ("goodbye", "see you later bye") };
        let wrong = if label == "greeting" { "goodbye" } else { "greeting" };
        let label = if i % 40 == 7 { wrong } else { label };
        writeln!(labeled, "{i},{label},{words} number {}", i % 13).unwrap();
    }
    let (printed, _) = run(&labeled, "", &["--json"]).unwrap();
    let got: Value = serde_json::from_str(&printed).unwrap();
    let mut ids: Vec<&str> =
        got["suspects"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["47", "7", "87"], "{printed}");
    assert_eq!(got["suspects"][0]["suggested"], "goodbye");
    // Again, to the bit; and on one thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| run(&labeled, "", &["--json"])).unwrap().0, printed);
    // Vectors in place of words.
    let by_vectors = run(&labeled, "", &["--encoder", "lsa", "--json"]).unwrap().0;
    assert!(["\"7\"", "\"47\"", "\"87\""].iter().all(|id| by_vectors.contains(id)), "{by_vectors}");
    let wrong = |labeled: &str, options: &[&str]| run(labeled, "", options).unwrap_err();
    assert!(wrong("id,label,text\n1,x,a b\n2,y,c d\n", &[]).contains("hold no word twice"));
    assert!(wrong(&labeled, &["--folds", "1"]).contains("1 folds of 120 rows can't be made"));
    assert!(wrong("id,label,text\n1,x,a\n2,y,a\n", &[]).contains("5 folds of 2 rows"));
    assert!(wrong("id,label\n1,x\n", &[]).contains("there is no column text"));
}

/// A label that stands once is in no training fold when its item is judged.
#[test]
fn a_label_that_cannot_be_checked_is_named() {
    let mut labeled = "id,label,text\n".to_owned();
    for i in 0..60 {
        let (label, words) =
            if i % 2 == 0 { ("neg", "awful slow broken") } else { ("pos", "great fast lovely") };
        writeln!(labeled, "{i},{label},{words} thing {}", i % 7).unwrap();
    }
    let rare = format!("{labeled}60,rare,something else entirely\n");
    let (printed, written) = run(&rare, "", &[]).unwrap();
    assert!(printed.contains("labels of a single item, which can't be checked: rare"), "{printed}");
    assert!(!written.contains("rare"), "{written}");
    let (printed, _) = run(&rare, "", &["--json"]).unwrap();
    let got: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(got["labels_not_checked"], serde_json::json!(["rare"]));
    let one = run(labeled.replace("neg", "pos"), "", &[]).unwrap_err();
    assert_eq!(one, "l.csv: all labels are pos: with nothing to tell it from, it can't be checked");
}
