//! What label columns mean: no label is made that nobody meant, and what was taken for another is told.

use super::*;
use domain::LabelId;
use domain::taxonomy::{Label, Problem, Taxonomy};

/// The labels of the published taxonomy, and those of each item by its external id.
async fn labels(instance: &Instance, project: ProjectId, ids: &[&str]) -> (Vec<String>, Vec<String>) {
    let store = &instance.store;
    let (_, _, taxonomy) = store.published_taxonomy(project).await.expect("a query").expect("a taxonomy");
    let mut said = Vec::new();
    for id in ids {
        let item = store.item_named(project, id).await.expect("a query").expect("the item");
        let page = browse::item(instance, ADMIN, project, item).await.expect("its page");
        let labels = page.item.labels.map(|labels| labels.0).unwrap_or_default();
        let name = |id| taxonomy.labels.iter().find(|l| l.id == id).map(|l| l.name.clone());
        said.push(labels.into_iter().filter_map(name).collect::<Vec<_>>().join("+"));
    }
    (taxonomy.labels.iter().map(|l| l.name.clone()).collect(), said)
}

async fn answers(instance: &Instance, project: ProjectId, name: &str, file: &str) -> Source {
    let column = if file.contains("labels") { "labels" } else { "label" };
    import_with(instance, project, name, file.as_bytes(), |m| m.label = as_answers(column)).await
}

async fn reasons(instance: &Instance, project: ProjectId, source: &Source) -> Vec<(i64, String)> {
    let rows = rejects(instance, ADMIN, project, source.id, 0).await.expect("the refused rows");
    rows.into_iter().map(|row| (row.line, row.reason)).collect()
}

