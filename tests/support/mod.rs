//! What the end-to-end tests share: the programs they run, and a plain client.
//!
//! Every program is a value that owns its process: dropping it kills the
//! process and waits for it. Every wait is bounded. Ports are chosen by the
//! operating system, so tests run side by side.

// Each test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub(crate) mod client;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod gateway;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod prometheus;
pub(crate) mod pushgateway;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod remote_write;
mod response;
pub(crate) mod wait;
