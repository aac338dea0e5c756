//! The browser's side: wasm and its script, styles, fonts, and the files of `public/`, as assets.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::assets::Assets;
use crate::place::{Place, Profile, output, run};
use crate::step::step;
use crate::{install, npm};

/// Packages whose every weight and slope we serve. The browser takes only the alphabets that a page needs.
const FONTS: &[&str] = &["inter", "source-serif-4"];

/// The order of the cascade. Each is `style/NAME.css`, then the files of `style/NAME/` by name.
const STYLES: &[&str] = &["tokens", "base", "parts", "pages"];

/// What Chromium, Firefox and Safari understand today. Never `-all`: a browser then refuses the module, and the
/// page looks right but never wakes. And `-O1`: what makes the module itself smallest leaves Brotli less to find (762 KB
/// as it comes are 198 KB packed, `-Oz` makes 657 and 208 of it, `-O1` 729 and 196).
const WASM_OPT: &[&str] = &[
    "-O1",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds everything that the browser asks for into the profile's assets folder.
pub fn build(place: &Place, profile: Profile) -> Result<()> {
    let modules = step("packages of the front", || {
        install::wasm_target(place)?;
        npm::packages(place, "xtask")
    })?;
    let script = step("WebAssembly", || {
        let wasm = compile(place, profile)?;
        bind(place, profile, &modules, &wasm)
    })?;
    step("assets", || {
        let mut assets = Assets::new(place.assets(profile), profile)?;
        let mut styles = fonts(&modules, &mut assets)?;
        public(place, &mut assets)?;
        styles.push_str(&own_styles(place)?);
        assets.add_text("app.css", &minified(place, profile, &modules, styles)?)?;
        assets.add("app_bg.wasm", &read(&script.wasm)?)?;
        assets.add_text("app.js", &read_text(&script.js)?)?;
        assets.finish()
    })
}

/// Clippy over what only the browser compiles.
pub fn clippy(place: &Place) -> Command {
    let mut clippy = front_cargo(place, "clippy");
    clippy.args(["--quiet", "--", "-D", "warnings"]);
    clippy
}

fn front_cargo(place: &Place, verb: &str) -> Command {
    let mut cargo = place.cargo([verb, "-p", "app", "--lib", "--target", "wasm32-unknown-unknown"]);
    cargo.args(["--no-default-features", "--features", "hydrate"]);
    // Its own folder: in the server's, each build would undo features of the other.
    cargo.arg("--target-dir").arg(place.target.join("front"));
    cargo
}

fn compile(place: &Place, profile: Profile) -> Result<PathBuf> {
    let mut cargo = front_cargo(place, "build");
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            cargo.args(["--profile", "wasm-release"]);
            "wasm-release"
        }
    };
    run(cargo)?;
    Ok(place.target.join("front/wasm32-unknown-unknown").join(folder).join("app.wasm"))
}

struct Script {
    js: PathBuf,
    wasm: PathBuf,
}

