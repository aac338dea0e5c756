//! Where a finger is faster than a request. Compiled for the server and for the browser.

pub mod desk;
pub mod progress;
pub mod upload;
