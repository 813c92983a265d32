//! Whether a history keeps the promises, group by group.

use std::collections::BTreeMap;

use super::history::{History, Operation};
use super::promises::{self, Change, Look, Span, View};
use super::scenario::{Before, GROUPS};

/// Says what is wrong with the history.
pub(crate) fn check(history: &History) -> Result<(), String> {
    for group in 0..GROUPS {
        view(history, group)
            .check()
            .map_err(|problem| format!("group {group}: {problem}"))?;
    }
    Ok(())
}

/// What concerns one group.
fn view(history: &History, group: usize) -> View {
    let change = |operation: &Operation| {
        let request = operation.request;
        Some(Change {
            number: operation.number,
            kind: request.kind.change().filter(|_| request.group == group)?,
            families: request.families,
            began: operation.began,
            answered: operation.answered,
            is_done: operation.is_done(),
        })
    };
    let look = |operation: &Operation| Look {
        began: operation.began,
        answered: operation.answered,
        clock: Span::default(),
        seen: operation.seen[group],
    };
    let last_look = |seen: &[promises::Group; GROUPS]| Look {
        began: u64::MAX,
        answered: u64::MAX,
        clock: Span::default(),
        seen: seen[group],
    };
    let operations = &history.operations;
    let is_answered_scrape = |one: &&Operation| one.request.kind.is_scrape() && one.is_done();
    View {
        before: vec![history.before[group]],
        changes: operations.iter().filter_map(change).collect(),
        looks: operations
            .iter()
            .filter(is_answered_scrape)
            .map(look)
            .collect(),
        after: history.after.iter().map(last_look).collect(),
        ends: BTreeMap::new(),
        lags: history.scenario.provider.listings_lag > 0,
        takes_over: history.scenario.before == Before::FullIndex,
    }
}
