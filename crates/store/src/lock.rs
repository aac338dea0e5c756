//! One server works on a folder at a time; the command line may write beside it.

use fs2::FileExt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// This process holds the lock of some folder: it is the server.
static HELD: AtomicBool = AtomicBool::new(false);

/// Held as long as the value lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

/// Makes this process the server of a folder.
///
/// # Errors
/// Where another process is, or the lock file can't be made.
pub fn hold(data: &Path) -> io::Result<Lock> {
    let file = File::create(data.join("lock"))?;
    // Whoever only looks holds it for a moment.
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

/// Does another process serve this folder?
pub(crate) fn is_served_by_another(data: &Path) -> bool {
    if HELD.load(Ordering::SeqCst) {
        return false;
    }
    match File::open(data.join("lock")) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_served_by_another(folder.path()));
        let lock = hold(folder.path()).unwrap();
        assert!(hold(folder.path()).is_err());
        assert!(!is_served_by_another(folder.path()), "it is this process");
        drop(lock);
        let theirs = File::create(folder.path().join("lock")).unwrap();
        theirs.try_lock_exclusive().unwrap();
        assert!(is_served_by_another(folder.path()));
    }
}
