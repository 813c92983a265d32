//! The whole chain with real parts: jobs push to the compiled component, Prometheus scrapes it, and what is in `deploy/`
//! to operate that does what it says.

#[path = "../support/mod.rs"]
mod support;

#[path = "../clients/programs.rs"]
#[allow(dead_code, reason = "shared with the tests of clients, which run all")]
mod programs;
#[path = "../clients/side_by_side.rs"]
mod side_by_side;
#[path = "../clients/stored.rs"]
mod stored;
#[path = "../clients/tap.rs"]
mod tap;

mod alerts;
mod configurations;
mod dashboard;
mod operations;
mod remote_write;
