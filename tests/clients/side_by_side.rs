//! Cases that run at the same time.
//!
//! A Prometheus takes five seconds before it scrapes for the first time, all of them idle.

use std::thread;

/// A case with a name.
pub(crate) trait Named {
    /// Says what the case is about; panics of the case have it in their message.
    fn name(&self) -> &str;
}

/// Runs every case on a thread of its own; panics if one of them has, after all have ended.
pub(crate) fn run<C: Named + Sync>(cases: &[C], run: impl Fn(&C) + Sync) {
    let failed: Vec<&str> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = cases
            .iter()
            .map(|case| {
                let thread = thread::Builder::new()
                    .name(case.name().to_owned())
                    .spawn_scoped(scope, move || run(case));
                (case.name(), thread.expect("a thread"))
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|(name, thread)| thread.join().is_err().then_some(name))
            .collect()
    });
    assert!(failed.is_empty(), "failed, see above: {failed:?}");
}
