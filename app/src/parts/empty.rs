//! What stands where there is nothing yet: what it is about, and the way on.

use leptos::prelude::*;

pub struct Empty {
    title: String,
    words: AnyView,
    acts: Option<AnyView>,
}

impl Empty {
    pub fn new(title: impl Into<String>, words: impl IntoView + 'static) -> Empty {
        Empty { title: title.into(), words: words.into_any(), acts: None }
    }

    /// The one next thing.
    pub fn link(self, to: impl Into<String>, words: &'static str) -> Empty {
        let to = to.into();
        let link = view! {
            <a class="btn do" href=to>
                {words}
            </a>
        };
        Empty { acts: Some(link.into_any()), ..self }
    }

    /// The one next thing for those who may.
    pub fn link_if(self, may: bool, to: impl Into<String>, words: &'static str) -> Empty {
        if may { self.link(to, words) } else { self }
    }

    pub fn view(self) -> AnyView {
        view! {
            <section class="empty">
                <h2>{self.title}</h2>
                <p>{self.words}</p>
                {self.acts.map(|acts| view! { <div class="acts">{acts}</div> })}
            </section>
        }
        .into_any()
    }
}
