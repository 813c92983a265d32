//! The tool for whole stores, on what the running gateway, Redis and the Go Pushgateway hold.

#[path = "../support/mod.rs"]
mod support;

mod damage;
mod migration;
mod moving;
mod old_groups;
mod tool;
