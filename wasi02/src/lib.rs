//! The gateway as a component for WASI 0.2: hosts whose Spin is older than 4.1. Natively it is an empty library.
//!
//! Every call to the host waits for its end, and an instance serves one request. So reads of single keys do not overlap,
//! and nothing is kept from one request to the next; all else is as with WASI 0.3.

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    reason = "generated"
)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "wasi02", generate_all });
    use super::door::Door;
    wasip2::http::proxy::export!(Door);
}
#[cfg(target_family = "wasm")]
mod body;
#[cfg(target_family = "wasm")]
mod door;
#[cfg(target_family = "wasm")]
mod head;
#[cfg(target_family = "wasm")]
mod store;
