//! End-to-end tests: the compiled component on the local host, over HTTP.

#[path = "../support/mod.rs"]
mod support;

mod api;
mod auth;
mod concurrency;
mod defects;
mod durability;
mod errors;
mod expiry;
mod exposition;
mod fairness;
mod forwarding;
mod golden;
mod groups;
mod limits;
mod overload;
mod paths;
mod shared_store;
mod sites;
mod transcript;
mod ui;
mod versions;
