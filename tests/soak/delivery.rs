//! Whether what is pushed arrives at the receiver of what is forwarded.
//!
//! - *Nothing forgotten.* Each group is pushed to once more when nothing goes wrong any more; where forwarding that takes
//!   too long, on a slow machine, a few times. Then all that scrapes show of it arrives, whatever became of the pushes that brought it: hosts were killed, the receiver failed or said nothing.
//! - *Nothing made up.* Whatever arrives was pushed, to that group.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use crate::group::{AGAIN, Group};
use crate::hosts::FORWARD_TIMEOUT;
use crate::plan::GROUPS;
use crate::promises::{FAMILIES, Families, Kind, Pushed, name};
use crate::record::{Record, Scraped, shown};
use crate::report::Violation;
use crate::requests::Sender;
use crate::support::receiver::{Behaviour, Received, Receiver};
use crate::support::remote_write::{self, Point, Series};

/// How long forwarding a push may take until it is over, whatever came of it: a host may take a while to settle when the
/// time for it is up.
const OVER: Duration = FORWARD_TIMEOUT.saturating_add(Duration::from_secs(1));

/// How often each group is pushed to again, at most.
const ATTEMPTS: usize = 5;

/// A group and one of its families, with the number of the push that brought it.
pub(crate) type Value = (usize, usize, Pushed);

/// A value that came, and what the receiver did with it.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    came: Instant,
    behaviour: Behaviour,
    value: Value,
}

/// What has been pushed, and what has arrived.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pushed: HashMap<Pushed, (usize, Families)>,
    arrived: HashSet<Value>,
    /// What never arrived, which was excused.
    forgotten: HashSet<Value>,
    /// What has come since the epoch began, and when, whatever the receiver did with it.
    log: Vec<Arrival>,
    /// How many samples have arrived, at least once each.
    samples: usize,
}

impl Delivery {
    /// Takes notice of a request.
    fn note(&mut self, record: &Record) {
        if record.is_push() {
            let change = record.change;
            self.pushed
                .insert(change.number, (record.group, change.families));
        }
    }

    /// How many samples have arrived since this was last asked.
    pub(crate) fn take_samples(&mut self) -> usize {
        std::mem::take(&mut self.samples)
    }

    /// What must arrive of what this scrape saw, the last of an epoch: what nobody hides yet.
    pub(crate) fn due(
        &self,
        sender: &Sender<'_>,
        groups: &[Group; GROUPS],
        last: &Scraped,
    ) -> Vec<Value> {
        let clocks = sender.hosts.all().into_iter().map(|target| target.clock);
        let latest = shown(clocks.max().unwrap_or_default(), sender.stopwatch.now());
        let groups = groups.iter().zip(&last.seen).enumerate();
        let values = groups.flat_map(|(number, (group, seen))| {
            let lasting = group.lasting(seen, latest);
            lasting.map(move |(family, push)| (number, family, push.change.number))
        });
        values
            .filter(|value| !self.forgotten.contains(value))
            .collect()
    }

    /// Waits until these have arrived, and pushes again where something is missing. Returns what was forgotten, which is
    /// excused; `has_failed` is whether the receiver, or calls of the store, have failed in the epoch.
    ///
    /// # Errors
    ///
    /// Something does not arrive, or something arrived that nobody has pushed.
    pub(crate) fn insist(
        &mut self,
        sender: &Sender<'_>,
        receiver: &Receiver,
        groups: &mut [Group; GROUPS],
        due: &[Value],
        has_failed: bool,
        random: &mut fastrand::Rng,
    ) -> Result<Vec<Violation>, Violation> {
        let mut missing = due.to_vec();
        self.log.clear();
        let mut forgotten = Vec::new();
        for _ in 0..ATTEMPTS {
            for record in groups.iter().flat_map(Group::era) {
                self.note(record);
            }
            missing = self.wait_for(receiver, missing)?;
            let is_excused = |value: &mut Value| {
                let era = groups[value.0].era();
                let push = era.iter().find(|record| record.change.number == value.2);
                push.is_some_and(|push| {
                    let has_failed = has_failed || !sender.hosts.is_alive(push.target);
                    may_be_forgotten(push, era, has_failed)
                })
            };
            for value in missing.extract_if(.., is_excused) {
                self.forgotten.insert(value);
                forgotten.push(self.violation(value, sender, groups));
            }
            let late: BTreeSet<_> = missing.iter().map(|(group, _, _)| *group).collect();
            if late.is_empty() {
                return Ok(forgotten);
            }
            for group in late {
                let number = groups[group].push_again(sender, group, random)?;
                // It replaces what the last one like it brought.
                let replaced = missing
                    .iter_mut()
                    .filter(|value| (value.0, value.1) == (group, AGAIN));
                replaced.for_each(|value| value.2 = number);
            }
        }
        let first = missing
            .first()
            .map(|value| self.violation(*value, sender, groups));
        first.map_or(Ok(forgotten), Err)
    }

