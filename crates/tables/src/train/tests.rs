use crate::Command;
use clap::Parser;
use std::path::Path;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `assay train FOLDER/x.csv …` prints, or says is wrong after the file's name.
fn run(content: &str, arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), content, arguments)
}

fn run_in(folder: &Path, content: &str, arguments: &[&str]) -> Result<String, String> {
    let path = folder.join("x.csv");
    std::fs::write(&path, content).unwrap();
    let all = ["assay", "train", path.to_str().unwrap()].into_iter().chain(arguments.iter().copied());
    let mut out = Vec::new();
    match Cli::try_parse_from(all).unwrap().command.run(&mut out) {
        Ok(()) => Ok(String::from_utf8(out).unwrap()),
        Err(e) => Err(e.to_string().split_once("x.csv").map_or(e.to_string(), |(_, rest)| rest.to_owned())),
    }
}

/// Texts of three kinds, 40 to train and 10 to test for each.
pub fn texts() -> String {
    let kinds = [
        ("card", "my card was lost"),
        ("rate", "which exchange rate is used"),
        ("pin", "the pin is blocked"),
    ];
    let extra = ["today", "please help", "again", "at the shop", "abroad"];
    let mut file = "id,text,label,split\n".to_owned();
    for i in 0..150 {
        let (label, text) = kinds[i % 3];
        let split = if i / 3 < 40 { "train" } else { "test" };
        file += &format!("r{i},{text} {} {},{label},{split}\n", extra[i % 5], extra[i / 7 % 5]);
    }
    file
}

