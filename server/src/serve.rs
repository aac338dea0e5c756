//! The running server: one process on a data folder, jobs beside it, a clean end on SIGTERM.

mod connections;
mod descriptors;
mod patience;

use crate::options::Options;
use crate::routes;
use anyhow::Context;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use store::lock::{self, Lock};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use workflow::Instance;

/// An address that is ours.
pub struct Listening {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Listening {
    pub async fn on(address: &str) -> anyhow::Result<Listening> {
        let say =
            || format!("{address} can't be listened on: is another server there? Name another with --listen");
        let listener = TcpListener::bind(address).await.with_context(say)?;
        let address = listener.local_addr()?;
        Ok(Listening { listener, address })
    }
}

/// What is under way gets so long to come to an end.
const LAST_SECONDS: Duration = Duration::from_secs(20);

/// Serves until SIGTERM or Ctrl-C; then ends what is under way and hands the jobs back.
pub async fn serve(instance: Instance, listening: Listening, options: Options) -> anyhow::Result<()> {
    let _lock = only_one(&instance.data)?;
    workflow::jobs::take_over(&instance).await?;
    sweep(&instance).await;
    let app = app::web::app::App::new(instance.clone());
    let router = routes::router(app, &options);
    let closing = instance.closing.clone();
    let background = background()?;
    let beside = background.spawn(futures::future::join3(
        workflow::jobs::runner(instance.clone(), closing.clone()),
        workflow::care::rebuild::follow_changes(instance.clone(), closing.clone()),
        workflow::site::people::forget_expired(instance.clone(), closing.clone()),
    ));
    // Nobody needs to read it: a closed terminal stops no server.
    let _ = writeln!(stdout(), "Assay is listening on http://{}", listening.address);
    let told = closing.clone();
    tokio::spawn(async move {
        told_to_stop().await;
        told.cancel();
    });
    let most = connections::most(descriptors::raised());
    let serving =
        connections::serve(listening.listener, router, most, patience::Patience::default(), closing.clone());
    let too_late = async {
        closing.cancelled().await;
        tokio::time::sleep(LAST_SECONDS).await;
    };
    tokio::select! {
        () = serving => {}
        () = too_late => {}
    }
    // A job that does not end in time is taken up again when its lease has run out.
    let _ = tokio::time::timeout(LAST_SECONDS, beside).await;
    instance.store.close().await;
    background.shutdown_background();
    Ok(())
}

/// What killed work has left of uploads and releases. A disk that can't be written now stops no server.
async fn sweep(instance: &Instance) {
    match workflow::care::rebuild::sweep(instance).await {
        Ok(0) => {}
        Ok(n) => tracing::info!(n, "removed files that killed work had left"),
        Err(error) => tracing::warn!(%error, "files that killed work has left can't be removed"),
    }
}

/// Threads of their own for jobs and the search index: files are read, compressed and hashed there while people wait
/// for nothing but their next item.
fn background() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("assay-background")
        .on_thread_start(stand_back)
        .enable_all()
        .build()
}

/// This thread, and those that it starts, run when no other wants the processor; they still get some 2 % of it if the
/// others never rest.
#[cfg(target_os = "linux")]
fn stand_back() {
    // Where it is not allowed, everything works as well, only not as smoothly.
    let _ = rustix::process::nice(19);
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

/// A second server on the same folder would write the same search index.
pub(crate) fn only_one(data: &Path) -> anyhow::Result<Lock> {
    lock::hold(data).with_context(|| format!("another server works on {}", data.display()))
}

async fn told_to_stop() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
