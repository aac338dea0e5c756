//! Files and folders that only the program's own account can read. They hold people's texts and answers, and password
//! hashes. Other accounts of the machine see nothing, whatever the umask says.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a folder and its missing parents, each with mode 0700. An existing folder keeps its mode.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for writing: creates it with mode 0600, or empties it.
pub fn create_file(path: &Path) -> io::Result<File> {
    options().create(true).truncate(true).open(path)
}

/// Makes sure that a file exists. A new one has mode 0600. An existing one is not opened: closing it would release the
/// locks that SQLite holds on it in this process.
pub fn touch_file(path: &Path) -> io::Result<()> {
    match options().create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Can other accounts of this machine read this path? For a missing path: no.
pub fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    return std::fs::metadata(path)
        .is_ok_and(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o077 != 0);
    #[cfg(not(unix))]
    return false;
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn others_see_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        create_folder(&inner).unwrap();
        create_folder(&inner).unwrap();
        let file = inner.join("x");
        create_file(&file).unwrap();
        touch_file(&inner.join("y")).unwrap();
        for path in [folder.path().join("a"), inner.clone(), file, inner.join("y")] {
            assert!(!is_open_to_others(&path), "{}", path.display());
        }
        std::fs::write(inner.join("z"), "").unwrap();
        std::fs::set_permissions(inner.join("z"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .unwrap();
        assert!(is_open_to_others(&inner.join("z")));
        assert!(!is_open_to_others(&inner.join("missing")));
    }
}
