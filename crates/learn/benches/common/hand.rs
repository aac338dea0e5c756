//! Figures that are timed by hand, told as the peers tell theirs: one line of JSON each.

#![allow(dead_code, reason = "each benchmark is a program of its own and needs some of it")]

use std::path::PathBuf;
use std::time::Instant;

/// Where data for the peers are written: they measure on the same ones. Nothing is written without it.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("ASSAY_BENCH").map(PathBuf::from)
}

/// Tells how long something took, and what else is to be said of it.
pub fn tell(name: &str, seconds: f64, more: &[(&str, f64)]) {
    let rounded = |figure: f64| (figure * 1e4).round() / 1e4;
    let more: String =
        more.iter().map(|(what, figure)| format!(", \"{what}\": {}", rounded(*figure))).collect();
    println!("{{\"name\": \"{name}\", \"seconds\": {seconds}{more}}}");
}

/// The fewest seconds of so many runs, and what the last of them gave.
pub fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut timed = || {
        let clock = Instant::now();
        let made = work();
        (clock.elapsed().as_secs_f64(), made)
    };
    let (mut seconds, mut made) = timed();
    for _ in 1..runs {
        let again = timed();
        seconds = seconds.min(again.0);
        made = again.1;
    }
    (seconds, made)
}

/// The most memory that this process ever held, in MB, as Linux counts it.
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    (kb.unwrap_or(f64::NAN) / 1024.0).round()
}
