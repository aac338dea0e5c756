//! Where results go: never over the file that they are made from.

use crate::Error;
use std::path::{Path, PathBuf};

/// Refuses results that would be written over an input, or over each other. To be asked before anything is read.
pub fn check<'a>(
    outputs: impl IntoIterator<Item = Option<&'a Path>>,
    inputs: impl IntoIterator<Item = Option<&'a Path>>,
) -> Result<(), Error> {
    let inputs: Vec<&Path> = inputs.into_iter().flatten().collect();
    let mut written: Vec<&Path> = Vec::new();
    for output in outputs.into_iter().flatten() {
        if inputs.iter().any(|input| is_same(output, input)) {
            let what = "this file is read: the result would be written over it. Name another file";
            return Err(Error::table(output, what));
        }
        if written.iter().any(|other| is_same(output, other)) {
            return Err(Error::table(output, "two results can't be written to the same file"));
        }
        written.push(output);
    }
    Ok(())
}

/// Whether two paths lead to one plain file, by whatever name or link, or will once it is made.
fn is_same(a: &Path, b: &Path) -> bool {
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(of_a), Ok(of_b)) => of_a.is_file() && (same_inode(&of_a, &of_b) || place(a) == place(b)),
        (Err(_), Err(_)) => place(a) == place(b),
        _ => false,
    }
}

#[cfg(unix)]
fn same_inode(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_inode(_: &std::fs::Metadata, _: &std::fs::Metadata) -> bool {
    false
}

/// The real folder and the name in it.
fn place(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_result_is_written_over_an_input() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("in.csv"), "x").unwrap();
        std::fs::write(at("other.csv"), "x").unwrap();
        std::fs::hard_link(at("in.csv"), at("hard.csv")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("in.csv"), at("soft.csv")).unwrap();
        let ask = |output: &Path| check([Some(output), None], [Some(at("in.csv").as_path()), None]);
        let detour = folder.path().join(".").join("in.csv");
        for same in [at("in.csv"), at("hard.csv"), at("soft.csv"), detour] {
            let refused = ask(&same).unwrap_err().to_string();
            assert!(refused.contains("the result would be written over it"), "{refused}");
        }
        for fine in [at("other.csv"), at("new.csv"), at("no/such/folder.csv"), PathBuf::from("/dev/null")] {
            ask(&fine).unwrap();
        }
        let twice = check([Some(at("new.csv").as_path()), Some(&at("./new.csv"))], []);
        assert!(twice.unwrap_err().to_string().contains("two results"));
    }
}
