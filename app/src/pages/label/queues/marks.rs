//! How a queue is shown wherever it is named: its state, and how far it has come.

use crate::parts::numbers::{grouped, percent};
use domain::queue::QueueState;
use leptos::prelude::*;
use workflow::label::queues::QueueView;

pub fn state_mark(state: QueueState) -> AnyView {
    let class = match state {
        QueueState::Filling => "state running",
        QueueState::Open => "state open",
        QueueState::Closed => "state closed",
    };
    view! { <span class=class>{state.as_str()}</span> }.into_any()
}

/// Answers of those that were asked for.
pub fn meter(queue: &QueueView) -> AnyView {
    let (answers, slots) = (queue.progress.answers, queue.progress.slots);
    let ink = (queue.state != QueueState::Open).then_some("ink");
    view! {
        <div class="meter">
            <progress class=ink value=answers.to_string() max=slots.max(1).to_string() aria-label=queue.name.clone()>
                {percent(answers, slots)}
            </progress>
            <small class="quiet num">{format!("{} of {} answers", grouped(answers), grouped(slots))}</small>
        </div>
    }
    .into_any()
}
