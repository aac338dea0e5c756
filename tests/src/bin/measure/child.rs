//! A command of the program `assay`, run to its end: how long it took, what it held in memory, what it printed.

use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::server::{Usage, program};

pub struct Ran {
    pub seconds: f64,
    /// The most it held in memory, in MB.
    pub peak: f64,
    pub said: Value,
    pub succeeded: bool,
}

/// Runs it on an installation. What it prints must be JSON and fit into a pipe; what it complains about is shown if it
/// prints none.
pub async fn assay(data: &Path, arguments: &[&str]) -> Ran {
    let complaints = data.join("complaints.log");
    let mut command = Command::new(program());
    command.args(arguments).arg("--data").arg(data).env("ASSAY_LOG", "warn");
    command.stdout(Stdio::piped()).stderr(File::create(&complaints).expect("a file for complaints"));
    let start = Instant::now();
    let mut child = command.spawn().expect("assay starts");
    let mut peak: f64 = 0.0;
    let status = loop {
        // The most it ever was only grows: the last look before the end misses ten milliseconds at most.
        peak = peak.max(Usage::of(child.id()).peak);
        match child.try_wait().expect("its state") {
            Some(status) => break status,
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let mut text = String::new();
    child.stdout.take().expect("its output").read_to_string(&mut text).expect("words");
    let said = serde_json::from_str(&text).unwrap_or_else(|error| {
        let complained = std::fs::read_to_string(&complaints).unwrap_or_default();
        panic!("assay {}: {status}, {error}\n{text}\n{complained}", arguments.join(" "))
    });
    Ran { seconds, peak, said, succeeded: status.success() }
}
