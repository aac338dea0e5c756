use super::load::load_from;
use super::*;
use crate::data::browse;
use crate::jobs;
use crate::release;
use crate::{Error, Instance, Result};
use domain::ProjectId;
use domain::consensus::State;
use domain::permission::Actor;
use domain::project::{Settings, Task};
use domain::slice::Slice;
use domain::source::LabelColumn;
use domain::source::{Format, LabelUse, Mapping, SourceState};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use store::data::sources::{NewSource, Source};
use store::label::tally::Tally;
use store::testing::{number, run};
use store::{Store, both};

mod columns;
mod labels;

const ADMIN: &Actor = &Actor::OPERATOR;

async fn instance(store: &Store) -> (Instance, ProjectId) {
    let instance = Instance::new(store.clone(), std::path::Path::new("nowhere"));
    let project = crate::testbed::project(&instance, "p", Task::Single, Settings::default()).await;
    (instance, project)
}

/// Uploads, starts with the guess or what `change` makes of it, and runs the job.
async fn import_with(
    instance: &Instance,
    project: ProjectId,
    name: &str,
    bytes: &[u8],
    change: impl FnOnce(&mut Mapping),
) -> Source {
    let mut blob = instance.store.create_blob().await.expect("a blob");
    blob.write(bytes).await.expect("bytes");
    let upload = blob.finish().await.expect("an upload");
    let id = begin(instance, ADMIN, project, name, None, upload).await.expect("a source");
    let mut mapping = preview(instance, ADMIN, project, id).await.expect("a preview").source.mapping;
    change(&mut mapping);
    start(instance, ADMIN, project, id, mapping).await.expect("a start");
    jobs::run_all(instance).await.expect("a run");
    source(instance, ADMIN, project, id).await.expect("the source")
}

async fn import(instance: &Instance, project: ProjectId, name: &str, text: &str) -> Source {
    import_with(instance, project, name, text.as_bytes(), |_| {}).await
}

fn counts(source: &Source) -> [i64; 5] {
    assert_eq!(source.state, SourceState::Done, "{:?}", source.error);
    let c = source.counts;
    [c.read, c.new, c.revised, c.same, c.rejected]
}

async fn tally(store: &Store, project: ProjectId) -> BTreeMap<String, i64> {
    let mut tally = store.tally(Tally::Project(project)).await.expect("a tally");
    tally.remove("control");
    tally.retain(|_, n| *n != 0);
    tally
}

async fn texts(instance: &Instance, project: ProjectId) -> Vec<String> {
    let filter = Slice::default();
    let page = browse::items(instance, ADMIN, project, "", &filter, browse::Order::OldestFirst, None).await;
    page.expect("a page").items.into_iter().map(|i| i.text).collect()
}

/// The next job is taken again and again by a program that dies of it.
async fn crash_until_given_up(instance: &Instance) {
    for _ in 0..5 {
        jobs::take(instance).await.expect("a take").expect("a job");
        instance.store.clock().advance(61);
    }
    jobs::run_all(instance).await.expect("a run");
}

/// A place in a file past which nothing can be read until somebody says so.
struct UntilTold(Arc<Mutex<std::sync::mpsc::Receiver<()>>>);

impl Read for UntilTold {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        let _ = self.0.lock().expect("one reader").recv();
        Ok(0)
    }
}

fn as_answers(column: &str) -> Option<LabelColumn> {
    let becomes = LabelUse::Answers { person: "Old team".into() };
    Some(LabelColumn { column: column.into(), becomes })
}

