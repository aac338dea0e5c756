//! Where somebody is signed in, and ending it. To begin and end a session one needs no entry of the act itself: the audit
//! log says who came in and who did not.

use crate::site::audit::{Note, note};
use crate::{Error, Instance, Result, allow};
use domain::PersonId;
use domain::permission::{Act, Actor};
pub use store::site::sessions::Signed;

/// One's own sessions, last seen first.
pub async fn sessions(instance: &Instance, actor: &Actor) -> Result<Vec<Signed>> {
    allow(actor, Act::OwnAccount)?;
    Ok(instance.store.sessions_of(actor.person).await?)
}

/// Ends one of one's own sessions, by its key in the list.
pub async fn end_session(instance: &Instance, actor: &Actor, key: &str) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let (person, key) = (actor.person, key.to_owned());
    let ended = instance.store.write(move |tx| Box::pin(async move { tx.end_session(person, &key).await }));
    if ended.await? { Ok(()) } else { Err(Error::conflict("This session has ended already.")) }
}

/// Signs oneself out everywhere.
pub async fn end_all_sessions(instance: &Instance, actor: &Actor) -> Result<()> {
    allow(actor, Act::OwnAccount)?;
    let (person, actor) = (actor.person, *actor);
    instance
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
pub async fn came_in(instance: &Instance, person: PersonId, how: String) {
    note(instance, at_the_door(Some(person), "signed in", how)).await;
}

/// Somebody did not come in. Written beside the answer, which takes as long for an e-mail that nobody has.
pub(super) fn stayed_outside(instance: &Instance, person: Option<PersonId>, why: &'static str) {
    let told = match person {
        Some(_) => at_the_door(person, "was not let in:", String::new()),
        None => at_the_door(None, store::site::audit::UNKNOWN_SIGN_IN, String::new()),
    };
    let (instance, told) =
        (instance.clone(), Note { target: if person.is_some() { why } else { "" }, ..told });
    tokio::spawn(async move { note(&instance, told).await });
}

fn at_the_door(person: Option<PersonId>, act: &'static str, detail: String) -> Note {
    Note { person, project: None, act, target: "", detail }
}
