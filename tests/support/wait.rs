//! Waiting for what comes true by itself, and not for ever.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take to come true: far more than it does.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until this is true; panics with what it is if that takes too long.
#[track_caller]
pub(crate) fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
