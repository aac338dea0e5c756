//! The list of releases.

use super::marks::{short, state_mark};
use crate::parts::empty::Empty;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::pager::{next, pager};
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment;
use crate::web::page::ProjectPage;
use domain::Time;
use domain::permission::Act;
use domain::release::Split;
use leptos::prelude::*;
use workflow::release::Release;

pub fn view(releases: &[Release], has_taxonomy: bool, page: &ProjectPage) -> AnyView {
    let base = page.path("/releases");
    let may_cut = page.may(Act::CutRelease);
    let cut = (may_cut && !releases.is_empty()).then(|| {
        view! {
            <a class="btn do" href=page.path("/releases/new")>
                "Cut a release"
            </a>
        }
    });
    let list = match releases.is_empty() {
        true => nothing(&base, may_cut, has_taxonomy),
        false => table(releases, &base),
    };
    let about = view! { <p>"Numbered versions of the labeled items that never change."</p> };
    view! {
        {Head::titled("Releases").about(about).acts(cut).view()}
        {list}
    }
    .into_any()
}

fn table(releases: &[Release], base: &str) -> AnyView {
    let columns = [
        words("Version"),
        words("When"),
        words("Name"),
        words("State"),
        figures("Items"),
        figures("train"),
        figures("validation"),
        figures("test"),
        words("Hash"),
    ];
    let rows: Vec<_> = releases.iter().map(|release| row(release, base)).collect();
    let oldest = releases.last().map(|r| r.row.number).filter(|n| *n > 1);
    let older = oldest.map(|n| pager("Releases", next(format!("{base}?before={n}"), "Older →")));
    view! { {Table::new("Releases", columns).rows(rows)} {older} }.into_any()
}

fn row(release: &Release, base: &str) -> AnyView {
    let number = release.row.number;
    let split = |split: Split| {
        let manifest = release.manifest.as_ref();
        let count = manifest.and_then(|m| m.splits.iter().find(|s| s.split == split));
        count.map_or_else(|| "—".to_owned(), |s| grouped(s.n_rows))
    };
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{base}/{number}")>{format!("v{number}")}</a>
            </th>
            <td>{moment(Time(release.row.created_at))}</td>
            <td class="wrap" dir="auto">
                {release.row.name.clone()}
            </td>
            <td>{state_mark(release.row.state)}</td>
            <td class="n">
                {release.manifest.as_ref().map_or_else(|| "—".to_owned(), |m| grouped(m.n_rows))}
            </td>
            <td class="n">{split(Split::Train)}</td>
            <td class="n">{split(Split::Validation)}</td>
            <td class="n">{split(Split::Test)}</td>
            <td>
                {release.hash.as_deref().map(|hash| view! { <code class="hash">{short(hash)}</code> })}
            </td>
        </tr>
    }
    .into_any()
}

/// What to do before the first release.
fn nothing(base: &str, may_cut: bool, has_taxonomy: bool) -> AnyView {
    let first = (!has_taxonomy).then_some(" Publish labels and have some items labeled first.");
    let words = view! {
        "A release is a numbered, immutable version of the labeled items with their splits. It can be cut as soon as one item has an agreed label."
        {first}
    };
    let may = may_cut && has_taxonomy;
    Empty::new("No release yet", words).link_if(may, format!("{base}/new"), "Cut a release").view()
}
