//! The items that a queue serves next.

use super::row;
use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::queue::{Mix, PerPool, Pool};
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
    let mut ahead = PerPool::<std::vec::IntoIter<MemberRow>>::default();
    for pool in Pool::ALL {
        ahead[pool] = instance.store.next_members(queue, pool, PREVIEW).await?.into_iter();
    }
    let nobody = PersonId(0);
    let mix = Mix { shares: row.shares(), seed: row.seed as u64, queue, person: nobody };
    let (mut next, mut served) = (Vec::new(), PerPool::<u32>::default());
    while (next.len() as i64) < PREVIEW {
        let due = mix.due(&served);
        let member = ahead[due].next().or_else(|| Pool::ALL.into_iter().find_map(|pool| ahead[pool].next()));
        let Some(member) = member else { break };
        served[member.pool] += 1;
        next.push(member);
    }
    Ok(next)
}
