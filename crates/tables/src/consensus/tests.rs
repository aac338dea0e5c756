use crate::Command;
use clap::Parser;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

struct Ran {
    printed: String,
    written: String,
}

/// Runs on answers and, where it is not empty, golden items.
fn run(content: impl AsRef<[u8]>, golden: &str, options: &[&str]) -> Result<Ran, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    std::fs::write(file("r.csv"), content).unwrap();
    let path = |name: &str| file(name).to_str().unwrap().to_owned();
    let mut command =
        vec!["assay".to_owned(), "consensus".to_owned(), path("r.csv"), "--out".to_owned(), path("o.csv")];
    if !golden.is_empty() {
        std::fs::write(file("g.csv"), golden).unwrap();
        command.extend(["--golden".to_owned(), path("g.csv")]);
    }
    command.extend(options.iter().map(|o| (*o).to_owned()));
    let mut out = Vec::new();
    Cli::try_parse_from(command)
        .map_err(|e| e.to_string())?
        .command
        .run(&mut out)
        .map_err(|e| e.to_string().rsplit('/').next().unwrap().to_owned())?;
    Ok(Ran {
        printed: String::from_utf8(out).unwrap(),
        written: std::fs::read_to_string(file("o.csv")).unwrap(),
    })
}

fn json(content: impl AsRef<[u8]>, golden: &str, options: &[&str]) -> (Value, String) {
    let options: Vec<&str> = options.iter().copied().chain(["--json"]).collect();
    let ran = run(content, golden, &options).unwrap();
    (serde_json::from_str(&ran.printed).unwrap(), ran.written)
}

const VOTES: &str = "item,annotator,label\n1,a,x\n1,b,x\n1,c,y\n2,a,x\n2,b,y\n3,c,y\n3,c,x\n3,a,x\n";

#[test]
fn majority_and_ties() {
    let (got, written) = json(VOTES, "", &[]);
    assert_eq!(
        written,
        "item,label,confidence,n_answers,state\n1,x,0.666667,3,agreed\n2,,0.500000,2,conflict\n3,x,1.000000,2,agreed\n"
    );
    assert_eq!((&got["n_answers"], &got["n_repeats_dropped"]), (&7.into(), &1.into()));
    assert_eq!(got["states"], serde_json::json!({ "agreed": 2, "conflict": 1, "unknown": 0, "golden": 0 }));
    assert_eq!(got["labels"], serde_json::json!(["x", "y"]));
    // The third person said y and x to two items that are x.
    let third = &got["annotators"][2];
    assert_eq!((&third["annotator"], &third["accuracy"]), (&"c".into(), &0.5.into()));
    assert_eq!(third["confusion"], serde_json::json!([[0.5, 0.5], null]));
    assert!(third["golden"].is_null() && got["prior"].is_null());
    let table = run(VOTES, "", &[]).unwrap().printed;
    assert!(table.contains("2 agreed, 1 conflict, 0 unknown, 0 golden"), "{table}");
}

