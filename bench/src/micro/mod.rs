//! The core alone, natively: what each hot path costs without host, store and network.

pub(crate) mod instructions;
mod paths;
mod store;

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::stats::{Rounds, number};
use crate::table::Table;
use paths::Path;

/// How long each round of a path lasts, at least.
const ROUND: Duration = Duration::from_millis(200);

/// How many rounds there are, of which the median counts.
const ROUNDS: usize = 5;

/// The paths with these names, or all.
fn wanted(names: &[String]) -> Result<Vec<&'static Path>> {
    if names.is_empty() {
        return Ok(paths::ALL.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

fn find(name: &str) -> Result<&'static Path> {
    paths::ALL
        .iter()
        .find(|path| path.name == name)
        .with_context(|| {
            let names: Vec<_> = paths::ALL.iter().map(|path| path.name).collect();
            format!("no such hot path: {name}; there are {}", names.join(", "))
        })
}

/// Prints how long paths take.
pub(crate) fn time(names: &[String]) -> Result<()> {
    let mut table = Table::new(
        "Hot paths, natively",
        &["path", "what", "µs", "ns a series"],
    );
    for path in wanted(names)? {
        let mut operation = (path.prepare)();
        operation();
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let mut done = 0_u32;
            while begin.elapsed() < ROUND {
                black_box(operation());
                done += 1;
            }
            rounds.add(begin.elapsed().as_secs_f64() * 1e6 / f64::from(done));
        }
        table.row(&[
            path.name.to_owned(),
            path.what.to_owned(),
            rounds.to_string(),
            number(rounds.median() * 1e3 / path.series as f64),
        ]);
    }
    table.print();
    Ok(())
}

/// Runs a path once to warm up, and then this often, for a profiler.
pub(crate) fn once(name: &str, count: u32) -> Result<()> {
    let mut operation = (find(name)?.prepare)();
    operation();
    for _ in 0..count {
        measured(&mut *operation);
    }
    Ok(())
}

/// A function of its own, by whose name profilers can tell what is measured from what prepares it.
#[inline(never)]
fn measured(operation: &mut dyn FnMut() -> usize) {
    black_box(operation());
}
