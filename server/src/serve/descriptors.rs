//! How many files and connections this process may have open.

/// Raises the limit as far as the system lets us, and returns it. Where nobody can say, as few as systems begin with.
#[cfg(target_os = "linux")]
pub fn raised() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Where it is not allowed, fewer connections are taken.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(target_os = "linux"))]
pub fn raised() -> u64 {
    256
}
