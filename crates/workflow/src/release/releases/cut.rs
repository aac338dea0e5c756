//! Cutting a release: the rows of one moment, then the files from the rows, then the seal.

use super::files::{self, Files, Names};
use super::manifest::{self, Manifest};
use super::{Spec, spool};
use crate::design::settle;
use crate::jobs::{Halt, Job, JobOutcome, Running, Stop};
use crate::{Error, Instance, Result, Thing};
use domain::consensus::State;
use domain::item::split_key;
use domain::project::Settings;
use domain::release::{ReleaseState, Split, split_by_control};
use domain::taxonomy::Taxonomy;
use domain::{LabelId, ProjectId, ReleaseId, TaxonomyVersionId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::Store;
use store::design::taxonomies::LabelMaps;
use store::engine::snapshot::Snapshot;
use store::label::tally::Tally;
use store::release::releases::{Candidate, FullRow, NewRow, PAGE, PIECE, ReleaseFile, ReleaseRow, RowAnswer};
use tokio::sync::mpsc::Sender;

/// Rows that are read at once for the files.
const FULL_ROWS: i64 = 1_000;
/// Columns of fields that a CSV file has at most.
const MAX_COLUMNS: usize = 200;

/// Who is told how far it has come, and may say stop.
enum Audience<'a> {
    Job(&'a Running),
    Caller(&'a (dyn Fn(i64, i64) + Send + Sync)),
}

impl Audience<'_> {
    async fn tell(&self, done: i64, total: i64, message: &str) -> std::result::Result<(), Stop> {
        match self {
            Audience::Job(run) => run.progress(done, Some(total), message).await,
            Audience::Caller(told) => {
                told(done, total);
                Ok(())
            }
        }
    }
}

/// Cuts a release here and now. Where it fails the release says so.
pub async fn cut(
    instance: &Instance,
    release: ReleaseId,
    told: &(dyn Fn(i64, i64) + Send + Sync),
) -> Result<()> {
    match cut_for(instance, release, &Audience::Caller(told)).await {
        Ok(_) => Ok(()),
        Err(Halt::Failed(error)) => {
            fail(instance, release, "It could not be cut; the log of the server says why.").await?;
            Err(error)
        }
        Err(Halt::Stop(_)) => Err(Error::conflict("The release was stopped.")),
    }
}

/// The job that cuts a release.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct CutRelease {
    pub release: ReleaseId,
}

impl Job for CutRelease {
    const NAME: &'static str = "cut_release";
    const TITLE: &'static str = "Release";

    fn dedupe(&self) -> Option<String> {
        Some(format!("release-{}", self.release))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        let CutRelease { release } = self;
        match cut_for(instance, release, &Audience::Job(running)).await {
            Ok(manifest) => Ok(serde_json::json!({ "rows": manifest.n_rows })),
            Err(halt) => {
                match &halt {
                    Halt::Stop(Stop::Cancelled) => fail(instance, release, "It was cancelled.").await?,
                    Halt::Failed(Error::Conflict(why)) => fail(instance, release, why).await?,
                    Halt::Failed(_) => {
                        fail(instance, release, "It could not be cut; the log of the server says why.")
                            .await?;
                    }
                    Halt::Stop(Stop::Lost | Stop::Closing) => {}
                }
                Err(halt)
            }
        }
    }

    /// The release must not look as if it were still being cut.
    async fn given_up(self, instance: &Instance, why: &str) -> Result<()> {
        fail(instance, self.release, why).await
    }
}

async fn fail(instance: &Instance, release: ReleaseId, why: &str) -> Result<()> {
    let why = why.to_owned();
    instance
        .store
        .write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.fail_release(release, &why).await?) }))
        .await?;
    Ok(())
}

fn ended() -> Error {
    Error::conflict(
        "This release was ended while it was being cut: nothing more is written. Cut another one.",
    )
}

