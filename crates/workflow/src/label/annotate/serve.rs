//! The next items for a person: those they hold, then the first that are open to them.

use super::{Batch, By, Rest, Served};
use crate::{Error, Result, Thing};
use domain::queue::{Mix, PerPool, Pool, QueueState, merged};
use domain::{ItemId, ProjectId, QueueId, Time};
use store::label::desk::Desk;
use store::label::labeling::LabelTx;
use store::label::leases::{HeldRow, Terms};
use store::label::open_members::Candidate;

/// So many items at most a person holds ahead.
const MOST_AHEAD: usize = 20;
/// A person's cursors are moved each time they were served so many: to look for the first open members at every
/// keypress costs more than to pass over these few again. (Cursors that a freed slot has lowered far back stay there as
/// long.)
const MOVE_AFTER: i64 = 4;
/// So often candidates that someone else was faster with are replaced by the next ones.
const ROUNDS: usize = 4;

/// The items that a person holds in a queue, filled up to `n` with the next ones that are theirs to answer.
pub async fn serve(
    tx: &mut LabelTx<'_>,
    by: &By,
    project: ProjectId,
    queue: QueueId,
    n: usize,
) -> Result<Batch> {
    let n = n.clamp(1, MOST_AHEAD);
    let mut desk = desk(tx, project).await?;
    if desk.has_expired {
        // What this person holds is renewed instead, below.
        let (plain, counts) = tx.plain().await?;
        plain.reclaim_leases(queue, by.answerer.person, counts).await?;
        // Their cursors may have been lowered.
        desk = self::desk(tx, project).await?;
    }
    let version = desk.version;
    match desk.state {
        QueueState::Open => {}
        QueueState::Filling => return Ok(Batch { items: Vec::new(), rest: Rest::Filling, version }),
        QueueState::Closed => return Ok(Batch { items: Vec::new(), rest: Rest::Closed, version }),
    }
    let until = tx.now().plus_seconds(desk.lease_seconds);
    let mut held = std::mem::take(&mut desk.held);
    // Not at each keypress: a lease of which more than three quarters are left is long enough.
    let is_short = until.plus_seconds(-desk.lease_seconds / 4).0;
    if held.iter().any(|row| row.is_outdated || row.lease_until < is_short) {
        tx.plain().await?.0.renew_leases(queue, by.answerer.person, until).await?;
        held.iter_mut().for_each(|row| row.lease_until = until.0);
    }
    let mut rest = Rest::More;
    if held.len() < n {
        let terms = Terms { project, queue, person: by.answerer.person, beside: by.beside(), until };
        let (taken, is_left) = take(tx, &terms, &desk, n - held.len()).await?;
        held.extend(taken);
        rest = is_left;
    }
    held.truncate(n);
    let shown = &desk.settings.shown_fields;
    Ok(Batch { items: held.into_iter().map(|row| served(row, shown)).collect(), rest, version })
}

async fn desk(tx: &mut LabelTx<'_>, project: ProjectId) -> Result<Desk> {
    tx.desk().await?.filter(|desk| desk.project_id == project).ok_or(Error::NotFound(Thing::Queue))
}

