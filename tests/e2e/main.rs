//! End-to-end tests: the compiled component on the local host, over HTTP.

#[path = "../support/mod.rs"]
mod support;

mod concurrency;
mod durability;
mod errors;
mod exposition;
mod paths;
mod shared_store;
mod transcript;