/// What a cut knows from the start.
struct Cut<'a> {
    instance: &'a Instance,
    audience: &'a Audience<'a>,
    row: ReleaseRow,
    spec: Spec,
    project: store::site::projects::Project,
    version: i64,
    taxonomy: Arc<Taxonomy>,
    maps: LabelMaps,
}

async fn cut_for(
    instance: &Instance,
    release: ReleaseId,
    audience: &Audience<'_>,
) -> std::result::Result<Manifest, Halt> {
    let store = &instance.store;
    let row = store.release_by_id(release).await?.ok_or(Error::NotFound(Thing::Release))?;
    if row.state != ReleaseState::Cutting {
        return Err(Error::conflict("The release was cut already.").into());
    }
    audience.tell(0, 1, "Looking at the labels").await?;
    let project = store.project(row.project_id).await?.ok_or(Error::NotFound(Thing::Project))?;
    settle(instance, project.id).await?;
    let spec: Spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    let cut = Cut {
        version: store.taxonomy_number(project.id, spec.taxonomy).await?,
        taxonomy: store.taxonomy(spec.taxonomy).await?,
        maps: store.label_maps(spec.taxonomy).await?,
        instance,
        audience,
        row,
        spec,
        project,
    };
    cut.clear().await?;
    let taken = cut.take_rows().await?;
    cut.write_and_seal(taken).await
}

