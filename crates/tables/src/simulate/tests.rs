use crate::Command;
use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn run(content: &str, arguments: &[&str]) -> Result<(String, Option<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    let (path, plot) = (folder.path().join("x.csv"), folder.path().join("x.svg"));
    std::fs::write(&path, content).unwrap();
    let files = ["assay", "simulate", path.to_str().unwrap(), "--plot", plot.to_str().unwrap()];
    let mut out = Vec::new();
    let command = Cli::try_parse_from(files.into_iter().chain(arguments.iter().copied())).unwrap().command;
    command.run(&mut out).map_err(|e| e.to_string())?;
    Ok((String::from_utf8(out).unwrap(), std::fs::read_to_string(plot).ok()))
}

const SMALL: [&str; 8] = ["--start", "6", "--batch", "5", "--budget", "21", "--seeds", "3"];

#[test]
fn strategies_are_compared() {
    let texts = crate::train::tests::texts();
    let strategies =
        ["--strategies", "random,margin,default", "--target", "0.9", "--split", "split", "--json"];
    let (out, plot) = run(&texts, &[&SMALL[..], &strategies].concat()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["n_train"], &json["n_test"], &json["n_fits"]), (&120.into(), &30.into(), &36.into()));
    for (place, name) in ["random", "margin", "default"].into_iter().enumerate() {
        let strategy = &json["strategies"][place];
        assert_eq!(strategy["strategy"], name);
        assert_eq!(strategy["own_start"], name == "default");
        assert_eq!(strategy["curve"].as_array().unwrap().len(), 4);
        assert_eq!(strategy["curve"][3]["answers"], 21);
        assert!(strategy["labels_to_target"]["value"].as_f64().unwrap() <= 21.0, "{out}");
        assert!(strategy["ratio_to_random"]["value"].as_f64().unwrap() <= 1.0, "{out}");
    }
    let plot = plot.unwrap();
    assert!(plot.starts_with("<svg xmlns=") && plot.trim_end().ends_with("</svg>"));
    assert_eq!(plot.matches("<polyline").count(), 3);
    assert!(plot.contains("prefers-color-scheme:dark") && !plot.contains(">diverse-margin<"));
    assert!(!plot.contains("<script") && !plot.contains("NaN") && !plot.contains("href"));
}

#[test]
fn the_table_says_what_was_reached() {
    let texts = crate::train::tests::texts();
    let (out, _) = run(&texts, &[&SMALL[..], &["--strategies", "random,representative"]].concat()).unwrap();
    assert!(out.contains("120 rows to label, 30 test rows, 3 labels, vectors: lsa"), "{out}");
    assert!(out.contains("With a start of their own, not the random one: representative"), "{out}");
}

#[test]
fn what_is_wrong_is_said() {
    let texts = crate::train::tests::texts();
    let wrong = |arguments: &[&str]| run(&texts, &[&SMALL[..], arguments].concat()).unwrap_err();
    let message = wrong(&["--strategies", "random,best"]);
    assert!(message.starts_with("there is no strategy best; there are: default, random,"), "{message}");
    assert_eq!(wrong(&["--strategies", "random,random"]), "random stands twice, or can't be replayed");
    assert_eq!(wrong(&["--strategies", "scores"]), "scores stands twice, or can't be replayed");
    assert_eq!(wrong(&["--target", "80"]), "the target is an accuracy between 0 and 1, not 80");
    assert!(wrong(&["--split", "part"]).contains("there is no column part"));
    assert!(
        run(&texts, &["--start", "121"]).unwrap_err().contains("the start takes 121 rows, and there are 120")
    );
    assert!(run(&texts, &["--start", "0"]).unwrap_err().contains("there must be"));
    assert!(run("id,text,label\n1,a,x\n2,b,x\n", &[]).unwrap_err().contains("all rows have the label x"));
}
