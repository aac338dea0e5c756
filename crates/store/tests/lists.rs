//! A list of nothing is a question like any other, on both engines.

use domain::ProjectId;
use store::both;

both! {
    async fn nothing_is_found_in_an_empty_list(store: Store) {
        let project = ProjectId(1);
        assert!(store.items_by_id(project, &[]).await.expect("items").is_empty());
        assert!(store.kept_answers(&[]).await.expect("answers").is_empty());
        assert!(store.answers_by_id(&[]).await.expect("answers").is_empty());
        assert!(store.answers_side_by_side(&[]).await.expect("answers").is_empty());
        assert!(store.person_names(&[]).await.expect("names").is_empty());
        assert_eq!(store.n_resolved_to(project, &[]).await.expect("a count"), 0);
        let mut snapshot = store.snapshot().await.expect("a moment");
        assert!(snapshot.standing_answers(&[]).await.expect("answers").is_empty());
    }
}