impl Cut<'_> {
    /// Removes what an interrupted attempt left behind.
    async fn clear(&self) -> std::result::Result<(), Halt> {
        let release = self.row.id;
        loop {
            let cleared: u64 = self
                .piece(move |tx| {
                    Box::pin(async move { Ok(tx.clear_release_rows(release, PAGE as i64).await?) })
                })
                .await?;
            if cleared == 0 {
                return Ok(());
            }
        }
    }

    /// One transaction of the cut: it does nothing if the job was lost to another runner, or if somebody ended a
    /// release that no job carries.
    async fn piece<T, F>(&self, work: F) -> std::result::Result<T, Halt>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut store::Tx) -> store::BoxFuture<'t, std::result::Result<T, Halt>>
            + Clone
            + Send
            + 'static,
    {
        let ticket = match self.audience {
            Audience::Job(run) => Some(run.ticket()),
            Audience::Caller(_) => None,
        };
        let release = self.row.id;
        self.instance
            .store
            .write_piece(move |tx| {
                Box::pin(async move {
                    if let Some(ticket) = ticket {
                        ticket.checkpoint(tx, &()).await?;
                    } else if !tx.is_being_cut(release).await? {
                        return Err(ended().into());
                    }
                    work(tx).await
                })
            })
            .await
    }

    /// The rows of one moment. They don't wait to be written before the next ones are looked at, but on disk: while a
    /// moment is held, neither database can clean up what changed since, and everybody's work gets slower.
    async fn take_rows(&self) -> std::result::Result<Taken, Halt> {
        let (bring, take) = spool::line(&self.instance.data)?;
        let (taken, ()) = futures::try_join!(self.look_at_all(bring), self.write_all(take))?;
        Ok(taken)
    }

    async fn look_at_all(&self, mut rows: spool::Bring<Vec<NewRow>>) -> std::result::Result<Taken, Halt> {
        let mut moment = self.instance.store.along_indexes().snapshot().await?;
        let control = control_keys(&mut moment, self.project.id).await?;
        let mut taken = Taken::default();
        for state in &self.spec.states {
            let mut after = 0;
            loop {
                let look = self.look(&mut moment, *state, after);
                let (found, last) = self.instance.store.read_piece(look).await?;
                let Some(last) = last else { break };
                after = last;
                let mut page = Vec::with_capacity(found.len());
                for (candidate, answers) in found {
                    page.extend(taken.take(self.row_of(*state, &control, candidate, answers))?);
                }
                rows.push(&page).await?;
            }
        }
        Ok(taken)
    }

    async fn write_all(&self, mut rows: spool::Take<Vec<NewRow>>) -> std::result::Result<(), Halt> {
        let counts = self.instance.store.tally(Tally::Project(self.project.id)).await?;
        let total: i64 = self.spec.states.iter().filter_map(|s| counts.get(s.as_str())).sum();
        let mut done = 0;
        while let Some(page) = rows.next().await? {
            done += page.len() as i64;
            self.write_rows(page).await?;
            self.audience.tell(done, total.max(done) * 2, "Taking the rows").await?;
        }
        Ok(())
    }

    /// Resolved items after one, each with the ids of the answers behind it; and how far was looked.
    async fn look(
        &self,
        moment: &mut Snapshot,
        state: State,
        after: i64,
    ) -> std::result::Result<(Vec<(Candidate, Vec<String>)>, Option<i64>), Halt> {
        let page = moment.resolved_items(self.project.id, state.as_str(), after, PAGE as i64).await?;
        let last = page.last().map(|placed| placed.at);
        let found: Vec<Candidate> = page.into_iter().filter_map(|placed| placed.row).collect();
        let items: Vec<_> = found.iter().map(|candidate| candidate.item_id).collect();
        let mut answers: HashMap<i64, Vec<String>> = HashMap::new();
        for (item, id) in moment.standing_answers(&items).await? {
            answers.entry(item).or_default().push(id);
        }
        let with_answers = |candidate: Candidate| {
            let answers = answers.remove(&candidate.item_id.0).unwrap_or_default();
            (candidate, answers)
        };
        Ok((found.into_iter().map(with_answers).collect(), last))
    }

    async fn write_rows(&self, rows: Vec<NewRow>) -> std::result::Result<(), Halt> {
        let (project, release) = (self.project.id, self.row.id);
        let pieces = rows.chunks(PIECE).map(|rows| {
            let rows = Arc::new(rows.to_vec());
            self.piece(move |tx| {
                Box::pin(async move { Ok(tx.add_release_rows(project, release, &rows).await?) })
            })
        });
        futures::future::try_join_all(pieces).await?;
        Ok(())
    }

    /// What a resolved item becomes; nothing where the taxonomy of the release does not offer its labels.
    fn row_of(
        &self,
        state: State,
        control: &HashSet<i64>,
        found: Candidate,
        answers: Vec<String>,
    ) -> Option<(NewRow, String)> {
        let labels = current(&self.taxonomy, &self.maps, found.taxonomy_version_id, &found.labels.0)?;
        let Settings { seed, .. } = self.project.settings.0;
        let key = split_key(found.group_key.as_deref(), found.normalized_hash);
        let row = NewRow {
            item: found.item_id,
            revision: found.revision_id,
            state,
            control: found.control,
            labels,
            confidence: found.confidence,
            answers,
            split_key: key,
            split: split_by_control(seed, key, control.contains(&key)),
        };
        Some((row, found.fields))
    }

    async fn write_and_seal(&self, taken: Taken) -> std::result::Result<Manifest, Halt> {
        let store = &self.instance.store;
        let (project, task) = (self.project.id, self.project.task);
        let queues = store.queues_for_lineage(project).await?;
        let names = Names {
            task,
            labels: self.taxonomy.labels.iter().map(|l| (l.id, l.name.clone())).collect(),
            queues: queues.iter().map(|q| (q.0, q.1.clone())).collect(),
            versions: store.version_numbers(project).await?,
        };
        let Taken { n_rows: total, n_left_out, fields } = taken;
        let mut columns: Vec<String> = fields.into_iter().collect();
        let csv_fields_left_out = columns.split_off(columns.len().min(MAX_COLUMNS));
        let mut files = Files::create(store, task, columns).await?;
        let mut counts = RowTotals::default();
        let (send, mut pages) = tokio::sync::mpsc::channel(1);
        let reading = tokio::spawn(read_rows(store.along_indexes(), project, self.row.id, send));
        while let Some((rows, mut answers)) = pages.recv().await {
            for row in &rows {
                let answers = answers.remove(&row.item_id.0).unwrap_or_default();
                counts.add(row, &answers);
                files.write(row, &answers, &names).await?;
            }
            self.audience.tell(total + counts.n_rows, total * 2, "Writing the files").await?;
        }
        reading.await.map_err(Error::internal)??;
        let mut files = files.finish().await?;
        files.push(files::taxonomy(store, project, self.version, task, &self.taxonomy).await?);
        let named: Vec<&ReleaseFile> = files.iter().map(|(file, _)| file).collect();
        let manifest = self.manifest(&counts, n_left_out, csv_fields_left_out, &named, &queues).await?;
        files.push(files::manifest(store, &manifest).await?);
        let (files, pins): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let release = self.row.id;
        let text = String::from_utf8(manifest.to_bytes()?).map_err(Error::internal)?;
        let sealed: bool = self
            .piece(move |tx| {
                Box::pin(async move {
                    tx.unpin_blobs(&pins).await?;
                    Ok(tx.finish_release(release, &text, &files).await?)
                })
            })
            .await?;
        if sealed { Ok(manifest) } else { Err(ended().into()) }
    }

    async fn manifest(
        &self,
        counts: &RowTotals,
        n_left_out: i64,
        csv_fields_left_out: Vec<String>,
        files: &[&ReleaseFile],
        queues: &[(i64, String, String, i64)],
    ) -> Result<Manifest> {
        let sources = self.instance.store.sources_for_lineage(self.project.id).await?;
        Ok(Manifest {
            format: manifest::FORMAT,
            project: manifest::Project {
                slug: self.project.slug.clone(),
                name: self.project.name.clone(),
                task: self.project.task,
            },
            states: self.spec.states.clone(),
            n_rows: counts.n_rows,
            n_left_out,
            splits: Split::ALL.iter().map(|split| counts.split(*split, &self.taxonomy)).collect(),
            split_rule: manifest::SPLIT_RULE.to_owned(),
            csv_rule: manifest::CSV_RULE.to_owned(),
            csv_fields_left_out,
            files: files
                .iter()
                .map(|f| manifest::File {
                    path: f.path.clone(),
                    blake3: f.hash.clone(),
                    bytes: f.bytes,
                    rows: f.n_rows,
                })
                .collect(),
            lineage: manifest::Lineage {
                program: concat!("assay ", env!("CARGO_PKG_VERSION")).to_owned(),
                taxonomy_version: self.version,
                n_answers: counts.n_answers,
                n_annotators: counts.annotators.len() as i64,
                sources: sources
                    .into_iter()
                    .filter_map(|(id, name, format)| {
                        let n_rows = *counts.sources.get(&id)?;
                        Some(manifest::Source { id, name, format, n_rows })
                    })
                    .collect(),
                queues: queues
                    .iter()
                    .filter_map(|(id, name, strategy, overlap)| {
                        let n_answers = *counts.queues.get(id)?;
                        let (name, strategy) = (name.clone(), strategy.clone());
                        Some(manifest::Queue { id: *id, name, strategy, overlap: *overlap, n_answers })
                    })
                    .collect(),
            },
        })
    }
}