/// Leases up to `want` more members, and says what is left after them.
async fn take(tx: &mut LabelTx<'_>, terms: &Terms, desk: &Desk, want: usize) -> Result<(Vec<HeldRow>, Rest)> {
    let mut ahead = Ahead {
        from: PerPool::from_fn(|pool| desk.standing[pool].cursor),
        served: PerPool::from_fn(|pool| desk.standing[pool].served as u32),
        mix: Mix { shares: desk.shares, seed: desk.seed as u64, queue: terms.queue, person: terms.person },
    };
    let n_served = i64::from(ahead.n_served());
    let mut taken = Vec::with_capacity(want);
    for _ in 0..ROUNDS {
        let members = ahead.pick(tx, terms, want - taken.len()).await?;
        let wanted: Vec<(ItemId, Pool)> =
            members.iter().map(|member| (member.item_id, member.pool)).collect();
        let got = tx.lease(terms, members).await?;
        for (item, pool) in &wanted {
            ahead.served[*pool] += u32::from(got.iter().any(|row| row.item_id == *item));
        }
        let n_got = got.len();
        taken.extend(got);
        if taken.len() == want || n_got == wanted.len() {
            break;
        }
    }
    let served = n_served + taken.len() as i64;
    if taken.len() == want && served / MOVE_AFTER == n_served / MOVE_AFTER {
        return Ok((taken, Rest::More));
    }
    let is_more = tx.move_cursors(terms.queue, terms.person, &ahead.from).await?;
    if taken.len() == want && is_more {
        return Ok((taken, Rest::More));
    }
    // Members that are open and were passed over are held by another transaction at this very moment.
    let waiting = is_more || tx.plain().await?.0.others_hold(terms.queue, terms.person).await?;
    Ok((taken, if waiting { Rest::Waiting } else { Rest::Done }))
}

/// Where a person goes on in each pool of a queue.
struct Ahead {
    /// The rank from which members are looked for.
    from: PerPool<i64>,
    served: PerPool<u32>,
    mix: Mix,
}

impl Ahead {
    fn n_served(&self) -> u32 {
        self.served.iter().map(|(_, n)| n).sum()
    }

    /// The next members in the order in which they are served: each pool at its share while it has members, and any other
    /// pool where it has ended.
    async fn pick(&mut self, tx: &mut LabelTx<'_>, terms: &Terms, want: usize) -> Result<Vec<Candidate>> {
        let due = self.mix.due_next(self.served, want);
        let mut found = self.find(tx, terms, &due).await?;
        let n_found: usize = found.iter().map(|(_, members)| members.len()).sum();
        if n_found < want && self.from != PerPool::default() && tx.others_write_now() {
            // A slot before a cursor may have been freed while the cursor moved past it: every pool is looked at from its
            // beginning before a person is told that it has ended.
            self.from = PerPool::default();
            found = self.find(tx, terms, &due).await?;
        }
        Ok(merged(&due, found))
    }

    /// As many of each pool as are due, then plain ones for all that is missing, then more of the other pools where the plain
    /// one has ended.
    async fn find(
        &self,
        tx: &mut LabelTx<'_>,
        terms: &Terms,
        due: &[Pool],
    ) -> Result<PerPool<Vec<Candidate>>> {
        let want = due.len();
        let n_due = PerPool::from_fn(|pool| due.iter().filter(|one| **one == pool).count());
        let others = || Pool::ALL.into_iter().filter(|pool| *pool != Pool::Plain);
        let mut found = PerPool::<Vec<Candidate>>::default();
        let mut n_found = 0;
        for pool in others() {
            found[pool] = tx.next_members(terms, pool, self.from[pool], n_due[pool]).await?;
            n_found += found[pool].len();
        }
        found[Pool::Plain] =
            tx.next_members(terms, Pool::Plain, self.from[Pool::Plain], want - n_found).await?;
        n_found += found[Pool::Plain].len();
        for pool in others() {
            if n_found < want && found[pool].len() == n_due[pool] {
                let more = n_due[pool] + want - n_found;
                let members = tx.next_members(terms, pool, self.from[pool], more).await?;
                n_found = n_found - found[pool].len() + members.len();
                found[pool] = members;
            }
        }
        Ok(found)
    }
}

fn served(row: HeldRow, shown: &[String]) -> Served {
    let fields: serde_json::Value = serde_json::from_str(&row.fields).unwrap_or_default();
    let value = |name: &String| {
        let text = match fields.get(name)? {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => return None,
            other => other.to_string(),
        };
        Some((name.clone(), text))
    };
    Served {
        assignment: row.id,
        item: row.item_id,
        revision: row.revision_id,
        text: row.text,
        event_at: row.event_at.map(Time),
        fields: shown.iter().filter_map(value).collect(),
        lease_until: Time(row.lease_until),
    }
}
