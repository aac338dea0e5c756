//! What columns are taken for, and why: ids, groups and times that nobody meant are none.

use super::*;
use domain::source::DateOrder;

fn guess_of(file: &str) -> Guess {
    look(file.as_bytes(), None).expect("a sample").guessed()
}

fn why<'g>(guess: &'g Guess, role: &str) -> &'g Reason {
    guess.reasons.iter().find(|reason| reason.role == role).expect("a reason")
}

fn table(header: &str, row: impl Fn(usize) -> String, n: usize) -> String {
    let rows: Vec<String> = (0..n).map(row).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn the_text_is_what_people_read() {
    let address = |i| {
        format!(
            "{i},Storm closes road {i},https://news.example.org/2026/11/02/storm-closes-coast-road-{i}.html"
        )
    };
    let guess = guess_of(&table("id,headline,url", address, 20));
    assert_eq!(guess.mapping.text, "headline");
    assert!(!why(&guess, "text").sure && why(&guess, "text").why.contains("longest texts"), "{guess:?}");
    let tweet = |i| {
        format!(
            "{i},my order {i} has not come,\"Dad of two. Runner, reader, amateur baker. All opinions are mine {i}\""
        )
    };
    let guess = guess_of(&table("tweet_id,full_text,user_description", tweet, 20));
    assert_eq!((guess.mapping.text.as_str(), guess.mapping.id.as_deref()), ("full_text", Some("tweet_id")));
    assert!(why(&guess, "text").why.contains("ends with “text”"), "{guess:?}");
    let numbers = guess_of("text,note\n1,first note\n2,second note\n");
    assert_eq!(numbers.mapping.text, "note");
    let named = guess_of("id,text\n1,a\n2,b\n");
    assert!(why(&named, "text").sure && why(&named, "id").sure);
    let repeated = guess_of("id,text\n1,a\n1,b\n");
    assert!(
        repeated.mapping.id.is_none() && why(&repeated, "id").why.contains("comes twice"),
        "{repeated:?}"
    );
    let nan = guess_of("id,text\n1,a\nnan,b\n");
    assert_eq!(nan.mapping.id, None);
}

#[test]
fn a_column_that_tells_nobody_apart_is_no_group() {
    let of = |value: fn(usize) -> String| {
        let guess = guess_of(&table("id,text,user", |i| format!("{i},message {i},{}", value(i)), 40));
        (guess.mapping.group.clone(), why(&guess, "group").why.clone())
    };
    let (group, why) = of(|_| "None".into());
    assert!(group.is_none() && why.contains("holds no value"), "{why}");
    let (group, why) = of(|_| "acme".into());
    assert!(group.is_none() && why.contains("“acme” in all"), "{why}");
    let (group, why) = of(|i| format!("u{}", i % 3));
    assert!(group.is_none() && why.contains("only 3 different values"), "{why}");
    assert_eq!(of(|i| format!("u{}", i % 7)).0.as_deref(), Some("user"));
}

#[test]
fn dates_that_can_be_read_in_two_ways_are_asked_for() {
    let sample =
        look("id,text,created_at\n1,a,03/04/2025\n2,b,05/06/2025\n".as_bytes(), None).expect("a sample");
    let mapping = sample.guess();
    assert_eq!((mapping.event_time.as_deref(), mapping.dates), (Some("created_at"), None));
    assert_eq!(sample.open_date(&mapping).as_deref(), Some("03/04/2025"));
    let [(part, words)] = &sample.problems(&mapping)[..] else { panic!("one problem") };
    assert!(*part == "event_time" && words.contains("03/04/2025") && words.contains("day-first"), "{words}");
    let told =
        look("id,text,created_at\n1,a,03/04/2025\n2,b,13/04/2025\n".as_bytes(), None).expect("a sample");
    assert_eq!(told.guess().dates, Some(DateOrder::DayFirst));
    assert_eq!(told.problems(&told.guess()), []);
}

both! {
    async fn a_bad_time_keeps_its_text_and_is_counted(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,created_at\n1,a,2026-11-02 09:00 UTC\n2,b,yesterday\n3,c,NaT\n4,d,9999-12-31\n5,e,1793610000000000\n\
                    6,f,2026-11-02 04:00:00 -0500\n";
        let source = import(&instance, project, "a.csv", file).await;
        assert_eq!((counts(&source), source.counts.undated), ([6, 6, 0, 0, 0], 2));
        assert!(in_words(&source.counts).contains("2 with an event time that can’t be read"));
        let told = source.notes.join("\n");
        assert!(told.contains("In 2 rows “created_at” is no time") && told.contains("“yesterday”"), "{told}");
        let kept = store.field_values(project, "created_at", 9).await.expect("values");
        assert_eq!(kept, [("9999-12-31".to_owned(), 1), ("yesterday".to_owned(), 1)]);
        let at = async |id| {
            let item = store.item_named(project, id).await.expect("a query").expect("the item");
            browse::item(&instance, ADMIN, project, item).await.expect("its page").item.event_at
        };
        assert_eq!(at("1").await, Some(1_793_610_000_000_000));
        assert_eq!((at("5").await, at("6").await), (at("1").await, at("1").await));
        assert_eq!((at("2").await, at("3").await), (None, None));
        assert_eq!(counts(&import(&instance, project, "a.csv", file).await), [6, 0, 0, 6, 0]);
    }

    async fn dates_are_read_as_somebody_says(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,created_at\n1,a,03/04/2025\n2,b,05/06/2025\n";
        let upload = async || {
            let mut blob = instance.store.create_blob().await.expect("a blob");
            blob.write(file.as_bytes()).await.expect("bytes");
            blob.finish().await.expect("an upload")
        };
        let id = begin(&instance, ADMIN, project, "a.csv", None, upload().await).await.expect("a source");
        let mapping = preview(&instance, ADMIN, project, id).await.expect("a preview").source.mapping;
        let refused = start(&instance, ADMIN, project, id, mapping.clone()).await.expect_err("nobody said it");
        assert!(refused.to_string().contains("whether the day or the month comes first"), "{refused}");
        let said = Mapping { dates: Some(DateOrder::MonthFirst), ..mapping };
        start(&instance, ADMIN, project, id, said).await.expect("a start");
        jobs::run_all(&instance).await.expect("a run");
        let item = store.item_named(project, "1").await.expect("a query").expect("the item");
        let page = browse::item(&instance, ADMIN, project, item).await.expect("its page");
        assert_eq!(page.item.event_at, Some(1_741_046_400_000_000), "the fourth of March");
    }

    async fn words_for_nothing_are_no_ids_and_no_groups(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = table("id,text,user", |i| format!("{},message {i},{}", if i < 3 { "nan".into() } else { i.to_string() },
            if i % 2 == 0 { "None".to_owned() } else { "acme".to_owned() }), 40);
        let of_columns = |m: &mut Mapping| (m.id, m.group) = (Some("id".into()), Some("user".into()));
        let source = import_with(&instance, project, "a.csv", file.as_bytes(), of_columns).await;
        assert_eq!(counts(&source), [40, 40, 0, 0, 0]);
        let told = source.notes.join("\n");
        assert!(told.contains("In 3 rows the id is a word for nothing (“nan”)"), "{told}");
        assert!(told.contains("In 20 rows the group is a word for nothing (“None”)"), "{told}");
        assert!(told.contains("One group, “acme”, holds 50% of the rows"), "{told}");
        let none = number(&store, "SELECT COUNT(*) FROM item WHERE group_key IS NULL").await;
        assert_eq!(none, 20);
    }

    async fn a_header_alone_is_nothing_to_import(store: Store) {
        let (instance, project) = instance(&store).await;
        let sample = look("id,text\n".as_bytes(), Some(Format::Csv)).expect("a sample");
        let refused = fits(&instance, ADMIN, project, &sample.guess(), &sample).await.expect_err("no row");
        assert!(refused.to_string().contains("no row"), "{refused}");
    }

    async fn splits_are_told_before_they_are_fixed(store: Store) {
        let (instance, project) = instance(&store).await;
        let row = |i: usize| format!("{i},message {i},{},{}", if i < 30 { "acme".into() } else { format!("c{i}") }, ["a", "b"][i % 2]);
        let file = table("id,text,customer,label", row, 60);
        let of_columns = |m: &mut Mapping| (m.group, m.label) = (Some("customer".into()), as_answers("label"));
        import_with(&instance, project, "a.csv", file.as_bytes(), of_columns).await;
        let order = release::Order { name: "one".into(), states: vec![State::Agreed] };
        let before = release::forecast(&instance, ADMIN, project, &order.states).await.expect("a forecast");
        assert_eq!((before.n_rows, before.splits.iter().sum::<i64>(), before.n_undecided), (60, 60, 31));
        assert_eq!(before.largest_group, Some(("acme".to_owned(), 30)));
        assert!(before.warnings()[0].contains("One group, “acme”, holds 50%"), "{:?}", before.warnings());
        assert_eq!(number(&store, "SELECT COUNT(*) FROM split").await, 0, "looking fixes nothing");
        let folder = tempfile::tempdir().expect("a folder");
        let with_folder = Instance::new(store.clone(), folder.path());
        let cut = release::cut_now(&with_folder, ADMIN, project, &order, &|_, _| ()).await.expect("a release");
        let splits: Vec<i64> = cut.manifest.expect("a manifest").splits.iter().map(|s| s.n_rows).collect();
        assert_eq!(splits, before.splits, "as it was foretold");
        let after = release::forecast(&instance, ADMIN, project, &order.states).await.expect("a forecast");
        assert_eq!(after, release::Forecast { n_undecided: 0, ..before });
    }
}

#[test]
fn a_split_without_rows_is_told() {
    let forecast =
        |splits: [i64; 3]| release::Forecast { n_rows: splits.iter().sum(), splits, ..Default::default() };
    assert!(forecast([10, 0, 0]).warnings()[0].contains("no row in validation and test"));
    assert!(forecast([0, 0, 10]).warnings()[0].contains("no row in train and validation"));
    assert!(forecast([8, 1, 1]).warnings().is_empty() && forecast([0, 0, 0]).warnings().is_empty());
}
