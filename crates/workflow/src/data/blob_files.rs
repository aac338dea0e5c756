//! Between blobs and files beside them: a file that comes in and is looked at before it is kept, a file into a blob, and
//! a blob into a file of the derived folder.

use crate::{Error, Instance, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::Store;
use store::data::blobs::Written;
use store::engine::private;
use tempfile::{NamedTempFile, TempDir, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of one piece.
const PIECE: usize = 1 << 20;

/// Where files lie that are not finished. Its name in the derived folder, and how theirs begin.
const INCOMING: &str = "incoming";
const UNFINISHED: &str = "new-";
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder in the derived folder, made where it is missing.
pub(crate) fn derived(instance: &Instance, name: &str) -> Result<PathBuf> {
    let folder = instance.data.join("derived").join(name);
    private::create_folder(&folder).map_err(store::Error::from)?;
    Ok(folder)
}

/// A folder that is removed with its value. It can become any other one in the derived folder by another name.
pub(crate) fn passing_folder(instance: &Instance) -> Result<TempDir> {
    let folder = derived(instance, INCOMING)?;
    let made = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&folder);
    let made = made.map_err(store::Error::from)?;
    sweep(&folder, made.path());
    Ok(made)
}

/// The same for a file.
pub(crate) fn passing_file(instance: &Instance) -> Result<NamedTempFile> {
    let folder = derived(instance, INCOMING)?;
    let made = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder);
    let made = made.map_err(store::Error::from)?;
    sweep(&folder, made.path());
    Ok(made)
}

/// Removes what killed work has left: whatever is a day older than what was made just now. What can't be removed stays.
fn sweep(folder: &Path, made: &Path) {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|about| about.modified());
    let Ok(now) = changed(made) else { return };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let is_left = changed(&path).is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > A_DAY));
        if is_left {
            let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        }
    }
}

/// A file on its way in.
#[derive(Debug)]
pub struct Receiving {
    file: File,
    path: TempPath,
}

/// A file that has come in, for as long as this value is there.
#[derive(Debug)]
pub struct Received {
    path: TempPath,
}

impl Receiving {
    /// # Errors
    /// Where no file can be made.
    pub fn begin(instance: &Instance) -> Result<Receiving> {
        let (file, path) = passing_file(instance)?.into_parts();
        Ok(Receiving { file: File::from_std(file), path })
    }

    /// # Errors
    /// Where it can't be written, as on a full disk.
    pub async fn write(&mut self, piece: &[u8]) -> Result<()> {
        Ok(self.file.write_all(piece).await.map_err(store::Error::from)?)
    }

    /// # Errors
    /// Those of [`write`](Self::write).
    pub async fn finish(mut self) -> Result<Received> {
        self.file.flush().await.map_err(store::Error::from)?;
        Ok(Received { path: self.path })
    }
}

impl Received {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Keeps what a file holds. The blob is pinned until something refers to it.
pub(crate) async fn keep(store: &Store, path: &Path) -> Result<Written> {
    let mut file = File::open(path).await.map_err(store::Error::from)?;
    let mut blob = store.create_blob().await?;
    let mut piece = vec![0; PIECE];
    loop {
        let n = file.read(&mut piece).await.map_err(store::Error::from)?;
        if n == 0 {
            return Ok(blob.finish().await?);
        }
        blob.write(&piece[..n]).await?;
    }
}

/// Copies a blob into a file that is not there.
pub(crate) async fn copy(store: &Store, key: &str, to: &Path) -> Result<()> {
    let mut blob = store.open_blob(key).await?;
    let file = private::create_file(to).map_err(store::Error::from)?;
    let mut file = File::from_std(file);
    while let Some(piece) = blob.next().await? {
        file.write_all(&piece).await.map_err(store::Error::from)?;
    }
    file.flush().await.map_err(store::Error::from)?;
    Ok(())
}

/// Is there a file of so many bytes?
pub(crate) fn is_whole(path: &Path, bytes: i64) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && i64::try_from(about.len()) == Ok(bytes))
}

/// Does work that blocks its thread.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{FileTimes, OpenOptions};

    #[test]
    fn what_a_kill_left_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let [made, young, old] = ["made", "young", "old"].map(|name| folder.path().join(name));
        for path in [&made, &young, &old] {
            std::fs::write(path, "x").unwrap();
        }
        let now = std::fs::metadata(&made).unwrap().modified().unwrap();
        for (path, age) in
            [(&young, A_DAY - Duration::from_secs(60)), (&old, A_DAY + Duration::from_secs(60))]
        {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_times(FileTimes::new().set_modified(now - age)).unwrap();
        }
        sweep(folder.path(), &made);
        assert_eq!([made, young, old].map(|path| path.exists()), [true, true, false]);
    }
}
