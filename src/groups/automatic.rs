//! The metrics that every group has without anyone pushing them.

use super::bytes;
use super::entry::Nanos;
use super::fold::Group;
use super::own;
use super::series::{self, RenderedFamily, RenderedSeries};
use crate::exposition::model::MetricType;
use crate::exposition::number::write_float;
use crate::exposition::text::write_label_set;

/// An automatic gauge: its name, its HELP, and its value for a group that has one.
type Gauge = (&'static str, &'static str, fn(&Group<'_>) -> Option<Nanos>);

/// All of them, sorted by name. Those of the Pushgateway are 0 where there is no time to tell; this gateway's own is
/// there only for groups that expire.
const GAUGES: [Gauge; 3] = [
    (own::FAILURE_TIME, own::FAILURE_TIME_HELP, |group| {
        Some(group.failure_time.unwrap_or(0))
    }),
    (own::PUSH_TIME, own::PUSH_TIME_HELP, |group| {
        Some(group.push_time.unwrap_or(0))
    }),
    (own::EXPIRY_TIME, own::EXPIRY_TIME_HELP, |group| {
        group.expires
    }),
];

/// The automatic gauges of these groups: when a push last failed, when one last succeeded, and when they expire.
///
/// The series of each are in order. A family without series is left out.
#[must_use]
pub fn families(groups: &[Group<'_>]) -> Vec<RenderedFamily<'static>> {
    let mut families = GAUGES.map(|_| Vec::new());
    let mut has_utf8_names = false;
    let mut label_set = String::new();
    for group in groups {
        let labels = series::group_labels(&group.labels);
        has_utf8_names |= series::has_utf8_names(&labels);
        let key = series::sort_key(&labels);
        label_set.clear();
        write_label_set(&mut label_set, &labels);
        for ((name, _, time), family) in GAUGES.iter().zip(&mut families) {
            if let Some(time) = time(group) {
                family.push(sample(name, key.clone(), &label_set, time));
            }
        }
    }
    let families = GAUGES
        .iter()
        .zip(families)
        .filter(|(_, series)| !series.is_empty());
    families
        .map(|((name, help, _), mut series)| {
            series.sort_by(|a, b| bytes::compare(&a.key, &b.key));
            RenderedFamily {
                has_utf8_names,
                ..RenderedFamily::of_series(name, Some(help), MetricType::Gauge, series)
            }
        })
        .collect()
}

/// The gauge of groups whose last push has not been forwarded: their labels, and when that failed.
///
/// Where there is none there is no family.
#[must_use]
pub fn forward_failures(
    failures: &[(Vec<(&str, &str)>, Nanos)],
) -> Option<RenderedFamily<'static>> {
    let mut has_utf8_names = false;
    let mut series: Vec<_> = failures
        .iter()
        .map(|(labels, time)| {
            let labels = series::group_labels(labels);
            has_utf8_names |= series::has_utf8_names(&labels);
            let mut label_set = String::new();
            write_label_set(&mut label_set, &labels);
            let key = series::sort_key(&labels);
            sample(own::FORWARD_FAILURE_TIME, key, &label_set, *time)
        })
        .collect();
    series.sort_by(|a, b| bytes::compare(&a.key, &b.key));
    let (name, help) = (own::FORWARD_FAILURE_TIME, own::FORWARD_FAILURE_TIME_HELP);
    (!series.is_empty()).then(|| RenderedFamily {
        has_utf8_names,
        ..RenderedFamily::of_series(name, Some(help), MetricType::Gauge, series)
    })
}

fn sample(name: &str, key: Vec<u8>, label_set: &str, time: Nanos) -> RenderedSeries {
    let mut text = String::with_capacity(name.len() + label_set.len() + 24);
    text.push_str(name);
    text.push_str(label_set);
    text.push(' ');
    write_float(&mut text, seconds(time));
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
    fn groups_that_were_not_forwarded_have_a_gauge() {
        assert_eq!(forward_failures(&[]), None);
        let failures = [
            (vec![("job", "b")], 2_500_000_000),
            (vec![("job", "a")], 1_000_000_000),
        ];
        let family = forward_failures(&failures).expect("a family");
        let text: String = family
            .series
            .iter()
            .map(|series| series.text.as_str())
            .collect();
        assert_eq!(
            text,
            "pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"a\"} 1\n\
             pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"b\"} 2.5\n"
        );
    }

    #[test]
    fn every_group_has_its_times() {
        let group = |labels, push_time: Option<Nanos>, failure_time| Group {
            labels,
            push_time,
            failure_time,
            // The oldest of them only.
            expires: push_time.filter(|time| *time == 1),
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
        let [failure, push, expiry] = families.as_slice() else {
            panic!("three families")
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
            text(expiry),
            "pushgateway_group_expiry_time_seconds{instance=\"\",job=\"a\"} 1e-09\n"
        );
        assert_eq!(
            text(push),
            "push_time_seconds{instance=\"\",job=\"a\"} 1e-09\n\
             push_time_seconds{instance=\"i\\\"\\n\",job=\"a\"} 1.7954058203863084e+09\n\
             push_time_seconds{instance=\"\",job=\"b\",zone=\"z\"} 0\n"
        );
    }
}
