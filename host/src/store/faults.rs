//! Faults on demand: tests let a store's calls fail or wait by writing a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Operation, StoreError, StoreResult};
use crate::document;

/// The file, and what has been counted since its content changed.
#[derive(Debug)]
pub(super) struct Faults {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    text: String,
    calls: BTreeMap<Operation, u64>,
}

/// The file's content. An empty file means no faults.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Plan {
    /// Operations of which every call fails.
    fail: BTreeSet<Operation>,
    /// Operations of which one call fails, counted from one since the file's content changed.
    fail_nth: BTreeMap<Operation, u64>,
    /// What the component is told.
    message: Option<String>,
    /// Milliseconds before a call begins, or fails.
    delay_ms: BTreeMap<Operation, u64>,
}

impl Faults {
    /// Checks that the file can be read and understood.
    pub(super) fn new(path: &Path) -> Result<Self> {
        document::read::<Plan>(path).context("--fault-file")?;
        Ok(Self {
            path: path.to_owned(),
            state: Mutex::default(),
        })
    }

    /// Lets a call wait or fail if the file says so. A file that has become unreadable fails every
    /// call, so that a test which breaks it does not pass by accident.
    pub(super) async fn strike(&self, operation: Operation) -> StoreResult<()> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|error| StoreError::Failed(format!("fault file: {error}")))?;
        let plan: Plan = document::parse(&text)
            .map_err(|error| StoreError::Failed(format!("fault file: {error}")))?;
        let call = self.count(operation, text);
        if let Some(&delay) = plan.delay_ms.get(&operation) {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if plan.fail.contains(&operation) || plan.fail_nth.get(&operation) == Some(&call) {
            let message = plan.message.unwrap_or_else(|| "injected fault".to_owned());
            return Err(StoreError::Failed(message));
        }
        Ok(())
    }

    /// The number of this call among those since the content changed.
    fn count(&self, operation: Operation, text: String) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.text != text {
            *state = State {
                text,
                calls: BTreeMap::new(),
            };
        }
        let calls = state.calls.entry(operation).or_default();
        *calls += 1;
        *calls
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Operation, StoreError};
    use super::Faults;

    #[tokio::test]
    async fn calls_fail_as_the_file_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("faults.toml");
        let write = |text: &str| std::fs::write(&path, text).expect("a file");
        let failed = |text: &str| Err(StoreError::Failed(text.to_owned()));

        write("");
        let faults = Faults::new(&path).expect("an empty file is good");
        assert_eq!(faults.strike(Operation::Set).await, Ok(()));

        write("fail = [\"list-keys\"]\nfail_nth = { set = 2 }\nmessage = \"disk full\"");
        assert_eq!(faults.strike(Operation::Set).await, Ok(()));
        assert_eq!(faults.strike(Operation::Set).await, failed("disk full"));
        assert_eq!(faults.strike(Operation::Set).await, Ok(()));
        assert_eq!(
            faults.strike(Operation::ListKeys).await,
            failed("disk full")
        );

        write("fail_nth = { set = 1 }");
        assert_eq!(
            faults.strike(Operation::Set).await,
            failed("injected fault")
        );

        write("fail = [\"increment\"]");
        let broken = faults.strike(Operation::Get).await;
        assert!(matches!(broken, Err(StoreError::Failed(text)) if text.contains("increment")));
        assert!(Faults::new(&path).is_err());
    }
}
