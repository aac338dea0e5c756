//! Puts the browser's files into the program: those in the folder that `ASSAY_ASSETS` names while compiling, or none.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ASSAY_ASSETS");
    let folder = std::env::var_os("ASSAY_ASSETS").map(PathBuf::from);
    let table = match &folder {
        Some(folder) => table(folder),
        None => "const MANIFEST: &str = \"{}\";\nconst FILES: &[File] = &[];\n".to_string(),
    };
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("assets.rs"), table).expect("OUT_DIR is ours to write");
}

fn table(folder: &Path) -> String {
    let manifest = folder.join("manifest.json");
    // Names carry the hash of their content, so the manifest changes whenever anything does.
    println!("cargo::rerun-if-changed={}", manifest.display());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("ASSAY_ASSETS names {}: {error}", folder.display()))
        .map(|entry| {
            entry.expect("the assets folder can be listed").file_name().to_string_lossy().into_owned()
        })
        .collect();
    names.sort();

    let packed = |name: &str, ending: &str| {
        let packed = format!("{name}{ending}");
        match names.contains(&packed) {
            true => format!("Some(include_bytes!({:?}))", folder.join(packed)),
            false => "None".to_string(),
        }
    };
    let mut table =
        format!("const MANIFEST: &str = include_str!({manifest:?});\nconst FILES: &[File] = &[\n");
    for name in &names {
        if name != "manifest.json" && !name.ends_with(".br") && !name.ends_with(".gz") {
            let (raw, br, gzip) = (folder.join(name), packed(name, ".br"), packed(name, ".gz"));
            writeln!(
                table,
                "File {{ name: {name:?}, raw: include_bytes!({raw:?}), br: {br}, gzip: {gzip} }},"
            )
            .expect("writing to a string doesn't fail");
        }
    }
    table.push_str("];\n");
    table
}
