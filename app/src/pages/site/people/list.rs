//! The list of people, and the forms below it.

use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::pager::by_name;
use crate::parts::table::{Table, hidden, words};
use crate::parts::times::moment;
use crate::web::page::SitePage;
use leptos::prelude::*;
use workflow::site::people::{self, Person};

pub fn view(people: &[Person], is_factor_required: bool, page: &SitePage) -> AnyView {
    let me = page.actor().person;
    let columns = [words("Person"), words("Access"), words("Since").not_on_phones(), hidden("Acts")];
    let rows: Vec<_> = people.iter().map(|person| row(person, person.id == me)).collect();
    let last = people.last().filter(|_| people.len() as i64 == people::A_PAGE);
    let more = last.map(|last| by_name("/people", &last.name, last.id));
    let about = view! { <p>"What somebody may do in a project is set among that project’s settings."</p> };
    view! {
        {Head::titled("People").about(about).view()}
        <div class="stack">
            <div>{Table::new("People", columns).stacked().rows(rows)} {more}</div>
            {add_form(page)} {require_form(is_factor_required)}
        </div>
    }
    .into_any()
}

fn row(person: &Person, me: bool) -> AnyView {
    let disabled = person.disabled_at.is_some();
    let state = match (disabled, person.has_password) {
        (true, _) => view! { <span class="state off">"disabled"</span> }.into_any(),
        (false, true) => view! { <span class="state on">"may sign in"</span> }.into_any(),
        (false, false) => view! { <span class="state">"has no password yet"</span> }.into_any(),
    };
    let act = |path: &str, field: &'static str, value: &'static str, said: &'static str, danger: bool| {
        let of = format!(": {}", person.name);
        view! {
            <form method="post" action=format!("/people/{}/{path}", person.id)>
                <button class=if danger { "btn small danger" } else { "btn small" } name=field value=value>
                    {said}
                    <span class="vh">{of}</span>
                </button>
            </form>
        }
    };
    let link = (!disabled).then(|| act("link", "make", "yes", "New password link", false));
    let admin = (!disabled).then(|| {
        if person.admin {
            act("admin", "admin", "no", "No longer admin", false)
        } else {
            act("admin", "admin", "yes", "Make admin", false)
        }
    });
    let factor = (person.has_second_factor && !me)
        .then(|| act("second-factor", "second_factor", "remove", "Remove second factor", true));
    let access = (!me).then(|| {
        if disabled {
            act("access", "access", "yes", "Let in again", false)
        } else {
            act("access", "access", "no", "Disable", true)
        }
    });
    view! {
        <tr>
            <th scope="row">
                {person.name.clone()} {me.then_some(" (you)")}
                <small>{person.email.clone()}</small>
            </th>
            <td>
                {state} " " {person.admin.then(|| view! { <span class="chip">"admin"</span> })} " "
                {person.has_second_factor.then(|| view! { <span class="chip">"second factor"</span> })}
            </td>
            <td class="no-phone">{moment(person.created_at)}</td>
            <td class="end">
                <div class="acts">{link} {admin} {factor} {access}</div>
            </td>
        </tr>
    }
    .into_any()
}

fn add_form(page: &SitePage) -> AnyView {
    let flash = &page.flash;
    let name =
        Field { form: "add", name: "name", label: "Name", hint: "", kind: "text", value: "", required: true };
    // Named so that the browser does not fill in the admin's own address.
    let email = Field { name: "their_email", label: "E-mail", kind: "email", ..name };
    let admin = flash.value("add", "admin").is_some();
    view! {
        <section class="sheet" aria-labelledby="add-h">
            <h2 id="add-h">"Add a person"</h2>
            <form class="form" method="post" action="/people">
                <div class="pairs">{name.view(flash)} {email.view(flash)}</div>
                <label class="choice">
                    <input type="checkbox" name="admin" value="yes" checked=admin />
                    <span>
                        "Admin" <small>"May do everything: projects, people, all roles in every project."</small>
                    </span>
                </label>
                <div class="acts">
                    <button class="btn do">"Add and show the link"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn require_form(required: bool) -> AnyView {
    let (said, value, button) = if required {
        (
            "Everyone needs a second factor: who has none is let in to set one up, and to nothing else.",
            "no",
            "No longer require it",
        )
    } else {
        (
            "Each person decides whether signing in asks for a code of an app beside the password.",
            "yes",
            "Require it of everyone",
        )
    };
    view! {
        <section class="sheet stack tight" aria-labelledby="require-h">
            <h2 id="require-h">"Second factor"</h2>
            <p>{said}</p>
            <form class="acts" method="post" action="/people/second-factor">
                <button class="btn" name="required" value=value>
                    {button}
                </button>
            </form>
        </section>
    }
    .into_any()
}
