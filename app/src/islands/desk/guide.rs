//! The guideline: what a label means. The page without JavaScript shows it too.

use super::seat::Seat;
use crate::wire::label::Choice;
use leptos::prelude::*;

/// The guideline of the label that the cursor or the mouse came to last, and below it what holds for all of them.
pub fn guide(seat: Seat) -> Vec<AnyView> {
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
