//! The next items for a person: those they hold, then the first that are open to them.

use super::{Batch, By, Rest, Served};
use crate::{Error, Result, Thing};
use domain::queue::Pace;
use domain::{ItemId, ProjectId, QueueId, Time};
use store::Tx;
use store::label::desk::Desk;
use store::label::leases::{Candidate, HeldRow, Pool, Terms};
use store::label::tally::TallyChanges;
use store::sql::dialect;

/// So many items at most a person holds ahead.
const MOST_AHEAD: usize = 20;
/// A person's cursors are moved each time they were served so many: to look for the first open members at every
/// keypress costs more than to pass over these few again. (Cursors that a freed slot has lowered far back stay there as
/// long.)
const MOVE_AFTER: i64 = 4;
/// So often candidates that someone else was faster with are replaced by the next ones.
const ROUNDS: usize = 4;

/// The desk is looked at here where it is not `known` already.
pub async fn serve(
    tx: &mut Tx,
    by: &By,
    project: ProjectId,
    queue: QueueId,
    n: usize,
    known: Option<Desk>,
    counts: &mut TallyChanges,
) -> Result<Batch> {
    let n = n.clamp(1, MOST_AHEAD);
    let mut desk = match known {
        Some(desk) => desk,
        None => desk(tx, by, project, queue).await?,
    };
    if desk.has_expired {
        // What this person holds is renewed instead, below.
        tx.reclaim_leases(queue, by.person, counts).await?;
        // Their cursors may have been lowered.
        desk = self::desk(tx, by, project, queue).await?;
    }
    let version = desk.version;
    match desk.state.as_str() {
        "open" => {}
        "filling" => return Ok(Batch { items: Vec::new(), rest: Rest::Filling, version }),
        _ => return Ok(Batch { items: Vec::new(), rest: Rest::Closed, version }),
    }
    let until = tx.now().plus_seconds(desk.lease_seconds);
    let mut held = std::mem::take(&mut desk.held);
    // Not at each keypress: a lease of which more than three quarters are left is long enough.
    let is_short = until.plus_seconds(-desk.lease_seconds / 4).0;
    if held.iter().any(|row| row.is_outdated || row.lease_until < is_short) {
        tx.renew_leases(queue, by.person, until).await?;
        held.iter_mut().for_each(|row| row.lease_until = until.0);
    }
    let mut rest = Rest::More;
    if held.len() < n {
        let terms = Terms { project, queue, person: by.person, beside: by.beside(), until };
        let (taken, is_left) = take(tx, &terms, &desk, n - held.len(), counts).await?;
        held.extend(taken);
        rest = is_left;
    }
    held.truncate(n);
    let shown = &desk.settings.shown_fields;
    Ok(Batch { items: held.into_iter().map(|row| served(row, shown)).collect(), rest, version })
}

async fn desk(tx: &mut Tx, by: &By, project: ProjectId, queue: QueueId) -> Result<Desk> {
    let desk = tx.desk(queue, by.person, None).await?.map(|(desk, _)| desk);
    desk.filter(|d| d.project_id == project).ok_or(Error::NotFound(Thing::Queue))
}

/// Leases up to `want` more members, and says what is left after them.
async fn take(
    tx: &mut Tx,
    terms: &Terms,
    desk: &Desk,
    want: usize,
    counts: &mut TallyChanges,
) -> Result<(Vec<HeldRow>, Rest)> {
    let mut line = Line { plain: desk.cursor_plain, control: desk.cursor_control, desk };
    let (mut taken, mut control) = (Vec::with_capacity(want), 0);
    for _ in 0..ROUNDS {
        let members = line.pick(tx, terms, taken.len(), control, want - taken.len()).await?;
        let wanted: Vec<(ItemId, bool)> = members.iter().map(|m| (m.item_id, m.control)).collect();
        let got = tx.lease(terms, members, counts).await?;
        let is_theirs = |item: ItemId| got.iter().any(|row| row.item_id == item);
        control += wanted.iter().filter(|(item, control)| *control && is_theirs(*item)).count();
        let n_got = got.len();
        taken.extend(got);
        if taken.len() == want || n_got == wanted.len() {
            break;
        }
    }
    let served = desk.served + taken.len() as i64;
    if taken.len() == want && served / MOVE_AFTER == desk.served / MOVE_AFTER {
        return Ok((taken, Rest::More));
    }
    let is_more = tx.move_cursors(terms.queue, terms.person, [line.plain, line.control]).await?;
    if taken.len() == want && is_more {
        return Ok((taken, Rest::More));
    }
    // Members that are open and were passed over are in someone else's hands at this very moment.
    let waiting = is_more || tx.others_hold(terms.queue, terms.person).await?;
    Ok((taken, if waiting { Rest::Waiting } else { Rest::Done }))
}

/// The two lines of a queue, and where this person goes on in each.
struct Line<'d> {
    plain: i64,
    control: i64,
    desk: &'d Desk,
}

impl Line<'_> {
    /// The next members in the order in which they are to be served: control items at the queue's pace while
    /// there are any, the others between them, and whatever is there when one of the lines has ended.
    async fn pick(
        &mut self,
        tx: &mut Tx,
        terms: &Terms,
        served: usize,
        served_control: usize,
        want: usize,
    ) -> Result<Vec<Candidate>> {
        let (mut n, mut c) = (
            self.desk.served as u32 + served as u32,
            self.desk.served_control as u32 + served_control as u32,
        );
        let mut due = Vec::with_capacity(want);
        let pace = Pace {
            share: self.desk.control_share,
            seed: self.desk.seed as u64,
            queue: terms.queue,
            person: terms.person,
        };
        for _ in 0..want {
            due.push(pace.is_due(n, c));
            c += u32::from(due.last() == Some(&true));
            n += 1;
        }
        let n_due = due.iter().filter(|d| **d).count();
        let mut found = self.look(tx, terms, n_due, want).await?;
        if found.0.len() + found.1.len() < want
            && (self.control, self.plain) != (0, 0)
            && dialect::others_write_now(tx)
        {
            // A slot before a cursor may have been freed while the cursor moved past it: both lines are looked at
            // from their beginning before anyone is told that they have ended.
            (self.control, self.plain) = (0, 0);
            found = self.look(tx, terms, n_due, want).await?;
        }
        let (control, plain) = found;
        let (mut control, mut plain) = (control.into_iter(), plain.into_iter());
        let mut picked = Vec::with_capacity(want);
        for is_control in due {
            let next = if is_control { control.next() } else { plain.next() };
            picked.extend(next.or_else(|| plain.next()).or_else(|| control.next()));
        }
        Ok(picked)
    }

    /// Control items that are due, then others, then more control items where the others have ended.
    async fn look(
        &self,
        tx: &mut Tx,
        terms: &Terms,
        n_due: usize,
        want: usize,
    ) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
        let mut control = tx.candidates(terms, Pool::Control, self.control, n_due).await?;
        let plain = tx.candidates(terms, Pool::Plain, self.plain, want - control.len()).await?;
        if control.len() == n_due && control.len() + plain.len() < want {
            control = tx.candidates(terms, Pool::Control, self.control, want - plain.len()).await?;
        }
        Ok((control, plain))
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
