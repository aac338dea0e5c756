//! How the server behaves to the outside.

/// How the server behaves to the outside.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Browsers come by https.
    pub https: bool,
    /// All come by a proxy that says whom it speaks for (`X-Forwarded-For`).
    pub behind_proxy: bool,
}
