//! What the page before had to say, and other short words to a person.

use crate::web::flash::Notice;
use leptos::prelude::*;

pub fn notice(notice: Notice) -> AnyView {
    if notice.good {
        view! { <p class="notice good" role="status">{notice.text}</p> }.into_any()
    } else {
        view! { <p class="notice bad" role="alert">{notice.text}</p> }.into_any()
    }
}
