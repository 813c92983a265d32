//! Faults on demand: tests let a store's calls fail or wait by writing a file, those that it names or some at random.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Operation;
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
    random: fastrand::Rng,
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
    /// What happens to calls of any operation by chance.
    random: Chances,
}

/// How often something happens to a call: to one in so many, 0 for never.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Chances {
    /// Seeds the choice, again whenever the file's content changes.
    seed: u64,
    /// Calls that fail before they reach the store.
    fail: u32,
    /// Calls that are carried out and then said to have failed, as when a connection is lost.
    lose: u32,
    /// Calls that wait before they begin.
    delay: u32,
    /// How long these wait at most, in milliseconds.
    delay_ms: u64,
}

/// What is to happen to a call.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fate {
    /// How long it waits first.
    pub(super) delay: Duration,
    /// Whether it fails.
    pub(super) fault: Option<Fault>,
}

/// How a call fails, with the text that the component gets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// It does not reach the store.
    Before(String),
    /// The store does what was asked, and nobody learns of it.
    After(String),
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

    /// What happens to this call. A file that has become unreadable fails every call, so that a test which breaks it
    /// does not pass by accident.
    pub(super) fn strike(&self, operation: Operation) -> Fate {
        self.read(operation).unwrap_or_else(|error| Fate {
            fault: Some(Fault::Before(format!("fault file: {error}"))),
            ..Fate::default()
        })
    }

    fn read(&self, operation: Operation) -> Result<Fate> {
        let text = std::fs::read_to_string(&self.path)?;
        let plan: Plan = document::parse(&text)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.text != text {
            *state = State {
                text,
                calls: BTreeMap::new(),
                random: fastrand::Rng::with_seed(plan.random.seed),
            };
        }
        Ok(state.fate(&plan, operation))
    }
}

impl State {
    /// Counts the call, and draws for it.
    fn fate(&mut self, plan: &Plan, operation: Operation) -> Fate {
        let call = self.calls.entry(operation).or_default();
        *call += 1;
        let is_named =
            plan.fail.contains(&operation) || plan.fail_nth.get(&operation) == Some(call);
        let mut happens = |one_in: u32| one_in > 0 && self.random.u32(..one_in) == 0;
        let (fails, is_lost) = (happens(plan.random.fail), happens(plan.random.lose));
        let is_delayed = happens(plan.random.delay);
        let by_chance = self.random.u64(..=plan.random.delay_ms);
        let message = || plan.message.clone().unwrap_or("injected fault".to_owned());
        let named_delay = plan.delay_ms.get(&operation).copied().unwrap_or_default();
        Fate {
            delay: Duration::from_millis(named_delay.max(if is_delayed { by_chance } else { 0 })),
            fault: if is_named || fails {
                Some(Fault::Before(message()))
            } else {
                is_lost.then(|| Fault::After(message()))
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Operation;
    use super::{Fate, Fault, Faults};

    const NOTHING: Fate = Fate {
        delay: Duration::ZERO,
        fault: None,
    };

    /// Faults by a file with this text, and the folder that it is in.
    fn faults(text: &str) -> (Faults, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("faults.toml");
        std::fs::write(&path, text).expect("a file");
        (Faults::new(&path).expect("a good file"), folder)
    }

    fn write(folder: &tempfile::TempDir, text: &str) {
        std::fs::write(folder.path().join("faults.toml"), text).expect("a file");
    }

    #[test]
    fn calls_fail_as_the_file_says() {
        let failed = |text: &str| Fate {
            fault: Some(Fault::Before(text.to_owned())),
            ..NOTHING
        };
        let (faults, folder) = faults("");
        assert_eq!(faults.strike(Operation::Set), NOTHING);

        let text = "fail = [\"list-keys\"]\nfail_nth = { set = 2 }\nmessage = \"disk full\"";
        write(&folder, text);
        assert_eq!(faults.strike(Operation::Set), NOTHING);
        assert_eq!(faults.strike(Operation::Set), failed("disk full"));
        assert_eq!(faults.strike(Operation::Set), NOTHING);
        assert_eq!(faults.strike(Operation::ListKeys), failed("disk full"));

        write(&folder, "fail_nth = { set = 1 }\ndelay_ms = { get = 3 }");
        assert_eq!(faults.strike(Operation::Set), failed("injected fault"));
        let delayed = Fate {
            delay: Duration::from_millis(3),
            ..NOTHING
        };
        assert_eq!(faults.strike(Operation::Get), delayed);

        write(&folder, "fail = [\"increment\"]");
        let broken = faults.strike(Operation::Get).fault;
        assert!(matches!(broken, Some(Fault::Before(text)) if text.contains("increment")));
        assert!(Faults::new(&faults.path).is_err());
    }

    #[test]
    fn some_calls_fail_are_lost_or_wait_at_random() {
        const CALLS: usize = 3000;
        let random = "random = { fail = 10, lose = 10, delay = 10, delay_ms = 5, seed = 1 }";
        let (faults, _folder) = faults(random);
        let fates: Vec<_> = (0..CALLS).map(|_| faults.strike(Operation::Set)).collect();
        let count = |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count();
        for (what, number) in [
            (
                "fail",
                count(|fate| matches!(fate.fault, Some(Fault::Before(_)))),
            ),
            (
                "lose",
                count(|fate| matches!(fate.fault, Some(Fault::After(_)))),
            ),
            ("delay", count(|fate| !fate.delay.is_zero())),
        ] {
            assert!((200..400).contains(&number), "{what}: {number} of {CALLS}");
        }
        assert!(
            fates
                .iter()
                .all(|fate| fate.delay <= Duration::from_millis(5))
        );
    }
}
