//! A component that shows, over HTTP, what a host gives its guest.
//!
//! The tests of the local host run it. It works on Spin as well, so that a difference between
//! the two can be looked at. Natively it is an empty library.

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod door;
#[cfg(target_family = "wasm")]
mod stores;
