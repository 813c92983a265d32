//! The metrics that every group has without anyone pushing them.

use super::entry::Nanos;
use super::fold::Group;
use super::own;
use super::series::{self, RenderedFamily, RenderedSeries};
use crate::exposition::model::MetricType;
use crate::exposition::number::write_float;
use crate::exposition::text::write_label_set;

/// The automatic gauges of these groups: when a push last failed and when one last succeeded, 0 for never.
///
/// The families are sorted by name, their series in order. Where there is no group there are no families.
#[must_use]
pub fn families(groups: &[Group<'_>]) -> Vec<RenderedFamily<'static>> {
    if groups.is_empty() {
        return Vec::new();
    }
    let mut failure = Vec::with_capacity(groups.len());
    let mut push = Vec::with_capacity(groups.len());
    let mut has_utf8_names = false;
    let mut label_set = String::new();
    for group in groups {
        let labels = series::group_labels(&group.labels);
        has_utf8_names |= series::has_utf8_names(&labels);
        let key = series::sort_key(&labels);
        label_set.clear();
        write_label_set(&mut label_set, &labels);
        failure.push(gauge(
            own::FAILURE_TIME,
            key.clone(),
            &label_set,
            group.failure_time,
        ));
        push.push(gauge(own::PUSH_TIME, key, &label_set, group.push_time));
    }
    failure.sort_by(|a, b| a.key.cmp(&b.key));
    push.sort_by(|a, b| a.key.cmp(&b.key));
    let family = |name, help, series| RenderedFamily {
        has_utf8_names,
        ..RenderedFamily::of_series(name, Some(help), MetricType::Gauge, series)
    };
    vec![
        family(own::FAILURE_TIME, own::FAILURE_TIME_HELP, failure),
        family(own::PUSH_TIME, own::PUSH_TIME_HELP, push),
    ]
}

fn gauge(name: &str, key: Vec<u8>, label_set: &str, time: Option<Nanos>) -> RenderedSeries {
    let mut text = String::with_capacity(name.len() + label_set.len() + 24);
    text.push_str(name);
    text.push_str(label_set);
    text.push(' ');
    write_float(&mut text, seconds(time.unwrap_or(0)));
    text.push('\n');
    RenderedSeries { key, text }
}

/// Seconds since the Unix epoch, as the Pushgateway computes them.
#[allow(
    clippy::cast_precision_loss,
    reason = "a float has no more digits; the Pushgateway's have no more either"
)]
pub(crate) fn seconds(time: Nanos) -> f64 {
    time as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_groups_there_are_no_families() {
        assert_eq!(families(&[]), []);
    }

    #[test]
    fn every_group_has_both() {
        let group = |labels, push_time, failure_time| Group {
            labels,
            push_time,
            failure_time,
            expires: None,
            families: Vec::new(),
        };
        let groups = [
            group(vec![("job", "b"), ("zone", "z")], None, Some(1_500_000_000)),
            group(
                vec![("instance", "i\"\n"), ("job", "a")],
                Some(1_795_405_820_386_308_476),
                None,
            ),
            group(vec![("job", "a")], Some(1), None),
        ];
        let families = families(&groups);
        let [failure, push] = families.as_slice() else {
            panic!("two families")
        };
        let text = |family: &RenderedFamily<'_>| -> String {
            family
                .series
                .iter()
                .map(|series| series.text.as_str())
                .collect()
        };
        assert_eq!(
            text(failure),
            "push_failure_time_seconds{instance=\"\",job=\"a\"} 0\n\
             push_failure_time_seconds{instance=\"i\\\"\\n\",job=\"a\"} 0\n\
             push_failure_time_seconds{instance=\"\",job=\"b\",zone=\"z\"} 1.5\n"
        );
        assert_eq!(
            text(push),
            "push_time_seconds{instance=\"\",job=\"a\"} 1e-09\n\
             push_time_seconds{instance=\"i\\\"\\n\",job=\"a\"} 1.7954058203863084e+09\n\
             push_time_seconds{instance=\"\",job=\"b\",zone=\"z\"} 0\n"
        );
    }
}
