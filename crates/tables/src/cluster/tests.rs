use super::*;
use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    cluster: Cluster,
}

/// Runs `assay cluster` on a file of this content; `{}` in an argument is the folder it lies in.
fn run(content: &str, arguments: &[&str]) -> Result<(String, TempDir), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, content).unwrap();
    let here = folder.path().display().to_string();
    let arguments: Vec<String> = ["cluster", "{}/x.csv"]
        .iter()
        .chain(arguments)
        .map(|argument| argument.replace("{}", &here))
        .collect();
    let mut out = Vec::new();
    match Cli::try_parse_from(arguments).unwrap().cluster.run(&mut out) {
        Ok(()) => Ok((String::from_utf8(out).unwrap(), folder)),
        Err(error) => {
            Err(error.to_string().rsplit_once("x.csv").map_or(error.to_string(), |e| e.1.to_owned()))
        }
    }
}

/// 36 texts on three things, and one of nothing.
fn three_things() -> String {
    let mut content = String::from("id,text\n");
    for n in 0..12 {
        let day = ["monday", "tuesday", "friday"][n % 3];
        content += &format!("c{n},\"my <b>card</b> payment was declined on {day}, card payment & fees\"\n");
        content += &format!("p{n},please reset the pin code on {day} pin code\n");
        content += &format!("e{n},what exchange rate do you use for euros on {day} exchange rate\n");
    }
    content + "nothing,\n"
}

fn json(content: &str, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&run(content, &arguments).unwrap().0).unwrap()
}

#[test]
fn three_things_make_three_clusters() {
    let arguments = ["--clusters", "3", "--neighbours", "3", "--out", "{}/o.csv", "--map", "{}/m.svg"];
    let (table, folder) = run(&three_things(), &arguments).unwrap();
    assert!(
        table.starts_with("36 texts in 3 clusters; 1 without a known word are in none; silhouette 0."),
        "{table}"
    );
    assert!(table.contains("exchange rate"), "{table}");

    let out = std::fs::read_to_string(folder.path().join("o.csv")).unwrap();
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("id,cluster"));
    let of: FxHashMap<&str, &str> = lines.map(|line| line.split_once(',').unwrap()).collect();
    assert_eq!((of.len(), of["nothing"]), (37, ""));
    for thing in ["c", "p", "e"] {
        assert!((0..12).all(|n| of[format!("{thing}{n}").as_str()] == of[format!("{thing}0").as_str()]));
    }
    assert!(of["c0"] != of["p0"] && of["p0"] != of["e0"] && of["c0"] != of["e0"]);

    let svg = std::fs::read_to_string(folder.path().join("m.svg")).unwrap();
    assert_eq!(svg.matches("<path").count(), 3);
    assert!(svg.contains(": 12 texts. ") && svg.contains("prefers-color-scheme: dark"));
    assert!(!svg.contains("<script") && !svg.contains("NaN") && !svg.contains("<b>"));
}

