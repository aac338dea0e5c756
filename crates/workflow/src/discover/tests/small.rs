//! Piles that are hardly any: few texts, many alike, texts without letters.

use super::pile::*;
use crate::discover;
use domain::discover::RunState;
use serde_json::{Value, json};
use store::both;

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Value> {
    texts.enumerate().map(|(i, text)| json!({ "id": format!("x{i}"), "text": text })).collect()
}

both! {
    async fn few_texts_are_refused_with_a_sentence(store: Store) {
        let bed = bed(store).await;
        let all = ["one thing", "another matter", "a third subject"];
        for n in 0..3 {
            if n > 0 {
                let row = json!({ "id": format!("x{n}"), "text": all[n - 1] });
                bed.import("few.jsonl", &[row]).await;
            }
            let view = run_of(&bed, seeded(1)).await;
            let why = view.row.error.clone().expect("a sentence");
            assert_eq!(view.row.state, RunState::Failed);
            assert!(why.contains("import"), "{why}");
            assert!(why.contains(["There is no text", "there is 1", "there are 2"][n]), "{why}");
            assert!(view.groups.is_empty() && view.job.is_none());
        }
        bed.import("last.jsonl", &[json!({ "id": "x3", "text": all[2] })]).await;
        let view = cluster(&bed, 1).await;
        let view = whole(&bed, view.row.id).await;
        assert_eq!(view.row.n_items, 3);
    }

    async fn copies_of_one_text_are_one_group(store: Store) {
        let bed = bed(store).await;
        bed.import("copies.jsonl", &texts((0..2_000).map(|_| "the very same text"))).await;
        let view = cluster(&bed, 1).await;
        let view = whole(&bed, view.row.id).await;
        assert_eq!(view.row.n_items, 2_000);
        // There is nothing to split, and that is said.
        let level = view.finest();
        let group = shown(&view, level)[0];
        let split = discover::split(&bed.instance, &bed.owner, bed.project, view.row.id, group, level).await;
        assert!(matches!(&split, Err(crate::Error::Conflict(why)) if why.contains("alike")), "{split:?}");
        whole(&bed, view.row.id).await;
    }

    async fn texts_without_letters_have_groups(store: Store) {
        let bed = bed(store).await;
        let some = ["🙂", "🙂🙂", "🎉", "!!!", "…", "☕️", "👍", "-"];
        bed.import("emoji.jsonl", &texts(some.iter().copied().cycle().take(64))).await;
        let view = cluster(&bed, 1).await;
        let view = whole(&bed, view.row.id).await;
        assert_eq!(view.row.n_items, 64);
        let root = &view.groups[0].group;
        assert!(root.tightness.is_finite() && root.x.is_finite() && root.y.is_finite());
        for node in &view.groups {
            assert!(!node.group.title().is_empty());
        }
    }

    async fn a_selection_can_be_clustered_alone(store: Store) {
        let bed = bed(store).await;
        bed.import("pile.jsonl", &mixed(0, 12)).await;
        let slice = domain::slice::Slice::of_field("channel", "mail");
        let view = run_of(&bed, discover::Begin { slice, ..seeded(3) }).await;
        let view = whole(&bed, view.row.id).await;
        assert_eq!((view.row.state, view.row.n_items), (RunState::Done, 48));
    }
}
