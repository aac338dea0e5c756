//! A real server in a process of its own, for what a function from request to response can't show: the load, and
//! being killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running `assay serve`. Ended when it is dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub address: String,
}

impl Server {
    /// Starts one on a free port and waits until it says where it listens.
    pub fn start(data: &Path, url: Option<&str>) -> Server {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        if let Some(url) = url {
            command.args(["--database-url", url]);
        }
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
        let stdout = child.stdout.take().expect("its output");
        let said =
            BufReader::new(stdout).lines().map_while(Result::ok).find(|line| line.contains("listening"));
        let said = said.expect("the server says where it listens");
        let address =
            said.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
        Server { child, address }
    }

    /// What it holds in memory and has used of the processor.
    pub fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    /// Ends it as an admin would.
    pub fn stop(mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }

    /// Ends it as a failing machine would: at once, in the middle of whatever it does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process holds and has used, as Linux tells it; all 0 elsewhere, and for a process that has ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Resident memory now, in MB.
    pub memory: f64,
    /// The most it ever was, in MB.
    pub peak: f64,
    /// Ticks of the processor since the start, a hundred a second.
    pub ticks: u64,
}

impl Usage {
    pub fn of(process: u32) -> Usage {
        let read = |file| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let (status, stat) = (read("status"), read("stat"));
        let megabytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
        };
        // The name of the program stands in brackets and may hold anything; user and system time are the 12th and
        // 13th word after it.
        let words = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks = words.skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        Usage { memory: megabytes("VmRSS:"), peak: megabytes("VmHWM:"), ticks }
    }
}

/// The program `assay`: the one that `ASSAY_BIN` names, else the one beside whatever runs this.
pub fn program() -> PathBuf {
    std::env::var_os("ASSAY_BIN").map_or_else(|| beside().join("assay"), PathBuf::from)
}

/// The folder of the built programs.
pub fn beside() -> PathBuf {
    let this = std::env::current_exe().expect("where this program is");
    let folder = this.parent().expect("a folder");
    // Tests lie one folder deeper than programs.
    if folder.ends_with("deps") { folder.parent().expect("a folder").to_owned() } else { folder.to_owned() }
}
