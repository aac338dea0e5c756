//! A file dropped on the page: sent with a bar. Without JavaScript it is the plain form that it is made of.

use leptos::ev::{DragEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{FormData, HtmlFormElement, HtmlInputElement, ProgressEvent, XmlHttpRequest};

/// The form around `children`, which hold a file input and a button.
#[island]
pub fn Upload(action: String, children: Children) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let over = RwSignal::new(false);
    let share = RwSignal::new(None::<f64>);
    let words = RwSignal::new(String::new());
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));

    let drag_over = move |event: DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        let files = event.data_transfer().and_then(|data| data.files()).filter(|files| files.length() > 0);
        if let (Some(files), Some(form)) = (files, form.get())
            && let Some(input) = file_input(&form)
        {
            input.set_files(Some(&files));
            let _ = form.request_submit();
        }
    };
    let to = action.clone();
    let submit = move |event: SubmitEvent| {
        let Some(form) = form.get() else { return };
        // One at a time; and where sending by script can't begin, the form goes its plain way.
        if share.get_untracked().is_some() || send(&form, &to, share, words).is_ok() {
            event.prevent_default();
        }
    };
    view! {
        <form
            class="drop"
            class:over=over
            method="post"
            action=action
            enctype="multipart/form-data"
            node_ref=form
            data-ready=move || ready.get().then_some("true")
            on:dragover=drag_over
            on:dragleave=move |_| over.set(false)
            on:drop=drop
            on:submit=submit
        >
            {children()}
            <progress
                class="tall"
                max="1"
                hidden=move || share.get().is_none()
                value=move || share.get().unwrap_or(0.0).to_string()
                aria-label="How much of the file is sent"
            ></progress>
            <p class="num" role="status">
                {words}
            </p>
        </form>
    }
}

fn file_input(form: &HtmlFormElement) -> Option<HtmlInputElement> {
    form.query_selector("input[type=file]").ok()??.dyn_into().ok()
}

/// Sends the form beside the page; the server answers with the address to go on to.
fn send(
    form: &HtmlFormElement,
    to: &str,
    share: RwSignal<Option<f64>>,
    words: RwSignal<String>,
) -> Result<(), wasm_bindgen::JsValue> {
    let data = FormData::new_with_form(form)?;
    let request = XmlHttpRequest::new()?;
    request.open("POST", to)?;
    request.set_request_header("accept", "text/plain")?;

    let on_progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.total() > 0.0 {
            let part = event.loaded() / event.total();
            share.set(Some(part));
            words.set(if part < 1.0 {
                format!("{:.0}% sent", part * 100.0)
            } else {
                "Reading the columns…".into()
            });
        }
    });
    request.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    on_progress.forget();

    let answer = request.clone();
    let on_end = Closure::<dyn FnMut()>::new(move || {
        let status = answer.status().unwrap_or(0);
        match answer.response_text() {
            Ok(Some(address)) if status == 200 && address.starts_with('/') => {
                let _ = window().location().set_href(&address);
            }
            _ => {
                share.set(None);
                words.set("The file did not arrive. Nothing was stored: try again.".into());
            }
        }
    });
    request.set_onloadend(Some(on_end.as_ref().unchecked_ref()));
    on_end.forget();

    share.set(Some(0.0));
    request.send_with_opt_form_data(Some(&data))
}
