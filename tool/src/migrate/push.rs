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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::series::Series;
    use spin_pushgateway::exposition::model::{Metric, MetricType, Value};
    use spin_pushgateway::groups::key::GroupingKey;

    fn group(labels: &[(&str, &str)], was_pushed: bool) -> SourceGroup {
        SourceGroup {
            key: GroupingKey::new(labels.iter().copied()).expect("has a job"),
            body: Vec::new(),
            was_pushed,
        }
    }

    #[test]
    fn groups_that_the_target_has_are_pushed_only_if_told_so() {
        let held = group(&[("job", "held")], true);
        let groups = || {
            vec![
                held.clone(),
                group(&[("job", "new")], true),
                group(&[("job", "new"), ("instance", "")], true),
                group(&[("job", "rejected")], false),
            ]
        };
        let time = Series {
            metric_type: MetricType::Gauge,
            help: None,
            unit: None,
            metric: Metric {
                labels: Vec::new(),
                value: Value::Gauge(1.0),
                timestamp_ms: None,
            },
        };
        let target = Index::from([(push_time(&held), time)]);

        let mut left_out = Vec::new();
        let (planned, merged) = plan(groups(), &target, false, &mut left_out);
        assert_eq!((planned.len(), merged), (2, 1));
        let want = [
            "{job=\"held\"}: TARGET has this group; see --replace",
            "{job=\"rejected\"}: holds rejected pushes only",
        ];
        assert_eq!(left_out, want);

        left_out.clear();
        let (planned, merged) = plan(groups(), &target, true, &mut left_out);
        assert_eq!((planned.len(), merged, left_out.len()), (3, 1, 1));
    }
}
