//! The desk: a text, its labels under the fingers, the next text already there.

mod keep;
mod keys;
mod over;
mod seat;
mod table;

use crate::wire::label::{Card, Choice, Remaining, Setting};
use leptos::prelude::*;
use seat::{Connection, Seat, Sheet};

/// Takes the place of the plain form once it is awake.
#[island]
pub fn Desk(setting: Setting, first: Option<Card>, rest: Remaining) -> impl IntoView {
    let seat = Seat::new(setting, first, rest);
    Effect::new(move |_| {
        if let Some(plain) = document().get_element_by_id("plain") {
            plain.remove();
        }
        seat.wake();
        keys::listen(seat);
    });
    // Only whether there is one: the texts themselves change inside.
    let has_card = Memo::new(move |_| seat.has_card());
    let ready = move || seat.ready.get().then_some("true");
    view! {
        <div class="desk" hidden=move || !seat.ready.get() data-ready=ready>
            {head(seat)}
            {move || notice(seat)}
            {move || if has_card.get() { work(seat).into_any() } else { pause(seat).into_any() }}
            {foot(seat)}
            {over::sheet(seat)}
        </div>
    }
}

fn head(seat: Seat) -> impl IntoView {
    let (slug, project, queue) =
        seat.setting.with_value(|s| (s.slug.clone(), s.project.clone(), s.queue_name.clone()));
    let (mine, answers, slots) = seat.setting.with_value(|s| (s.mine, s.answers, s.slots));
    let n_more = move || seat.table.with(|table| table.n_more());
    // How far the queue has come; full once nothing in it is left for this person.
    let progress = move || match !seat.has_card() && seat.rest.get() == Remaining::Done {
        true => slots,
        false => (answers + n_more()).clamp(0, slots),
    };
    let saved = move || {
        let (n_kept, n_ready) = seat.table.with(|table| (table.outbox.len(), table.cards.len()));
        match seat.line.get() {
            Connection::Off(_) if seat.trouble.with(Option::is_some) => {
                ("saved off", format!("Not saved · {n_kept} kept here"))
            }
            Connection::Off(_) => ("saved off", format!("Offline · {n_kept} kept here")),
            Connection::SignedOut => ("saved off", format!("Signed out · {n_kept} kept here")),
            Connection::Good if n_kept > 0 => ("saved wait", format!("Saving {n_kept}")),
            Connection::Good => ("saved", format!("Saved · {n_ready} ready")),
        }
    };
    view! {
        <header>
            <progress
                class="thin"
                value=move || progress().to_string()
                max=slots.to_string()
                aria-label="Progress in this queue"
            ></progress>
            <span title=queue>
                <a href=format!("/p/{slug}")>{project}</a>
                " · "
                {queue.clone()}
            </span>
            <span class="num">{move || format!("{} answered", mine + n_more())}</span>
            // Changes with every answer, so nothing of it is read out: what one has to know is in the notice below.
            <span class=move || saved().0>{move || saved().1}</span>
        </header>
    }
}

/// What has to be known now: no connection, signed out, or what the server said of an answer.
fn notice(seat: Seat) -> Option<AnyView> {
    let n = seat.table.with(|table| table.outbox.len());
    let kept = kept(n);
    let (slug, queue) = seat.setting.with_value(|s| (s.slug.clone(), s.queue));
    match seat.line.get() {
        // Where there is no text either, the page itself says so.
        Connection::Off(_) => seat.has_card().then(|| {
            let (title, why) = trouble(seat);
            view! {
                <p class="notice bad" role="alert">
                    {format!("{title}. {why} {kept} What you answer is sent as soon as the server takes it.")}
                </p>
            }
            .into_any()
        }),
        Connection::SignedOut => {
            let then = match n {
                0 => "Go on",
                1 => "It is sent",
                _ => "They are sent",
            };
            let link =
                view! { <a href=format!("/sign-in?next=/p/{slug}/queues/{queue}/label")>"Sign in"</a> };
            Some(
                view! {
                    <p class="notice bad" role="alert">
                        {format!("You have been signed out. {kept} {then} when you are back: ")} {link}
                    </p>
                }
                .into_any(),
            )
        }
        Connection::Good if seat.outdated.get() => Some(new_labels(seat).into_any()),
        Connection::Good => {
            seat.told.get().map(|told| view! { <p class="notice" role="status">{told}</p> }.into_any())
        }
    }
}

