use crate::Command;
use clap::Parser;
use serde_json::Value;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What the command prints for a file of this content, or what it complains of, from the file's name on.
fn run(content: impl AsRef<[u8]>, options: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    std::fs::write(&path, content).unwrap();
    let command =
        ["assay", "agreement", path.to_str().unwrap()].iter().chain(options).copied().collect::<Vec<_>>();
    let mut out = Vec::new();
    Cli::try_parse_from(command).map_err(|e| e.to_string())?.command.run(&mut out).map_err(|e| {
        let e = e.to_string();
        e.split_once("r.csv").map_or(e.clone(), |(_, what)| what.to_owned())
    })?;
    Ok(String::from_utf8(out).unwrap())
}

fn json(content: impl AsRef<[u8]>, options: &[&str]) -> Value {
    let options: Vec<&str> = options.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&run(content, &options).unwrap()).unwrap()
}

/// Krippendorff's 4 observers of 12 units.
fn twelve_units() -> String {
    let mut csv = "item,annotator,label\n".to_owned();
    for (who, line) in ["123321412...", "123322412 5.3", ".33323422 51.", "12332441251."].iter().enumerate() {
        for (item, label) in line.replace(' ', "").chars().enumerate().filter(|(_, c)| *c != '.') {
            csv += &format!("u{item},{who},{label}\n");
        }
    }
    csv
}

fn value(json: &Value, key: &str) -> f64 {
    json[key]["value"].as_f64().unwrap()
}

#[test]
fn krippendorffs_units() {
    for (metric, alpha) in
        [("nominal", 0.743_421), ("ordinal", 0.815_388), ("interval", 0.849_107), ("ratio", 0.797_403)]
    {
        let got = json(twelve_units(), &["--metric", metric]);
        assert!((value(&got, "krippendorff_alpha") - alpha).abs() < 1e-6, "{got}");
        assert_eq!(
            (&got["n_items"], &got["n_annotators"], &got["n_answers"]),
            (&12.into(), &4.into(), &41.into())
        );
        assert_eq!((&got["n_compared"], &got["n_repeats_dropped"]), (&11.into(), &0.into()));
        let low = got["krippendorff_alpha"]["low"].as_f64().unwrap();
        assert!(low < alpha && got["krippendorff_alpha"]["high"].as_f64().unwrap() > alpha);
        assert_eq!(got["cohen_kappa"]["pairs"].as_array().unwrap().len(), 6);
        assert_eq!(got["cohen_kappa"]["pairs"][0]["weighted"].is_null(), metric == "nominal");
        assert_eq!(got["gwet_ac2"]["reason"].is_null(), metric != "nominal");
        assert_eq!(got["per_annotator"].as_array().unwrap().len(), 4);
        let labels = got["per_label"].as_array().unwrap();
        assert_eq!(labels.len(), if matches!(metric, "nominal" | "ordinal") { 5 } else { 0 });
    }
    let got = json(twelve_units(), &["--metric", "ordinal"]);
    assert!((value(&got, "gwet_ac2") - 0.858_739_136).abs() < 1e-8);
    assert_eq!((&got["per_label"][0]["label"], &got["per_label"][0]["n_answers"]), (&"1".into(), &9.into()));
    let table = run(twelve_units(), &["--resamples", "50"]).unwrap();
    assert!(table.contains("Krippendorff's α, nominal  0.743"), "{table}");
}

#[test]
fn the_order_of_rows_and_the_number_of_threads_change_nothing() {
    let csv = twelve_units();
    let mut lines: Vec<&str> = csv.lines().collect();
    lines[1..].reverse();
    let once = run(&csv, &["--metric", "ordinal", "--resamples", "99", "--json"]).unwrap();
    let reversed = lines.join("\n");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again =
        pool.install(|| run(reversed, &["--metric", "ordinal", "--resamples", "99", "--json"]).unwrap());
    assert_eq!(once, again);
}

