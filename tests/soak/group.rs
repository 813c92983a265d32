//! One group from epoch to epoch, and the judgement of its history.

use crate::epoch::Outcome;
use crate::excuses;
use crate::plan::{GroupPlan, Request, Setup};
use crate::promises::{self, Families, Kind, View};
use crate::record::Record;
use crate::report::{Verdict, Violation};
use crate::requests::Sender;

/// How many sets of families fill a group's slots, with the four that [`Group::fill`] pushes besides.
const OTHERS: usize = 60;

/// How often a request is tried while nothing goes wrong.
const ATTEMPTS: usize = 5;

/// What is known of a group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// What the last scrape showed.
    seen: promises::Group,
    /// What has been done since the group was begun anew, in epochs past and in this.
    era: Vec<Record>,
    /// How much of that `seen` includes.
    judged: usize,
    /// The class of all that; `None` if it is of several.
    class: Option<usize>,
    /// Whether an exception may have left something behind that shows later.
    is_tainted: bool,
    /// Whether POSTs find no slot of their own.
    is_full: bool,
    /// Whether it was begun with a PUT.
    is_put: bool,
}

impl Group {
    /// Begins the group anew, if that is wanted or nothing could be said about it otherwise.
    ///
    /// # Errors
    ///
    /// A request fails though nothing goes wrong.
    pub(crate) fn set_up(
        &mut self,
        sender: &Sender<'_>,
        number: usize,
        plan: &GroupPlan,
        random: &mut fastrand::Rng,
    ) -> Result<(), String> {
        let is_same_class = self.class == Some(plan.class);
        let must_begin = self.is_tainted || (plan.is_strict && !is_same_class);
        let setup = match plan.setup {
            Setup::CarryOn if !must_begin => {
                self.class = self.class.filter(|_| is_same_class);
                return Ok(());
            }
            Setup::CarryOn => Setup::Put,
            setup => setup,
        };
        *self = Self {
            seen: self.seen,
            class: Some(plan.class),
            is_full: matches!(setup, Setup::Full | Setup::FullOnPut),
            is_put: matches!(setup, Setup::Put | Setup::FullOnPut),
            ..Self::default()
        };
        let kind = if self.is_put { Kind::Put } else { Kind::Delete };
        // Of a set that the class has.
        let planned = plan.clients.iter().flatten().next();
        let families = planned.map_or(Families(0), |request| request.families);
        self.insist(|| sender.change(random, number, Request { kind, families }))?;
        if self.is_full {
            self.fill(sender, number, random)?;
        }
        Ok(())
    }

    fn fill(
        &mut self,
        sender: &Sender<'_>,
        number: usize,
        random: &mut fastrand::Rng,
    ) -> Result<(), String> {
        for other in 0..OTHERS {
            self.insist(|| sender.post_other(random, number, other))?;
        }
        for set in ["a", "ab", "bc", "c"] {
            let (kind, families) = (Kind::Post, Families::of(set));
            self.insist(|| sender.change(random, number, Request { kind, families }))?;
        }
        Ok(())
    }

    fn insist(&mut self, mut send: impl FnMut() -> Result<Record, String>) -> Result<(), String> {
        for _ in 0..ATTEMPTS {
            self.era.push(send()?);
            if self.era.last().is_some_and(|sent| sent.change.is_done) {
                return Ok(());
            }
        }
        let sent = self.era.last().map(ToString::to_string);
        Err(format!("fails though nothing goes wrong: {sent:?}"))
    }

    /// Whether [`Self::look`] has to follow: a history of so many requests cannot be judged.
    pub(crate) fn is_filled_anew(&self) -> bool {
        self.is_full && self.judged == 0
    }

    /// Takes for granted what scrapes show now.
    pub(crate) fn look(&mut self, seen: impl Iterator<Item = promises::Group>) {
        self.seen = seen.last().unwrap_or_default();
        self.judged = self.era.len();
    }

    /// Judges what was done to the group in this epoch.
    ///
    /// # Errors
    ///
    /// Nothing explains or excuses what was seen.
    pub(crate) fn judge(
        &mut self,
        number: usize,
        plan: &GroupPlan,
        outcome: &Outcome,
        after: Vec<promises::Group>,
    ) -> Result<Verdict, Violation> {
        let records = outcome.records.iter();
        self.era
            .extend(records.filter(|record| record.group == number).cloned());
        let new = self.era.get(self.judged..).unwrap_or_default();
        let is_strict = plan.is_strict && self.class.is_some() && !self.is_full;
        let excuses = if is_strict {
            String::new()
        } else {
            excuses::possible(new, &self.era, self.is_full)
        };
        let view = View {
            before: self.seen,
            changes: new.iter().map(|record| record.change).collect(),
            looks: outcome
                .scrapes
                .iter()
                .map(|scraped| scraped.look(number))
                .collect(),
            after: after.clone(),
            lags: false,
            takes_over: self.is_full && !self.is_put,
        };
        self.is_tainted = !excuses.is_empty();
        let verdict = match view.check() {
            Ok(()) if self.is_tainted => Verdict::KeptThoughExcusable,
            Ok(()) => Verdict::Kept,
            Err(problem) => {
                let violation = Violation::of(number, &problem, view, &self.era, &excuses);
                if !self.is_tainted {
                    return Err(violation);
                }
                Verdict::Excused(violation)
            }
        };
        self.look(after.into_iter());
        Ok(verdict)
    }
}