both! {
    async fn a_list_of_one_is_the_label_and_an_empty_list_is_no_answer(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "{\"id\":1,\"text\":\"a\",\"label\":[\"pos\"]}\n{\"id\":2,\"text\":\"b\",\"label\":[\"neg\"]}\n\
                    {\"id\":3,\"text\":\"c\",\"label\":[]}\n{\"id\":4,\"text\":\"d\",\"label\":[\"pos\",\"neg\"]}\n\
                    {\"id\":5,\"text\":\"e\",\"label\":\"['neg']\"}\n";
        let source = answers(&instance, project, "doccano.jsonl", file).await;
        assert_eq!(counts(&source), [5, 4, 0, 0, 1]);
        assert_eq!(source.counts.answers, 3);
        let expected = (vec!["pos".to_owned(), "neg".to_owned()], ["pos", "neg", "", "neg"].map(String::from).to_vec());
        assert_eq!(labels(&instance, project, &["1", "2", "3", "5"]).await, expected);
        let refused = reasons(&instance, project, &source).await;
        assert_eq!((refused.len(), refused[0].0), (1, 4));
        assert!(refused[0].1.contains("names 2 labels"), "{refused:?}");
        assert!(source.notes.iter().any(|note| note.contains("(“[]”)") && note.contains("no answer")), "{:?}", source.notes);
    }

    async fn names_that_look_the_same_are_one_label(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,label\n1,a,Spam\n2,b,spam\n3,c,HAM\n4,d,Ham\u{200b}\n5,e,nan\n6,f,cafe\u{301}\n7,g,caf\u{e9}\n";
        let source = answers(&instance, project, "a.csv", file).await;
        assert_eq!(counts(&source), [7, 7, 0, 0, 0]);
        let (taxonomy, said) = labels(&instance, project, &["1", "2", "3", "4", "5", "6", "7"]).await;
        assert_eq!(taxonomy, ["Spam", "HAM", "caf\u{e9}"]);
        assert_eq!(said, ["Spam", "Spam", "HAM", "HAM", "", "caf\u{e9}", "caf\u{e9}"]);
        let told = source.notes.join("\n");
        assert!(told.contains("“Spam” is also written “spam” (1 row)"), "{told}");
        assert!(told.contains("“HAM” is also written “Ham\\u{200b}” (1 row)"), "{told}");
        assert!(told.contains("In 1 row the label is a word for nothing (“nan”)"), "{told}");
        // A draft holds no two of them either.
        let two = [Label::named(LabelId(1), "Spam"), Label::named(LabelId(2), "sp\u{ad}am")];
        let field = "id,text,kind\n11,a,Spam\n12,b,spam \n13,c,nan\n14,d,[]\n15,e,['Eggs']\n";
        import(&instance, project, "b.csv", field).await;
        let edit = crate::design::draft(&instance, ADMIN, project).await.expect("a draft").edit;
        let (draft, n) =
            crate::design::labels_from_field(&instance, ADMIN, project, edit, "kind").await.expect("labels of a field");
        assert_eq!((n, draft.taxonomy.labels.last().map(|l| l.name.as_str())), (1, Some("Eggs")));
        let problems = Taxonomy { labels: two.to_vec(), ordered: false }.problems();
        assert!(matches!(problems[..], [Problem::SameName { .. }]), "{problems:?}");
    }

    async fn a_word_for_nothing_is_a_label_where_the_owner_says_so(store: Store) {
        let (instance, project) = instance(&store).await;
        let taxonomy = Taxonomy {
            labels: vec![Label::named(store.next_id(), "None"), Label::named(store.next_id(), "hate")],
            ordered: false,
        };
        store
            .write(move |tx| {
                Box::pin(async move { tx.publish_taxonomy(project, None, taxonomy, "", None).await.map(drop) })
            })
            .await
            .expect("a version");
        let source = answers(&instance, project, "a.csv", "id,text,label\n1,a,none\n2,b,hate\n3,c,nan\n").await;
        assert_eq!((counts(&source), source.counts.answers), ([3, 3, 0, 0, 0], 2));
        assert_eq!(labels(&instance, project, &["1", "2", "3"]).await.1, ["None", "hate", ""]);
    }

    async fn several_labels_in_one_cell_are_never_one(store: Store) {
        let (instance, project) = instance(&store).await;
        let refused = |file: &'static str| {
            let instance = instance.clone();
            async move {
                let source = answers(&instance, project, "a.csv", file).await;
                assert_eq!((source.state, source.counts.read), (SourceState::Failed, 0));
                source.error.expect("the reason")
            }
        };
        let why = refused("id,text,label\n1,a,pos#urgent\n2,b,neg\n3,c,pos\n").await;
        assert!(why.contains("“pos#urgent”") && why.contains("“pos”") && why.contains("several labels"), "{why}");
        let why = refused("id,text,label\n1,a,spam\n2,b,Spam\n").await;
        assert!(why.contains("“spam” and nothing else") && why.contains("two labels at least"), "{why}");
        let why = refused("id,text,label\n1,a,\n2,b,None\n").await;
        assert!(why.contains("holds no label"), "{why}");
        assert!(store.published_taxonomy(project).await.expect("a query").is_none(), "no label was made");
        // A comma in all names is a comma in names.
        let source = answers(&instance, project, "a.csv", "id,text,label\n1,a,\"Bills, payments\"\n2,b,\"Card\nlost\"\n3,c,Other\n").await;
        assert_eq!(counts(&source), [3, 2, 0, 0, 1]);
        assert_eq!(labels(&instance, project, &[]).await.0, ["Bills, payments", "Other"]);
        assert!(reasons(&instance, project, &source).await[0].1.contains("line break"));
        // What is no label of the taxonomy is refused with a hint.
        let source = answers(&instance, project, "b.csv", "id,text,label\n4,d,Other;Card\n").await;
        let why = reasons(&instance, project, &source).await[0].1.clone();
        assert!(why.contains("no label of the published taxonomy") && why.contains("can have one only"), "{why}");
    }

    async fn a_person_says_one_thing_of_an_item_in_an_import(store: Store) {
        let (instance, project) = instance(&store).await;
        let file = "id,text,label\n1,one,a\n1,one,b\n2,two,a\n2,two,a\n3,three,b\n";
        let source = answers(&instance, project, "long.csv", file).await;
        assert_eq!(counts(&source), [5, 3, 0, 1, 1]);
        let why = reasons(&instance, project, &source).await;
        assert!(why[0].0 == 3 && why[0].1.contains("line 2 is the same item with another label"), "{why:?}");
        assert!(why[0].1.contains("one by one, each with their name"), "{why:?}");
    }

    async fn labels_are_looked_at_before_rows_are_taken(store: Store) {
    let (instance, project) = instance(&store).await;
    let cautions = async |file: &'static str| {
        let sample = look(file.as_bytes(), None).expect("a sample");
        let column = sample.guess().label.expect("a label column").column;
        let mapping = Mapping { label: as_answers(&column), ..sample.guess() };
        crate::data::import::cautions(&instance, ADMIN, project, &mapping, &sample).await.expect("cautions").join("\n")
    };
    let told = cautions("id,text,label\n1,one,Spam\n2,two,spam\n3,three,nan\n4,four,ham\n").await;
    assert!(told.contains("“Spam” and “spam” are one label"), "{told}");
    assert!(told.contains("1 of the first 4 rows say “nan”"), "{told}");
    let told = cautions("id,text,label\n1,one,pos#urgent\n2,two,neg\n").await;
    assert!(told.contains("“pos#urgent” is taken for one label"), "{told}");
    let told = cautions("id,text,label\n1,one,spam\n2,two,spam\n").await;
    assert!(told.contains("two labels at least"), "{told}");
    let told = cautions("id,text,annotator,label\n1,one,ann,a\n1,one,bob,b\n").await;
    assert!(told.contains("“annotator” seems to say who") && told.contains("make a file for each"), "{told}");
    let told = cautions("id,text,label\n1,one,a\n1,one,b\n").await;
    assert!(told.contains("more than one row, with different labels"), "{told}");
    let told = cautions("id,text,label\n1,one,\"[[0, 3, \"\"PER\"\"]]\"\n2,two,a\n3,three,b\n").await;
    assert!(told.contains("line 2 will be refused") && told.contains("whole texts"), "{told}");
    assert_eq!(cautions("id,text,label\n1,one,a\n2,two,b\n").await, "");
}
}
