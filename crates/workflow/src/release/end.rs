//! Ending a release that is not being cut any more.

use super::list::load;
use crate::{Error, Instance, Result, allow, jobs};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use store::release::releases::ReleaseRow;

/// Ends a release that no job works on: one that was cut on the command line may have been interrupted without a
/// trace. If it is still being cut after all, its next transaction is refused.
pub async fn end(instance: &Instance, actor: &Actor, project: ProjectId, number: i64) -> Result<()> {
    allow(actor, Act::CutRelease)?;
    let ReleaseRow { id, name, job_id, .. } = load(instance, project, number).await?.row;
    if jobs::carries(instance, job_id).await? {
        return Err(Error::conflict("This release is under way: cancel that work instead."));
    }
    let why = match job_id {
        None => "It was cut off on the command line.",
        Some(_) => "It was cut off.",
    };
    let actor = *actor;
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.fail_release(id, why).await? {
                    return Err(Error::conflict("This release came to its end before."));
                }
                tx.audit(&actor, Some(project), "ended a release", &format!("v{number} {name}"), "").await?;
                Ok(())
            })
        })
        .await
}
