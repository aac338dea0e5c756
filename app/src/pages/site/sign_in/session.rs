//! Signing in as the session sees it: known by the password alone, then in.

use crate::parts::browsers::browser;
use crate::web::address::is_ours;
use crate::web::app::App;
use crate::web::forms::Done;
use domain::{PersonId, Time};
use http::HeaderMap;
use store::site::sessions::{BROWSER, HALFWAY, PERSON};
use tower_sessions::Session;
use workflow::Error;
use workflow::site::people::{self, second_factor};

/// When the password was given, in microseconds, and where the person wanted to go.
const SINCE: &str = "halfway_since";
const NEXT: &str = "halfway_next";

/// The code has to come so soon after the password.
const GOOD_FOR_SECONDS: i64 = 10 * 60;

/// Lets a person in who has given their password, or asks them for the code.
pub async fn after_password(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: PersonId,
    to: String,
) -> Result<Done, Error> {
    if !second_factor::has_factor(&app.instance, person).await? {
        enter(app, session, headers, person, "").await?;
        return Ok(Done::to(to));
    }
    start_anew(session).await?;
    session.insert(HALFWAY, person).await.map_err(Error::internal)?;
    session.insert(SINCE, workflow::site::now(&app.instance).0).await.map_err(Error::internal)?;
    session.insert(NEXT, to).await.map_err(Error::internal)?;
    Ok(Done::to("/sign-in/code"))
}

/// The person who has given their password a few minutes ago, and where they wanted to go.
pub async fn halfway(app: &App, session: &Session) -> Option<(PersonId, String)> {
    let person = session.get::<PersonId>(HALFWAY).await.ok().flatten()?;
    let since = Time(session.get::<i64>(SINCE).await.ok().flatten()?);
    let next = session.get::<String>(NEXT).await.ok().flatten()?;
    (workflow::site::now(&app.instance) < since.plus_seconds(GOOD_FOR_SECONDS)).then_some((person, next))
}

/// A new session for a person who has just shown who they are, `how` in words beyond a password.
pub async fn enter(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: PersonId,
    how: &str,
) -> Result<(), Error> {
    start_anew(session).await?;
    let browser = browser(headers);
    session.insert(PERSON, person).await.map_err(Error::internal)?;
    session.insert(BROWSER, &browser).await.map_err(Error::internal)?;
    people::came_in(&app.instance, person, format!("{browser} {how}").trim_end().to_owned()).await;
    Ok(())
}

/// What was known before of the browser ends.
async fn start_anew(session: &Session) -> Result<(), Error> {
    if session.id().is_some() {
        session.clear().await;
        session.cycle_id().await.map_err(Error::internal)?;
    }
    Ok(())
}

/// Where to go after signing in: only ever to a page of ours.
pub fn next(wanted: Option<&str>) -> String {
    wanted.filter(|to| is_ours(to)).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_to_our_own_pages_only() {
        assert_eq!(next(Some("/p/inbox?x=1")), "/p/inbox?x=1");
        for bad in [
            None,
            Some(""),
            Some("https://b.example"),
            Some("//b.example"),
            Some("/\\b.example"),
            Some("/\t/b"),
            Some("/\u{1}"),
            Some("/\u{7f}"),
        ] {
            assert_eq!(next(bad), "/", "{bad:?}");
        }
    }
}
