//! One line when a step begins, one with its duration when it ends.

use std::time::Instant;

use anyhow::{Context, Result};

pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("\n── {name}");
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    match result {
        Ok(value) => {
            eprintln!("   {name}: {seconds:.1} s");
            Ok(value)
        }
        Err(error) => {
            Err(error).context(format!("{name}: failed after {seconds:.1} s; the steps after it did not run"))
        }
    }
}
