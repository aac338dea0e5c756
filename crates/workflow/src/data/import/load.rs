//! The steps that every import shares: missing labels are made, then the rows are imported.

use super::list::uploaded;
use super::mapping::Mapper;
use super::run::{self, Ended, Load, Progress};
use super::{labels, sample};
use crate::{Error, Instance, Result};
use domain::item::control_threshold;
use domain::source::SourceState;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::data::sources::Source;

pub type Opener = Arc<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Imports the rows of an uploaded file that are not imported yet.
pub(super) async fn load(
    instance: &Instance,
    source: &Source,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    if source.state != SourceState::Running {
        return Err(Error::conflict("This import is not under way."));
    }
    let from = sample::open_upload(&instance.store, uploaded(source)?).await?;
    let bytes = u64::try_from(source.bytes).ok();
    if labels::are_missing(&instance.store, source).await? {
        let again = sample::open_upload(&instance.store, uploaded(source)?).await?;
        labels::make(instance, source, again).await?;
    }
    load_with(instance, source, Box::new(from), bytes, stop, progress).await
}

pub(super) async fn load_from(
    instance: &Instance,
    source: &Source,
    open: Opener,
    bytes: Option<u64>,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    let opened = || open().map_err(|e| Error::Store(e.into()));
    if labels::are_missing(&instance.store, source).await? {
        labels::make(instance, source, opened()?).await?;
    }
    load_with(instance, source, opened()?, bytes, stop, progress).await
}

async fn load_with(
    instance: &Instance,
    source: &Source,
    from: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
    stop: Arc<AtomicBool>,
    progress: impl FnMut(Progress),
) -> Result<Ended> {
    let (task, settings) = instance.store.project_rules(source.project).await?;
    let threshold = control_threshold(settings.control_share);
    let mapper = Mapper::new(source.mapping.clone(), instance.store.clone(), task, settings.seed, threshold);
    let (mapper, answered_by) = labels::answered_by(instance, source, mapper).await?;
    let load = Load {
        project: source.project,
        source: source.id,
        format: source.format,
        from,
        total_bytes,
        before: source.counts,
        mapper,
        answered_by,
    };
    run::load(&instance.store, load, stop, progress).await
}