#[test]
fn easy_texts_are_learned() {
    let out = run(&texts(), &["--split", "split", "--json", "--explain", "r0"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["n_train"], &json["n_test"], &json["n_labels"]), (&120.into(), &30.into(), &3.into()));
    assert_eq!((&json["accuracy"], &json["macro_f1"]), (&1.0.into(), &1.0.into()));
    let tried = json["tried"].as_array().unwrap();
    assert_eq!(
        tried.iter().filter(|t| t["l2"] == 0.1).count(),
        3,
        "each kind of features with the middle penalty"
    );
    let same = || tried.iter().filter(|t| t["features"] == json["features"]);
    let least = same().map(|t| t["log_loss"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(same().find(|t| t["l2"] == json["l2"]).unwrap()["log_loss"], least);
    assert_eq!(json["l2_at_edge"], json["l2"] == 30.0 || json["l2"] == 0.000_3);
    assert!((json["baselines"]["majority"]["accuracy"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(json["baselines"]["nearest_centroid"]["accuracy"], 1.0);
    assert!(json["log_loss"]["after"].as_f64().unwrap() <= json["log_loss"]["before"].as_f64().unwrap());
    assert_eq!(json["per_label"][0]["label"], "card");
    let words = json["explanation"]["words"].as_array().unwrap();
    let of =
        |word: &str| words.iter().find(|w| w["word"] == word).map(|w| w["part"].as_f64().unwrap()).unwrap();
    assert!(of("card") > 0.05 && of("card") > of("today"), "{words:?}");
}

#[test]
fn the_table_names_all_of_it() {
    let out = run(&texts(), &["--split", "split", "--explain", "r4"]).unwrap();
    for part in [
        "120 training rows, 30 test rows, 3 labels",
        "always card",
        "nearest centroid",
        "model",
        "log loss",
        "spoke for it",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}

#[test]
fn probabilities_are_written_for_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let probs = folder.path().join("p.csv");
    let arguments = ["--split", "split", "--id", "item_id", "--probs", probs.to_str().unwrap()];
    let file = texts().replacen("id,", "item_id,", 1).replace("r7,", "seven,");
    run_in(folder.path(), &file, &arguments).unwrap();
    let written = std::fs::read_to_string(probs).unwrap();
    let mut lines = written.lines();
    assert_eq!(lines.next(), Some("item_id,card,pin,rate"));
    assert_eq!(lines.clone().count(), 150);
    assert!(lines.clone().any(|line| line.starts_with("seven,")));
    for line in lines {
        let p: Vec<f64> = line.split(',').skip(1).map(|p| p.parse().unwrap()).collect();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9 && p.iter().all(|p| *p > 0.0), "{line}");
    }
}

/// A label with a single training row has nothing in the other folds: improbable there, and not impossible.
#[test]
fn no_probability_is_written_as_0() {
    let folder = tempfile::tempdir().unwrap();
    let probs = folder.path().join("p.csv");
    let file = texts() + "one,my card was lost today again,rare,train\n";
    run_in(folder.path(), &file, &["--split", "split", "--probs", probs.to_str().unwrap()]).unwrap();
    let written = std::fs::read_to_string(probs).unwrap();
    let row = written.lines().find(|line| line.starts_with("one,")).unwrap();
    let p: Vec<f64> = row.split(',').skip(1).map(|p| p.parse().unwrap()).collect();
    assert_eq!(p.len(), 4);
    assert!(p[2] > 0.0 && p[2] < 1e-9 && (p.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{row}");
}

/// The test rows are labeled against what the training rows teach: sharper probabilities make them worse.
#[test]
fn a_temperature_that_does_harm_is_not_applied() {
    let mut file = String::new();
    for line in texts().lines() {
        file += &match line.strip_suffix(",card,test") {
            Some(rest) => format!("{rest},pin,test\n"),
            None => format!("{line}\n"),
        };
    }
    let out = run(&file, &["--split", "split", "--json"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(json["temperature_fitted"].as_f64().unwrap() < 0.9, "{out}");
    assert_eq!(json["temperature"], 1.0);
    assert_eq!(json["log_loss"]["after"], json["log_loss"]["before"]);
    let table = run(&file, &["--split", "split"]).unwrap();
    assert!(table.contains("temperature 1.000 ") && table.contains("not applied: temperature 0."), "{table}");
}

/// Nothing but one text, under both labels: there is nothing to learn, and nothing is made of it.
#[test]
fn the_same_text_under_two_labels() {
    let mut file = "id,text,label,split\n".to_owned();
    for i in 0..40 {
        let (label, split) = (["neg", "pos"][i % 2], ["test", "train", "train"][i % 3]);
        file += &format!("{i},same text,{label},{split}\n");
    }
    let out = run(&file, &["--split", "split", "--json"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let loss = |when: &str| json["log_loss"][when].as_f64().unwrap();
    assert!(loss("after") <= loss("before") && loss("after") < 0.7, "{out}");
    assert_eq!(json["accuracy"], json["baselines"]["majority"]["accuracy"]);
}

/// Names and labels come back as they were: other programs look rows up by them.
#[test]
fn names_that_look_like_formulas_stay_names() {
    let folder = tempfile::tempdir().unwrap();
    let probs = folder.path().join("p.csv");
    let file = texts().replace("r1,", "=1+1,").replace(",card,", ",-1,").replace(",pin,", ",=pin,");
    run_in(folder.path(), &file, &["--split", "split", "--probs", probs.to_str().unwrap()]).unwrap();
    let written = std::fs::read_to_string(&probs).unwrap();
    assert!(written.starts_with("id,-1,=pin,rate\n") && written.contains("\n=1+1,"), "{written}");
    let labeled = folder.path().join("x.csv");
    let again = ["assay", "errors", labeled.to_str().unwrap(), "--probs", probs.to_str().unwrap()];
    let mut out = Vec::new();
    Cli::try_parse_from(again).unwrap().command.run(&mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().starts_with("0 of 150 labels"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let split = ["--split", "split"];
    let head = "id,text,label,split\n";
    let cases = [
        ("1,a,x,train\n2,b,y,train\n", ": no row of the column split says test"),
        ("1,a,x,test\n2,b,y,test\n", ": no row of the column split says train"),
        (
            "1,a,x,train\n2,b,x,test\n",
            ": all rows have the label x: there is nothing to learn from one label",
        ),
        ("1,a,x,train\n2,b,x,train\n3,c,y,test\n", ": all training rows have the same label"),
        (
            "1,a,x,train\n2,b,y,train\n3,c,z,test\n",
            ", line 4, column split: a test row has the label z, which no training row has: move one over, or leave it out",
        ),
        ("1,a,x,train\n2,b,y,dev\n", ", line 3, column split: \"dev\" is not train, test or validation"),
        (
            "1,a,x,train\n2,b,,test\n",
            ", line 3, column label: there is no label: leave the row out, or label it",
        ),
        ("1,a,x,train\n1,b,y,test\n", ", line 3, column id: line 2 is called 1 too"),
        ("", ": there are no rows"),
    ];
    for (rows, message) in cases {
        assert_eq!(run(&format!("{head}{rows}"), &split).unwrap_err(), message);
    }
    assert!(run(&texts(), &["--split", "part"]).unwrap_err().contains("there is no column part"));
    let explain = run(&texts(), &["--split", "split", "--explain", "zzz"]).unwrap_err();
    assert_eq!(explain, ": no row is called zzz");
    // Texts without a word in common, and the fewest rows there can be.
    let few = format!("{head}1,a b,x,train\n2,c d,y,train\n3,e f,x,test\n");
    assert!(run(&few, &split).unwrap_err().contains("the texts hold no word twice"));
    let few = format!("{head}1,aa bb,x,train\n2,cc dd,y,train\n3,aa dd,x,test\n4,,y,validation\n");
    assert!(run(&few, &split).unwrap().contains("1 validation rows were left out"));
}
