//! What answers are checked against. A published taxonomy version never changes, so it is read once.

use crate::{Error, Instance, Result};
use domain::project::Task;
use domain::taxonomy::Taxonomy;
use domain::{ProjectId, TaxonomyVersionId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A taxonomy version, whose it is, and what an answer is there.
#[derive(Debug)]
pub struct Frame {
    pub project: ProjectId,
    pub task: Task,
    pub taxonomy: Taxonomy,
}

/// The versions that were read. More than [`MOST`] are forgotten and read again.
#[derive(Default)]
pub struct Frames(Mutex<HashMap<TaxonomyVersionId, Arc<Frame>>>);

const MOST: usize = 64;

pub async fn frame(
    instance: &Instance,
    project: ProjectId,
    version: TaxonomyVersionId,
) -> Result<Arc<Frame>> {
    let known = instance.frames.with(|frames| frames.get(&version).cloned());
    let frame = match known {
        Some(frame) => frame,
        None => {
            let (project, task, taxonomy) =
                instance.store.answer_frame(version).await?.ok_or_else(unknown)?;
            let frame = Arc::new(Frame { project, task, taxonomy });
            instance.frames.with(|frames| {
                if frames.len() >= MOST {
                    frames.clear();
                }
                frames.insert(version, frame.clone());
            });
            frame
        }
    };
    if frame.project == project { Ok(frame) } else { Err(unknown()) }
}

fn unknown() -> Error {
    Error::invalid("taxonomy_version", "There is no such taxonomy version in this project.")
}

impl Frames {
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<TaxonomyVersionId, Arc<Frame>>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