both! {
    async fn twice_the_same_file_changes_nothing_and_says_so(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,created_at,plan\n1,Hello,2026-10-01,basic\n2,\"Two\nlines\",2026-10-02 10:00,plus\n";
        let first = import(&instance, project, "a.csv", file).await;
        assert_eq!(counts(&first), [2, 2, 0, 0, 0]);
        assert_eq!(first.mapping.event_time.as_deref(), Some("created_at"));
        let again = import(&instance, project, "b.csv", file).await;
        assert_eq!(counts(&again), [2, 0, 0, 2, 0]);
        assert!(again.counts.changed_nothing());
        assert_eq!(in_words(&again.counts), "2 rows: all of them known already, nothing changed");
        // The same content in another order of columns and another format is the same content.
        let other = r#"{"plan":"basic","created_at":"2026-10-01T00:00:00Z","text":"Hello","id":"1"}"#;
        assert_eq!(counts(&import(&instance, project, "c.jsonl", other).await), [1, 0, 0, 1, 0]);
        assert_eq!(tally(&store, project).await, BTreeMap::from([("unlabeled".to_owned(), 2)]));
        assert_eq!(store.changes_after(0, 10).await.expect("changes").len(), 1);
        assert!(store.blobs().await.expect("blobs").is_empty(), "uploads go when they are imported");
    }

    async fn rows_without_an_id_are_known_by_their_content(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "text,plan\nthanks,basic\nthanks,plus\nthanks,plus\n";
        let first = import(&instance, project, "a.csv", file).await;
        assert_eq!(counts(&first), [3, 2, 0, 1, 0]);
        assert_eq!((first.counts.duplicate, first.counts.duplicate_exact), (1, 1));
        assert_eq!(counts(&import(&instance, project, "a.csv", file).await), [3, 0, 0, 3, 0]);
    }

    async fn new_content_under_a_known_id_is_a_revision(store: Store) {
        let (instance, project) = instance(&store).await;
        import(&instance, project, "a.csv", "id,text,plan\n1,Hello,basic\n2,World,basic\n").await;
        let second = import(&instance, project, "b.csv", "id,text,plan\n2,World!,plus\n1,Hello,basic\n3,New,x\n").await;
        assert_eq!(counts(&second), [3, 1, 1, 1, 0]);
        assert_eq!(texts(&instance, project).await, ["Hello", "World!", "New"]);
        let item = store.item_named(project, "2").await.expect("a query").expect("the item");
        let page = browse::item(&instance, ADMIN, project, item).await.expect("its page");
        let history: Vec<(i64, &str)> = page.revisions.iter().map(|r| (r.number, r.text.as_str())).collect();
        assert_eq!(history, [(2, "World!"), (1, "World")]);
        let filter = Slice::of_field("plan", "plus");
        let found = browse::items(&instance, ADMIN, project, "", &filter, browse::Order::NewestFirst, None).await;
        assert_eq!(found.expect("a page").items.len(), 1);
    }

    async fn in_one_file_an_id_stands_for_one_content(store: Store) {
        let (instance, project) = instance(&store).await;
        // Far apart, so that they come in different pieces.
        let mut file = "id,text\n1,first\n1,first\n1,second\n".to_owned();
        for i in 2..600 {
            file.push_str(&format!("{i},text {i}\n"));
        }
        file.push_str("1,third\n");
        for round in 0..2 {
            let set_id = |m: &mut Mapping| m.id = Some("id".into());
            let source = import_with(&instance, project, "a.csv", file.as_bytes(), set_id).await;
            let [_, new, revised, same, rejected] = counts(&source);
            assert_eq!((revised, rejected), (0, 2), "round {round}");
            assert_eq!((new, same), if round == 0 { (599, 1) } else { (0, 600) });
            let refused = rejects(&instance, ADMIN, project, source.id, 0).await.expect("rejects");
            let lines: Vec<i64> = refused.iter().map(|r| r.line).collect();
            assert_eq!(lines, [4, 603]);
            assert!(refused[1].reason.starts_with("line 2 has the same id"), "{}", refused[1].reason);
            assert_eq!(refused[1].raw, "1,third");
        }
    }

    async fn bad_rows_are_kept_with_line_and_reason(store: Store) {
        let (instance, project) = instance(&store).await;
        let mut file = b"id,text,created_at\n1,fine,2026-10-01\n2,  ,2026-10-01\n3,when,yesterday\n4,\xff,\n5\n".to_vec();
        // Letters that only UTF-8 has: the other byte is a broken one.
        file.extend_from_slice("9,für,\n".as_bytes());
        file.extend_from_slice(b"6,nul\0,\n");
        file.extend_from_slice(format!("{},long id,\n", "x".repeat(600)).as_bytes());
        file.extend_from_slice(b"7,=cmd(),nope\n8,fine too,1793610000\n");
        let source = import_with(&instance, project, "a.csv", &file, |m| {
            m.id = Some("id".into());
            m.event_time = Some("created_at".into());
        })
        .await;
        assert_eq!(counts(&source), [10, 5, 0, 0, 5]);
        let refused = rejects(&instance, ADMIN, project, source.id, 0).await.expect("rejects");
        let reasons: Vec<(i64, &str)> = refused.iter().map(|r| (r.line, r.reason.as_str())).collect();
        assert_eq!(reasons[0], (3, "“text” is empty: an item needs a text"));
        assert_eq!(reasons[1], (5, "“text” is not UTF-8"));
        assert_eq!(reasons[2], (6, "the row has 1 cells, the header has 3"));
        assert_eq!(reasons[3], (8, "“text” contains a NUL character"));
        assert_eq!(reasons[4], (9, "“id” is longer than 500 bytes"));
        let stream = rejects_csv(&instance, ADMIN, project, source.id).await.expect("a stream");
        let parts: Vec<_> = stream.map(|part| part.expect("a part")).collect().await;
        let table = String::from_utf8(parts.concat()).expect("UTF-8");
        let lines: Vec<_> = csv::Reader::from_reader(table.as_bytes())
            .into_records()
            .map(|r| r.expect("a row"))
            .collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(&lines[2][2], "5");
    }

    async fn numbers_of_json_name_items_to_the_last_digit(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = r#"{"id":123456789012345678901234,"text":"first","price":1.10}
{"id":123456789012345678901235,"text":"second","price":NaN}
"#;
        let source = import(&instance, project, "a.jsonl", file).await;
        assert_eq!(counts(&source), [2, 2, 0, 0, 0]);
        assert!(store.item_named(project, "123456789012345678901235").await.expect("a query").is_some());
        let prices = store.field_values(project, "price", 9).await.expect("values");
        assert_eq!(prices, [("1.10".to_owned(), 1)]);
    }

    async fn a_text_inside_an_object_is_a_column_and_a_list_is_no_text(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = r#"{"id": 1, "data": {"text": "inside", "source": "web"}, "annotations": [{"result": "a long list"}]}"#;
        let source = import(&instance, project, "a.jsonl", file).await;
        assert_eq!((counts(&source), source.mapping.text.as_str()), ([1, 1, 0, 0, 0], "data.text"));
        assert_eq!(texts(&instance, project).await, ["inside"]);
        let file = r#"{"id": 2, "text": "fine"}
{"id": 3, "text": ["a", "b"]}
{"id": 4, "text": {"de": "c"}}
{"id": 5, "text": null}
"#;
        let source = import(&instance, project, "b.jsonl", file).await;
        assert_eq!(counts(&source), [4, 1, 0, 0, 3]);
        let refused = rejects(&instance, ADMIN, project, source.id, 0).await.expect("rejects");
        let reasons: Vec<&str> = refused.iter().map(|r| r.reason.as_str()).collect();
        assert_eq!(reasons, [
            "“text” is a list or an object: an item needs one text",
            "“text” is an object: name the column inside that holds the text, such as “text.de”",
            "“text” is empty: an item needs a text",
        ]);
    }

    async fn what_was_noticed_about_a_file_is_told_with_its_import(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = b"id;text\n1;caf\xe9\n2;plain\n";
        let source = import_with(&instance, project, "a.csv", file, |_| {}).await;
        assert_eq!(counts(&source), [2, 2, 0, 0, 0]);
        let sample = look(&file[..], Some(Format::Csv)).expect("a sample");
        use records::Notice::{Decoded, Separator};
        assert!(matches!(sample.notices[..], [Separator { .. }, Decoded { .. }]), "{:?}", sample.notices);
        for notice in &sample.notices {
            assert!(source.notes.contains(&notice.to_string()), "{:?}", source.notes);
        }
    }

    async fn an_import_is_taken_back_as_a_whole(store: Store) {
        let (instance, project) = instance(&store).await;
        let plans = async || store.field_values(project, "plan", 9).await.expect("the values of a field");
        // Filters see the beginning of a long value.
        let long = "\\ü".repeat(150);
        let (cut, few) = ("\\ü".repeat(100), |plan: &str, n| (plan.to_owned(), n));
        import(&instance, project, "a.csv", &format!("id,text,plan\n1,Hello,basic\n2,World,{long}\n")).await;
        let before = (texts(&instance, project).await, tally(&store, project).await, plans().await);
        assert_eq!(before.2, [few(&cut, 1), few("basic", 1)]);
        let second = import(&instance, project, "b.csv", "id,text,plan\n2,World!,plus\n3,New,x\n4,More,x\n").await;
        assert_eq!(plans().await, [few("basic", 1), few("plus", 1), few("x", 2)]);
        undo(&instance, ADMIN, project, second.id).await.expect("nothing depends on it");
        jobs::run_all(&instance).await.expect("a run");
        assert_eq!((texts(&instance, project).await, tally(&store, project).await, plans().await), before);
        let source = source(&instance, ADMIN, project, second.id).await.expect("the source");
        assert_eq!(source.state, SourceState::Undone);
        let plus = Slice::of_field("plan", "plus");
        let found = browse::items(&instance, ADMIN, project, "", &plus, browse::Order::NewestFirst, None).await;
        assert!(found.expect("a page").items.is_empty(), "fields fall back, too");
        assert!(matches!(undo(&instance, ADMIN, project, second.id).await, Err(Error::Conflict(_))));
        // Its ids are free again.
        assert_eq!(counts(&import(&instance, project, "b.csv", "id,text,plan\n3,New,x\n").await), [1, 1, 0, 0, 0]);
    }

    async fn an_undo_that_was_stopped_says_so_and_can_be_finished(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = import(&instance, project, "a.csv", "id,text\n1,Hello\n2,World\n").await.id;
        let job = undo(&instance, ADMIN, project, file).await.expect("nothing depends on it");
        let stopped = async || source(&instance, ADMIN, project, file).await.expect("the source").undo_stopped;
        assert!(!stopped().await, "it waits for its turn");
        jobs::cancel(&instance, ADMIN, job).await.expect("it is not over");
        jobs::run_all(&instance).await.expect("a run");
        assert!(stopped().await);
        assert!(sources(&instance, ADMIN, project, None).await.expect("the list")[0].undo_stopped);
        assert_eq!(jobs::view(&instance, job).await.expect("the job").why_stopped(), "It was cancelled.");

        let job = undo(&instance, ADMIN, project, file).await.expect("another time");
        assert!(!stopped().await, "it waits for its turn");
        crash_until_given_up(&instance).await;
        assert!(stopped().await);
        assert!(jobs::view(&instance, job).await.expect("the job").why_stopped().contains("5 times"));

        undo(&instance, ADMIN, project, file).await.expect("a last time");
        jobs::run_all(&instance).await.expect("a run");
        assert!(!stopped().await);
        assert_eq!(store.source(file).await.expect("the source").state, SourceState::Undone);
    }

    async fn what_may_be_half_taken_back_is_not_gone_on_with(store: Store) {
        let (instance, project) = instance(&store).await;
        let mut blob = store.create_blob().await.expect("a blob");
        blob.write(b"id,text\n1,Hello\n").await.expect("bytes");
        let upload = blob.finish().await.expect("an upload");
        let id = begin(&instance, ADMIN, project, "a.csv", None, upload).await.expect("a source");
        let mapping = store.source(id).await.expect("the source").mapping;
        start(&instance, ADMIN, project, id, mapping.clone()).await.expect("a start");
        crash_until_given_up(&instance).await;
        assert_eq!(store.source(id).await.expect("the source").state, SourceState::Failed);
        let job = undo(&instance, ADMIN, project, id).await.expect("nothing depends on it");
        jobs::cancel(&instance, ADMIN, job).await.expect("it is not over");
        jobs::run_all(&instance).await.expect("a run");
        let refused = start(&instance, ADMIN, project, id, mapping).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }

    async fn what_others_built_on_keeps_an_import(store: Store) {
        let (instance, project) = instance(&store).await;
        let first = import(&instance, project, "a.csv", "id,text\n1,Hello\n2,World\n").await;
        let second = import(&instance, project, "b.csv", "id,text\n2,World!\n").await;
        let refused = undo(&instance, ADMIN, project, first.id).await.expect_err("revised later");
        assert_eq!(
            refused.to_string(),
            "This import can’t be taken back, because of 1 item that a later import revised."
        );
        undo(&instance, ADMIN, project, second.id).await.expect("nothing depends on it");
        jobs::run_all(&instance).await.expect("a run");
        undo(&instance, ADMIN, project, first.id).await.expect("now nothing depends on it");
        jobs::run_all(&instance).await.expect("a run");
        assert!(texts(&instance, project).await.is_empty());
        assert!(tally(&store, project).await.is_empty());
    }

    async fn a_label_column_becomes_answers(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,intent\n1,a,card\n2,b,refund\n3,c,\n4,d,Card\n";
        let bring = |name: &'static str, file: &'static str| {
            let instance = instance.clone();
            async move {
                import_with(&instance, project, name, file.as_bytes(), |m| m.label = as_answers("intent")).await
            }
        };
        let first = bring("a.csv", file).await;
        assert_eq!(counts(&first), [4, 4, 0, 0, 0]);
        assert_eq!(first.counts.answers, 3);
        let expected = BTreeMap::from([("agreed".to_owned(), 3), ("unlabeled".to_owned(), 1)]);
        assert_eq!(tally(&store, project).await, expected);
        let (_, number, taxonomy) =
            store.published_taxonomy(project).await.expect("a query").expect("a taxonomy");
        assert_eq!(number, 1);
        let names: Vec<&str> = taxonomy.labels.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["card", "refund"]);
        let card = Slice { label: Some(taxonomy.labels[0].id), ..Default::default() };
        let found = browse::items(&instance, ADMIN, project, "", &card, browse::Order::OldestFirst, None).await;
        assert_eq!(found.expect("a page").items.len(), 2);
        // Again: nothing. An unknown label: a refusal. It can be taken back with all it brought.
        assert!(bring("a.csv", file).await.counts.changed_nothing());
        let third = bring("b.csv", "id,text,intent\n5,e,loan\n").await;
        assert_eq!(counts(&third), [1, 0, 0, 0, 1]);
        let said = || store.tally(Tally::Answers(project));
        assert_eq!(said().await.expect("counts"), BTreeMap::from([("all".to_owned(), 3)]), "of no day: nobody gave them");
        undo(&instance, ADMIN, project, first.id).await.expect("only its own answers");
        jobs::run_all(&instance).await.expect("a run");
        assert!(tally(&store, project).await.is_empty());
        assert_eq!(said().await.expect("counts")["all"], 0);
    }

    async fn answers_on_items_that_were_there_are_taken_back_alone(store: Store) {
        let (instance, project) = instance(&store).await;
        import(&instance, project, "texts.csv", "id,text\n1,a\n2,b\n3,c\n").await;
        let label = |name: &'static str, file: &'static str| {
            let instance = instance.clone();
            async move {
                import_with(&instance, project, name, file.as_bytes(), |m| m.label = as_answers("intent")).await
            }
        };
        let first = label("first.csv", "id,text,intent\n1,a,card\n2,b,refund\n").await;
        assert_eq!((first.counts.new, first.counts.answers), (0, 2));
        let labels = || async {
            let (_, _, taxonomy) = store.published_taxonomy(project).await.expect("a query").expect("a taxonomy");
            let mut said = Vec::new();
            for id in ["1", "2", "3"] {
                let item = store.item_named(project, id).await.expect("a query").expect("the item");
                let page = browse::item(&instance, ADMIN, project, item).await.expect("its page");
                let labels = page.item.labels.map(|labels| labels.0).unwrap_or_default();
                let name = |id| taxonomy.labels.iter().find(|l| l.id == id).map(|l| l.name.clone());
                said.push(labels.into_iter().filter_map(name).collect::<String>());
            }
            said
        };
        assert_eq!(labels().await, ["card", "refund", ""]);
        // Said otherwise by a later import of the same person: the last word counts, and goes first.
        let second = label("second.csv", "id,text,intent\n1,a,refund\n2,b,refund\n3,c,card\n").await;
        assert_eq!(second.counts.answers, 2);
        assert_eq!(labels().await, ["refund", "refund", "card"]);
        let take_back = async |source| {
            undo(&instance, ADMIN, project, source).await.expect("nothing depends on it");
            jobs::run_all(&instance).await.expect("a run");
        };
        take_back(second.id).await;
        assert_eq!(labels().await, ["card", "refund", ""]);
        take_back(first.id).await;
        assert_eq!(labels().await, ["", "", ""]);
        assert_eq!(texts(&instance, project).await.len(), 3, "the items stay");
        assert_eq!(tally(&store, project).await, BTreeMap::from([("unlabeled".to_owned(), 3)]));
        assert_eq!(store.tally(Tally::Answers(project)).await.expect("counts")["all"], 0);
        let again = label("first.csv", "id,text,intent\n1,a,card\n2,b,refund\n").await;
        assert_eq!(again.counts.answers, 2, "as if it had never been");
        let order = release::Order { name: "one".into(), states: vec![State::Agreed] };
        let folder = tempfile::tempdir().expect("a folder");
        let with_folder = Instance::new(store.clone(), folder.path());
        release::cut_now(&with_folder, ADMIN, project, &order, &|_, _| ()).await.expect("a release");
        let refused = undo(&instance, ADMIN, project, again.id).await.expect_err("a release speaks of its answers");
        assert_eq!(refused.to_string(), "This import can’t be taken back, because of 2 items in releases.");
        assert_eq!(labels().await, ["card", "refund", ""]);
    }

    async fn a_release_that_came_to_nothing_keeps_no_import(store: Store) {
        let (instance, project) = instance(&store).await;
        let labeled = "id,text,intent\n1,a,card\n2,b,refund\n";
        let first =
            import_with(&instance, project, "a.csv", labeled.as_bytes(), |m| m.label = as_answers("intent")).await;
        let order = release::Order { name: "one".into(), states: vec![State::Agreed] };
        let folder = tempfile::tempdir().expect("a folder");
        let with_folder = Instance::new(store.clone(), folder.path());
        release::cut_now(&with_folder, ADMIN, project, &order, &|_, _| ()).await.expect("a release");
        // As a cut leaves it that fails when its rows are taken.
        run(&store, &["UPDATE release SET state = 'failed'"]).await;
        let rows = async || number(&store, "SELECT COUNT(*) FROM release_row").await;
        assert_eq!(rows().await, 2, "what it had taken");
        undo(&instance, ADMIN, project, first.id).await.expect("nothing depends on it");
        jobs::run_all(&instance).await.expect("a run");
        assert!(texts(&instance, project).await.is_empty());
        assert_eq!(rows().await, 0);
    }

    async fn new_content_waits_for_new_answers(store: Store) {
        let (instance, project) = instance(&store).await;
        let labeled = "id,text,intent\n1,a,card\n2,b,refund\n";
        import_with(&instance, project, "a.csv", labeled.as_bytes(), |m| m.label = as_answers("intent")).await;
        let agreed = tally(&store, project).await;
        assert_eq!(agreed, BTreeMap::from([("agreed".to_owned(), 2)]));
        let second = import(&instance, project, "b.csv", "id,text\n2,b and more\n").await;
        assert_eq!(counts(&second), [1, 0, 1, 0, 0]);
        let open = BTreeMap::from([("agreed".to_owned(), 1), ("unlabeled".to_owned(), 1)]);
        assert_eq!(tally(&store, project).await, open);
        let item = store.item_named(project, "2").await.expect("a query").expect("the item");
        let page = browse::item(&instance, ADMIN, project, item).await.expect("its page");
        assert_eq!((page.item.labels, page.answers.len()), (None, 1), "the answer is kept, and no longer counts");
        // The old content comes back, and with it what was said of it.
        undo(&instance, ADMIN, project, second.id).await.expect("nothing depends on it");
        jobs::run_all(&instance).await.expect("a run");
        assert_eq!(tally(&store, project).await, agreed);
    }

    async fn an_import_that_was_cut_off_can_be_taken_back(store: Store) {
        let (instance, project) = instance(&store).await;
        let new = NewSource {
            project,
            name: "cut.csv".into(),
            format: Format::Csv,
            mapping: Mapping::default(),
            upload: None,
            bytes: 0,
            state: SourceState::Running,
            created_by: None,
        };
        let id = store.write(move |tx| Box::pin(async move { tx.add_source(&new).await })).await.expect("a source");
        undo(&instance, ADMIN, project, id).await.expect("nobody carries it");
        jobs::run_all(&instance).await.expect("a run");
        assert_eq!(store.source(id).await.expect("the source").state, SourceState::Undone);
    }

    async fn columns_are_corrected_while_nothing_is_in(store: Store) {
        let (instance, project) = instance(&store).await;
        let mut file = "id,text,note\n".to_owned();
        for i in 0..600 {
            file.push_str(&format!("{i},text {i},note {i}\n"));
        }
        let answers_in_note = |m: &mut Mapping| m.label = as_answers("note");
        let failed = import_with(&instance, project, "a.csv", file.as_bytes(), answers_in_note).await;
        assert_eq!((failed.state, failed.counts.read), (SourceState::Failed, 0));
        assert!(awaits_columns(&failed));
        let mapping = Mapping { label: None, ..failed.mapping };
        start(&instance, ADMIN, project, failed.id, mapping.clone()).await.expect("a start");
        jobs::run_all(&instance).await.expect("a run");
        let done = source(&instance, ADMIN, project, failed.id).await.expect("the source");
        assert_eq!(counts(&done), [600, 600, 0, 0, 0]);
        assert_eq!(done.mapping, mapping);
        assert!(!awaits_columns(&done));
    }

    async fn annotators_import_and_undo_nothing(store: Store) {
        let (instance, project) = instance(&store).await;
        let source = import(&instance, project, "a.csv", "id,text\n1,a\n").await;
        let roles = domain::permission::Roles::of(&[domain::permission::Role::Annotator]);
        let annotator = Actor { roles, admin: false, ..Actor::OPERATOR };
        let forbidden = |r: Result<()>| assert!(matches!(r, Err(Error::Forbidden(_))));
        forbidden(undo(&instance, &annotator, project, source.id).await.map(drop));
        forbidden(start(&instance, &annotator, project, source.id, Mapping::default()).await.map(drop));
        forbidden(rejects(&instance, &annotator, project, source.id, 0).await.map(drop));
        forbidden(sources(&instance, &annotator, project, None).await.map(drop));
    }

    async fn an_import_goes_on_where_it_was_cut_off(store: Store) {
        let (instance, project) = instance(&store).await;
        let mut file = "id,text\n".to_owned();
        for i in 0..5000 {
            file.push_str(&format!("{i},text {i} of a file that is longer than its start\n"));
        }
        let file: &'static str = file.leak();
        let sample = look(file.as_bytes(), None).expect("a sample");
        let (half, rest) = file.split_at(file.find("2500,").expect("a row in the middle"));
        let (go_on, waiting) = std::sync::mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let bring_it = Bring {
            project,
            name: "a.csv".into(),
            format: sample.format,
            mapping: sample.guess(),
            open: Arc::new(move || {
                let until_told = UntilTold(waiting.clone());
                Ok(Box::new(half.as_bytes().chain(until_told).chain(rest.as_bytes())) as Box<dyn Read + Send>)
            }),
            bytes: Some(file.len() as u64),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let told = move |_| {
            flag.store(true, Ordering::SeqCst);
            let _ = go_on.send(());
        };
        let cut = bring(&instance, ADMIN, bring_it, &sample, stop, told).await;
        let cut = cut.expect("what was taken in until then");
        assert_eq!(cut.state, SourceState::Cancelled);
        assert!((1..=2500).contains(&cut.counts.read), "{}", cut.counts.read);
        let id = cut.id;
        store
            .write(move |tx| Box::pin(async move {
                tx.move_source(id, &[SourceState::Cancelled], SourceState::Running, None).await
            }))
            .await
            .expect("a state");
        let source = store.source(id).await.expect("the source");
        let open: Opener = Arc::new(move || Ok(Box::new(file.as_bytes()) as Box<dyn Read + Send>));
        let ended = load_from(&instance, &source, open, None, Arc::default(), |_| {}).await.expect("the rest");
        let Ended::Whole(counts, _) = ended else { panic!("{ended:?}") };
        assert_eq!((counts.read, counts.new, counts.same), (5000, 5000, 0));
        assert_eq!(tally(&store, project).await, BTreeMap::from([("unlabeled".to_owned(), 5000)]));
        assert_eq!(store.source(id).await.expect("the source").counts, counts);
    }

    async fn banking77_is_kept_whole(store: Store) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/banking77/items.csv");
        let path = std::env::var("ASSAY_BANKING77").unwrap_or_else(|_| path.to_owned());
        let Ok(file) = std::fs::read(&path) else {
            eprintln!("left out: no file at {path}");
            return;
        };
        let (instance, project) = instance(&store).await;
        let source = import_with(&instance, project, "items.csv", &file, |_| {}).await;
        assert_eq!(counts(&source), [13_083, 13_083, 0, 0, 0]);
        assert_eq!((source.counts.duplicate, source.counts.duplicate_exact), (12, 11));
        assert_eq!(counts(&import_with(&instance, project, "items.csv", &file, |_| {}).await), [13_083, 0, 0, 13_083, 0]);
        let control = store.tally(Tally::Project(project)).await.expect("a tally")["control"];
        assert!((1_200..1_420).contains(&control), "{control}");
        let unlabeled = Slice::of_state(State::Unlabeled);
        let page = browse::items(&instance, ADMIN, project, "", &unlabeled, browse::Order::NewestFirst, None).await;
        assert!(page.expect("a page").next.is_some());
    }
}

#[test]
fn columns_are_guessed_from_names_and_values() {
    let guess = |file: &str| look(file.as_bytes(), None).expect("a sample").guess();
    let bank = guess("item_id,text,label,split\na-0,When?,card,train\na-1,Why?,card,train\n");
    assert_eq!((bank.text.as_str(), bank.id.as_deref()), ("text", Some("item_id")));
    assert_eq!(bank.label.map(|l| l.column).as_deref(), Some("label"));
    let odd = guess("Ticket-ID\tSubject line\tCreatedAt\tUser\n7\tMy card is lost\t2026-01-01\tu1\n");
    assert_eq!(odd.text, "Subject line");
    assert_eq!(odd.id.as_deref(), Some("Ticket-ID"));
    assert_eq!((odd.event_time.as_deref(), odd.group.as_deref()), (Some("CreatedAt"), Some("User")));
    let not_unique = guess("id,text\n1,a\n1,b\n");
    assert_eq!(not_unique.id, None);
    assert_eq!(guess("{\"message\":\"hi\",\"n\":3}\n").text, "message");
}
