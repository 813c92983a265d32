//! Which groups are pushed.

use std::collections::BTreeSet;

use spin_pushgateway::groups::key::GroupId;
use spin_pushgateway::groups::own::PUSH_TIME;

use super::SourceGroup;
use super::series::{self, Index};

/// The groups to push, and how many of them fall together with another. Why others are not pushed is
/// added to `left_out`.
pub(super) fn plan(
    groups: Vec<SourceGroup>,
    target: &Index<'_>,
    replace: bool,
    left_out: &mut Vec<String>,
) -> (Vec<SourceGroup>, usize) {
    let mut ids: BTreeSet<GroupId> = BTreeSet::new();
    let mut merged = 0;
    let mut planned = Vec::new();
    for group in groups {
        if !group.was_pushed {
            let text = format!("{}: holds rejected pushes only", group.key);
            left_out.push(text);
            continue;
        }
        if !replace && target.contains_key(&push_time(&group)) {
            let text = format!("{}: TARGET has this group; see --replace", group.key);
            left_out.push(text);
            continue;
        }
        if !ids.insert(group.key.id()) {
            merged += 1;
        }
        planned.push(group);
    }
    (planned, merged)
}

/// The series that every group has.
pub(super) fn push_time(group: &SourceGroup) -> series::Id {
    let labels = group.key.labels();
    series::id_of(
        PUSH_TIME,
        labels.map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
}
