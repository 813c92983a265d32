//! What is written down of each request.

use std::fmt;
use std::time::{Duration, Instant};

use crate::hosts::Target;
use crate::plan::GROUPS;
use crate::promises::{Change, Group, Kind, Look, Span};

/// A request that changes a group, or tries to.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) change: Change,
    pub(crate) group: usize,
    pub(crate) target: Target,
    /// For how long what it brings is shown.
    pub(crate) lifetime: Duration,
    /// The status, or why there is none.
    pub(crate) answer: String,
}

impl Record {
    /// Whether the two were under way at the same time.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let (a, b) = (&self.change, &other.change);
        a.number != b.number && a.began <= b.answered && b.began <= a.answered
    }

    /// Whether it brings something, if it succeeds.
    pub(crate) fn is_push(&self) -> bool {
        matches!(self.change.kind, Kind::Put | Kind::Post)
    }

    /// From when on what it brings is no longer shown, if hosts have pushed to the group before whose clocks were up to
    /// so many seconds ahead: a POST is later than what it finds.
    pub(crate) fn end(&self, fastest: i64) -> Span {
        let own = self.target.clock;
        let lifetime = micros(self.lifetime);
        Span {
            from: shown(own, self.change.began) + lifetime - TOLERANCE,
            to: shown(own.max(fastest), self.change.answered) + lifetime + TOLERANCE,
        }
    }
}

/// By how many microseconds the stopwatch and the clock of the machine may come apart.
const TOLERANCE: i64 = 50_000;

/// What a clock that is so many seconds ahead shows at this time of the stopwatch, in microseconds.
pub(crate) fn shown(clock: i64, time: u64) -> i64 {
    clock * 1_000_000 + i64::try_from(time).expect("fits")
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).expect("fits")
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
            "{began:>9} to {answered:>9} us  #{number} {kind:?} {families} for {:?} by host {host}, clock {clock:+} s: {}",
            self.lifetime, self.answer
        )
    }
}

/// A scrape that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scraped {
    pub(crate) target: Target,
    pub(crate) began: u64,
    pub(crate) answered: u64,
    pub(crate) seen: [Group; GROUPS],
}

impl Scraped {
    pub(crate) fn look(&self, group: usize) -> Look {
        Look {
            began: self.began,
            answered: self.answered,
            clock: Span {
                from: shown(self.target.clock, self.began),
                to: shown(self.target.clock, self.answered),
            },
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
        self.at(Instant::now())
    }

    /// What it showed then.
    pub(crate) fn at(self, then: Instant) -> u64 {
        let elapsed = then.saturating_duration_since(self.0);
        u64::try_from(elapsed.as_micros()).expect("fits")
    }
}
