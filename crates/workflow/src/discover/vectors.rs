//! Vectors of texts, by the encoder that a run names.

use super::given::Given;
use super::spec::{Encoder, Spec};
use crate::{Error, Instance, Result};
use domain::{ClusteringId, ItemId, ProjectId};
use learn::encoder::Model;
use learn::lsa::{Lsa, LsaSpec};
use learn::text::{Features, TfIdf};
use ndarray::Array2;
use std::path::{Path, PathBuf};

/// Texts read at once.
const PAGE: i64 = 2_000;

/// Something that makes vectors.
pub(super) enum Source {
    Lsa,
    /// The folder of a model.
    Model(PathBuf, String),
    Given(Given),
}

/// The source of a run's vectors, its files at hand.
pub(super) async fn source(instance: &Instance, spec: &Spec) -> Result<Source> {
    Ok(match &spec.encoder {
        Encoder::Lsa => Source::Lsa,
        Encoder::Installed { id, name } => {
            Source::Model(crate::site::encoders::folder(instance, *id).await?, name.clone())
        }
        Encoder::Given { id, .. } => Source::Given(super::given::file(instance, *id).await?),
    })
}

/// Where the vectors of a run lie: derived, made again when they are missed.
pub(super) fn path(instance: &Instance, run: ClusteringId) -> PathBuf {
    instance.data.join("derived").join("vectors").join(format!("{run}.f32"))
}

/// Keeps the vectors of a run. The folder is for this installation alone.
pub(super) fn keep(path: &Path, rows: &Array2<f32>) -> Result<()> {
    if let Some(folder) = path.parent() {
        store::engine::private::create_folder(folder).map_err(store::Error::from)?;
    }
    let values = rows.as_slice().unwrap_or_default();
    derived::vectors::write(path, rows.ncols(), values).map_err(Error::internal)
}

impl Source {
    /// One row of length 1 for each text; zeros where nothing is known of it.
    pub(super) fn encode(&self, items: &[ItemId], texts: &[String], seed: u64) -> Result<Array2<f32>> {
        match self {
            Source::Lsa => {
                let tfidf = TfIdf::learn(&Features::default(), texts);
                let lsa = Lsa::learn(&tfidf, texts, &LsaSpec::seeded(seed));
                Ok(lsa.embed(&tfidf, texts, |_| {}))
            }
            Source::Model(folder, name) => {
                let wrong = |error: learn::encoder::EncoderError| {
                    Error::Conflict(format!("The encoder “{name}” does not work: {error}."))
                };
                let model = Model::open(folder).map_err(wrong)?;
                model.encode(texts, |_| {}).map_err(wrong)
            }
            Source::Given(given) => given.rows(items),
        }
    }

    /// Rows of new texts in the same space as those of `texts`, which come first: LSA is fitted to `texts` alone.
    pub(super) fn encode_more(
        &self,
        items: (&[ItemId], &[ItemId]),
        texts: (&[String], &[String]),
        seed: u64,
    ) -> Result<(Array2<f32>, Array2<f32>)> {
        match self {
            Source::Lsa => {
                let tfidf = TfIdf::learn(&Features::default(), texts.0);
                let lsa = Lsa::learn(&tfidf, texts.0, &LsaSpec::seeded(seed));
                Ok((lsa.embed(&tfidf, texts.0, |_| {}), lsa.embed(&tfidf, texts.1, |_| {})))
            }
            _ => Ok((self.encode(items.0, texts.0, seed)?, self.encode(items.1, texts.1, seed)?)),
        }
    }
}

/// Computes the vectors of the newest run of each project where they are missing. Texts that changed since the run have the
/// vectors of their new texts; groups stay as they are. Returns how many runs.
pub(crate) async fn rebuild_vectors(instance: &Instance, mut tell: impl FnMut(i64) + Send) -> Result<i64> {
    let mut n = 0;
    for (run, project) in instance.store.newest_runs().await? {
        let (run, project) = (ClusteringId(run), ProjectId(project));
        let file = path(instance, run);
        let Some(row) = instance.store.run(project, run).await? else { continue };
        let points = super::Points::of_run(instance, &row).await?;
        let kept = derived::vectors::Vectors::open(&file).map_err(Error::internal)?;
        // Rows are those of the run's own items; items that joined later have none.
        if kept.is_some_and(|kept| points.of_rows(kept.n_rows()).is_some()) {
            continue;
        }
        let spec: Spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
        // Where the encoder was removed, or the vectors that a user brought, there is nothing to compute with any more.
        let source = match source(instance, &spec).await {
            Err(Error::Conflict(_)) => continue,
            source => source?,
        };
        let (mut items, mut texts) = (Vec::new(), Vec::new());
        let mut after = ItemId(0);
        loop {
            let page = instance.store.pile(project, &spec.slice, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for text in page {
                if points
                    .items
                    .binary_search(&text.id.0)
                    .is_ok_and(|at| points.joined.get(at) == Some(&false))
                {
                    items.push(text.id);
                    texts.push(text.text);
                }
            }
            tell(items.len() as i64);
        }
        let seed = spec.seed;
        tokio::task::spawn_blocking(move || -> Result<()> {
            let rows = source.encode(&items, &texts, seed)?;
            keep(&file, &rows)
        })
        .await
        .map_err(Error::internal)??;
        n += 1;
    }
    Ok(n)
}

/// Removes the vectors of all runs but the newest ones: nothing is asked of them any more that can't be computed again.
pub(super) async fn forget_old(instance: &Instance) -> Result<()> {
    let kept: Vec<String> =
        instance.store.newest_runs().await?.into_iter().map(|(run, _)| format!("{run}.f32")).collect();
    let folder = instance.data.join("derived").join("vectors");
    let Ok(files) = std::fs::read_dir(folder) else { return Ok(()) };
    for file in files.flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        // An unfinished file may belong to a run that is being computed.
        if name.ends_with(".f32") && !kept.iter().any(|kept| *kept == *name) {
            derived::vectors::remove(&file.path()).map_err(Error::internal)?;
        }
    }
    Ok(())
}
