//! What a person does, in a real browser: Playwright over the system's own Chromium.

use std::path::PathBuf;

use anyhow::Result;

use crate::place::{Place, Profile, on_path, run};
use crate::{install, npm};

pub struct Browser {
    chromium: PathBuf,
    modules: PathBuf,
}

/// Finds or installs the browser and the test packages.
pub fn prepare(place: &Place) -> Result<Browser> {
    Ok(Browser { chromium: chromium(place)?, modules: npm::packages(place, "end2end")? })
}

/// The system's own browser.
pub fn chromium(place: &Place) -> Result<PathBuf> {
    let otherwise = "install Chromium, or leave its tests out with `--without browser`";
    let find = || on_path(&["chromium", "chromium-browser", "google-chrome"]);
    install::debian(place, "chromium", otherwise, find)
}

impl Browser {
    /// Runs every browser test against servers that the tests start themselves.
    pub fn test(&self, place: &Place) -> Result<()> {
        let mut playwright = npm::program(&self.modules, "playwright");
        playwright.arg("test").current_dir(place.root.join("end2end"));
        playwright.env("ASSAY_CHROMIUM", &self.chromium);
        playwright.env("ASSAY_BIN", place.program(Profile::Dev));
        playwright.env("ASSAY_ASSETS", place.assets(Profile::Dev));
        run(playwright)
    }
}
