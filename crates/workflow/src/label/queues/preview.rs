//! The items that a queue serves next.

use super::row;
use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::queue::Pace;
use domain::{PersonId, ProjectId, QueueId};
use store::label::queues::MemberRow;

/// How many members are shown.
const PREVIEW: i64 = 20;

/// The next members, in the order in which a person who begins now would get them.
pub async fn preview(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    queue: QueueId,
) -> Result<Vec<MemberRow>> {
    allow(actor, Act::SeeOthers)?;
    let row = row(&instance.store, project, queue).await?;
    let mut plain = instance.store.next_members(queue, false, PREVIEW).await?.into_iter();
    let mut control = instance.store.next_members(queue, true, PREVIEW).await?.into_iter();
    let nobody = PersonId(0);
    let pace = Pace { share: row.control_share, seed: row.seed as u64, queue, person: nobody };
    let (mut next, mut n_control) = (Vec::new(), 0);
    while (next.len() as i64) < PREVIEW {
        let due = pace.is_due(next.len() as u32, n_control);
        let member = if due {
            control.next().or_else(|| plain.next())
        } else {
            plain.next().or_else(|| control.next())
        };
        let Some(member) = member else { break };
        n_control += u32::from(member.control);
        next.push(member);
    }
    Ok(next)
}