/// Labels that were resolved under some version, in the words of the taxonomy of a release, to which these maps lead;
/// nothing where it does not offer them.
pub(super) fn current(
    taxonomy: &Taxonomy,
    maps: &LabelMaps,
    version: Option<i64>,
    labels: &[LabelId],
) -> Option<Vec<LabelId>> {
    let labels = match version.and_then(|v| maps.get(&TaxonomyVersionId(v))) {
        Some(map) => map.carry(labels)?,
        None => labels.to_vec(),
    };
    labels.iter().all(|id| taxonomy.live(*id).is_some()).then_some(labels)
}

/// What the rows of a moment were.
#[derive(Default)]
struct Taken {
    n_rows: i64,
    /// Resolved items that stay out because a label of theirs is gone.
    n_left_out: i64,
    /// Names of the fields that occur.
    fields: BTreeSet<String>,
}

impl Taken {
    fn take(&mut self, row: Option<(NewRow, String)>) -> Result<Option<NewRow>> {
        let Some((row, fields)) = row else {
            self.n_left_out += 1;
            return Ok(None);
        };
        self.n_rows += 1;
        let names: BTreeMap<Cow<'_, str>, IgnoredAny> =
            serde_json::from_str(&fields).map_err(Error::internal)?;
        for name in names.into_keys() {
            if !self.fields.contains(name.as_ref()) {
                self.fields.insert(name.into_owned());
            }
        }
        Ok(Some(row))
    }
}

