//! API tokens: secrets for programs. Shown once, kept as a hash, bound to one project and one scope.

use crate::data::fields::Fields;
use crate::site::who::token_hash;
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor, Scope, may};
use domain::person::PersonKind;
use domain::{PersonId, ProjectId, TokenId};
use rand::RngCore;
use rand::rngs::OsRng;
pub use store::site::tokens::Token;

const LONGEST_NAME: usize = 100;

/// What every token begins with, so that one that leaked can be found.
const PREFIX: &str = "assay_";

/// A token may be made for so many days at most.
const MOST_DAYS: i64 = 3_660;

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub id: TokenId,
    /// Shown now and never again.
    pub secret: String,
}

/// 32 random bytes as text.
pub(super) fn secret(prefix: &str) -> Result<String> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(format!("{prefix}{}", blake3::Hash::from_bytes(bytes).to_hex()))
}

/// Makes a token in a project, for oneself or (an admin's act) for one of its machines. It is good for so many days, or
/// until it is revoked.
pub async fn create_token(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    holder: PersonId,
    name: &str,
    scope: Scope,
    days: Option<i64>,
) -> Result<NewToken> {
    if holder == actor.person {
        allow(actor, if scope == Scope::Label { Act::HoldLabelToken } else { Act::HoldDataToken })?;
    } else {
        allow(actor, Act::ManagePeople)?;
        let known = instance.store.person(holder).await?.ok_or(Error::NotFound(Thing::Person))?;
        if known.kind == PersonKind::Source {
            return Err(Error::invalid("person", "This name stands for imported answers and can't act."));
        }
        if known.kind == PersonKind::Machine && scope != Scope::Label {
            return Err(Error::invalid("scope", "A machine labels and does nothing else."));
        }
    }
    let mut fields = Fields::default();
    let name = fields.title("name", name, LONGEST_NAME);
    if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        fields.refuse(
            "days",
            format!("A token is good for 1 to {MOST_DAYS} days, or for as long as it is not revoked."),
        );
    }
    let Some(name) = name else { return Err(fields.refused()) };
    fields.done()?;
    let secret = secret(PREFIX)?;
    let (hash, actor) = (token_hash(&secret), *actor);
    let id = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let expires_at = days.map(|days| tx.now().plus_seconds(days * 24 * 60 * 60));
                let id = tx.add_token(project, holder, &name, &hash, scope, expires_at).await?;
                let life = days.map_or("until revoked".to_owned(), |days| format!("for {days} days"));
                let detail = format!("{}, {life}", scope.as_str());
                tx.audit(&actor, Some(project), "made the token", &name, &detail).await?;
                Ok::<_, Error>(id)
            })
        })
        .await?;
    Ok(NewToken { id, secret })
}

/// Adds a program that labels in a project. It acts by the tokens that are made for it.
pub async fn create_machine(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    name: &str,
) -> Result<PersonId> {
    allow(actor, Act::ManagePeople)?;
    let mut fields = Fields::default();
    let Some(name) = fields.title("name", name, LONGEST_NAME) else { return Err(fields.refused()) };
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let id = tx.add_machine(project, &name).await?;
                tx.audit(&actor, Some(project), "added the machine", &name, "").await?;
                Ok(id)
            })
        })
        .await
}

/// Tokens of a project that are not revoked: one's own; everyone's for who manages people.
pub async fn tokens(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<Token>> {
    allow(actor, Act::HoldLabelToken)?;
    Ok(instance.store.tokens(project, whose(actor)).await?)
}

/// Ends a token, from this moment on.
pub async fn revoke_token(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    token: TokenId,
) -> Result<()> {
    allow(actor, Act::HoldLabelToken)?;
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let name = tx.revoke_token(project, token, whose(&actor)).await?;
                let name = name.ok_or(Error::NotFound(Thing::Token))?;
                tx.audit(&actor, Some(project), "revoked the token", &name, "").await?;
                Ok(())
            })
        })
        .await
}

fn whose(actor: &Actor) -> Option<PersonId> {
    if may(actor, Act::ManagePeople) { None } else { Some(actor.person) }
}
