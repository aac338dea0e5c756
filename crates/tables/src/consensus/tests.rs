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
    assert_eq!(got["states"], serde_json::json!({ "agreed": 2, "conflict": 1, "golden": 0 }));
    assert_eq!(got["labels"], serde_json::json!(["x", "y"]));
    // The third person said y and x to two items that are x.
    let third = &got["annotators"][2];
    assert_eq!((&third["annotator"], &third["accuracy"]), (&"c".into(), &0.5.into()));
    assert_eq!(third["confusion"], serde_json::json!([[0.5, 0.5], null]));
    assert!(third["golden"].is_null() && got["prior"].is_null());
    let table = run(VOTES, "", &[]).unwrap().printed;
    assert!(table.contains("2 agreed, 1 conflict, 0 golden"), "{table}");
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
    assert!(wrong("", &[]).contains("there is no column item"));
    assert_eq!(wrong("item,annotator,label\n1,a,\n", &[]), "r.csv, line 2, column label: the cell is empty");
    assert!(wrong("item,annotator,label\n1,a,\"x\n1,b,y\n", &[]).contains("is a quote missing its end?"));
    assert!(run(b"item,annotator,label\n1,a,\xff\n", "", &[]).err().unwrap().contains("not UTF-8"));
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