/// Why nothing is saved at this moment.
fn trouble(seat: Seat) -> (&'static str, String) {
    match seat.trouble.get() {
        Some(why) => ("Nothing can be saved", why),
        None => ("No connection", "The server can’t be reached.".to_owned()),
    }
}

/// What of this person's work is in this browser alone.
fn kept(n: usize) -> String {
    match n {
        0 => "Nothing of yours is lost.".to_owned(),
        1 => "1 answer is kept in this browser.".to_owned(),
        n => format!("{n} answers are kept in this browser."),
    }
}

/// What becomes of a desk whose labels are those of yesterday.
fn new_labels(seat: Seat) -> impl IntoView {
    view! {
        <div class="notice" role="status">
            {seat.told.get().map(|told| format!("{told} "))}
            "The labels have changed. Once this text is answered, the page shows the new ones. "
            <button class="btn small" on:click=move |_| seat.leave()>
                "Show them now"
            </button>
        </div>
    }
}

fn work(seat: Seat) -> impl IntoView {
    let card = Memo::new(move |_| seat.table.with(|table| table.current().cloned()));
    let text = move || card.get().map(|card| card.text).unwrap_or_default();
    let long = move || card.with(|card| card.as_ref().is_some_and(|card| card.text.chars().count() > 500));
    let beside = move || {
        let beside = card.get().map(|card| card.beside).unwrap_or_default();
        beside
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd dir="auto">{value}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    let note = move || {
        seat.note.with(|note| note.is_some()).then(|| {
            let field = NodeRef::<leptos::html::Textarea>::new();
            // Not where a note comes back with a text that was undone: the next key is meant for the text.
            let is_new = seat.note.with_untracked(|note| note.as_deref() == Some(""));
            Effect::new(move |_| {
                if let Some(field) = field.get()
                    && is_new
                {
                    let _ = field.focus();
                }
            });
            view! {
                <div class="note field">
                    <label for="desk-note">"Note"</label>
                    <textarea
                        id="desk-note"
                        rows="2"
                        node_ref=field
                        prop:value=seat.note.get_untracked().unwrap_or_default()
                        on:input:target=move |ev| seat.note.update_untracked(|n| *n = Some(ev.target().value()))
                    ></textarea>
                </div>
            }
        })
    };
    let down = StoredValue::new((0, 0));
    view! {
        <main class="work" id="main">
            <section
                class="read"
                aria-label="Text"
                tabindex="0"
                on:touchstart=move |ev| {
                    if let Some(touch) = ev.touches().get(0) {
                        down.set_value((touch.client_x(), touch.client_y()));
                    }
                }
                on:touchend=move |ev| {
                    if let Some(touch) = ev.changed_touches().get(0) {
                        let (x, y) = down.get_value();
                        if x - touch.client_x() > 90 && (y - touch.client_y()).abs() < 40 {
                            seat.sheet.set(Some(Sheet::Skip));
                        }
                    }
                }
            >
                <h1 class="vh">"Label a text"</h1>
                <p class="item" class:long=long dir="auto" aria-live="polite">
                    {text}
                </p>
                <dl class="beside">{beside}</dl>
                {note}
            </section>
            <section class="side" aria-label="Labels">
                {labels(seat)}
            </section>
        </main>
    }
}

fn labels(seat: Seat) -> impl IntoView {
    let (n, several, confirm) = seat.setting.with_value(|s| (s.choices.len(), s.several, s.confirm));
    let many = n > 10;
    let find = many.then(|| {
        let words = format!("Find among {n} labels");
        view! {
            <div class="find">
                <kbd aria-hidden="true">"/"</kbd>
                <input
                    type="search"
                    id="find"
                    autocomplete="off"
                    aria-label=words.clone()
                    placeholder=words
                    prop:value=move || seat.typed.get()
                    on:input:target=move |ev| {
                        let typed = ev.target().value();
                        seat.cursor.set((!typed.trim().is_empty()).then_some(0));
                        seat.pointed.set(0);
                        seat.typed.set(typed);
                    }
                />
            </div>
        }
    });
    let rows = move || {
        let choices = seat.setting.with_value(|s| s.choices.clone());
        seat.offered()
            .into_iter()
            .enumerate()
            .filter_map(|(place, at)| {
                choices.get(at).map(|choice| pick(seat, place, choice, several || confirm))
            })
            .collect_view()
    };
    let none_fits = many.then(|| {
        let words = move || {
            let typed = seat.typed.get();
            seat.offered().is_empty().then(|| format!("No label fits “{}”. Esc shows all.", typed.trim()))
        };
        view! {
            <p class="quiet" role="status">
                {words}
            </p>
        }
    });
    let send = (several || confirm).then(|| {
        let words = move || match (several, seat.picked.with(Vec::len)) {
            (true, 0) => "Save: no label fits".to_owned(),
            (true, 1) | (false, 1) => "Save 1 label".to_owned(),
            (true, n) => format!("Save {n} labels"),
            (false, _) => "Choose a label".to_owned(),
        };
        view! {
            <button
                class="btn do wide send"
                id="desk-save"
                disabled=move || !several && seat.picked.with(Vec::is_empty)
                on:click=move |_| seat.save()
            >
                {words}
                " "
                <kbd>"Enter"</kbd>
            </button>
        }
    });
    view! {
        {find}
        <ol class="labels" class:many=many>
            {rows}
        </ol>
        {none_fits}
        {send}
        <div class="guide" tabindex="0" role="region" aria-labelledby="guide-h">
            <h2 class="vh" id="guide-h">"Guideline"</h2>
            {move || guide(seat)}
        </div>
    }
}

fn pick(seat: Seat, place: usize, choice: &Choice, toggles: bool) -> impl IntoView + use<> {
    let id = choice.id;
    let pressed = move || {
        toggles.then(|| if seat.picked.with(|picked| picked.contains(&id)) { "true" } else { "false" })
    };
    view! {
        <li>
            <button
                class="pick"
                class:on=move || seat.cursor.get() == Some(place)
                value=id.to_string()
                aria-pressed=pressed
                on:mouseenter=move |_| seat.pointed.set(place)
                on:focus=move |_| seat.pointed.set(place)
                on:click=move |ev| {
                    // The second click of a double click is meant for no text.
                    if ev.detail() < 2 {
                        seat.pick(id);
                    }
                    if ev.detail() > 0 {
                        seat::to_the_text();
                    }
                }
            >
                {choice.key.map(|key| view! { <kbd>{key.to_string()}</kbd> })}
                <span class=format!("tag {}", choice.hue) dir="auto">
                    {choice.name.clone()}
                </span>
            </button>
        </li>
    }
}

/// The guideline of the label that the cursor or the mouse came to last, and below it what holds for all of them.
fn guide(seat: Seat) -> Vec<AnyView> {
    let offered = seat.offered();
    let at = offered.get(seat.pointed.get()).or(offered.first()).copied();
    seat.setting.with_value(|s| {
        at.and_then(|at| s.choices.get(at)).into_iter().chain(&s.note).map(guideline).collect()
    })
}

/// What a label means, what is in, what is out, and a few examples for and against. What was written in lines is shown
/// in lines.
pub fn guideline(choice: &Choice) -> AnyView {
    let line = |name: &'static str, text: &str, class: &'static str| {
        let text = text.to_owned();
        (!text.is_empty()).then(|| {
            view! {
                <dt>{name}</dt>
                <dd class=class dir="auto">
                    {text}
                </dd>
            }
        })
    };
    let some = |name: &'static str, examples: &[String]| -> Vec<_> {
        examples.iter().take(3).map(|example| line(name, &format!("“{example}”"), "text")).collect()
    };
    let (examples, counter) =
        (some("Example", &choice.examples), some("Not an example", &choice.counter_examples));
    let definition = choice.definition.clone();
    view! {
        <section>
            <h3 dir="auto">{choice.name.clone()}</h3>
            {(!definition.is_empty()).then(|| view! { <p dir="auto">{definition}</p> })}
            <dl>{line("In", &choice.includes, "")} {line("Out", &choice.excludes, "")} {examples} {counter}</dl>
        </section>
    }
    .into_any()
}

