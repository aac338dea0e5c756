//! What people do not agree on: the answers side by side, and a form that decides.

use crate::parts::labels::tag;
use crate::parts::notices::notice;
use crate::parts::numbers::counted;
use crate::parts::pager::{first, next, pager};
use crate::web::flash::{Flash, Notice};
use domain::answer::SkipReason;
use domain::project::Task;
use domain::taxonomy::Taxonomy;
use domain::{LabelId, QueueId};
use leptos::prelude::*;
use workflow::agree::measure::{CONFLICTS, Conflict, Said};

/// A page of conflicts.
pub struct List<'a> {
    pub found: &'a [Conflict],
    pub taxonomy: Option<&'a Taxonomy>,
    pub task: Task,
    /// How many there are, where that is known.
    pub n: Option<i64>,
    pub is_first: bool,
    pub queue: Option<QueueId>,
    pub base: &'a str,
    pub slug: &'a str,
    pub may_decide: bool,
    /// What became of the last decision.
    pub decided: Option<Notice>,
}

impl List<'_> {
    pub fn view(&self, flash: &Flash) -> AnyView {
        let decided = self.decided.clone().map(notice);
        if self.found.is_empty() && self.is_first {
            return view! {
                <section class="sheet" id="conflicts">
                    <h2>"Conflicts"</h2>
                    {decided}
                    <p class="quiet">"No conflicts to decide."</p>
                </section>
            }
            .into_any();
        }
        let items: Vec<_> = self.found.iter().map(|conflict| self.conflict(conflict, flash)).collect();
        let count = self.n.map(|n| view! { <span class="quiet num">{counted(n, "item")}</span> });
        view! {
            <section class="sheet" id="conflicts" aria-labelledby="c-h">
                <div class="sec">
                    <h2 id="c-h">"Conflicts"</h2>
                    {count}
                </div>
                {decided}
                <ol class="split-answers">{items}</ol>
                {self.pager()}
            </section>
        }
        .into_any()
    }

    fn pager(&self) -> Option<AnyView> {
        let queue = self.queue.map(|q| format!("queue={q}&")).unwrap_or_default();
        let back = (!self.is_first).then(|| {
            let query = queue.trim_end_matches('&');
            first(format!("{}?{query}#conflicts", self.base), "← First")
        });
        let last = self.found.last().filter(|_| self.found.len() as i64 == CONFLICTS);
        let on =
            last.map(|last| next(format!("{}?{queue}after={}#conflicts", self.base, last.item), "More →"));
        (back.is_some() || on.is_some()).then(|| pager("Conflicts", view! { {back} {on} }))
    }

    fn conflict(&self, conflict: &Conflict, flash: &Flash) -> AnyView {
        let votes: Vec<_> = conflict.answers.iter().map(|said| self.vote(said)).collect();
        view! {
            <li>
                <a class="text" href=format!("/p/{}/items/{}", self.slug, conflict.item) dir="auto">
                    {conflict.text.clone()}
                </a>
                <div class="stack tight">
                    <ul class="votes">{votes}</ul>
                    {self.may_decide.then(|| self.form(conflict, flash))}
                </div>
            </li>
        }
        .into_any()
    }

    fn vote(&self, said: &Said) -> AnyView {
        let label = |id: &LabelId| self.taxonomy.and_then(|t| t.get(*id)).map(tag);
        let what = match &said.labels {
            Some(labels) if labels.is_empty() => view! { <span>"no label"</span> }.into_any(),
            Some(labels) => view! { <span>{labels.iter().map(label).collect::<Vec<_>>()}</span> }.into_any(),
            None => {
                let reason = said.skip_reason.as_deref().and_then(SkipReason::parse);
                let words = reason.map_or("skipped", SkipReason::title);
                view! { <span>{words}</span> }.into_any()
            }
        };
        let note = said.note.clone().map(|note| view! { <q dir="auto">{note}</q> });
        view! {
            <li>
                {what} " "
                <span dir="auto">
                    {said.person.clone()} {said.sighted.then_some(" (sees others’ answers)")} {note}
                </span>
            </li>
        }
        .into_any()
    }

    fn form(&self, conflict: &Conflict, flash: &Flash) -> Option<AnyView> {
        let taxonomy = self.taxonomy?;
        let form = format!("decide-{}", conflict.item);
        let id = format!("{form}-labels");
        let typed: Vec<&str> = match flash.form == form {
            true => flash.values.iter().filter(|(k, _)| k == "labels").map(|(_, v)| v.as_str()).collect(),
            false => Vec::new(),
        };
        let was_chosen = |label: LabelId| typed.contains(&label.to_string().as_str());
        let error = flash.error(&form, "labels").map(str::to_owned);
        let choice = match self.task {
            Task::Single => {
                let options: Vec<_> = taxonomy
                    .offered()
                    .into_iter()
                    .map(|label| {
                        view! {
                            <option value=label.id.to_string() selected=was_chosen(label.id)>
                                {label.name.clone()}
                            </option>
                        }
                    })
                    .collect();
                view! {
                    <div class="field">
                        <label class="vh" for=id.clone()>
                            {format!("Label of {}", conflict.external_id)}
                        </label>
                        <select id=id name="labels" required>
                            <option value="">"Decide…"</option>
                            {options}
                        </select>
                        {error.map(|error| view! { <p class="error">{error}</p> })}
                    </div>
                }
                .into_any()
            }
            Task::Multi => {
                let boxes: Vec<_> = taxonomy
                    .offered()
                    .into_iter()
                    .map(|label| {
                        view! {
                            <label class="choice">
                                <input type="checkbox" name="labels" value=label.id.to_string() checked=was_chosen(label.id) />
                                <span>{label.name.clone()}</span>
                            </label>
                        }
                    })
                    .collect();
                view! {
                    <details>
                        <summary>"Decide…"</summary>
                        <fieldset class="field">
                            <legend class="vh">{format!("Labels of {}", conflict.external_id)}</legend>
                            {boxes}
                        </fieldset>
                        {error.map(|error| view! { <p class="error">{error}</p> })}
                    </details>
                }
                .into_any()
            }
        };
        Some(
            view! {
                <form class="form row" method="post" action=format!("{}/decide", self.base)>
                    <input type="hidden" name="item" value=conflict.item.to_string() />
                    <input type="hidden" name="revision" value=conflict.revision.to_string() />
                    <input type="hidden" name="queue" value=self.queue.map(|q| q.to_string()) />
                    {choice}
                    <button class="btn small">
                        "Decide" <span class="vh">{format!(" {}", conflict.external_id)}</span>
                    </button>
                </form>
            }
            .into_any(),
        )
    }
}
