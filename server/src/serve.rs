//! The running server: one process on a data folder, jobs beside it, a clean end on SIGTERM.

use crate::routes;
use anyhow::Context;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use store::lock::{self, Lock};
use tokio::net::TcpListener;
use workflow::House;

/// How the server behaves to the outside.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Browsers come by https.
    pub https: bool,
}

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
pub async fn serve(house: House, listening: Listening, options: Options) -> anyhow::Result<()> {
    let _lock = only_one(&house.data)?;
    let app = app::guard::App::new(house.clone());
    let router = routes::router(app, &options);
    let closing = house.closing.clone();
    let beside = tokio::spawn(futures::future::join3(
        workflow::jobs::runner(house.clone(), closing.clone()),
        workflow::rebuild::follow_changes(house.clone(), closing.clone()),
        workflow::people::forget_expired(house.clone(), closing.clone()),
    ));
    // Nobody needs to read it: a closed terminal stops no server.
    let _ = writeln!(stdout(), "Assay is listening on http://{}", listening.address);
    let told = closing.clone();
    let serving = axum::serve(listening.listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            told_to_stop().await;
            told.cancel();
        });
    let too_late = async {
        closing.cancelled().await;
        tokio::time::sleep(LAST_SECONDS).await;
    };
    let served = tokio::select! {
        served = serving.into_future() => served,
        () = too_late => Ok(()),
    };
    closing.cancel();
    // A job that does not end in time is taken up again when its lease has run out.
    let _ = tokio::time::timeout(LAST_SECONDS, beside).await;
    house.store.close().await;
    Ok(served?)
}

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
