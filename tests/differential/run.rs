//! Running sequence after sequence, and reporting.

use std::collections::BTreeMap;
use std::env;
use std::fmt;

use super::compare::{Difference, Pair, Step};
use super::generate::sequence;
use super::request::Request;
use super::script;
use super::shrink::shrink;

/// How often a failing case is tried in a smaller form.
const SHRINK_ATTEMPTS: usize = 400;

/// How much is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The seed of the first sequence; each further one has the next number.
    seed: u64,
    /// How many requests are sent, at least.
    pushes: usize,
    /// After how many differences the run ends.
    failures: usize,
}

impl Plan {
    /// That many requests, always the same ones.
    pub(crate) fn fixed(pushes: usize) -> Self {
        Self {
            seed: 1,
            pushes,
            failures: 1,
        }
    }

    /// What the environment asks for; that many requests if it does not say.
    pub(crate) fn from_env(pushes: usize) -> Self {
        let number = |name: &str, default: usize| {
            env::var(name).map_or(default, |text| {
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} is no number: {text}"))
            })
        };
        let seed = match env::var("DIFF_SEED").as_deref() {
            Ok("random") => fastrand::u64(..u64::MAX / 2),
            _ => number("DIFF_SEED", 1) as u64,
        };
        Self {
            seed,
            pushes: number("DIFF_PUSHES", pushes),
            failures: number("DIFF_FAILURES", 1).max(1),
        }
    }
}

/// A difference that is not intended, with a small case that shows it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The seed of the sequence it was found in.
    seed: u64,
    /// The requests that show it.
    pub(crate) requests: Vec<Request>,
    /// What the sides say after the last of them.
    difference: Difference,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- a difference, found with DIFF_SEED={}", self.seed)?;
        write!(f, "{}{}", self.difference, script::render(&self.requests))
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Report {
    seed: u64,
    sequences: u64,
    statuses: BTreeMap<u16, usize>,
    parted: usize,
    met: Vec<(&'static str, usize, &'static str)>,
    /// The differences that are not intended.
    pub(crate) failures: Vec<Failure>,
}

impl Report {
    fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or_default()
    }

    /// Panics if the run has not exercised both acceptance and refusal.
    pub(crate) fn assert_meaningful(&self) {
        let (accepted, refused) = (self.count(200) + self.count(202), self.count(400));
        let total: usize = self.statuses.values().sum();
        assert!(
            accepted * 4 > total && refused * 10 > total && self.count(202) > 0,
            "nearly everything is {} now, the test has lost its point",
            if accepted > refused {
                "accepted"
            } else {
                "refused"
            }
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} sequences from seed {}, answers by status: {:?}, {} sequences ended early",
            self.sequences, self.seed, self.statuses, self.parted
        )?;
        for (id, count, reason) in &self.met {
            writeln!(f, "intended, met {count} times: {id}: {reason}")?;
        }
        for failure in &self.failures {
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

/// Runs the plan.
pub(crate) fn run(pair: &mut Pair, plan: &Plan) -> Report {
    let mut report = Report {
        seed: plan.seed,
        sequences: 0,
        statuses: BTreeMap::new(),
        parted: 0,
        met: Vec::new(),
        failures: Vec::new(),
    };
    let mut sent = 0;
    while sent < plan.pushes && report.failures.len() < plan.failures {
        let seed = plan.seed + report.sequences;
        let requests = sequence(seed, pair.rules.names);
        report.sequences += 1;
        sent += requests.len();
        pair.reset();
        for index in 0..requests.len() {
            let so_far = &requests[..=index];
            match pair.step(so_far) {
                Step::Same(status) => *report.statuses.entry(status).or_default() += 1,
                Step::PartedWays => {
                    report.parted += 1;
                    break;
                }
                Step::Different(difference) => {
                    report
                        .failures
                        .push(smallest(pair, seed, so_far, *difference));
                    break;
                }
            }
        }
    }
    pair.reset();
    report.met = pair.met();
    report
}

/// The failure with as few requests as possible.
fn smallest(pair: &mut Pair, seed: u64, requests: &[Request], found: Difference) -> Failure {
    let (kind, statuses) = (found.kind, found.statuses);
    let alike = |other: Difference| other.kind == kind && other.statuses == statuses;
    pair.be_patient(false);
    let small = shrink(requests.to_vec(), SHRINK_ATTEMPTS, |requests| {
        replay(pair, requests).is_some_and(alike)
    });
    pair.be_patient(true);
    // The small case has to hold; a difference by chance does not.
    let (requests, difference) = match replay(pair, &small) {
        Some(difference) => (small, difference),
        None => (requests.to_vec(), found),
    };
    Failure {
        seed,
        requests,
        difference,
    }
}

/// The difference that the requests lead to on sides without data.
fn replay(pair: &mut Pair, requests: &[Request]) -> Option<Difference> {
    pair.reset();
    for index in 0..requests.len() {
        match pair.step(&requests[..=index]) {
            Step::Same(_) => {}
            Step::PartedWays => return None,
            Step::Different(difference) => return Some(*difference),
        }
    }
    None
}
