//! Programs of others that are started for a measurement, watched and ended.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A program with all that it starts: a process group of its own, ended with this value.
pub struct Group {
    leader: Child,
}

impl Group {
    /// Starts it; what it says goes into a file.
    pub fn start(mut command: Command, log: &Path) -> Result<Group> {
        let out = File::create(log).with_context(|| format!("making {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let leader = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
        Ok(Group { leader })
    }

    /// Waits until a page is answered with success. Returns the seconds since it was called.
    pub fn ready(&mut self, port: u16, path: &str, most: Duration) -> Result<f64> {
        let start = Instant::now();
        while !answers(port, path) {
            if let Some(status) = self.leader.try_wait()? {
                bail!("it ended before it answered: {status}");
            }
            if start.elapsed() > most {
                bail!("it did not answer within {} s", most.as_secs());
            }
            pause(Duration::from_millis(20));
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// What all its processes hold in memory, shared pages once, in MB.
    pub fn memory(&self) -> f64 {
        let mut kilobytes = 0.0;
        for process in self.processes() {
            let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let share = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next());
            kilobytes += share.and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0);
        }
        kilobytes / 1024.0
    }

    /// The processes of the group: the fifth word of each `stat`, the third after the name in brackets.
    fn processes(&self) -> BTreeSet<u32> {
        let group = self.leader.id().to_string();
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut found = BTreeSet::new();
        for id in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            if rest.split_whitespace().nth(2) == Some(&group) {
                found.insert(id);
            }
        }
        found
    }

    fn signal(&self, name: &str) {
        let group = format!("-{}", self.leader.id());
        let _ = Command::new("kill").args([name, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal("-TERM");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            match self.leader.try_wait() {
                Ok(None) => pause(Duration::from_millis(50)),
                _ => break,
            }
        }
        // Whatever of the group is left.
        self.signal("-KILL");
        let _ = self.leader.wait();
    }
}

/// Whether a server on loopback answers `GET path` with success, or sends on to another page.
fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream =
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(matches!(&head[9..10], b"2" | b"3"))
    };
    ask().unwrap_or(false)
}

/// There is nothing to be told by when another program has come so far.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark waits for programs that don't say when they are ready"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
