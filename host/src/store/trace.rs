//! A record of the calls, from which tests count reads and writes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::Operation;
use super::faults::{Fate, Fault};

/// A file to which each call appends a line such as `set` or `get-many 14`, and where it is disturbed, how: `set waits`,
/// `set fails`, `get-many 14 waits is-lost`.
#[derive(Debug)]
pub(super) struct Trace(File);

impl Trace {
    /// Opens the file for appending; several hosts may share it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self(file.with_context(|| {
            format!("--trace-store: cannot open {}", path.display())
        })?))
    }

    /// Appends a line, in one write, so that lines of several threads and hosts stay whole.
    pub(super) fn record(&self, operation: Operation, keys: Option<usize>, fate: &Fate) {
        let mut line = operation.name().to_owned();
        if let Some(keys) = keys {
            line.push_str(&format!(" {keys}"));
        }
        if !fate.delay.is_zero() {
            line.push_str(" waits");
        }
        line.push_str(match fate.fault {
            Some(Fault::Before(_)) => " fails\n",
            Some(Fault::After(_)) => " is-lost\n",
            None => "\n",
        });
        if let Err(error) = (&self.0).write_all(line.as_bytes()) {
            eprintln!("--trace-store: {error}");
        }
    }
}
