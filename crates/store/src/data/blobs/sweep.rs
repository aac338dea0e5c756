//! Leftovers of killed work: parts without a name, files without a row, pins without a writer. Nothing refers to them,
//! and nothing else in the program removes them.

use super::{Place, UNFINISHED, UNNEEDED, remove_file};
use crate::data::sources::may_go_on;
use crate::engine::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::{Store, on};
use domain::Time;
use sqlx::AssertSqlSafe;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

impl Store {
    /// Removes leftovers from before a moment. A younger one may belong to an upload in progress. Returns how many
    /// there were.
    pub async fn sweep_blobs(&self, before: Time) -> Result<i64> {
        self.write_background(move |tx| {
            Box::pin(async move {
                let query = "DELETE FROM blob_pin WHERE created_at < $1";
                on!(tx, |db| sqlx::query(query).bind(before.0).execute(db).await.map(|_| ()))?;
                Ok::<_, Error>(())
            })
        })
        .await?;
        let mut n = 0;
        for key in self.snapshot().await?.unneeded_blobs(before).await? {
            n += i64::from(self.remove_unneeded_blob(&key).await?);
        }
        for file in self.left_files(before).await? {
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            if name.starts_with(UNFINISHED) {
                remove_file(&file)?;
                n += 1;
            } else {
                n += i64::from(self.remove_unneeded_blob(&name).await?);
            }
        }
        Ok(n)
    }

    /// Leftover files beside SQLite from before a moment: never finished, or without a row.
    pub async fn left_files(&self, before: Time) -> Result<Vec<PathBuf>> {
        let Place::Folder(folder) = &self.blobs else { return Ok(Vec::new()) };
        let before = SystemTime::UNIX_EPOCH + Duration::from_micros(before.0.unsigned_abs());
        let mut left = Vec::new();
        let mut entries = match tokio::fs::read_dir(folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(left),
            Err(error) => return Err(error.into()),
        };
        while let Some(entry) = entries.next_entry().await? {
            // A file that vanishes meanwhile is no leftover.
            let Ok(about) = entry.metadata().await else { continue };
            if about.modified()? >= before {
                continue;
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let query = "SELECT EXISTS (SELECT 1 FROM blob WHERE key = $1)";
            let known: bool = on!(self, |db| sqlx::query_scalar(query).bind(name).fetch_one(db).await)?;
            if !known {
                left.push(entry.path());
            }
        }
        left.sort();
        Ok(left)
    }
}

impl Snapshot {
    /// Blobs from before a moment that nothing needs.
    pub async fn unneeded_blobs(&mut self, before: Time) -> Result<Vec<String>> {
        let query =
            AssertSqlSafe(format!("SELECT key FROM blob WHERE created_at < $1 AND {UNNEEDED} ORDER BY key"));
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(before.0).fetch_all(db).await)?)
    }

    /// Keys of blobs that something needs and whose row is missing.
    pub async fn missing_blobs(&mut self) -> Result<Vec<String>> {
        let query = concat!(
            "SELECT f.hash FROM release_file f LEFT JOIN blob b ON b.key = f.hash WHERE b.key IS NULL
                     UNION SELECT e.hash FROM encoder_file e LEFT JOIN blob b ON b.key = e.hash WHERE b.key IS NULL
                     UNION SELECT v.hash FROM vector_set v LEFT JOIN blob b ON b.key = v.hash WHERE b.key IS NULL
                     UNION SELECT s.upload FROM source s LEFT JOIN blob b ON b.key = s.upload
                     WHERE b.key IS NULL AND s.upload IS NOT NULL
                       AND s.state IN ",
            may_go_on!(),
            " ORDER BY 1"
        );
        Ok(on!(self, |db| sqlx::query_scalar(query).fetch_all(db).await)?)
    }
}
