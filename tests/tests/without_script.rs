//! Labeling with the plain form, as a browser without JavaScript sends it.

use domain::permission::Role;
use store::{Store, both, on};
use tests::forms::{HtmlForm, forms};
use tests::{As, TestApp, scene};

struct Desk {
    app: TestApp,
    ann: As,
    here: String,
    labels: Vec<String>,
}

async fn desk(store: Store, folder: &std::path::Path) -> Desk {
    let app = TestApp::new(store, folder);
    let scene = scene::prepare(&app.instance, 1, 3, 1).await;
    let project = app.instance.store.project_by_slug(scene::SLUG).await.expect("an answer").expect("it").id;
    let ann = app.person("ann@assay.test", false, Some((project, &[Role::Annotator]))).await;
    let ann = app.session(ann).await;
    let here = format!("/p/load/queues/{}/label", scene.queue);
    Desk { app, ann, here, labels: scene.labels.iter().map(|label| label.0.to_string()).collect() }
}

impl Desk {
    /// The page at this address, with the form for its text and what it says of the answer before.
    async fn look(&self, at: &str) -> (HtmlForm, String) {
        let page = self.app.get(&self.ann, at).await.text();
        let form = forms(&page).into_iter().find(|form| form.action == self.here);
        (form.unwrap_or_else(|| panic!("no form: {page}")), page)
    }

    /// Presses a label on a page as it was loaded then. Returns where that leads.
    async fn press(&self, form: &HtmlForm, label: usize) -> String {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for name in ["id", "assignment", "revision", "version", "last"] {
            fields.extend(form.field(name).map(|field| (name, field.value.as_str())));
        }
        fields.push(("label", &self.labels[label]));
        let reply = self.app.post(&self.ann, &self.here, &fields).await;
        reply.location().unwrap_or_else(|| panic!("{}: {}", reply.status, reply.text())).to_owned()
    }

    async fn undo(&self, page: &str) -> String {
        let form =
            forms(page).into_iter().find(|form| form.action.ends_with("/undo")).expect("a way to undo");
        let last = form.field("last").expect("of what").value.clone();
        let reply = self.app.post(&self.ann, &form.action, &[("last", &last)]).await;
        reply.location().expect("an address").to_owned()
    }

    /// The labels that stand, one of each item that is answered, by their place in the list.
    async fn standing(&self) -> Vec<usize> {
        let query = "SELECT COALESCE(c.labels, '') FROM consensus c ORDER BY c.item_id";
        let found: Vec<String> =
            on!(&self.app.instance.store, |db| sqlx::query_scalar(query).fetch_all(db).await)
                .expect("labels");
        let place = |labels: String| self.labels.iter().position(|label| labels.contains(label.as_str()));
        found.into_iter().filter_map(place).collect()
    }
}

both! {
    async fn back_and_another_label_is_a_correction(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = desk(store, folder.path()).await;
        let (first, _) = desk.look(&desk.here).await;
        let next = desk.press(&first, 0).await;
        assert_eq!(desk.standing().await, [0]);
        // Back, and another label; the page that follows is the same, and can undo.
        let again = desk.press(&first, 1).await;
        assert_eq!(again, next);
        assert_eq!(desk.standing().await, [1]);
        let (_, page) = desk.look(&again).await;
        assert!(page.contains("Undo the last answer"), "{page}");
        // Back once more, to what was said first: the last word counts, though the page sends what it sent before.
        desk.press(&first, 0).await;
        assert_eq!(desk.standing().await, [0]);
        // Twice the same is once.
        desk.press(&first, 0).await;
        let query = "SELECT COUNT(*) FROM answer";
        let n: i64 = on!(&desk.app.instance.store, |db| sqlx::query_scalar(query).fetch_one(db).await).expect("a count");
        assert_eq!(n, 3);
        assert_eq!(desk.standing().await, [0]);
    }

    async fn what_was_taken_back_can_be_said_again_from_its_old_page(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = desk(store, folder.path()).await;
        let (first, _) = desk.look(&desk.here).await;
        let next = desk.press(&first, 0).await;
        let (_, page) = desk.look(&next).await;
        desk.undo(&page).await;
        assert!(desk.standing().await.is_empty());
        desk.press(&first, 0).await;
        assert_eq!(desk.standing().await, [0]);
    }

    async fn a_note_is_not_lost_with_an_answer_that_does_not_fit(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = desk(store, folder.path()).await;
        let (form, _) = desk.look(&desk.here).await;
        let filled = form.filled(|_| "</textarea> a note".to_owned());
        let mut fields: Vec<(&str, &str)> = filled.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        fields.push(("skip", "yes"));
        let reply = desk.app.post(&desk.ann, &desk.here, &fields).await;
        let (again, page) = desk.look(reply.location().expect("an address")).await;
        assert!(page.contains("Choose why"), "{page}");
        assert_eq!(again.field("note").expect("the note").value, "</textarea> a note");
    }
}
