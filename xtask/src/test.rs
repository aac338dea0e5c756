//! `cargo xtask test`: every check and every test, in the order in which they fail fastest.

use anyhow::{Result, bail};

use crate::place::{Place, Profile, run};
use crate::postgres::Cluster;
use crate::step::step;
use crate::{browser, front, install};

/// Where the Rust tests look for PostgreSQL. Set it yourself to use a server of your own.
const POSTGRES: &str = "ASSAY_TEST_POSTGRES";
/// Makes a test fail that would be left out because no server is named.
const REQUIRE_POSTGRES: &str = "ASSAY_REQUIRE_POSTGRES";

pub fn test(arguments: &[String]) -> Result<()> {
    let without = Without::parse(arguments)?;
    let place = Place::find()?;

    let browser = step("what is needed", || {
        install::wasm_target(&place)?;
        if without.browser { Ok(None) } else { browser::prepare(&place).map(Some) }
    })?;
    let cluster = match std::env::var(POSTGRES) {
        _ if without.postgres => None,
        Ok(_) => None,
        Err(_) => Some(step("a PostgreSQL for this run", || Cluster::start(&place))?),
    };

    step("format", || run(place.cargo(["fmt", "--all", "--check"])))?;
    step("clippy", || {
        run(place.cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    step("clippy, in the browser's side", || run(front::clippy(&place)))?;
    // Programs and tests in one go, so that both are built from the same crates with the same features.
    step("compile", || run(place.cargo(["build", "--quiet", "--workspace", "--bins", "--tests"])))?;
    step(if without.postgres { "tests, on SQLite" } else { "tests, on SQLite and PostgreSQL" }, || {
        let mut tests = place.cargo(["test", "--quiet", "--workspace", "--no-fail-fast"]);
        match &cluster {
            Some(cluster) => tests.env(POSTGRES, &cluster.url).env(REQUIRE_POSTGRES, "1"),
            None if without.postgres => tests.env_remove(POSTGRES).env_remove(REQUIRE_POSTGRES),
            None => tests.env(REQUIRE_POSTGRES, "1"),
        };
        run(tests)
    })?;
    drop(cluster);
    if let Some(browser) = browser {
        front::build(&place, Profile::Dev)?;
        step("a person, in Chromium", || browser.test(&place))?;
    }

    match without.names() {
        names if names.is_empty() => eprintln!("\nEverything passed."),
        names => eprintln!("\nPassed, without {}: left out on purpose.", names.join(" and ")),
    }
    Ok(())
}

#[derive(Default)]
struct Without {
    postgres: bool,
    browser: bool,
}

impl Without {
    fn parse(arguments: &[String]) -> Result<Without> {
        let mut without = Without::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let list = match argument.strip_prefix("--without") {
                Some("") => arguments.next().map(String::as_str),
                Some(rest) => rest.strip_prefix('='),
                None => bail!("unknown argument: {argument}"),
            };
            for name in list.unwrap_or_default().split(',') {
                match name {
                    "postgres" => without.postgres = true,
                    "browser" => without.browser = true,
                    other => bail!("--without takes postgres and browser, not `{other}`"),
                }
            }
        }
        Ok(without)
    }

    fn names(&self) -> Vec<&'static str> {
        [(self.postgres, "postgres"), (self.browser, "browser")]
            .into_iter()
            .filter_map(|(out, name)| out.then_some(name))
            .collect()
    }
}