#[test]
fn json_says_everything() {
    let found = json(&three_things(), &["--clusters", "3"]);
    assert_eq!((&found["n_items"], &found["n_without_cluster"]), (&Value::from(37), &Value::from(1)));
    let clusters = found["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 3);
    for cluster in clusters {
        assert_eq!(cluster["size"], 12);
        assert!(!cluster["keywords"].as_array().unwrap().is_empty());
        let typical = cluster["typical"].as_array().unwrap();
        assert_eq!(typical.len(), 5);
        assert!(typical.iter().all(|item| item["id"].is_string() && item["text"].is_string()));
    }
    assert_eq!(found["tree"]["merges"].as_array().unwrap().len(), 2);
    assert_eq!(found["outliers"].as_array().unwrap().len(), 10);
}

#[test]
fn without_a_number_there_are_micro_clusters_and_their_tree() {
    let found = json(&three_things(), &["--neighbours", "0"]);
    let leaves = found["tree"]["leaves"].as_array().unwrap();
    assert!((3..=20).contains(&leaves.len()));
    assert_eq!(leaves.iter().map(|leaf| leaf["size"].as_u64().unwrap()).sum::<u64>(), 36);
    assert_eq!(found["tree"]["merges"].as_array().unwrap().len(), leaves.len() - 1);
    assert_eq!(
        (&found["grain"], &found["grains"]["themes"]),
        (&"themes".into(), &found["clusters"].as_array().unwrap().len().into())
    );
    let whole = &found["tree"]["merges"][leaves.len() - 2];
    assert_eq!((&whole["size"], &whole["stability"]), (&36.into(), &1.0.into()));
    assert!(found["clusters"].as_array().unwrap().iter().all(|c| c["tightness"].as_f64() <= Some(1.0)));
    let sizes: Vec<u64> =
        found["clusters"].as_array().unwrap().iter().map(|c| c["size"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().sum::<u64>() == 36);
    let (table, _) = run(&three_things(), &[]).unwrap();
    assert!(
        table.contains("the themes of a tree of") && table.contains("Groups by grain: overview "),
        "{table}"
    );
    let number = |grain: &str| {
        let found = json(&three_things(), &["--grain", grain]);
        let clusters = found["clusters"].as_array().unwrap().len();
        assert_eq!(found["grains"][grain], clusters);
        clusters
    };
    let (overview, details) = (number("overview"), number("details"));
    assert!(overview <= 3 && details >= 3, "{overview} {details}");
    assert!(Cli::try_parse_from(["cluster", "x.csv", "--grain", "details", "--clusters", "3"]).is_err());
}

/// Real texts that lie beside the repository; without them there is nothing to test.
#[test]
fn themes_of_banking77_are_as_good_as_groups_of_a_known_number() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/banking77/items.csv");
    let Ok(content) = std::fs::read(path) else { return };
    let mut reader = csv::Reader::from_reader(content.as_slice());
    let label = reader.headers().unwrap().iter().position(|name| name == "label").unwrap();
    let labels: Vec<String> = reader.records().map(|row| row.unwrap()[label].to_owned()).collect();
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("o.csv").display().to_string();
    let mut out = Vec::new();
    let arguments = ["cluster", path, "--id", "item_id", "--json", "--out", &written];
    Cli::try_parse_from(arguments).unwrap().cluster.run(&mut out).unwrap();
    let found: Value = serde_json::from_slice(&out).unwrap();
    let clusters = found["clusters"].as_array().unwrap();
    let details = found["grains"]["details"].as_u64().unwrap();
    assert!((60..=120).contains(&clusters.len()) && (250..=350).contains(&details), "{}", found["grains"]);
    let largest = clusters[0]["size"].as_u64().unwrap();
    assert!(largest * 20 <= 13_083, "{largest} in one group");
    let groups: Vec<String> = std::fs::read_to_string(&written)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once(',').unwrap().1.to_owned())
        .collect();
    assert_eq!((groups.len(), groups.iter().filter(|group| group.is_empty()).count()), (13_083, 0));
    let (nmi, purity) = agreement(&groups, &labels);
    // k-means told the number: .646 and .477 at 77, .663 and .538 at 110.
    assert!(nmi > 0.64 && purity > 0.5, "{nmi} {purity} in {}", clusters.len());
}

/// Normalized mutual information (by the mean of both entropies) and purity.
fn agreement(groups: &[String], labels: &[String]) -> (f64, f64) {
    let n = groups.len() as f64;
    let count = |of: &[(&str, &str)]| {
        let mut counts: FxHashMap<(String, String), f64> = FxHashMap::default();
        of.iter().for_each(|(a, b)| *counts.entry(((*a).to_owned(), (*b).to_owned())).or_default() += 1.0);
        counts
    };
    let pairs: Vec<(&str, &str)> =
        groups.iter().map(String::as_str).zip(labels.iter().map(String::as_str)).collect();
    let entropy = |counts: &FxHashMap<(String, String), f64>| -> f64 {
        counts.values().map(|c| -c / n * (c / n).ln()).sum()
    };
    let of_groups = count(&pairs.iter().map(|(a, _)| (*a, "")).collect::<Vec<_>>());
    let of_labels = count(&pairs.iter().map(|(_, b)| ("", *b)).collect::<Vec<_>>());
    let both = count(&pairs);
    let mutual = entropy(&of_groups) + entropy(&of_labels) - entropy(&both);
    let mut best: FxHashMap<&str, f64> = FxHashMap::default();
    for ((group, _), count) in &both {
        let most = best.entry(group).or_default();
        *most = most.max(*count);
    }
    (2.0 * mutual / (entropy(&of_groups) + entropy(&of_labels)), best.values().sum::<f64>() / n)
}

#[test]
fn the_same_seed_says_the_same() {
    let files = || {
        let (table, folder) = run(&three_things(), &["--seed", "7", "--map", "{}/m.svg", "--json"]).unwrap();
        (table, std::fs::read_to_string(folder.path().join("m.svg")).unwrap())
    };
    assert_eq!(files(), files());
}

#[test]
fn few_texts_and_equal_texts() {
    let one = json("id,text\n1,one word\n2,one word\n", &["--clusters", "2", "--map", "{}/m.svg"]);
    // There is one different text: two clusters can't be told apart.
    assert_eq!(one["clusters"].as_array().unwrap().len(), 1);
    let two =
        json("n,words\n1,one word\n2,one other\n", &["--id", "n", "--text", "words", "--map", "{}/m.svg"]);
    assert_eq!(two["n_items"], 2);
}

