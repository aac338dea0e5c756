//! The top of a page: the way up, the title, a line or two about it, and what can be done.

use leptos::prelude::*;

pub struct Head {
    crumbs: Vec<(String, &'static str)>,
    title: String,
    is_text: bool,
    about: Option<AnyView>,
    acts: Option<AnyView>,
}

impl Head {
    /// A title in our words.
    pub fn titled(title: impl Into<String>) -> Head {
        Head { crumbs: Vec::new(), title: title.into(), is_text: false, about: None, acts: None }
    }

    /// A title that people wrote: it may run from right to left.
    pub fn named(title: impl Into<String>) -> Head {
        Head { is_text: true, ..Head::titled(title) }
    }

    /// A page above this one, from the top.
    pub fn under(mut self, to: impl Into<String>, name: &'static str) -> Head {
        self.crumbs.push((to.into(), name));
        self
    }

    /// Paragraphs below the title.
    pub fn about(self, about: impl IntoView + 'static) -> Head {
        Head { about: Some(about.into_any()), ..self }
    }

    /// Buttons beside the title.
    pub fn acts(self, acts: impl IntoView + 'static) -> Head {
        Head { acts: Some(acts.into_any()), ..self }
    }

    pub fn view(self) -> AnyView {
        let direction = self.is_text.then_some("auto");
        view! {
            <header class="head">
                <div>
                    {crumbs(self.crumbs)}
                    <h1 dir=direction>{self.title}</h1>
                    {self.about}
                </div>
                {self.acts.map(|acts| view! { <div class="acts">{acts}</div> })}
            </header>
        }
        .into_any()
    }
}

fn crumbs(crumbs: Vec<(String, &'static str)>) -> Option<AnyView> {
    if crumbs.is_empty() {
        return None;
    }
    let crumb = |(to, name)| {
        view! {
            <li>
                <a href=to>{name}</a>
            </li>
        }
    };
    let crumbs: Vec<_> = crumbs.into_iter().map(crumb).collect();
    Some(
        view! {
            <nav class="crumbs" aria-label="Breadcrumb">
                <ol>{crumbs}</ol>
            </nav>
        }
        .into_any(),
    )
}