fn pause(seat: Seat) -> impl IntoView {
    let (slug, name) = seat.setting.with_value(|s| (s.slug.clone(), s.queue_name.clone()));
    let is_off = move || matches!(seat.line.get(), Connection::Off(_));
    let words = move || {
        if seat.leaving.get() {
            ("New labels", "Your answers are saved, then the page shows the new labels.".to_owned())
        } else if is_off() {
            let kept = kept(seat.table.with(|table| table.outbox.len()));
            let (title, why) = trouble(seat);
            (title, format!("{kept} {why}"))
        } else {
            pause_words(seat.rest.get(), &name)
        }
    };
    let title = words.clone();
    let waits = move || {
        let may_come = matches!(seat.rest.get(), Remaining::More | Remaining::Waiting | Remaining::Filling);
        !seat.leaving.get() && (may_come || is_off())
    };
    view! {
        <main class="pause" id="main">
            <h1>{move || title().0}</h1>
            <p role="status">{move || words().1}</p>
            {move || waits().then(|| view! { <p class="quiet">"This page looks again by itself."</p> })}
            <div class="acts">
                {move || {
                    waits()
                        .then(|| {
                            view! {
                                <button class="btn do" on:click=move |_| seat.send()>
                                    "Look again"
                                </button>
                            }
                        })
                }}
                <a class="btn" href=format!("/p/{slug}/queues")>
                    "Queues"
                </a>
            </div>
        </main>
    }
}