#[test]
fn an_order_of_words() {
    let csv = "item,annotator,label\n1,a,low\n1,b,middle\n2,a,high\n2,b,high\n3,a,low\n3,b,low\n";
    let got = json(csv, &["--metric", "ordinal", "--order", "low, middle,high"]);
    let numbers = csv.replace("low", "1").replace("middle", "2").replace("high", "3");
    let same = json(&numbers, &["--metric", "ordinal"]);
    assert_eq!(got["krippendorff_alpha"], same["krippendorff_alpha"]);
    assert_eq!(got["cohen_kappa"]["mean_weighted"], same["cohen_kappa"]["mean_weighted"]);
    let ask = |options: &[&str]| run(csv, options).unwrap_err();
    assert!(
        ask(&["--metric", "ordinal"])
            .starts_with(", line 2, column label: this label is no number: say with --order")
    );
    let unknown = ask(&["--metric", "ordinal", "--order", "low,high"]);
    assert_eq!(unknown, ", line 3, column label: the label middle is not in --order");
    assert!(ask(&["--metric", "ordinal", "--order", "low,low"]).contains("names each label once"));
    assert!(ask(&["--metric", "interval"]).starts_with(", line 2, column label: for --metric interval"));
    assert!(ask(&["--order", "low,high"]).contains("--order is for --metric ordinal"));
    assert!(ask(&["--weights", "linear"]).contains("--weights are for labels with an order"));
    assert!(ask(&["--metric", "masi"]).contains("--multi"));
    assert!(ask(&["--metric", "nominal", "--multi", "|"]).contains("--metric masi"));
}

#[test]
fn sets_of_labels() {
    let csv = "item,annotator,label\n1,a,x\n1,b,x\n2,a,x\n2,b,y| x \n3,a,\n3,b,\n";
    let got = json(csv, &["--multi", "|"]);
    assert!((value(&got, "krippendorff_alpha") - 2.0 / 3.0).abs() < 1e-12, "{got}");
    assert_eq!((&got["metric"], &got["weights"]), (&"masi".into(), &"masi".into()));
    assert!((got["cohen_kappa"]["pairs"][0]["weighted"].as_f64().unwrap() - 0.625).abs() < 1e-12);
    assert_eq!(got["per_label"][0]["n_answers"], 4);
    assert!(run(csv, &["--multi", ""]).unwrap_err().contains("--multi wants the mark"));
}