#[test]
fn golden_items() {
    let (got, written) = json(VOTES, "item,label\n1,y\n9,x\n2,z\n1,y\n", &[]);
    assert!(written.contains("1,y,1.000000,3,golden\n2,z,1.000000,2,golden"), "{written}");
    assert_eq!((&got["n_golden"], &got["n_golden_without_answers"]), (&2.into(), &1.into()));
    assert_eq!(got["golden_labels_nobody_gave"], serde_json::json!(["z"]));
    let golden = &got["annotators"][2]["golden"];
    assert_eq!((&golden["n"], &golden["right"], &golden["accuracy"]), (&1.into(), &1.into(), &1.0.into()));
    assert!(golden["low"].as_f64().unwrap() > 0.2);
    let wrong = |golden: &str| run(VOTES, golden, &[]).err().unwrap();
    assert_eq!(wrong("item,label\n"), "g.csv: the file holds no golden items");
    assert!(wrong("item,label\n7,x\n8,y\n").starts_with("g.csv: none of these items has an answer"));
    assert_eq!(
        wrong("item,label\n1,x\n1,y\n"),
        "g.csv, line 3, column label: the item 1 has another label further up"
    );
    assert!(wrong("id,label\n1,x\n").contains("there is no column item"));
    assert_eq!(wrong("item,label\n1,\n"), "g.csv, line 2, column label: the cell is empty");
    assert!(wrong("item,label\n1,NaN\n").starts_with("g.csv, line 2, column label: NaN is no label"));
    assert!(run(VOTES, "item,label\n1,y\n,\n", &[]).is_ok());
    for method in ["dawid-skene", "one-coin"] {
        let (got, written) = json(VOTES, "item,label\n1,y\n9,x\n2,z\n", &["--method", method]);
        assert!(written.contains("1,y,1.000000,3,golden\n2,z,1.000000,2,golden"), "{written}");
        let prior: f64 = got["prior"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
        assert!((prior - 1.0).abs() < 1e-12 && got["annotators"][0]["confusion"][2].is_array());
    }
}

/// Dawid and Skene's anesthetists, through the file.
#[test]
fn anesthetists() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/classic_agreement/anesthetists_annotations.csv"
    );
    let Ok(content) = std::fs::read(path) else { return };
    let columns = ["--item", "item_id", "--annotator", "annotator_id"];
    let options = [&columns[..], &["--method", "dawid-skene", "--shrinkage", "0"]].concat();
    let (got, written) = json(content, "", &options);
    for (share, wanted) in got["prior"].as_array().unwrap().iter().zip([0.3996, 0.4220, 0.1118, 0.0667]) {
        assert!((share.as_f64().unwrap() - wanted).abs() < 1e-4);
    }
    assert!((got["log_likelihood"].as_f64().unwrap() - -192.8909).abs() < 1e-3);
    assert_eq!(
        (&got["n_answers"], &got["n_repeats_dropped"], &got["converged"]),
        (&315.into(), &0.into(), &true.into())
    );
    assert!(written.contains("\n2,4,1.000000,7,agreed\n"), "{written}");
    for person in got["annotators"].as_array().unwrap() {
        for row in person["confusion"].as_array().unwrap() {
            let sum: f64 = row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).sum();
            assert!((sum - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn sets() {
    let csv = "item,annotator,label\n1,a,x|y\n1,b,y|x\n1,c,x\n2,a,\n2,b,\n2,c,y\n3,a,x\n3,b,\n";
    let (got, written) = json(csv, "", &["--multi", "|"]);
    assert_eq!(
        written,
        "item,label,confidence,n_answers,state\n1,x|y,0.666667,3,agreed\n2,,0.666667,3,agreed\n3,,0.500000,2,conflict\n"
    );
    let third = &got["annotators"][2]["per_label"][1];
    assert_eq!(
        (&third["label"], &third["confusion"]),
        (&"y".into(), &serde_json::json!([[0.0, 1.0], [1.0, 0.0]]))
    );
    for method in ["dawid-skene", "one-coin"] {
        let (got, written) = json(csv, "item,label\n3,\n", &["--multi", "|", "--method", method]);
        assert!(written.ends_with("3,,1.000000,2,golden\n"), "{written}");
        assert_eq!(got["annotators"][0]["golden"]["right"], 0);
        assert_eq!(got["annotators"][1]["golden"]["right"], 1);
        assert_eq!(got["prior"].as_array().unwrap().len(), 2);
    }
    let none = run("item,annotator,label\n1,a,\n1,b,\n", "", &["--multi", "|", "--method", "one-coin"]);
    assert!(none.err().unwrap().contains("every answer is the empty set"));
    assert!(
        run("item,annotator,label\n1,a,\n1,b,\n", "", &["--multi", "|"])
            .unwrap()
            .written
            .contains("1,,1.000000,2,agreed")
    );
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |content: &str, options: &[&str]| run(content, "", options).err().unwrap();
    assert_eq!(wrong("item,annotator,label\n", &[]), "r.csv: the file holds no answers");
    assert_eq!(wrong("", &[]), "r.csv: The file is empty.");
    assert!(
        wrong("item,annotator,label\n1,a,\n", &[])
            .starts_with("r.csv: the file holds no answers: 1 row was left out")
    );
    assert!(
        wrong("item,annotator,label\n1,a,\n", &["--strict"])
            .starts_with("r.csv, line 2, column label: the cell")
    );
    assert!(wrong(VOTES, &["--smoothing", "1"]).contains("--smoothing is for --method one-coin"));
    assert!(
        wrong(VOTES, &["--method", "one-coin", "--smoothing=-1"]).starts_with("--smoothing: smoothing is")
    );
    assert!(
        wrong("item,annotator,label\n1,a,\"x\n1,b,y\n", &[])
            .contains("line 2: a quoted cell is never closed")
    );
    assert!(
        run(b"item,annotator,label\n1,a,\xc3\xbc\n1,b,\xff\n", "", &[]).err().unwrap().contains("not UTF-8")
    );
    assert!(wrong(VOTES, &["--shrinkage", "1"]).contains("--shrinkage is for --method dawid-skene"));
    for bad in ["-1", "NaN", "inf"] {
        let shrinkage = format!("--shrinkage={bad}");
        let got = wrong(VOTES, &["--method", "dawid-skene", &shrinkage]);
        assert!(got.starts_with("--shrinkage: shrinkage is a number from 0 up"), "{got}");
    }
    assert!(wrong(VOTES, &["--method", "guess"]).contains("possible values"));
    // One person alone is believed.
    let alone = run("item,annotator,label\n1,a,x\n2,a,y\n", "", &["--method", "dawid-skene"]).unwrap();
    assert!(alone.written.contains("1,x,") && alone.written.contains("2,y,"), "{}", alone.written);
}

/// Nothing speaks against the answers of a person whom nobody can be compared with, and nothing for them.
#[test]
fn one_person_alone_is_not_overturned() {
    let csv = "item,annotator,label\n0,solo,a\n1,solo,b\n2,solo,a\n3,solo,a\n4,solo,b\n5,solo,a\n";
    for method in ["one-coin", "dawid-skene"] {
        let (got, written) = json(csv, "", &["--method", method]);
        for (item, label) in ["a", "b", "a", "a", "b", "a"].iter().enumerate() {
            assert!(written.contains(&format!("\n{item},{label},0.500000,1,unknown\n")), "{written}");
        }
        assert_eq!((&got["n_not_judged"], &got["states"]["unknown"]), (&1.into(), &6.into()));
        let solo = &got["annotators"][0];
        assert_eq!((&solo["judged"], &solo["accuracy"]), (&false.into(), &Value::Null));
        let table = run(csv, "", &["--method", method]).unwrap().printed;
        assert!(table.contains("no annotator can be judged: 1 of 1 share no item"), "{table}");
    }
    // A majority of one is agreed; but that they agree with themselves is no accuracy.
    let (got, written) = json(csv, "", &[]);
    assert!(written.contains("1,b,1.000000,1,agreed") && got["annotators"][0]["accuracy"].is_null());
    // The same with sets.
    let (got, written) = json(csv, "", &["--multi", "|", "--method", "one-coin"]);
    assert!(written.contains("1,b,0.500000,1,unknown") && got["n_not_judged"] == 1, "{written}");
}

/// Two people share a few items, and the second answers many alone: where they say what is rare, it stands.
#[test]
fn no_answer_is_replaced_by_what_nobody_said() {
    let mut csv = "item,annotator,label\n".to_owned();
    for item in 0..40 {
        csv += &format!("s{item},p,{0}\ns{item},q,{1}\n", "a", if item % 3 == 0 { "b" } else { "a" });
    }
    csv += "lone,q,b\nloner,q,a\n";
    for (method, multi) in [("one-coin", false), ("dawid-skene", false), ("one-coin", true)] {
        let options = if multi { vec!["--method", method, "--multi", "|"] } else { vec!["--method", method] };
        let (_, written) = json(&csv, "", &options);
        let lone = written.lines().find(|line| line.starts_with("lone,")).unwrap();
        let cells: Vec<&str> = lone.split(',').collect();
        assert_eq!((cells[1], cells[4]), ("b", "unknown"), "{method}: {written}");
        assert!(cells[2].parse::<f64>().unwrap() < 0.5, "{lone}");
        assert!(written.contains("\nloner,a,") && !written.contains("loner,a,0.0"), "{written}");
    }
}

/// With everybody overlapping the model decides as it always did: crowd-kit's labels.
#[test]
fn overlapping_answers_are_decided_as_crowd_kit_does() {
    let rows = "1 a x|1 b x|1 c y|2 a x|2 b y|2 c y|3 a y|3 b y|3 c y|4 a x|4 b x|4 c x|5 a y|5 b x|5 c x|6 a x|6 b x|7 b y|7 c x|8 a y|8 c y|9 a z|9 b z|9 c x|10 a z|10 c z";
    let csv = format!("item,annotator,label\n{}\n", rows.replace(' ', ",").replace('|', "\n"));
    let (got, written) = json(&csv, "", &["--method", "one-coin", "--smoothing", "0"]);
    let labels: Vec<&str> = written.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(labels, ["x", "y", "y", "x", "x", "x", "y", "y", "z", "z"]);
    assert!((got["annotators"][0]["accuracy"].as_f64().unwrap() - 0.751_805).abs() < 1e-5);
    assert_eq!((&got["smoothing"], &got["states"]["unknown"]), (&0.0.into(), &0.into()));
}

#[test]
fn the_answers_are_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    std::fs::write(&path, VOTES).unwrap();
    let path = path.to_str().unwrap();
    let command = ["assay", "consensus", path, "--out", path];
    let refused = Cli::try_parse_from(command).unwrap().command.run(&mut Vec::new()).unwrap_err();
    assert!(refused.to_string().contains("the result would be written over it"), "{refused}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), VOTES);
}