fn foot(seat: Seat) -> impl IntoView {
    let last = move || {
        let said = seat.table.with(|table| table.past.last().map(|(_, sent)| sent.word.clone()))?;
        let names = seat.setting.with_value(|s| over::said_words(s, &said));
        Some(view! { <span class="last">"Last: " {names}</span> })
    };
    let has_card = move || seat.has_card();
    let key = move |key: &'static str, name: &'static str, class: &'static str, act: fn(Seat)| {
        view! {
            <button class=class on:click=move |_| act(seat)>
                <kbd>{key}</kbd>
                " "
                {name}
            </button>
        }
    };
    view! {
        <footer>
            {last} {move || (seat.table.with(|table| !table.past.is_empty())).then(|| key("u", "Undo", "hint-key", Seat::undo))}
            {move || {
                has_card()
                    .then(|| {
                        view! {
                            {key("s", "Skip", "hint-key", |seat| seat.sheet.set(Some(Sheet::Skip)))}
                            {key("n", "Note", "hint-key", |seat| seat.note.update(|n| *n = n.take().or(Some(String::new()))))}
                            {key("g", "Guideline", "hint-key only-phone", |seat| seat.sheet.set(Some(Sheet::Guide)))}
                            {key("?", "All keys", "hint-key no-phone", |seat| seat.sheet.set(Some(Sheet::Keys)))}
                        }
                    })
            }}
        </footer>
    }
}

/// Why there is no text: a title, and what it means.
pub fn pause_words(rest: Remaining, queue: &str) -> (&'static str, String) {
    match rest {
        Remaining::More => ("One moment", format!("The next texts of “{queue}” are on their way.")),
        Remaining::Waiting => (
            "Nothing for you right now",
            format!(
                "Other people hold what is left in “{queue}”. What they don’t answer in time comes back here."
            ),
        ),
        Remaining::Done => {
            ("All done", format!("Every text in “{queue}” that is yours to answer has your answer."))
        }
        Remaining::Closed => ("The queue is closed", format!("“{queue}” was closed. Your answers are safe.")),
        Remaining::Filling => (
            "The queue is being filled",
            format!("Texts are still being taken into “{queue}”. It opens by itself when all are in."),
        ),
    }
}
