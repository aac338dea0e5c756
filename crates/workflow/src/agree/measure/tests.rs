use super::*;
use crate::site::projects::{self, NewProjectForm};
use std::time::Duration;

async fn project(instance: &Instance, slug: &str) -> ProjectId {
    let form = NewProjectForm { name: slug.to_owned(), slug: slug.to_owned(), ..NewProjectForm::default() };
    projects::create(instance, &Actor::OPERATOR, form).await.expect("a project").id
}

async fn of(instance: &Instance, project: ProjectId) -> Arc<Agreement> {
    // The time limit only turns a deadlock into a failure.
    let figures = agreement(instance, &Actor::OPERATOR, project, None);
    tokio::time::timeout(Duration::from_secs(60), figures).await.expect("not to wait").expect("figures")
}

store::both! {
    async fn a_project_does_not_wait_for_the_figures_of_another(store: Store) {
        let instance = Instance::new(store, std::path::Path::new("/nowhere"));
        let (large, small) = (project(&instance, "large").await, project(&instance, "small").await);
        let before = of(&instance, large).await;
        let computing = instance.agreement.turn(large).await;
        of(&instance, small).await;
        let last = last_agreement(&instance, &Actor::OPERATOR, large).await.expect("a read");
        assert!(last.is_some_and(|last| Arc::ptr_eq(&last, &before)), "the last figures can be read meanwhile");
        let mut waiting = Box::pin(instance.agreement.turn(large));
        assert!(futures::poll!(&mut waiting).is_pending(), "one computation of a project at a time");
        drop(computing);
        waiting.await;
    }

    async fn two_who_ask_at_once_get_the_same_figures(store: Store) {
        let instance = Instance::new(store, std::path::Path::new("/nowhere"));
        let project = project(&instance, "both").await;
        let (one, other) = tokio::join!(of(&instance, project), of(&instance, project));
        assert!(Arc::ptr_eq(&one, &other));
    }
}
