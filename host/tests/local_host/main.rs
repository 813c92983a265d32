//! The local host as a program: the built binary runs the probe component, and the tests look at
//! it from outside, by HTTP, files, signals and exit statuses.
//!
//! They need the probes as components: see [`app::App::new`].

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod app;
mod client;
mod http;
mod instances;
mod knobs;
mod redis;
mod sqlite;
mod startup;
mod wasi02;