    fn violation(
        &self,
        (group, family, number): Value,
        sender: &Sender<'_>,
        groups: &[Group; GROUPS],
    ) -> Violation {
        let came = self.log.iter().filter(|came| came.value.0 == group);
        let came = came.map(|one| {
            let (came, behaviour) = (sender.stopwatch.at(one.came), one.behaviour);
            let (_, family, number) = one.value;
            format!(
                "{came:>9} us  came {} of #{number}: {behaviour:?}",
                name(family)
            )
        });
        let lines = came.chain(sender.hosts.logs());
        Violation::of_delivery(group, name(family), number, groups[group].era(), lines)
    }

    /// Waits until these have arrived, or forwarding is over, and returns those that have not.
    fn wait_for(
        &mut self,
        receiver: &Receiver,
        mut values: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        let deadline = Instant::now() + OVER;
        loop {
            for received in receiver.wait_for(0) {
                self.take(&received)?;
            }
            values.retain(|value| !self.arrived.contains(value));
            if values.is_empty() || Instant::now() >= deadline {
                return Ok(values);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn take(&mut self, received: &Received) -> Result<(), String> {
        let series = remote_write::decode(&received.message);
        for series in series.ok_or("what arrives is no WriteRequest")? {
            let value = self.value(&series);
            let value = value.ok_or_else(|| format!("nobody has pushed {series:?}"))?;
            self.log.extend(value.map(|value| Arrival {
                came: received.came,
                behaviour: received.behaviour,
                value,
            }));
            // What the receiver did not take has not arrived.
            if received.behaviour == Behaviour::Answers(204) {
                self.samples += 1;
                self.arrived.extend(value);
            }
        }
        Ok(())
    }

    /// Of which push a series is; `Some(None)` for one that says nothing of that.
    fn value(&self, series: &Series) -> Option<Option<Value>> {
        let [(_, metric), (_, group), (_, _)] = series.labels.as_slice() else {
            return None;
        };
        let names = series.labels.iter().map(|(name, _)| name.as_str());
        if !names.eq(["__name__", "group", "job"]) {
            return None;
        }
        let group: usize = group.parse().ok().filter(|group| *group < GROUPS)?;
        let Point::Sample(sample) = series.point else {
            return None;
        };
        if metric == "push_time_seconds" || (metric.starts_with("other") && sample == 1.0) {
            return Some(None);
        }
        let family = (0..FAMILIES).find(|family| *metric == name(*family).to_string())?;
        let number = sample as Pushed;
        let (pushed_to, families) = self.pushed.get(&number)?;
        let is_pushed = *pushed_to == group && families.has(family) && f64::from(number) == sample;
        is_pushed.then_some(Some((group, family, number)))
    }
}

/// Whether an exception may apply that `docs/forwarding.md` states.
///
/// The mark of this push, or of its failure, may have been deleted in place of that of another, which was still being
/// forwarded when it was written; and this one was not sent, since its host was killed, or the receiver or a call of the
/// store failed: `has_failed`. Or the index of the group may lack it, since another POST was under way.
fn may_be_forgotten(push: &Record, era: &[Record], has_failed: bool) -> bool {
    let most = u64::try_from(OVER.as_micros()).expect("fits");
    let mut others = era.iter().filter(|other| other.is_push());
    others.any(|other| {
        let is_forwarded_meanwhile = other.change.number != push.change.number
            && other.change.began <= push.change.answered
            && push.change.began <= other.change.answered + most;
        let are_posts = [other, push]
            .iter()
            .all(|one| one.change.kind == Kind::Post);
        (has_failed && is_forwarded_meanwhile) || (are_posts && other.meets(push))
    })
}