/// With ten neighbours each, six texts would be one point.
#[test]
fn few_texts_make_as_many_clusters_as_asked() {
    let pairs = "id,text\n0,refund card please\n1,refund card now\n2,parcel lost please\n3,parcel lost again\n\
        4,login fails now\n5,login fails again\n";
    let found = json(pairs, &["--clusters", "3"]);
    let clusters = found["clusters"].as_array().unwrap();
    assert_eq!(
        clusters.iter().map(|c| c["size"].as_u64().unwrap()).collect::<Vec<_>>(),
        [2, 2, 2],
        "{found:#}"
    );
    assert_eq!((&found["neighbours"], &found["n_clusters_asked"]), (&1.into(), &3.into()));
    for k in 1..=6_usize {
        let found = json(pairs, &["--clusters", &k.to_string()]);
        assert_eq!(found["clusters"].as_array().unwrap().len(), k);
    }
    // Many equal texts leave the others together in the average.
    let mut uneven = pairs.to_owned();
    (0..30).for_each(|i| uneven += &format!("s{i},statement of my account\n"));
    let found = json(&uneven, &["--clusters", "7"]);
    assert_eq!(found["clusters"].as_array().unwrap().len(), 7);
    // More than differ there can't be, and it is said.
    let table = run(&uneven, &["--clusters", "9"]).unwrap().0;
    assert!(table.contains("in 7 clusters") && table.contains("9 were asked for"), "{table}");
}

#[test]
fn emoji_alone_are_told_apart() {
    let mut content = String::from("id,text\n");
    for i in 0..20 {
        content += &format!("{i},{}\n", ["😀😀", "😡", "👍👍👍", "❤\u{fe0f}", "🚚"][i % 5]);
    }
    let found = json(&content, &["--clusters", "5"]);
    let clusters = found["clusters"].as_array().unwrap();
    assert!(clusters.len() == 5 && clusters.iter().all(|c| c["size"] == 4), "{found:#}");
    let words: String = clusters.iter().filter_map(|c| c["keywords"][0].as_str()).collect();
    assert!(["😀", "😡", "👍", "❤", "🚚"].iter().all(|emoji| words.contains(emoji)), "{words}");
}

#[test]
fn long_texts_are_cut_between_graphemes() {
    let long = "नि".repeat(100);
    let table = run(&format!("id,text\n1,{long}\n2,{long}\n"), &["--clusters", "1"]).unwrap().0;
    assert!(table.contains(&format!("{}…", "नि".repeat(71))), "{table}");
}

#[test]
fn names_that_look_like_formulas_stay_names() {
    let content = "id,text\n=1+1,refund please now\n@x,refund now\n-3,parcel lost\n+4,lost parcel\n";
    let (_, folder) = run(content, &["--clusters", "2", "--out", "{}/o.csv"]).unwrap();
    let written = std::fs::read_to_string(folder.path().join("o.csv")).unwrap();
    let ids: Vec<&str> = written.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["id", "=1+1", "@x", "-3", "+4"]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |content: &str, arguments: &[&str]| run(content, arguments).unwrap_err();
    assert_eq!(wrong("id,text\n", &[]), ": there are no texts: the file has a header alone");
    assert_eq!(
        wrong("id,text\n1,a b\n2,c\n1,a b\n", &[]),
        ", line 4, column id: the id 1 stands on line 2 already"
    );
    assert_eq!(
        wrong("id,text\n1,a b\n ,c\n", &[]),
        ", line 3, column id: the id is empty: each text needs one"
    );
    assert!(wrong("id,words\n1,a\n", &[]).contains("there is no column text; the file has: id, words"));
    assert_eq!(wrong("id,text\n1,a\n", &["--clusters", "0"]), "--clusters must be at least 1");
    assert_eq!(
        wrong("id,text\n1,one word\n2,one word\n3,\n", &["--clusters", "3"]),
        ": 3 clusters can't be made of 2 texts with known words"
    );
    assert!(wrong("id,text\n1,\n2,  \n", &[]).starts_with(": nothing is known of any of the 2 texts"));
    let out = wrong(&three_things(), &["--out", "{}/no/such/folder.csv"]);
    assert!(out.contains("folder.csv: "), "{out}");
    assert!(Cli::try_parse_from(["cluster", "x.csv", "--encoder", "magic"]).is_err());
}

#[test]
fn texts_can_not_break_the_drawing() {
    assert_eq!(picture::escape("<a href=\"x\">&'\u{0}\u{ffff}"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39; ");
}
