//! Addresses of this server: whom they are for, and what may be sent to a browser as one.

/// Programs ask here.
pub fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Islands ask here.
pub fn is_of_islands(path: &str) -> bool {
    path.starts_with("/api/app/")
}

/// Is this an address of a page of ours, by its path alone? It may have been written by anyone, so it is asked before a
/// browser is sent there: `//host` and `/\host` lead to another site, and a header holds no control characters.
pub fn is_ours(to: &str) -> bool {
    to.starts_with('/') && !to.starts_with("//") && !to.contains(|c: char| c == '\\' || c.is_control())
}

/// Enough of percent-encoding to carry an address in a query.
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