/// Makes the script and the final wasm, unless they were already made from the same module.
fn bind(place: &Place, profile: Profile, modules: &Path, wasm: &Path) -> Result<Script> {
    let folder = place.target.join("front").join(format!("script-{}", profile.name()));
    let script = Script { js: folder.join("app.js"), wasm: folder.join("app_bg.wasm") };
    let start = place.root.join("xtask/front/start.js");
    let module = read(wasm)?;
    let made_from = format!("{} {} {WASM_OPT:?}", blake3::hash(&module), blake3::hash(&read(&start)?));
    let stamp = folder.join("made-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|before| before == made_from) {
        return Ok(script);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }

    let glue = folder.join("glue");
    wasm_bindgen_cli_support::Bindgen::new()
        .input_bytes("app", module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        .generate(&glue)
        .context("wasm-bindgen")?;

    let mut bundle = npm::program(modules, "esbuild");
    bundle.arg(&start).args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"]);
    bundle.arg("--log-override:import-is-undefined=silent");
    bundle.arg(format!("--alias:app-glue={}", glue.join("app.js").display()));
    bundle.arg(format!("--outfile={}", script.js.display()));
    if profile == Profile::Release {
        bundle.arg("--minify");
    }
    run(bundle)?;

    let bound = glue.join("app_bg.wasm");
    if profile == Profile::Release {
        let mut optimize = npm::program(modules, "wasm-opt");
        optimize.args(WASM_OPT).arg(&bound).arg("-o").arg(&script.wasm);
        run(optimize)?;
    } else {
        std::fs::copy(&bound, &script.wasm)?;
    }
    std::fs::write(stamp, made_from)?;
    Ok(script)
}

/// Adds the font files with their licence and returns the `@font-face` rules.
fn fonts(modules: &Path, assets: &mut Assets) -> Result<String> {
    let mut styles = String::new();
    let mut licences = String::new();
    for font in FONTS {
        let package = modules.join("@fontsource-variable").join(font);
        for sheet in ["wght.css", "wght-italic.css"] {
            // A text that is being read does not change under the eyes because its font came late: the next page has it.
            let sheet =
                read_text(&package.join(sheet))?.replace("font-display: swap", "font-display: optional");
            let mut parts = sheet.split("url(./files/");
            styles.push_str(parts.next().unwrap_or_default());
            for part in parts {
                let (file, rest) = part.split_once(')').context("a font's address ends")?;
                assets.add(file, &read(&package.join("files").join(file))?)?;
                styles.push_str(&format!("url(\"asset:{file}\"){rest}"));
            }
        }
        licences.push_str(&read_text(&package.join("LICENSE"))?);
        licences.push('\n');
    }
    assets.add("fonts-licence.txt", licences.as_bytes())?;
    Ok(styles)
}

/// Adds every file of `public/` under its path there.
fn public(place: &Place, assets: &mut Assets) -> Result<()> {
    let root = place.root.join("public");
    let mut files = Vec::new();
    files_below(&root, &mut files)?;
    // Pictures before the texts that may refer to them.
    let is_text = |file: &PathBuf| {
        file.extension().is_some_and(|e| ["css", "js", "json", "webmanifest"].iter().any(|t| e == *t))
    };
    files.sort_by_key(|file| (is_text(file), file.clone()));
    for file in files {
        let name = file.strip_prefix(&root)?.to_string_lossy().into_owned();
        if is_text(&file) {
            assets.add_text(&name, &read_text(&file)?)?
        } else {
            assets.add(&name, &read(&file)?)?
        }
    }
    Ok(())
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match path.is_dir() {
            _ if hidden => {}
            true => files_below(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

fn own_styles(place: &Place) -> Result<String> {
    let root = place.root.join("style");
    let mut all = Vec::new();
    files_below(&root, &mut all)?;
    all.retain(|file| file.extension().is_some_and(|extension| extension == "css"));
    let mut ordered = Vec::new();
    for name in STYLES {
        let alone = root.join(name).with_extension("css");
        let mut here: Vec<_> =
            all.extract_if(.., |file| *file == alone || file.starts_with(root.join(name))).collect();
        here.sort_by_key(|file| (*file != alone, file.clone()));
        ordered.append(&mut here);
    }
    if let Some(stray) = all.first() {
        bail!("{} has no place in the cascade: {}", stray.display(), STYLES.join(", "));
    }
    ordered.iter().map(|file| read_text(file).map(|text| text + "\n")).collect()
}

fn minified(place: &Place, profile: Profile, modules: &Path, styles: String) -> Result<String> {
    if profile == Profile::Dev {
        return Ok(styles);
    }
    let file = place.target.join("front/app.css");
    std::fs::write(&file, styles)?;
    let mut minify = npm::program(modules, "esbuild");
    minify.arg(&file).args(["--minify", "--log-level=warning"]);
    output(minify)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