#[test]
fn repeats_and_lone_answers() {
    let got = json("item,annotator,label\n1,a,x\n1,a,y\n1,b,y\n2,a,x\n2,b,x\n1,b,y\n", &[]);
    assert_eq!((&got["n_repeats_dropped"], &got["n_answers"]), (&2.into(), &4.into()));
    assert_eq!(value(&got, "percent"), 1.0);
    assert_eq!(got["per_label"][0]["n_answers"], 2);
    let alone = json("item,annotator,label\n1,a,x\n2,a,y\n", &[]);
    for key in ["percent", "krippendorff_alpha", "fleiss_kappa", "scott_pi", "gwet_ac1"] {
        assert!(alone[key]["value"].is_null() && alone[key]["low"].is_null());
        assert_eq!(alone[key]["reason"], "no item has answers of two people yet");
    }
    assert!(alone["cohen_kappa"]["mean"].is_null());
    assert!(
        run("item,annotator,label\n1,a,x\n2,a,y\n", &[]).unwrap().contains("Fleiss' κ has no value: no item")
    );
    let same = json("item,annotator,label\n1,a,x\n1,b,x\n", &["--metric", "nominal"]);
    assert!(same["krippendorff_alpha"]["reason"].as_str().unwrap().contains("same single answer"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let head = "item,annotator,label\n";
    let wrong = |content: &str| run(content, &[]).unwrap_err();
    assert_eq!(wrong(""), ": The file is empty.");
    assert!(
        wrong("item,who,label\n").contains("there is no column annotator; the file has: item, who, label")
    );
    assert_eq!(wrong(head), ": the file holds no answers");
    let open = wrong(&format!("{head}1,a,\"x\n1,b,x\n2,a,x\n"));
    assert_eq!(open, ", line 2: a quoted cell is never closed");
    assert!(wrong(&format!("{head}1,a,x\n1,b\n")).starts_with(", line 3: the row has 2 cells"));
    let bytes = run(b"item,annotator,label\n1,a,\xc3\xbc\n1,b,\xff\n", &[]).unwrap_err();
    assert_eq!(bytes, ", line 3: “label” is not UTF-8");
    for bad in ["inf", "two"] {
        let got = run(format!("{head}1,a,1\n1,b,{bad}\n"), &["--metric", "interval"]).unwrap_err();
        assert_eq!(got, ", line 3, column label: for --metric interval labels must be numbers");
    }
    let below = run(format!("{head}1,a,1\n1,b,-2\n"), &["--metric", "ratio"]).unwrap_err();
    assert_eq!(below, ", line 3, column label: a ratio scale holds no negative values");
    let with_tabs = "i\tw\tl\n1\ta\tx\n1\tb\tx\n2\ta\ty\n2\tb\ty\n";
    let renamed = run(with_tabs, &["--item", "i", "--annotator", "w", "--label", "l"]);
    assert!(renamed.is_ok(), "the content tells what separates: {renamed:?}");
}

/// Empty cells and what programs write for them are no answers. They are counted, and told.
#[test]
fn rows_that_lack_something_are_left_out_with_a_word() {
    let head = "item,annotator,label\n1,a,x\n1,b,y\n2,a,y\n2,b,y\n";
    let csv = format!("{head}3,a,\n3,b,NaN\n4, ,x\n,b,x\n,,\n4,b,null\n4,a,NA\n");
    let got = json(&csv, &[]);
    assert_eq!((&got["n_answers"], &got["n_items"]), (&4.into(), &2.into()));
    assert_eq!(
        got["left_out"],
        serde_json::json!({
            "rows": 7, "without_item": 1, "without_annotator": 1, "without_label": 4, "blank": 1, "first_line": 6
        })
    );
    assert_eq!(got["krippendorff_alpha"], json(head, &[])["krippendorff_alpha"]);
    let table = run(&csv, &[]).unwrap();
    let told = "7 rows were left out, the first in line 6: 1 without an item, 1 without an annotator, \
                4 without a label (empty, NaN, NA or null), 1 blank";
    assert!(table.contains(told), "{table}");
    // Numbers, too; and with sets only the empty cell is an answer.
    assert!(run("item,annotator,label\n1,a,1\n1,b,2\n2,a,NaN\n", &["--metric", "interval"]).is_ok());
    let sets = json(&csv, &["--multi", "|"]);
    assert_eq!((&sets["n_answers"], &sets["left_out"]["without_label"]), (&5.into(), &3.into()));
    // People do call a label None.
    assert_eq!(json("item,annotator,label\n1,a,None\n1,b,None\n", &[])["n_answers"], 2);

    let strict = |rows: &str| run(format!("{head}{rows}"), &["--strict"]).unwrap_err();
    let end = ": fill it in, or leave --strict out to count the row and go on";
    assert_eq!(strict("3,a,\n"), format!(", line 6, column label: the cell is empty{end}"));
    assert_eq!(strict("3,a,NaN\n"), format!(", line 6, column label: NaN is no label{end}"));
    assert_eq!(strict("3, ,x\n"), format!(", line 6, column annotator: the cell is empty{end}"));
    assert_eq!(strict(",b,x\n"), format!(", line 6, column item: the cell is empty{end}"));
    assert!(run(head, &["--strict"]).is_ok());
}

/// One program writes whole numbers as 1, another as 1.0.
#[test]
fn one_and_one_point_oh_are_one_label() {
    let mut csv = "item,annotator,label\n".to_owned();
    for item in 0..9 {
        csv += &format!("{item},a,{0}\n{item},b,{0}.0\n", item % 3 + 1);
    }
    let got = json(&csv, &[]);
    assert_eq!(value(&got, "krippendorff_alpha"), 1.0);
    assert_eq!(got["label_spellings"], serde_json::json!(["1", "1.0", "2", "2.0", "3", "3.0"]));
    let table = run(&csv, &[]).unwrap();
    assert!(table.contains("labels that differ in .0 alone are taken for one: 1, 1.0, 2"), "{table}");
    let ranked = json(&csv, &["--metric", "ordinal", "--order", "3.0,2,1.0"]);
    assert_eq!(value(&ranked, "krippendorff_alpha"), 1.0);
}

/// Two items, one item, full agreement or no resamples: an interval from 1 to 1 would look like certainty.
#[test]
fn too_little_gives_no_interval_but_the_reason() {
    let head = "item,annotator,label\n";
    let two = json(format!("{head}1,a,x\n1,b,x\n2,a,y\n2,b,y\n"), &[]);
    for key in ["percent", "krippendorff_alpha", "fleiss_kappa", "scott_pi", "gwet_ac1"] {
        assert_eq!((value(&two, key), two[key]["low"].is_null()), (1.0, true));
        assert_eq!(two[key]["reason"], "no interval: an interval needs 5 items, and there are 2");
    }
    assert_eq!(two["cohen_kappa"]["pairs"][0]["low"], Value::Null);
    let without = json(twelve_units(), &["--resamples", "0"]);
    assert_eq!(without["krippendorff_alpha"]["reason"], "no interval: no resamples were asked for");
    let one = json(twelve_units(), &["--resamples", "1"]);
    let reason = one["krippendorff_alpha"]["reason"].as_str().unwrap();
    assert!(reason.contains("needs 40 resamples, and 1 were asked for"), "{reason}");
    let all = json(twelve_units(), &[]);
    assert_eq!((&all["percent"]["n_resamples"], &all["percent"]["reason"]), (&2_000.into(), &Value::Null));
    let table = run(format!("{head}1,a,x\n1,b,x\n2,a,y\n2,b,y\n"), &[]).unwrap();
    assert!(table.contains("Fleiss' κ has no interval: an interval needs 5 items"), "{table}");
}

/// A crowd: most pairs share one item or two. Their κ say nothing; the mean is that of those who share five.
#[test]
fn the_mean_kappa_rests_on_pairs_that_share_enough() {
    let mut csv = "item,annotator,label\n".to_owned();
    for item in 0..12 {
        let label = ["x", "y", "z"][item % 3];
        csv += &format!("{item},a,{label}\n{item},b,{}\n", if item == 0 { "y" } else { label });
        // A passer-by, who says something else.
        csv += &format!("{item},p{item},{}\n", if item % 2 == 0 { "x" } else { label });
    }
    let got = json(&csv, &[]);
    let kappa = &got["cohen_kappa"];
    assert_eq!((&kappa["n_pairs"], &kappa["n_pairs_counted"]), (&25.into(), &1.into()));
    assert_eq!((&kappa["n_pairs_with_few_items"], &kappa["least_items"]), (&24.into(), &5.into()));
    assert_eq!(kappa["mean"], kappa["pairs"][0]["kappa"]);
    let table = run(&csv, &[]).unwrap();
    assert!(
        table.contains("mean 0.875, weighted by shared items, of 1 of 25 pairs: 24 share fewer than 5"),
        "{table}"
    );
    // A convention is named where it matters.
    assert!(!table.contains("their answers number"), "{table}");
    let varying = run(format!("{csv}0,q,x\n"), &[]).unwrap();
    assert!(
        varying.contains("their answers number 3 to 4: Fleiss' κ and Scott's π count these items alike"),
        "{varying}"
    );
}

/// Ordinal judgments of 8 people, for whoever has them at hand.
#[test]
fn convabuse() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/convabuse/annotations.csv");
    let Ok(content) = std::fs::read(path) else { return };
    let columns = ["--item", "item_id", "--annotator", "annotator_id", "--resamples", "100"];
    let got = json(&content, &[&columns[..], &["--label", "severity", "--metric", "ordinal"]].concat());
    assert!((value(&got, "krippendorff_alpha") - 0.659_163_703_9).abs() < 1e-9);
    assert_eq!(got["n_repeats_dropped"], 357);
    // Types of abuse are sets, and most are empty.
    let sets = json(&content, &[&columns[..], &["--label", "types", "--multi", "|"]].concat());
    assert!(value(&sets, "krippendorff_alpha") > 0.2 && sets["n_repeats_dropped"] == 357, "{sets}");
}
