//! Filled stores: each is made once and copied for every part that needs it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use super::{Bench, progress};
use crate::servers::folder;
use crate::workload::Families;

/// A folder in memory, where filling a store waits for no disk. Other systems than Linux have none.
const IN_MEMORY: &str = "/dev/shm";

/// Connections that fill a store.
const CONNECTIONS: usize = 4;

/// The stores made so far.
#[derive(Debug)]
pub(super) struct Stock {
    dir: TempDir,
    made: RefCell<Vec<(Families, usize)>>,
}

impl Stock {
    /// An empty stock: in memory if there is such a folder, else in `dir`.
    pub(super) fn new(dir: &Path) -> Result<Self> {
        let memory = Path::new(IN_MEMORY);
        let dir = if memory.is_dir() {
            tempfile::tempdir_in(memory)?
        } else {
            folder(dir)?
        };
        Ok(Self {
            dir,
            made: RefCell::default(),
        })
    }

    fn path(&self, families: Families, groups: usize) -> PathBuf {
        self.dir
            .path()
            .join(format!("{}-{groups}", families.name()))
    }

    /// A new store in the folder that is measured, with this many groups in it.
    pub(super) fn copy(
        &self,
        bench: &Bench<'_>,
        families: Families,
        groups: usize,
    ) -> Result<TempDir> {
        let state = folder(&bench.dir)?;
        if groups > 0 {
            self.make(bench, families, groups)?;
            copy_state(&self.path(families, groups), state.path())?;
        }
        Ok(state)
    }

    /// Fills a store, beginning with the largest one that is smaller.
    fn make(&self, bench: &Bench<'_>, families: Families, groups: usize) -> Result<()> {
        if self.made.borrow().contains(&(families, groups)) {
            return Ok(());
        }
        progress(&format!(
            "filling a store with {groups} groups, families {}",
            families.name()
        ));
        let path = self.path(families, groups);
        std::fs::create_dir_all(&path)?;
        let smaller = self
            .made
            .borrow()
            .iter()
            .filter(|(of, size)| *of == families && *size < groups)
            .map(|(_, size)| *size)
            .max()
            .unwrap_or(0);
        if smaller > 0 {
            copy_state(&self.path(families, smaller), &path)?;
        }
        let gateway = bench.gateway(&path, &[])?;
        gateway.fill(smaller..groups, families, CONNECTIONS, 200)?;
        gateway.stop()?;
        self.made.borrow_mut().push((families, groups));
        Ok(())
    }
}

/// Copies the files of a store that no server has open.
fn copy_state(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
