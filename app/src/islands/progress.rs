//! Work that moves while one looks at it: a bar that follows the server's events, and the page anew at the end.

use crate::wire::progress::Moved;
use leptos::prelude::*;

/// A bar fed by the event stream at `events`. Without JavaScript it stands where the page found it.
#[island]
pub fn Progress(events: String, start: Moved) -> impl IntoView {
    let at = RwSignal::new(start);
    let ready = RwSignal::new(false);
    Effect::new(move |_| {
        ready.set(true);
        follow(&events, at);
    });
    let value = move || at.with(|m| m.total.map(|_| m.done.to_string()));
    let max = move || at.with(|m| m.total.map(|t| t.max(1.0).to_string()));
    view! {
        <div class="stack tight" data-ready=move || ready.get().then_some("true")>
            <progress class="tall" value=value max=max aria-label="How far it is"></progress>
            <p class="num" role="status">
                {move || at.with(|m| m.words.clone())}
            </p>
        </div>
    }
}

fn follow(events: &str, at: RwSignal<Moved>) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    let Ok(source) = web_sys::EventSource::new(events) else { return };
    let stream = source.clone();
    let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        let Some(moved) = event.data().as_string().and_then(|text| parse(&text)) else { return };
        let over = moved.over;
        at.set(moved);
        if over {
            stream.close();
            // The page says what came of it.
            let _ = window().location().reload();
        }
    });
    source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It lives as long as the page.
    on_message.forget();
    on_cleanup(move || source.close());
}

/// Read by the browser's own parser: the bar needs no second one.
fn parse(text: &str) -> Option<Moved> {
    let value = js_sys::JSON::parse(text).ok()?;
    let get = |key: &str| js_sys::Reflect::get(&value, &key.into()).ok();
    Some(Moved {
        done: get("done")?.as_f64()?,
        total: get("total")?.as_f64(),
        words: get("words")?.as_string()?,
        over: get("over")?.as_bool()?,
    })
}
