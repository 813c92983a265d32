//! The exceptions that the guarantees state, as properties of a history. One that has none of them must be explained.

use super::history::{History, Operation};
use super::scenario::{Before, GROUPS, Kind};

/// Which exceptions may excuse a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Excuses {
    /// Clocks that disagree.
    pub(crate) clocks: bool,
    /// An operation that stalled.
    pub(crate) stalls: bool,
    /// A POST that failed at the worst moment.
    pub(crate) broken_take_over: bool,
}

impl Excuses {
    /// Whether one of these exceptions applies to the history.
    pub(crate) fn apply(self, history: &History) -> bool {
        (self.clocks && clocks_disagree(history))
            || (self.stalls && stalls(history))
            || (self.broken_take_over && broken_take_over(history))
    }
}

/// Whether two POSTs to one group, whose sets of families overlap but differ, were written in one order and have times
/// in the other, and one of them was under way together with another POST to the group or with what tidies up.
pub(crate) fn clocks_disagree(history: &History) -> bool {
    let is_full = matches!(
        history.scenario.before,
        Before::FullIndex | Before::FullIndexOnPut
    );
    let posts: Vec<&Operation> = history
        .operations
        .iter()
        .filter(|one| one.request.kind == Kind::Post)
        .collect();
    let met_others = |post: &Operation| {
        history.operations.iter().any(|other| {
            let counts = match other.request.kind {
                Kind::Post => other.request.group == post.request.group,
                Kind::ScrapeAndTidy => true,
                _ => false,
            };
            counts && other.number != post.number && overlap(post, other)
        })
    };
    posts.iter().any(|a| {
        posts.iter().any(|b| {
            let overlapping = a.request.families.0 & b.request.families.0 != 0;
            let share_slot = a.request.families == b.request.families && !is_full;
            a.request.group == b.request.group
                && overlapping
                && !share_slot
                && a.span.last_change < b.span.last_change
                && a.span.clock >= b.span.clock
                && (met_others(a) || met_others(b))
        })
    })
}

/// Whether two operations were under way at the same time.
fn overlap(a: &Operation, b: &Operation) -> bool {
    a.began <= b.over && b.began <= a.over
}

/// Whether two others wrote to the same group between the first call of an operation and its last change.
pub(crate) fn stalls(history: &History) -> bool {
    let operations = &history.operations;
    operations.iter().any(|stalled| {
        let writers = |group: usize| {
            let wrote_meanwhile = |other: &&Operation| {
                other.number != stalled.number
                    && !other.request.kind.is_scrape()
                    && other.request.group == group
                    && stalled.span.first < other.span.last_change
                    && other.span.last_change < stalled.span.last_change
            };
            operations.iter().filter(wrote_meanwhile).count()
        };
        let is_scrape = stalled.request.kind.is_scrape();
        (0..GROUPS)
            .any(|group| (is_scrape || group == stalled.request.group) && writers(group) >= 2)
    })
}

/// Whether a POST that took over what earlier ones left behind failed while a DELETE was under way.
pub(crate) fn broken_take_over(history: &History) -> bool {
    let operations = &history.operations;
    history.scenario.before == Before::FullIndex
        && operations.iter().any(|post| {
            let is_delete = |other: &Operation| {
                other.request.kind == Kind::Delete
                    && other.request.group == post.request.group
                    && overlap(post, other)
            };
            post.request.kind == Kind::Post && !post.is_done() && operations.iter().any(is_delete)
        })
}
