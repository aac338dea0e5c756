//! What people type into a form comes back as they typed it, and is never a part of the page.

use domain::permission::Role;
use store::both;
use tests::forms::{HtmlField, HtmlForm, Kind, forms};
use tests::pages::{Known, every};
use tests::{As, TestApp, scene};

/// Ends a textarea, an attribute and a title, where one of them lets it.
const ODD: &str = "</textarea></title>\"'><b>odd</b>&lt;&amp;lt;";

struct Walk {
    app: TestApp,
    admin: As,
    pages: Vec<String>,
}

async fn walk(store: store::Store, folder: &std::path::Path) -> Walk {
    let app = TestApp::new(store, folder);
    let scene = scene::prepare(&app.instance, 2, 30, 1).await;
    let project = app.instance.store.project_by_slug(scene::SLUG).await.expect("an answer").expect("it").id;
    let admin = app.person("ada@assay.test", true, Some((project, &[Role::Owner, Role::Annotator]))).await;
    let admin = app.session(admin).await;
    let known = Known::of(&app.instance, scene::SLUG, project).await;
    let mut pages: Vec<String> = every(&known, scene.queue).into_iter().map(|(_, path)| path).collect();
    pages.retain(|path| !path.starts_with("/api/"));
    let more = ["/account", "/projects/new", "/p/load/settings/tokens", "/p/load/settings/audit"];
    pages.extend(more.map(str::to_owned));
    Walk { app, admin, pages }
}

impl Walk {
    async fn page(&self, path: &str) -> String {
        let text = self.app.get(&self.admin, path).await.text();
        assert!(!text.contains("<b>odd</b>"), "{path} has what was typed as a part of it: {text}");
        text
    }

    /// Sends a form, and reads what comes then: the page itself, or the one that follows.
    async fn send(&self, form: &HtmlForm, typed: impl Fn(&HtmlField) -> String) -> String {
        let filled = form.filled(typed);
        let fields: Vec<(&str, &str)> = filled.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let reply = self.app.post(&self.admin, &form.action, &fields).await;
        assert!(!reply.status.is_server_error(), "{} {fields:?}: {}", form.action, reply.text());
        match reply.location() {
            Some(next) => self.page(next).await,
            None => {
                assert!(!reply.text().contains("<b>odd</b>"), "{}: {}", form.action, reply.text());
                reply.text()
            }
        }
    }
}

both! {
    async fn what_is_typed_comes_back_and_is_no_html(store: Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let walk = walk(store, folder.path()).await;
        let mut came_back = std::collections::BTreeSet::new();
        let mut areas = std::collections::BTreeSet::new();
        for path in &walk.pages {
            for form in forms(&walk.page(path).await) {
                if !form.is_post || !form.fields.iter().any(HtmlField::is_typed) {
                    continue;
                }
                let what = |field: &HtmlField| format!("{} of {}", field.name, form.action);
                areas.extend(form.fields.iter().filter(|f| f.kind == Kind::Area).map(what));
                // With lines that don't fit the form comes back; without, it may be saved and shown.
                let area = format!("\n\n{ODD}\nend");
                for line in ["", ODD] {
                    let typed = |field: &HtmlField| if field.kind == Kind::Area { area.clone() } else { line.to_owned() };
                    let page = walk.send(&form, typed).await;
                    let again = forms(&page).into_iter().filter(|again| again.action == form.action);
                    for field in again.flat_map(|again| again.fields).filter(|field| field.kind == Kind::Area) {
                        if field.value == area {
                            came_back.insert(what(&field));
                        } else {
                            let is_kept = ["", area.trim()].contains(&field.value.trim());
                            assert!(is_kept, "{}: {:?}", what(&field), field.value);
                        }
                    }
                }
            }
        }
        for path in &walk.pages {
            walk.page(path).await;
        }
        println!("{areas:#?} {came_back:#?}");
        assert!(areas.len() >= 8, "{areas:#?}");
        let lost: Vec<_> = areas.difference(&came_back).collect();
        assert!(lost.is_empty(), "{lost:#?}");
    }
}
