//! Waiting until a server has nothing to do.

use std::time::{Duration, Instant};
use tests::server::Server;

const LOOK: Duration = Duration::from_millis(250);
/// Looks in a row at which it was still.
const STILL: u32 = 4;

/// Waits until the server has used next to nothing of the processor for a second; at most so long. Returns how long it
/// took.
pub async fn settled(server: &Server, most: Duration) -> Duration {
    let start = Instant::now();
    let (mut before, mut still) = (server.usage().ticks, 0);
    while still < STILL && start.elapsed() < most {
        tokio::time::sleep(LOOK).await;
        let now = server.usage().ticks;
        still = if now - before <= 1 { still + 1 } else { 0 };
        before = now;
    }
    start.elapsed()
}
