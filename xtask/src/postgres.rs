//! A private PostgreSQL cluster for the length of one run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::bench::on_disk;
use crate::install;
use crate::place::{Place, on_path, output};

pub struct Cluster {
    pub url: String,
    folder: PathBuf,
    keeper: Child,
}

impl Cluster {
    /// Starts a new, empty cluster on a free port, for tests: what it says is not kept through a loss of power. It is
    /// stopped and deleted when this value is dropped, and also when xtask dies without dropping it.
    pub fn start(place: &Place) -> Result<Cluster> {
        Cluster::start_in(place, &std::env::temp_dir(), FORGETFUL)
    }

    /// The same on a disk, with every commit synced and the settings that operators are told, and asked by its socket: for
    /// measurements.
    pub fn start_durable(place: &Place) -> Result<Cluster> {
        // The user that PostgreSQL runs as can't go into every target folder; this one is never in memory by custom.
        let folder = Path::new("/var/tmp");
        on_disk(folder)?;
        let mut cluster = Cluster::start_in(place, folder, &recommended())?;
        cluster.url = format!("{}?host={}", cluster.url, cluster.folder.display());
        Ok(cluster)
    }

    fn start_in(place: &Place, parent: &Path, settings: &str) -> Result<Cluster> {
        let bin = programs(place)?;
        let folder = parent.join(format!("assay-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        let port = free_port()?;
        let started = init_and_start(&bin, &folder, port, settings);
        // The keeper comes first even if the start failed: it also removes the folder.
        let keeper = keeper(&bin, &folder)?;
        let cluster =
            Cluster { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), folder, keeper };
        started?;
        Ok(cluster)
    }
}

/// Durability is off: for tests only, never for a measurement.
const FORGETFUL: &str =
    "-c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off";

/// What `docs/operators.md` says to set.
const RECOMMENDED: [(&str, &str); 3] =
    [("shared_buffers", "1GB"), ("max_wal_size", "4GB"), ("min_wal_size", "1GB")];

fn recommended() -> String {
    RECOMMENDED.map(|(name, value)| format!("-c {name}={value}")).join(" ")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The newest installed server programs. Debian doesn't put them on PATH.
fn programs(place: &Place) -> Result<PathBuf> {
    let otherwise = "install the PostgreSQL server, or leave its tests out with `--without postgres`";
    install::debian(place, "postgresql", otherwise, || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
        let newest = versions
            .filter_map(|version| {
                Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path().join("bin")))
            })
            .filter(|(_, bin)| bin.join("initdb").is_file())
            .max();
        let elsewhere =
            || on_path(&["initdb"]).and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_path_buf()));
        newest.map(|(_, bin)| bin).or_else(elsewhere)
    })
}

fn init_and_start(bin: &Path, folder: &Path, port: u16, settings: &str) -> Result<()> {
    if install::is_root() {
        output(command("chown", &["postgres", &folder.display().to_string()]))?;
    }
    let data = folder.join("data").display().to_string();
    let mut init = as_postgres(&bin.join("initdb"));
    init.args(["-D", &data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]);
    output(init)?;
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} {settings}",
        folder.display()
    );
    let mut start = as_postgres(&bin.join("pg_ctl"));
    // Its own log file: the server must not hold our output open.
    start.args(["-D", &data, "-w", "-l", &folder.join("log").display().to_string(), "-o", &options, "start"]);
    start.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    if !start.status().context("starting pg_ctl")?.success() {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        bail!("PostgreSQL did not start:\n{log}");
    }
    Ok(())
}

/// A shell that waits until our end of its input closes, however we end, then stops the server and removes the folder.
fn keeper(bin: &Path, folder: &Path) -> Result<Child> {
    let stop = as_postgres(&bin.join("pg_ctl"));
    let mut keeper = Command::new("sh");
    keeper.args(["-c", r#"trap '' INT TERM HUP; folder=$1; shift; cat; "$@" -D "$folder/data" -m immediate stop; rm -rf "$folder""#]);
    keeper.arg("sh").arg(folder).arg(stop.get_program()).args(stop.get_args());
    keeper.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    keeper.spawn().context("starting the shell that stops PostgreSQL")
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let program = program.display().to_string();
    let mut command = if install::is_root() {
        command("runuser", &["-u", "postgres", "--", &program])
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

pub fn free_port() -> Result<u16> {
    let socket = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(socket.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::RECOMMENDED;

    #[test]
    fn measurements_are_made_with_what_operators_are_told_to_set() {
        let told = include_str!("../../docs/operators.md");
        for (name, value) in RECOMMENDED {
            assert!(told.contains(&format!("| `{name} = {value}` |")), "{name}");
        }
    }
}
