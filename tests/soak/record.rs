//! What is written down of each request.

use std::fmt;
use std::time::{Duration, Instant};

use crate::hosts::Target;
use crate::plan::GROUPS;
use crate::promises::{Change, Group, Kind, Look};

/// A request that changes a group, or tries to.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) change: Change,
    pub(crate) group: usize,
    pub(crate) target: Target,
    /// The status, or why there is none.
    pub(crate) answer: String,
}

impl Record {
    /// Whether the two were under way at the same time.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let (a, b) = (&self.change, &other.change);
        a.number != b.number && a.began <= b.answered && b.began <= a.answered
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            number,
            kind,
            families,
            began,
            answered,
            ..
        } = self.change;
        let Target { host, clock, .. } = self.target;
        let families = match kind {
            Kind::Put | Kind::Post => families.names(),
            Kind::Reject | Kind::Delete => String::new(),
        };
        write!(
            f,
            "{began:>9} to {answered:>9} us  #{number} {kind:?} {families} by host {host}, clock {clock:+} s: {}",
            self.answer
        )
    }
}

/// A scrape that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scraped {
    pub(crate) began: u64,
    pub(crate) answered: u64,
    pub(crate) seen: [Group; GROUPS],
}

impl Scraped {
    pub(crate) fn look(&self, group: usize) -> Look {
        Look {
            began: self.began,
            answered: self.answered,
            seen: self.seen[group],
        }
    }
}

/// Microseconds since it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> u64 {
        let elapsed: Duration = self.0.elapsed();
        u64::try_from(elapsed.as_micros()).expect("fits")
    }
}
