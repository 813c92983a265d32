//! The programs in `examples/`, run as their readers would, against the compiled component.
//!
//! Before the gateway is a relay that says 503 as long as a test wants, as a throttled store makes the gateway do, and
//! counts the attempts. Each program must get through where trying again helps, and must neither insist nor fail its job
//! where it does not.

#[path = "../support/mod.rs"]
mod support;

mod busy;
mod pushers;
mod stage;
mod workflow;