/// Rows in the order of the files, a page at a time, each with the answers behind them by item.
type Page = (Vec<FullRow>, HashMap<i64, Vec<RowAnswer>>);

/// Reads ahead while files are written. Ends when nobody takes the pages any more.
async fn read_rows(store: Store, project: ProjectId, release: ReleaseId, send: Sender<Page>) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let read = async {
            let page = store.release_rows(project, release, after.as_deref(), FULL_ROWS).await?;
            let last = page.last().map(|placed| placed.at.clone());
            let rows: Vec<FullRow> = page.into_iter().filter_map(|placed| placed.row).collect();
            let answers = answers_of(&store, &rows).await?;
            Ok::<_, Error>((last, rows, answers))
        };
        let (last, rows, answers) = store.read_piece(read).await?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
        if send.send((rows, answers)).await.is_err() {
            return Ok(());
        }
    }
}

async fn answers_of(store: &Store, rows: &[FullRow]) -> Result<HashMap<i64, Vec<RowAnswer>>> {
    let mut by_item: HashMap<i64, Vec<RowAnswer>> = HashMap::new();
    let ids: Vec<String> = rows.iter().flat_map(|row| row.answers.0.iter().cloned()).collect();
    for ids in ids.chunks(1_000) {
        for answer in store.answers_by_id(ids).await? {
            by_item.entry(answer.item_id.0).or_default().push(answer);
        }
    }
    // An item whose answers lie on both sides of a cut comes in two orderly halves.
    for answers in by_item.values_mut() {
        answers.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }
    Ok(by_item)
}

/// Split keys of the whole project that hold a control item: eight bytes for every tenth item.
pub(super) async fn control_keys(moment: &mut Snapshot, project: ProjectId) -> Result<HashSet<i64>> {
    let mut keys = HashSet::new();
    let mut after = 0;
    loop {
        let page = moment.control_items(project, after, PAGE as i64).await?;
        let Some(last) = page.last() else { return Ok(keys) };
        after = last.0;
        keys.extend(page.iter().map(|(_, group, hash)| split_key(group.as_deref(), *hash)));
    }
}

/// What was counted while the files were written.
#[derive(Default)]
struct RowTotals {
    n_rows: i64,
    n_answers: i64,
    rows: [i64; 3],
    control: [i64; 3],
    labels: HashMap<(Split, LabelId), i64>,
    sources: BTreeMap<i64, i64>,
    queues: BTreeMap<i64, i64>,
    annotators: HashSet<i64>,
}

impl RowTotals {
    fn add(&mut self, row: &FullRow, answers: &[RowAnswer]) {
        let split = row.split;
        self.n_rows += 1;
        self.rows[split as usize] += 1;
        self.control[split as usize] += i64::from(row.control);
        for label in &row.labels.0 {
            *self.labels.entry((split, *label)).or_default() += 1;
        }
        *self.sources.entry(row.source_id).or_default() += 1;
        self.n_answers += answers.len() as i64;
        for answer in answers {
            self.annotators.insert(answer.person_id);
            if let Some(queue) = answer.queue_id {
                *self.queues.entry(queue).or_default() += 1;
            }
        }
    }

    fn split(&self, split: Split, taxonomy: &Taxonomy) -> manifest::SplitCount {
        let labels = taxonomy.offered().into_iter().map(|label| manifest::LabelCount {
            id: label.id,
            name: label.name.clone(),
            n: self.labels.get(&(split, label.id)).copied().unwrap_or(0),
        });
        manifest::SplitCount {
            split,
            n_rows: self.rows[split as usize],
            n_control: self.control[split as usize],
            labels: labels.collect(),
        }
    }
}
