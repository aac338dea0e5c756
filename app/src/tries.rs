//! How often somebody may try to sign in: a few failures a window for an address of the network and for an
//! account. Kept in memory, bounded, and gone with the process: it slows guessing down and locks nobody out for long.

use domain::Time;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const WINDOW_MICROS: i64 = 5 * 60 * 1_000_000;
/// People behind one address share its tries, so it has more of them.
const BY_ADDRESS: u32 = 40;
const BY_ACCOUNT: u32 = 10;
/// More keys than this are not remembered.
const MOST: usize = 20_000;

#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<String, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Time,
    n: u32,
}

/// A try that is under way, counted as failed until it is known to be right.
#[derive(Debug)]
pub struct Try {
    keys: Vec<String>,
}

impl Tries {
    /// Counts a try; nothing, if there were too many. It counts before its outcome is known, so that a hundred at
    /// once are a hundred.
    pub fn begin(&self, address: IpAddr, account: &str, now: Time) -> Option<Try> {
        let account: String = account.trim().to_lowercase().chars().take(254).collect();
        let limits =
            [(format!("from {}", network(address)), BY_ADDRESS), (format!("to {account}"), BY_ACCOUNT)];
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |window: &Window| now.0 - window.began.0 < WINDOW_MICROS;
        if limits.iter().any(|(key, limit)| windows.get(key).is_some_and(|w| is_open(w) && w.n >= *limit)) {
            return None;
        }
        if windows.len() >= MOST {
            windows.retain(|_, window| is_open(window));
        }
        if windows.len() >= MOST {
            windows.clear();
        }
        for (key, _) in &limits {
            let window = windows.entry(key.clone()).or_insert(Window { began: now, n: 0 });
            if !is_open(window) {
                *window = Window { began: now, n: 0 };
            }
            window.n += 1;
        }
        Some(Try { keys: limits.into_iter().map(|(key, _)| key).collect() })
    }

    /// It was right: it does not count, and the account begins anew.
    pub fn was_right(&self, done: Try) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (i, key) in done.keys.iter().enumerate() {
            match windows.get_mut(key) {
                Some(window) if i == 0 => window.n = window.n.saturating_sub(1),
                _ => {
                    windows.remove(key);
                }
            }
        }
    }
}

/// Who has one IPv6 address has a whole network of them.
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
    fn an_account_has_ten_tries_from_wherever() {
        let (tries, now) = (Tries::default(), Time(0));
        for i in 0..10 {
            assert!(tries.begin(from(i), " Ada@b ", now).is_some());
        }
        assert!(tries.begin(from(99), "ada@b", now).is_none());
        assert!(tries.begin(from(99), "bo@b", now).is_some());
        assert!(tries.begin(from(99), "ada@b", now.plus_seconds(300)).is_some());
    }

    #[test]
    fn an_address_has_forty() {
        let (tries, now) = (Tries::default(), Time(0));
        for i in 0..40 {
            assert!(tries.begin(from(1), &format!("{i}@b"), now).is_some());
        }
        assert!(tries.begin(from(1), "x@b", now).is_none());
        assert!(tries.begin(from(2), "x@b", now).is_some());
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (tries, now) = (Tries::default(), Time(0));
        for _ in 0..100 {
            let done = tries.begin(from(1), "ada@b", now).expect("a try");
            tries.was_right(done);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (tries, now) = (Tries::default(), Time(0));
        for i in 0..(MOST as u32 + 100) {
            let address = IpAddr::V4(Ipv4Addr::from(i));
            tries.begin(address, &format!("{i}@b"), now);
        }
        assert!(tries.0.lock().expect("the map").len() <= MOST + 2);
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let key = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_eq!(key("::ffff:10.0.0.1"), "10.0.0.1");
    }
}
