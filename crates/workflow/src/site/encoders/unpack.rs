//! A model's folder out of a zip. Nothing is written outside of the folder, and not more than a limit.

use crate::{Error, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use store::engine::private;
use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes that all files may have together when they are unpacked: a small zip can claim any number.
pub const MOST_BYTES: u64 = 8 << 30;

/// More entries than any model's folder has.
const MOST_ENTRIES: usize = 10_000;

/// What a folder with a model has at its top.
const MARK: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// Models are read from files of these kinds alone.
const READ: [&str; 2] = [".json", ".safetensors"];

/// Unpacks what a model may be read from. The folder is the zip itself, or one folder in it.
pub fn unpack(zip: &Path, into: &Path, most_bytes: u64) -> Result<()> {
    let file = File::open(zip).map_err(|e| {
        wrong(format!("{} can’t be opened: {e}. Name the folder of a model, or a zip of one.", zip.display()))
    })?;
    let mut archive = ZipArchive::new(BufReader::with_capacity(1 << 16, file)).map_err(|e| refused(&e))?;
    if archive.len() > MOST_ENTRIES {
        return Err(wrong(format!("The zip has {} entries: a model’s folder has few.", archive.len())));
    }
    let names = names(&mut archive)?;
    let top = top(&names)?;
    let mut left = most_bytes;
    for (at, name) in names.iter().enumerate() {
        let Some(path) = name.strip_prefix(&top).filter(|path| is_read(path)) else { continue };
        let mut entry = archive.by_index(at).map_err(|e| refused_entry(name, &e))?;
        let to = into.join(path);
        if let Some(folder) = to.parent() {
            private::create_folder(folder).map_err(store::Error::from)?;
        }
        let out = private::create_file(&to).map_err(store::Error::from)?;
        left = write(&mut entry, BufWriter::new(out), left).map_err(|stopped| match stopped {
            Stopped::Full => {
                let most = most_bytes as f64 / f64::from(1 << 30);
                wrong(format!("Unpacked, the zip has more than {most:.0} GB: nothing of it was kept."))
            }
            Stopped::Read(error) => wrong(format!("{name} in the zip is damaged: {error}. Pack it again.")),
            Stopped::Write(error) => Error::Store(error.into()),
        })?;
    }
    Ok(())
}

/// The name of each entry, empty for folders. An entry that names a place outside of the zip, or is encrypted, spoils
/// all of it.
fn names(archive: &mut ZipArchive<BufReader<File>>) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(archive.len());
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|e| refused(&e))?;
        let name = entry.name().map_err(|e| refused(&e))?.replace('\\', "/");
        if name.starts_with('/') || name.contains([':', '\0']) || name.split('/').any(|part| part == "..") {
            let what = format!("The zip names a place outside of itself, {name}: it is refused as a whole.");
            return Err(wrong(what));
        }
        if entry.encrypted() {
            return Err(wrong(format!(
                "{name} in the zip is encrypted: pack the folder without a password."
            )));
        }
        names.push(if entry.is_dir() || entry.is_symlink() { String::new() } else { name });
    }
    Ok(names)
}

/// Where the model lies: empty, or `folder/`.
fn top(names: &[String]) -> Result<String> {
    if names.iter().any(|name| name == MARK) {
        return Ok(String::new());
    }
    let holding = |file: &str| -> BTreeSet<&str> {
        let folders = names.iter().filter_map(|name| name.strip_suffix(file)?.strip_suffix('/'));
        folders.filter(|folder| !folder.contains('/') && *folder != "__MACOSX").collect()
    };
    let marked = holding(MARK);
    let whole: BTreeSet<&str> = marked.intersection(&holding(WEIGHTS)).copied().collect();
    let found = if marked.len() > 1 { whole } else { marked };
    match found.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok(format!("{one}/")),
        [] => Err(wrong(
            "The zip holds no model: config.json, tokenizer.json and model.safetensors are looked for at its top and in \
             one folder at its top."
                .to_owned(),
        )),
        more => Err(wrong(format!("The zip holds several models ({}): pack one alone.", more.join(", ")))),
    }
}

fn is_read(path: &str) -> bool {
    !path.split('/').any(|part| part.is_empty() || part == ".") && READ.iter().any(|end| path.ends_with(end))
}

enum Stopped {
    /// There is more than the limit.
    Full,
    Read(io::Error),
    Write(io::Error),
}

/// Copies an entry and returns how many bytes of the limit are left. Sizes that the zip claims are not believed.
fn write(entry: &mut impl Read, mut out: impl Write, mut left: u64) -> std::result::Result<u64, Stopped> {
    let mut piece = vec![0; 1 << 16];
    loop {
        let n = entry.read(&mut piece).map_err(Stopped::Read)?;
        if n == 0 {
            out.flush().map_err(Stopped::Write)?;
            return Ok(left);
        }
        left = left.checked_sub(n as u64).ok_or(Stopped::Full)?;
        out.write_all(&piece[..n]).map_err(Stopped::Write)?;
    }
}

fn refused(error: &ZipError) -> Error {
    match error {
        ZipError::Io(error) => wrong(format!("The zip can’t be read: {error}.")),
        _ => wrong(
            "This is no zip, or one that did not arrive whole: pack the folder of the model again."
                .to_owned(),
        ),
    }
}

fn refused_entry(name: &str, error: &ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => wrong(format!(
            "{name} is packed in a way that is not read here: pack with deflate, or store only."
        )),
        error => wrong(format!("{name} in the zip can’t be read: {error}. Pack it again.")),
    }
}

fn wrong(what: String) -> Error {
    Error::invalid("file", what)
}
