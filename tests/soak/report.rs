//! What is said in the end: how much was tried, and what broke a promise.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use crate::epoch::Outcome;
use crate::plan::{Plan, Trouble};
use crate::promises::View;
use crate::record::Record;

/// How the history of a group in an epoch was judged.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It keeps all promises, and no exception could have applied.
    Kept,
    /// It keeps all promises, though a stated exception may have applied.
    KeptThoughExcusable,
    /// It breaks a promise, and a stated exception may have applied.
    Excused(Violation),
}

/// How much was tried.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) stores: usize,
    epochs: usize,
    answered: usize,
    unanswered: usize,
    scrapes: usize,
    failed_scrapes: usize,
    kills: usize,
    restarts: usize,
    /// Calls of a store that failed, that seemed to, and that waited.
    faults: [usize; 3],
    kept: usize,
    kept_though_excusable: usize,
    excused: Vec<Violation>,
}

impl Totals {
    /// Adds an epoch.
    pub(crate) fn add(&mut self, plan: &Plan, outcome: &Outcome, faults: [usize; 3]) {
        self.epochs += 1;
        let is_done = |record: &&Record| record.change.is_done;
        let answered = outcome.records.iter().filter(is_done).count();
        self.answered += answered;
        self.unanswered += outcome.records.len() - answered;
        self.scrapes += outcome.scrapes.len();
        self.failed_scrapes += outcome.failed_scrapes;
        for (_, trouble) in &plan.troubles {
            match trouble {
                Trouble::KillHost(_) => self.kills += 1,
                Trouble::KillStore | Trouble::StopStore => self.restarts += 1,
            }
        }
        for (total, new) in self.faults.iter_mut().zip(faults) {
            *total += new;
        }
    }

    /// Adds the judgement of a group in an epoch.
    pub(crate) fn judged(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Kept => self.kept += 1,
            Verdict::KeptThoughExcusable => self.kept_though_excusable += 1,
            Verdict::Excused(violation) => self.excused.push(violation),
        }
    }

    /// Keeps what was excused in a file, for people to judge whether it should have been. Returns where, if there is any.
    pub(crate) fn keep_excused(&self, store: &str, seed: u64) -> Option<String> {
        let texts: Vec<_> = self.excused.iter().map(|one| one.0.as_str()).collect();
        (!texts.is_empty()).then(|| keep(&format!("{store}-{seed}-excused"), &texts.join("\n")))
    }

    /// Panics if so little came of all this that it says nothing.
    pub(crate) fn assert_meaningful(&self) {
        assert!(
            self.answered > self.unanswered / 4 && self.kept > self.excused.len(),
            "too much went wrong to say anything: {self}"
        );
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [failed, lost, waited] = self.faults;
        write!(
            f,
            "{} stores, {} epochs; {} pushes and deletions answered, {} not; {} scrapes answered, {} not; \
             {} hosts killed, {} restarts of the store; of its calls {failed} failed, {lost} seemed to, {waited} \
             waited; {} histories kept all promises, and {} to which an exception may have applied; {} were excused",
            self.stores,
            self.epochs,
            self.answered,
            self.unanswered,
            self.scrapes,
            self.failed_scrapes,
            self.kills,
            self.restarts,
            self.kept,
            self.kept_though_excusable,
            self.excused.len()
        )
    }
}

/// What nothing explains or excuses.
#[derive(Debug)]
pub(crate) struct Violation(String);

impl From<String> for Violation {
    fn from(problem: String) -> Self {
        Self(problem)
    }
}

impl Violation {
    /// Of a group's history, which these exceptions may excuse.
    pub(crate) fn of(
        group: usize,
        problem: &str,
        mut view: View,
        era: &[Record],
        excuses: &str,
    ) -> Self {
        forget_looks(&mut view);
        let since = view.changes.iter().map(|change| change.began).min();
        let since = since.unwrap_or_default();
        let mut text = format!(
            "group {group}: {problem}\nmay be excused by: {excuses}\nbefore, at {since} us: {:?}\n",
            view.before
        );
        let mut era: Vec<_> = era.iter().collect();
        era.sort_by_key(|record| record.change.began);
        for record in era {
            let _ = writeln!(text, "{record}");
        }
        text.push_str("what these saw needs explanation:\n");
        for look in &view.looks {
            let _ = writeln!(
                text,
                "{:>9} to {:>9} us  {:?}",
                look.began, look.answered, look.seen
            );
        }
        for seen in &view.after {
            let _ = writeln!(text, "at last  {seen:?}");
        }
        Self(text)
    }

    /// Keeps it in a file; returns all that there is to say.
    pub(crate) fn keep(&self, store: &str, seed: u64) -> String {
        let text = format!("SOAK_SEED={seed}, {store}\n{}", self.0);
        let place = keep(&format!("{store}-{seed}"), &text);
        format!("{text}{place}")
    }
}

/// Writes a file, and says where it is.
fn keep(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("soak-{name}.txt"));
    match fs::write(&path, text) {
        Ok(()) => format!("This is kept in {}.", path.display()),
        Err(error) => format!("This cannot be kept in {}: {error}", path.display()),
    }
}

/// Leaves only what scrapes must have seen for the history to be wrong.
fn forget_looks(view: &mut View) {
    let mut at = 0;
    while at < view.looks.len() {
        let look = view.looks.remove(at);
        if view.check().is_ok() {
            view.looks.insert(at, look);
            at += 1;
        }
    }
}
