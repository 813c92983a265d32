//! A record of the work of instances, from which tests see how it grows with the input.
//!
//! Work is Wasmtime's fuel: about one unit for each instruction, the same whenever the same instructions run.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use wasmtime::Store;

/// What an instance gets: more than it can burn.
const TANK: u64 = u64::MAX;

/// A file to which each instance that ends appends the fuel that it has burnt in its life, as a line.
#[derive(Debug)]
pub(crate) struct FuelTrace(File);

impl FuelTrace {
    /// Opens the file for appending.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self(file.with_context(|| {
            format!("--trace-fuel: cannot open {}", path.display())
        })?))
    }

    /// Fills the tank of a new instance, whose engine counts fuel.
    pub(super) fn fill<T>(store: &mut Store<T>) -> wasmtime::Result<()> {
        store.set_fuel(TANK)
    }

    /// Appends what an instance has burnt.
    pub(super) fn record<T>(&self, store: &Store<T>) {
        let line = store.get_fuel().map(|left| format!("{}\n", TANK - left));
        let written = line
            .map_err(anyhow::Error::from)
            .and_then(|line| Ok((&self.0).write_all(line.as_bytes())?));
        if let Err(error) = written {
            eprintln!("--trace-fuel: {error}");
        }
    }
}
