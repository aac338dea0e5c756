//! What people see. Pages are made on the server from what a workflow returns and cost no WebAssembly; islands are
//! the few places where a finger is faster than a request, compiled a second time for the browser.

#![recursion_limit = "256"]

pub mod api;
pub mod islands;
pub mod wire;

#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod parts;
#[cfg(feature = "ssr")]
pub mod web;

/// Called once by the browser: from then on each island's function can be woken by its name.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
