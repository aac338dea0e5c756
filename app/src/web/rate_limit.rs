//! How often a visitor may try to sign in. One network is refused after a few failures for one account, and after more
//! for any. Other networks are not, so that no stranger can lock the account of a person. Guessing from many networks at
//! once is slowed down: each try for the account waits before its password is looked at.
//!
//! Kept in memory, bounded, and gone with the process. The clock is one that cannot be set.

use domain::PersonId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(5 * 60);
/// Failures of a network for one account.
const BY_BOTH: u32 = 10;
/// Failures of a network for any account. People behind one address share them, so there are more.
const BY_NETWORK: u32 = 40;
/// Failures for an account from anywhere, after which its tries wait.
const UNDELAYED: u32 = 20;
/// Failed codes of an account from anywhere.
const CODES: u32 = 10;
/// The first wait, doubled with each further failure.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The owner of an account that is being guessed waits so long, and comes in.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// More keys than this are not remembered.
const MOST: usize = 30_000;

#[derive(Debug, Default)]
pub struct RateLimit(Mutex<HashMap<Key, Window>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Network(String),
    Account(String),
    Both(String, String),
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    n: u32,
}

/// A try that is under way, counted as failed until it is known to be right.
#[derive(Debug)]
#[must_use]
pub struct Try {
    keys: [Key; 3],
    wait: Duration,
}

impl Try {
    /// Returns when the password may be looked at.
    pub async fn waited(&self) {
        if !self.wait.is_zero() {
            tokio::time::sleep(self.wait).await;
        }
    }
}

impl RateLimit {
    /// Counts a try; nothing, if there were too many from this network. It counts before its outcome is known, so that
    /// a hundred at once are a hundred.
    pub fn begin(&self, address: IpAddr, account: &str, now: Instant) -> Option<Try> {
        self.begin_within(u32::MAX, address, account, now)
    }

    /// The same for a code of a second factor. There are only a million codes, so the tries end for the account, wherever
    /// they come from. Only a visitor who has given the password gets here, so a stranger locks no person out.
    pub fn begin_code(&self, address: IpAddr, account: &str, now: Instant) -> Option<Try> {
        self.begin_within(CODES, address, account, now)
    }

    fn begin_within(&self, most: u32, address: IpAddr, account: &str, now: Instant) -> Option<Try> {
        let account: String = account.trim().to_lowercase().chars().take(254).collect();
        let network = network(address);
        let keys =
            [Key::Network(network.clone()), Key::Account(account.clone()), Key::Both(network, account)];
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |window: &Window| now.duration_since(window.began) < WINDOW;
        let failures = |key: &Key| windows.get(key).filter(|window| is_open(window)).map_or(0, |w| w.n);
        let [by_network, by_account, by_both] = [&keys[0], &keys[1], &keys[2]].map(failures);
        if by_network >= BY_NETWORK || by_both >= BY_BOTH || by_account >= most {
            return None;
        }
        if windows.len() + keys.len() > MOST {
            windows.retain(|_, window| is_open(window));
        }
        // Made-up accounts come by the thousand: those that were tried once are forgotten before those that count.
        if windows.len() + keys.len() > MOST {
            windows.retain(|_, window| window.n > 1);
        }
        if windows.len() + keys.len() > MOST {
            windows.clear();
        }
        for key in &keys {
            let window = windows.entry(key.clone()).or_insert(Window { began: now, n: 0 });
            if !is_open(window) {
                *window = Window { began: now, n: 0 };
            }
            window.n += 1;
        }
        Some(Try { keys, wait: wait(by_account) })
    }

    /// It was right: it does not count, and this network begins anew with this account.
    pub fn was_right(&self, done: Try) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &done.keys {
            if matches!(key, Key::Both(..)) {
                windows.remove(key);
            } else if let Some(window) = windows.get_mut(key) {
                window.n = window.n.saturating_sub(1);
            }
        }
    }
}

/// The account that the codes of a person are counted for. It is another than that of their password: a stranger who
/// knows the password could else try codes without end.
pub fn codes_of(person: PersonId) -> String {
    format!("codes of {person}")
}

/// How long a try waits after so many failures for its account.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(UNDELAYED) {
        None => Duration::ZERO,
        Some(more) => FIRST_WAIT.saturating_mul(1 << more.min(16)).min(LONGEST_WAIT),
    }
}

/// A person with one IPv6 address has a whole network of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let s = address.segments();
            format!("{:x}:{:x}:{:x}:{:x}::", s[0], s[1], s[2], s[3])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn from(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
    }

    #[test]
    fn a_network_has_ten_tries_for_an_account_and_locks_nobody_else_out() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        for _ in 0..10 {
            assert!(tries.begin(from(1), " Ada@b ", now).is_some());
        }
        assert!(tries.begin(from(1), "ada@b", now).is_none());
        assert!(tries.begin(from(1), "bo@b", now).is_some());
        let elsewhere = tries.begin(from(2), "ada@b", now).expect("another network may try");
        assert_eq!(elsewhere.wait, Duration::ZERO);
        assert!(tries.begin(from(1), "ada@b", now + WINDOW).is_some());
    }

    #[test]
    fn guessing_from_many_networks_waits_longer_and_longer() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        let waits: Vec<Duration> =
            (0..40).map(|i| tries.begin(from(i), "ada@b", now).expect("a try").wait).collect();
        assert!(waits[..20].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[20..23], [250, 500, 1000].map(Duration::from_millis));
        assert_eq!(waits[39], LONGEST_WAIT);
        // The owner comes in after that wait, and other accounts don't wait.
        assert_eq!(tries.begin(from(99), "bo@b", now).expect("a try").wait, Duration::ZERO);
        assert_eq!(tries.begin(from(99), "ada@b", now + WINDOW).expect("a try").wait, Duration::ZERO);
    }

    #[test]
    fn a_network_has_forty_tries() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        for i in 0..40 {
            assert!(tries.begin(from(1), &format!("{i}@b"), now).is_some());
        }
        assert!(tries.begin(from(1), "x@b", now).is_none());
        assert!(tries.begin(from(2), "x@b", now).is_some());
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        for _ in 0..100 {
            let done = tries.begin(from(1), "ada@b", now).expect("a try");
            assert_eq!(done.wait, Duration::ZERO);
            tries.was_right(done);
        }
    }

    #[test]
    fn memory_is_bounded_and_made_up_accounts_wash_nothing_away() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        for _ in 0..10 {
            let _ = tries.begin(from(1), "ada@b", now);
        }
        for i in 0..(MOST as u32) {
            let address = IpAddr::V4(Ipv4Addr::from(i));
            let _ = tries.begin(address, &format!("{i}@b"), now);
        }
        assert!(tries.0.lock().expect("the map").len() <= MOST);
        assert!(tries.begin(from(1), "ada@b", now).is_none());
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let key = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_eq!(key("::ffff:10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn codes_of_an_account_end_wherever_they_come_from() {
        let (tries, now) = (RateLimit::default(), Instant::now());
        for i in 0..10 {
            assert!(tries.begin_code(from(i), "codes of 1", now).is_some());
        }
        assert!(tries.begin_code(from(99), "codes of 1", now).is_none());
        assert!(tries.begin_code(from(99), "codes of 2", now).is_some());
        assert!(tries.begin_code(from(99), "codes of 1", now + WINDOW).is_some());
    }
}
