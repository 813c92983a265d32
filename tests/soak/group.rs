//! One group from epoch to epoch, and the judgement of its history.

use std::collections::BTreeMap;

use crate::epoch::Outcome;
use crate::excuses;
use crate::plan::{GroupPlan, Request, Setup};
use crate::promises::{self, ABSENT, FAMILIES, Families, Kind, Look, Pushed, Span, View};
use crate::record::Record;
use crate::report::{Verdict, Violation};
use crate::requests::Sender;

/// How many sets of families fill a group's slots, with the four that [`Group::fill`] pushes besides.
const OTHERS: usize = 60;

/// The family that is pushed to each group when nothing goes wrong any more, if what is pushed is forwarded.
pub(crate) const AGAIN: usize = FAMILIES - 1;

/// How often a request is tried while nothing goes wrong.
const ATTEMPTS: usize = 5;

/// What is known of a group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// What may be there.
    left: Vec<promises::Group>,
    /// What has been done since the group was begun anew, in epochs past and in this.
    era: Vec<Record>,
    /// How much of that `left` includes.
    judged: usize,
    /// The class of all that; `None` if it is of several.
    class: Option<usize>,
    /// Whether an exception may have left something behind that shows later.
    is_tainted: bool,
    /// Whether POSTs find no slot of their own.
    is_full: bool,
    /// Whether it was begun with a PUT.
    is_put: bool,
    /// Whether everything in it had expired long ago when the epoch began.
    was_over: bool,
    /// By how many seconds the fastest clock was ahead of a host that has pushed to it.
    fastest: i64,
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
            left: std::mem::take(&mut self.left),
            fastest: self.fastest,
            class: Some(plan.class),
            is_full: matches!(setup, Setup::Full | Setup::FullOnPut),
            is_put: matches!(setup, Setup::Put | Setup::FullOnPut),
            ..Self::default()
        };
        let kind = if self.is_put { Kind::Put } else { Kind::Delete };
        // Of a set that the class has.
        let planned = plan.clients.iter().flatten().next();
        let families = planned.map_or(Families(0), |request| request.families);
        let request = Request::new(kind, families);
        self.insist(|| sender.change(random, number, request))?;
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
            let request = Request::new(Kind::Post, Families::of(set));
            self.insist(|| sender.change(random, number, request))?;
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
    pub(crate) fn look(&mut self, seen: promises::Group) {
        self.left = vec![seen];
        self.judged = self.era.len();
    }

    /// All clocks have leapt, and everything in the group has expired long ago.
    pub(crate) fn leap(&mut self) {
        self.look(promises::Group::default());
        self.era.clear();
        self.judged = 0;
        self.class = None;
        self.was_over = true;
    }

    /// Pushes the family [`AGAIN`] to the group, while nothing goes wrong. Returns the number of the push.
    ///
    /// # Errors
    ///
    /// As [`Self::set_up`].
    pub(crate) fn push_again(
        &mut self,
        sender: &Sender<'_>,
        number: usize,
        random: &mut fastrand::Rng,
    ) -> Result<Pushed, String> {
        let request = Request::new(Kind::Post, Families(1 << AGAIN));
        self.insist(|| sender.change(random, number, request))?;
        let last = self.era.last();
        Ok(last.map_or(ABSENT, |record| record.change.number))
    }

    /// The requests that may have to do with what the group holds.
    pub(crate) fn era(&self) -> &[Record] {
        &self.era
    }

    /// Of what was seen of the group, the families and their pushes that nobody hides who looks by this time.
    pub(crate) fn lasting(
        &self,
        seen: &promises::Group,
        time: i64,
    ) -> impl Iterator<Item = (usize, &Record)> {
        let families = seen.families.into_iter().enumerate();
        families.filter_map(move |(family, pushed)| {
            let mut era = self.era.iter();
            let push = era.find(|record| record.change.number == pushed)?;
            (push.end(self.fastest).from > time).then_some((family, push))
        })
    }

    /// From when on what pushes to the group brought is no longer shown.
    fn ends(&self) -> BTreeMap<Pushed, Span> {
        let pushes = self.era.iter().filter(|record| record.is_push());
        pushes
            .map(|record| (record.change.number, record.end(self.fastest)))
            .collect()
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
        after: Vec<Look>,
    ) -> Result<Verdict, Violation> {
        let records = outcome.records.iter();
        self.era
            .extend(records.filter(|record| record.group == number).cloned());
        let clocks = self.era.iter().map(|record| record.target.clock);
        self.fastest = clocks.fold(self.fastest, i64::max);
        let was_over = std::mem::take(&mut self.was_over);
        let new = self.era.get(self.judged..).unwrap_or_default();
        let is_strict = plan.is_strict && self.class.is_some() && !self.is_full;
        let mut excuses = if is_strict {
            String::new()
        } else {
            excuses::possible(new, &self.era, self.is_full)
        };
        if was_over && excuses::is_removed_meanwhile(new, outcome) {
            excuses.push('e');
        }
        let view = View {
            before: if self.left.is_empty() {
                vec![promises::Group::default()]
            } else {
                self.left.clone()
            },
            changes: new.iter().map(|record| record.change).collect(),
            looks: outcome
                .scrapes
                .iter()
                .map(|scraped| scraped.look(number))
                .collect(),
            after,
            ends: self.ends(),
            lags: false,
            takes_over: self.is_full && !self.is_put,
        };
        self.is_tainted = !excuses.is_empty();
        let verdict = match view.check() {
            Ok(()) => {
                self.left = view.left();
                if self.is_tainted {
                    Verdict::KeptThoughExcusable
                } else {
                    Verdict::Kept
                }
            }
            Err(problem) => {
                self.left = view
                    .after
                    .last()
                    .map(|look| look.seen)
                    .into_iter()
                    .collect();
                let violation = Violation::of(number, &problem, view, &self.era, &excuses);
                if !self.is_tainted {
                    return Err(violation);
                }
                Verdict::Excused(violation)
            }
        };
        self.judged = self.era.len();
        Ok(verdict)
    }
}
