//! Background work as a page shows it: under way with its bar, or stopped before its end.

use crate::islands::progress::Progress;
use crate::parts::numbers::percent;
use crate::wire::progress::Moved;
use domain::job::JobState;
use leptos::prelude::*;
use workflow::jobs::JobView;

/// A piece of work under way: its bar, and a button to cancel it. `back` is the page to come back to.
pub fn under_way(job: &JobView, slug: &str, back: &str) -> AnyView {
    let events = format!("/p/{slug}/jobs/{}/events", job.id);
    let start = moved(job);
    // A closure: an island needs its owner, which is there while the document is made.
    let bar = move || view! { <Progress events=events.clone() start=start.clone() /> };
    let (state, class) = match job.state.as_str() {
        "waiting" => ("waiting", "state"),
        other => (other, "state running"),
    };
    let (state, title) = (state.to_owned(), job.title.clone());
    let cancel = (!job.stopping).then(|| {
        view! {
            <input type="hidden" name="back" value=back.to_owned() />
            <button class="btn">"Cancel"</button>
        }
    });
    view! {
        <section class="sheet runs" aria-labelledby="run-h">
            <noscript>
                <meta http-equiv="refresh" content="2" />
            </noscript>
            <div class="sec">
                <h2 id="run-h">{title}</h2>
                <span class=class>{state}</span>
            </div>
            {bar}
            <p class="quiet">"You may close this tab; the work goes on, and this page says when it is done."</p>
            <form class="acts" method="post" action=format!("/p/{slug}/jobs/{}/cancel", job.id)>
                {cancel}
                <a class="btn bare" href=back.to_owned()>
                    "Refresh"
                </a>
            </form>
        </section>
    }
    .into_any()
}

/// Work that was stopped before its end: what that means, and for those who may, a button to go on (where it is sent,
/// its word).
pub fn stopped(what: String, go_on: Option<(String, &'static str)>) -> AnyView {
    let go_on = go_on.map(|(to, word)| {
        view! {
            <form method="post" action=to>
                <button class="btn do">{word}</button>
            </form>
        }
    });
    view! {
        <div class="notice bad" role="alert">
            <p>{what}</p>
            {go_on}
        </div>
    }
    .into_any()
}

/// How far it is.
pub fn moved(job: &JobView) -> Moved {
    let mut words: Vec<String> = Vec::new();
    if job.stopping {
        words.push("Stopping".to_owned());
    } else if job.state == JobState::Waiting {
        words.push("Waiting for its turn".to_owned());
    }
    if !job.message.is_empty() {
        words.push(job.message.clone());
    }
    if let Some(total) = job.total.filter(|t| *t > 0) {
        words.push(percent(job.done, total));
    }
    if let Some(seconds) = job.seconds_left {
        words.push(time_left(seconds));
    }
    Moved {
        done: job.done as f64,
        total: job.total.map(|t| t as f64),
        words: words.join(" · "),
        over: job.is_over(),
    }
}

fn time_left(seconds: f64) -> String {
    match seconds {
        s if s < 1.5 => "about a second left".to_owned(),
        s if s < 90.0 => format!("about {s:.0} seconds left"),
        s if s < 5400.0 => format!("about {:.0} minutes left", s / 60.0),
        s => format!("about {:.0} hours left", s / 3600.0),
    }
}
