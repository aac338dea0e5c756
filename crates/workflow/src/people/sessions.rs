//! Where somebody is signed in, and ending it. To begin and end a session one needs no entry of the act itself: the audit
//! log says who came in and who did not.

use crate::audit::{Note, note};
use crate::{Error, House, Result, allow};
use domain::PersonId;
use domain::permission::{Act, Actor};
use store::sessions::Signed;

/// One's own sessions, last seen first.
pub async fn sessions(house: &House, actor: &Actor) -> Result<Vec<Signed>> {
    allow(actor, Act::OwnAccount)?;
    Ok(house.store.sessions_of(actor.person).await?)
}

/// Ends one of one's own sessions, by its key in the list.
pub async fn end_session(house: &House, actor: &Actor, key: &str) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let (person, key) = (actor.person, key.to_owned());
    let ended = house.store.write(move |tx| Box::pin(async move { tx.end_session(person, &key).await }));
    if ended.await? { Ok(()) } else { Err(Error::conflict("This session has ended already.")) }
}

/// Signs oneself out everywhere.
pub async fn end_all_sessions(house: &House, actor: &Actor) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let (person, actor) = (actor.person, *actor);
    house
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.end_sessions(person, None).await?;
                Ok(tx.audit(&actor, None, "signed out everywhere", "", "").await?)
            })
        })
        .await
}

/// Somebody came in: `how` says with which browser, and with what.
pub async fn came_in(house: &House, person: PersonId, how: String) {
    note(house, at_the_door(Some(person), "signed in", how)).await;
}

/// Somebody did not come in. Written beside the answer, which takes as long for an e-mail that nobody has.
pub(super) fn stayed_outside(house: &House, person: Option<PersonId>, why: &'static str) {
    let told = match person {
        Some(_) => at_the_door(person, "was not let in:", String::new()),
        None => at_the_door(None, store::audit::UNKNOWN_SIGN_IN, String::new()),
    };
    let (house, told) = (house.clone(), Note { target: if person.is_some() { why } else { "" }, ..told });
    tokio::spawn(async move { note(&house, told).await });
}

fn at_the_door(person: Option<PersonId>, act: &'static str, detail: String) -> Note {
    Note { person, project: None, act, target: "", detail }
}
