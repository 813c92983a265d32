//! What is said in the end: how much was tried, and what broke a promise.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use crate::epoch::Outcome;
use crate::plan::{LIFETIME, Plan, Trouble};
use crate::promises::{Pushed, View};
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
    /// How often all clocks have leapt.
    leaps: usize,
    /// Pushes that were answered and asked to be shown for a limited time.
    limited: usize,
    /// Samples that arrived at receivers, and values that had to.
    samples: usize,
    due: usize,
    /// Those of them that did not, and are excused.
    forgotten: Vec<Violation>,
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
        let is_limited = |record: &&Record| is_done(record) && record.lifetime != LIFETIME;
        self.limited += outcome.records.iter().filter(is_limited).count();
        self.leaps += usize::from(plan.leaps);
        self.scrapes += outcome.scrapes.len();
        self.failed_scrapes += outcome.failed_scrapes;
        for (_, trouble) in &plan.troubles {
            match trouble {
                Trouble::KillHost(_) => self.kills += 1,
                Trouble::KillStore | Trouble::StopStore => self.restarts += 1,
                Trouble::Receiver(_) => {}
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

    /// Adds what was forwarded in an epoch: the samples that arrived, how many values had to arrive, and those of them
    /// that did not, which is excused.
    pub(crate) fn delivered(&mut self, samples: usize, due: usize, forgotten: Vec<Violation>) {
        self.samples += samples;
        self.due += due;
        self.forgotten.extend(forgotten);
    }

    /// Keeps what was excused in a file, for people to judge whether it should have been. Returns where, if there is any.
    pub(crate) fn keep_excused(&self, store: &str, seed: u64) -> Option<String> {
        let all = self.excused.iter().chain(&self.forgotten);
        let texts: Vec<_> = all.map(|one| one.0.as_str()).collect();
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
            "{} stores, {} epochs; {} pushes and deletions answered, {} not, {} for a limited time; {} scrapes answered, \
             {} not; {} hosts killed, {} restarts of the store, {} leaps of the clocks; of its calls {failed} failed, {lost} seemed to, {waited} \
             waited; {} samples forwarded, {} values had to be, {} of them were not and are excused; {} histories kept \
             all promises, and {} to which an exception may have applied; {} were excused",
            self.stores,
            self.epochs,
            self.answered,
            self.unanswered,
            self.limited,
            self.scrapes,
            self.failed_scrapes,
            self.kills,
            self.restarts,
            self.leaps,
            self.samples,
            self.due,
            self.forgotten.len(),
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
        tell(&mut text, era);
        text.push_str("what these saw needs explanation:\n");
        for look in &view.looks {
            let _ = writeln!(
                text,
                "{:>9} to {:>9} us  {:?}, clock {:?}",
                look.began, look.answered, look.seen, look.clock
            );
        }
        for look in &view.after {
            let (seen, clock) = (look.seen, look.clock);
            let _ = writeln!(text, "at last  {seen:?}, clock {clock:?}");
        }
        let _ = writeln!(text, "ends: {:?}", view.ends);
        Self(text)
    }

    /// Of a family's value that scrapes show, and that never arrives where it is forwarded to; the lines say more.
    pub(crate) fn of_delivery(
        group: usize,
        family: char,
        number: Pushed,
        era: &[Record],
        lines: impl Iterator<Item = String>,
    ) -> Self {
        let mut text = format!("group {group}: {family} of #{number} is not forwarded\n");
        tell(&mut text, era);
        for line in lines {
            let _ = writeln!(text, "{line}");
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

/// Adds these requests, in the order in which they began.
fn tell(text: &mut String, era: &[Record]) {
    let mut era: Vec<_> = era.iter().collect();
    era.sort_by_key(|record| record.change.began);
    for record in era {
        let _ = writeln!(text, "{record}");
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
