//! At most one server works on a folder (advisory lock). The command line may write beside it.

use fs2::FileExt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// True while this process holds the lock of a folder: it is the server.
static HELD: AtomicBool = AtomicBool::new(false);

/// Held as long as the value lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

/// Makes this process the server of a folder.
///
/// # Errors
/// Fails if another process is the server, or the lock file can't be created.
pub fn hold(data: &Path) -> io::Result<Lock> {
    let file = crate::engine::private::create_file(&data.join("lock"))?;
    // A process that only checks (see `served`) holds the lock for a moment.
    let free = (0..100).any(|_| file.try_lock_exclusive().inspect_err(|_| std::thread::yield_now()).is_ok());
    if !free {
        file.try_lock_exclusive()?;
    }
    HELD.store(true, Ordering::SeqCst);
    Ok(Lock(file))
}

impl Drop for Lock {
    fn drop(&mut self) {
        HELD.store(false, Ordering::SeqCst);
    }
}

/// Which process serves a folder now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    None,
    ThisProcess,
    Another,
}

pub(crate) fn served(data: &Path) -> Server {
    if HELD.load(Ordering::SeqCst) {
        return Server::ThisProcess;
    }
    match File::open(data.join("lock")) {
        Ok(file) if file.try_lock_shared().is_err() => Server::Another,
        _ => Server::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(served(folder.path()), Server::None);
        let lock = hold(folder.path()).unwrap();
        assert!(hold(folder.path()).is_err());
        assert_eq!(served(folder.path()), Server::ThisProcess);
        drop(lock);
        let theirs = File::create(folder.path().join("lock")).unwrap();
        theirs.try_lock_exclusive().unwrap();
        assert_eq!(served(folder.path()), Server::Another);
    }
}
