//! Files for the browser: named after their content, compressed ahead, listed in a manifest.
//!
//! The folder holds `NAME.HASH.EXT`, its `.br` and `.gz` where that is worth it, and `manifest.json`, which maps
//! the name that the sources use (`app.css`) to the name that the browser asks for (`app.1a2b3c4d5e6f.css`).
//! Sources refer to each other as `asset:NAME`, which becomes `/assets/HASHED-NAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::place::Profile;

/// What the browser must not be sent twice: fonts and pictures are compressed already.
const COMPRESSED_ALREADY: &[&str] = &["woff2", "png", "jpg", "webp", "avif"];

/// Below this many bytes, one packet carries it either way.
const NOT_WORTH_COMPRESSING: usize = 600;

pub struct Assets {
    folder: PathBuf,
    profile: Profile,
    names: BTreeMap<String, String>,
    written: BTreeSet<String>,
}

impl Assets {
    pub fn new(folder: PathBuf, profile: Profile) -> Result<Assets> {
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Assets { folder, profile, names: BTreeMap::new(), written: BTreeSet::new() })
    }

    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let hashed = hashed_name(name, bytes);
        self.write(&hashed, || bytes.to_vec())?;
        let extension = hashed.rsplit('.').next().unwrap_or_default();
        if !COMPRESSED_ALREADY.contains(&extension) && bytes.len() >= NOT_WORTH_COMPRESSING {
            let profile = self.profile;
            let file = format!("{hashed}.br");
            self.write(&file, || brotli(bytes, profile))?;
            if profile == Profile::Release && extension == "wasm" {
                light_enough(name, std::fs::metadata(self.folder.join(file))?.len())?;
            }
            self.write(&format!("{hashed}.gz"), || gzip(bytes, profile))?;
        }
        if self.names.insert(name.to_string(), hashed).is_some() {
            bail!("two assets are called {name}");
        }
        Ok(())
    }

    /// A text whose `asset:NAME` references are resolved; what it refers to must have been added before.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<()> {
        let resolved = resolve(text, &self.names).with_context(|| name.to_string())?;
        self.add(name, resolved.as_bytes())
    }

    /// Writes the manifest and removes what earlier builds left.
    pub fn finish(mut self) -> Result<()> {
        let manifest = serde_json::to_string_pretty(&self.names)?;
        let path = self.folder.join("manifest.json");
        // Written anew, it would have the program built again.
        if !std::fs::read_to_string(&path).is_ok_and(|before| before == manifest) {
            std::fs::write(path, manifest)?;
        }
        self.written.insert("manifest.json".to_string());
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !self.written.contains(entry.file_name().to_string_lossy().as_ref()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The name says the content, so a file that is there is right.
    fn write(&mut self, file: &str, content: impl FnOnce() -> Vec<u8>) -> Result<()> {
        let path = self.folder.join(file);
        if !path.exists() {
            // Under another name first: a build that is stopped leaves no half file under a name that promises a whole.
            let half = self.folder.join(format!("{file}.half"));
            std::fs::write(&half, content()).with_context(|| format!("writing {}", half.display()))?;
            std::fs::rename(&half, &path)?;
        }
        self.written.insert(file.to_string());
        Ok(())
    }
}

/// `icons/x.svg` becomes `icons-x.HASH.svg`: the folder is flat.
fn hashed_name(name: &str, bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    let flat = name.replace('/', "-");
    let (stem, extension) = flat.rsplit_once('.').unwrap_or((&flat, "bin"));
    format!("{stem}.{}.{extension}", &hash[..12])
}

fn resolve(text: &str, names: &BTreeMap<String, String>) -> Result<String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("asset:") {
        resolved.push_str(&rest[..at]);
        rest = &rest[at + "asset:".len()..];
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c))).unwrap_or(rest.len());
        let name = &rest[..end];
        let Some(hashed) = names.get(name) else {
            let known: Vec<_> = names.keys().map(String::as_str).collect();
            bail!("`asset:{name}` is not an asset; there are: {}", known.join(", "));
        };
        resolved.push_str("/assets/");
        resolved.push_str(hashed);
        rest = &rest[end..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// People on a phone wait for it: a page that makes it heavier fails the build instead of their patience.
fn light_enough(name: &str, packed: u64) -> Result<()> {
    const MOST: u64 = 200_000;
    if packed > MOST {
        bail!("{name} has {packed} bytes with Brotli, and {MOST} are the most that a browser is to be sent");
    }
    Ok(())
}

fn brotli(bytes: &[u8], profile: Profile) -> Vec<u8> {
    let quality = if profile == Profile::Release { 11 } else { 3 };
    let parameters = ::brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
    let mut compressed = Vec::new();
    ::brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)
        .expect("writing to memory doesn't fail");
    compressed
}

fn gzip(bytes: &[u8], profile: Profile) -> Vec<u8> {
    let level =
        if profile == Profile::Release { flate2::Compression::best() } else { flate2::Compression::fast() };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).expect("writing to memory doesn't fail");
    encoder.finish().expect("writing to memory doesn't fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_hash_of_its_content() {
        let one = hashed_name("icons/app.css", b"a{}");
        assert!(one.starts_with("icons-app.") && one.ends_with(".css"), "{one}");
        assert_ne!(one, hashed_name("icons/app.css", b"b{}"));
    }

    #[test]
    fn references_become_hashed_addresses() {
        let names = BTreeMap::from([("x.woff2".to_string(), "x.123.woff2".to_string())]);
        let css = resolve(r#"src: url("asset:x.woff2") format("woff2")"#, &names).expect("known");
        assert_eq!(css, r#"src: url("/assets/x.123.woff2") format("woff2")"#);
        assert!(resolve("url(asset:y.woff2)", &names).is_err());
    }

    #[test]
    fn what_earlier_builds_left_is_removed() {
        let folder = std::env::temp_dir().join(format!("assay-assets-{}", std::process::id()));
        let build = |css: &[u8]| {
            let mut assets = Assets::new(folder.clone(), Profile::Dev).expect("folder");
            assets.add("app.css", css).expect("added");
            assets.finish().expect("finished");
            let mut files: Vec<_> = std::fs::read_dir(&folder)
                .expect("folder")
                .map(|file| file.expect("file").file_name().to_string_lossy().into_owned())
                .collect();
            files.sort();
            files
        };
        let manifest =
            || std::fs::metadata(folder.join("manifest.json")).expect("there").modified().expect("a time");
        let first = build(&[b'a'; 1000]);
        let written = manifest();
        assert_eq!((build(&[b'a'; 1000]), manifest()), (first.clone(), written), "nothing changed");
        let second = build(&[b'b'; 1000]);
        assert_eq!(first.len(), 4, "{first:?}");
        assert_eq!(second.len(), 4, "{second:?}");
        assert_ne!(first, second);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
