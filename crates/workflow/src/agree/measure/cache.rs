//! A cache of computed figures, and a lock per project for computing them.

use super::Agreement;
use domain::{ProjectId, QueueId, Time};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// The figures that were computed last for each project and queue.
///
/// Figures of one project are computed one after another: they may keep all cores busy, and two requests at the same
/// time usually want the same figures. Projects do not wait for each other, and reading kept figures never waits for a
/// computation.
#[derive(Default)]
pub struct Cache {
    kept: Mutex<HashMap<(ProjectId, Option<QueueId>), Kept>>,
    turns: Mutex<HashMap<ProjectId, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone)]
pub(super) struct Kept {
    /// What the answers were when the figures were computed.
    pub stamp: [i64; 4],
    pub at: Time,
    pub agreement: Arc<Agreement>,
}

/// The most figures that are kept, over all projects.
const KEPT: usize = 64;

impl Cache {
    /// Waits until no other request computes figures of this project. The turn lasts until the guard is dropped.
    pub(super) async fn turn(&self, project: ProjectId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = lock(&self.turns);
            // Drops the locks that no request holds or awaits, so that the map does not grow.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(project).or_default().clone()
        };
        turn.lock_owned().await
    }

    pub(super) fn kept(&self, project: ProjectId, queue: Option<QueueId>) -> Option<Kept> {
        lock(&self.kept).get(&(project, queue)).cloned()
    }

    pub(super) fn keep(&self, project: ProjectId, queue: Option<QueueId>, figures: Kept) {
        let mut kept = lock(&self.kept);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert((project, queue), figures);
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
