//! What came of requests: how long they took, kind by kind, and which failed.

use anyhow::{Result, anyhow, bail};
use hdrhistogram::Histogram;

use super::mix::Kind;

/// How many failures are kept word for word.
const KEPT: usize = 5;

/// The longest time that is told apart from longer ones, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// Digits of a time that count.
const DIGITS: u8 = 3;

/// Times and failures.
#[derive(Debug)]
pub(super) struct Tally {
    /// In microseconds, in the order of [`Kind::ALL`].
    times: [Histogram<u64>; Kind::ALL.len()],
    failures: u64,
    kept: Vec<String>,
}

impl Tally {
    pub(super) fn new() -> Result<Self> {
        let empty = Histogram::new_with_bounds(1, LONGEST, DIGITS)?;
        Ok(Self {
            times: std::array::from_fn(|_| empty.clone()),
            failures: 0,
            kept: Vec::new(),
        })
    }

    /// Counts a request that was answered as it should be.
    pub(super) fn add(&mut self, kind: Kind, time: std::time::Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(times) = self.times.get_mut(kind as usize) {
            times.saturating_record(micros);
        }
    }

    /// Counts a request that failed.
    pub(super) fn fail(&mut self, kind: Kind, reason: &str) {
        self.failures += 1;
        if self.kept.len() < KEPT {
            self.kept.push(format!("{}: {reason}", kind.name()));
        }
    }

    /// Adds what another connection counted.
    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        for (times, others) in self.times.iter_mut().zip(&other.times) {
            times.add(others)?;
        }
        self.failures += other.failures;
        self.kept.extend(other.kept);
        self.kept.truncate(KEPT);
        Ok(())
    }

    /// The times of a kind, in microseconds.
    pub(super) fn times(&self, kind: Kind) -> &Histogram<u64> {
        let [first, ..] = &self.times;
        self.times.get(kind as usize).unwrap_or(first)
    }

    /// The requests that were answered, but for those that come by a timetable.
    pub(super) fn paced(&self) -> u64 {
        let by_timetable = |kind| Kind::TIMETABLE.iter().any(|(other, ..)| *other == kind);
        let paced = Kind::ALL.into_iter().filter(|kind| !by_timetable(*kind));
        paced.map(|kind| self.times(kind).len()).sum()
    }

    /// How many requests failed.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// # Errors
    ///
    /// Any request failed: with the first few reasons.
    pub(super) fn check(&self) -> Result<()> {
        if self.failures > 0 {
            bail!(
                "{} requests failed: {}",
                self.failures,
                self.kept.join("; ")
            );
        }
        if self.paced() == 0 {
            return Err(anyhow!("nothing was answered"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_connections_counted_adds_up() {
        let mut all = Tally::new().expect("a tally");
        assert!(all.check().is_err());
        for millis in [1, 3] {
            let mut tally = Tally::new().expect("a tally");
            tally.add(Kind::Put, Duration::from_millis(millis));
            tally.add(Kind::Scrape, Duration::from_secs(100_000));
            all.merge(tally).expect("the same bounds");
        }
        assert_eq!(all.paced(), 2);
        assert!(all.check().is_ok());
        assert!(all.times(Kind::Put).max().abs_diff(3_000) < 3);
        // Longer than is told apart, and counted.
        assert_eq!(all.times(Kind::Scrape).len(), 2);

        let mut tally = Tally::new().expect("a tally");
        for n in 0..7 {
            tally.fail(Kind::List, &format!("reason {n}"));
        }
        all.merge(tally).expect("the same bounds");
        assert_eq!(all.failures(), 7);
        let error = all.check().expect_err("failures").to_string();
        assert!(error.contains("reason 4") && !error.contains("reason 5"));
    }
}
