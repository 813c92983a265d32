//! The memory of the server's process while it is loaded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::servers::Server;
use crate::stats::number;
use crate::table::Table;

/// How often memory is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How much more the last fifth of a run may have than its second one and still be flat. The first is left out: the
/// server takes what it needs for its work.
const FLAT: f64 = 1.1;

/// What was seen, in bytes, in equal steps of time.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<u64>);

impl Memory {
    /// Looks at a server while this work goes on.
    pub(super) fn watch<T>(server: &Server, work: impl FnOnce() -> Result<T>) -> Result<(T, Self)> {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let begin = Instant::now();
                let mut seen = Vec::new();
                for step in 1.. {
                    seen.extend(server.resident_bytes());
                    if is_done.load(Ordering::Relaxed) {
                        break;
                    }
                    thread::sleep((EVERY * step).saturating_sub(begin.elapsed()));
                }
                Self(seen)
            });
            let done = work();
            is_done.store(true, Ordering::Relaxed);
            // Watching does not panic; nothing seen is no verdict.
            let memory = watcher.join().unwrap_or_default();
            Ok((done?, memory))
        })
    }

    /// What was seen when this part of the time was over.
    fn at(&self, part: f64) -> Option<u64> {
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.0.get(at).copied()
    }

    /// The least and the median of the fifth with this number, from 0.
    fn fifth(&self, fifth: usize) -> Option<[u64; 2]> {
        let bound = |fifth| self.0.len() * fifth / 5;
        let mut seen = self.0.get(bound(fifth)..bound(fifth + 1))?.to_vec();
        seen.sort_unstable();
        Some([*seen.first()?, *seen.get(seen.len() / 2)?])
    }

    /// How many times as much the last fifth has as the second one: by the least or the median, whichever grew less.
    /// Instances come and go, which moves either; what is lost moves both.
    fn growth(&self) -> Option<f64> {
        let ([least, median], [last_least, last_median]) = (self.fifth(1)?, self.fifth(4)?);
        let [by_least, by_median] = [(last_least, least), (last_median, median)]
            .map(|(last, first)| last as f64 / first as f64);
        Some(by_least.min(by_median))
    }

    /// Whether memory stayed what it was. Where the system does not tell, nothing speaks against it.
    pub(super) fn is_flat(&self) -> bool {
        self.growth().is_none_or(|growth| growth <= FLAT)
    }

    /// The report.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(
            "Memory of the host's process in MB",
            &[
                "after 10%",
                "50%",
                "100%",
                "greatest",
                "last fifth against the second",
            ],
        );
        let megabytes =
            |bytes: Option<u64>| bytes.map_or("–".to_owned(), |bytes| number(bytes as f64 / 1e6));
        let verdict = if self.is_flat() { "flat" } else { "it grew" };
        let growth = self.growth().map_or("–".to_owned(), |growth| {
            format!("{growth:.2}x: {verdict}")
        });
        table.row(&[
            megabytes(self.at(0.1)),
            megabytes(self.at(0.5)),
            megabytes(self.at(1.0)),
            megabytes(self.0.iter().max().copied()),
            growth,
        ]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_flat_when_its_end_is_as_its_beginning() {
        type Bytes = fn(u64) -> u64;
        let cases: [(&str, Bytes, bool); 4] = [
            ("the same", |_| 50, true),
            ("it goes up and down", |step| 50 + step % 7 * 10, true),
            ("it settles first", |step| 50.min(step * 5), true),
            ("it leaks", |step| 50 + step / 4, false),
        ];
        for (name, bytes, want) in cases {
            let memory = Memory((0..100).map(bytes).collect());
            assert_eq!(memory.is_flat(), want, "{name}");
        }
        assert!(Memory::default().is_flat());
        assert_eq!(Memory((0..101).collect()).at(0.5), Some(50));
    }
}
