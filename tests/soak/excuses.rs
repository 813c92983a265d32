//! The exceptions that the guarantees state, as they show from outside.
//!
//! The model test sees when an operation reads and writes, and what its clock shows. Here only its beginning and its
//! answer are known, so these excuse more than is really excused. Histories that nothing excuses are the majority all
//! the same; the totals say how many. That tidying up after a scrape may stall is excused only where a group was at rest
//! for a minute or more, which takes a leap of all clocks: else it does no harm.

use crate::epoch::Outcome;
use crate::promises::Kind;
use crate::record::Record;

/// The letters of the exceptions that may have applied to requests to a group in one epoch.
///
/// `era` is these and those of earlier epochs; `is_full` is whether POSTs found no free slot.
pub(crate) fn possible(records: &[Record], era: &[Record], is_full: bool) -> String {
    [
        ('a', clocks_disagree(era, is_full)),
        ('b', stalls(records)),
        ('d', is_full && broken_take_over(records)),
    ]
    .into_iter()
    .filter_map(|(letter, may_apply)| may_apply.then_some(letter))
    .collect()
}

/// Exception (a): two POSTs of sets that overlap but differ, through hosts whose clocks differ, one of them under way
/// together with another POST. Of a group without free slots, also two of the same set.
fn clocks_disagree(records: &[Record], is_full: bool) -> bool {
    let posts = || records.iter().filter(|one| one.change.kind == Kind::Post);
    let met = |post: &Record| posts().any(|other| other.meets(post));
    posts().any(|a| {
        posts().any(|b| {
            let (ours, theirs) = (a.change.families, b.change.families);
            let share_no_slot = ours.crosses(theirs) || (is_full && ours.0 & theirs.0 != 0);
            share_no_slot && a.target.clock != b.target.clock && (met(a) || met(b))
        })
    })
}

/// Exception (b): two other operations were under way at some time between the beginning of one and its end.
fn stalls(records: &[Record]) -> bool {
    records
        .iter()
        .any(|one| records.iter().filter(|other| other.meets(one)).count() >= 2)
}

/// Exception (d): a POST to a group without free slots and without a PUT failed while a DELETE was under way.
fn broken_take_over(records: &[Record]) -> bool {
    let is_broken_post = |one: &&Record| one.change.kind == Kind::Post && !one.change.is_done;
    records.iter().filter(is_broken_post).any(|post| {
        records
            .iter()
            .any(|other| other.change.kind == Kind::Delete && other.meets(post))
    })
}

/// Exception (e), of a group of which everything had expired long ago: something was pushed to it while a scrape was
/// under way, or after one, which may have been about to remove the group.
pub(crate) fn is_removed_meanwhile(records: &[Record], outcome: &Outcome) -> bool {
    let mut pushes = records.iter().filter(|record| record.is_push());
    pushes.any(|push| {
        outcome.failed_scrapes > 0
            || outcome
                .scrapes
                .iter()
                .any(|scrape| scrape.began <= push.change.answered)
    })
}
