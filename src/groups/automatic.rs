//! The metrics that groups have without anyone pushing them: the times of pushes, which every group has, and those of
//! expiry and of forwarding that failed, which some have.

use super::entry::UnixNanos;
use super::fold::Group;
use super::own;
use super::series::{self, RenderedFamily, SeriesList};
use crate::bytes;
use crate::exposition::model::MetricType;
use crate::exposition::number::write_float;
use crate::exposition::text::write_label_set;

/// An automatic gauge: its name, its HELP, and its value for a group that has one.
type Gauge = (
    &'static str,
    &'static str,
    fn(&Group<'_>) -> Option<UnixNanos>,
);

/// Those that a group as it stands decides, sorted by name. Those of the Pushgateway are 0 where there is no time to
/// tell; this gateway's own is there only for groups that expire.
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
    let groups = Ordered::of(groups.iter().map(|group| (&*group.labels, group)));
    let families = GAUGES.map(|(name, help, time)| {
        let with_time = |group: &&Group<'_>| time(group);
        groups.gauge(name, help, with_time)
    });
    families.into_iter().flatten().collect()
}

/// The gauge of groups whose last push has not been forwarded: their labels, and when that failed.
///
/// Where there is none there is no family.
#[must_use]
pub fn forward_failures(
    failures: &[(Vec<(&str, &str)>, UnixNanos)],
) -> Option<RenderedFamily<'static>> {
    let groups = failures.iter().map(|(labels, time)| (&**labels, *time));
    let (name, help) = (own::FORWARD_FAILURE_TIME, own::FORWARD_FAILURE_TIME_HELP);
    Ordered::of(groups).gauge(name, help, |time| Some(*time))
}

/// Groups with what is told of each.
struct Ordered<T> {
    /// Their labels, as they are exposed.
    labels: SeriesList,
    /// Which labels they have, in the order of their series.
    groups: Vec<(usize, T)>,
    has_utf8_names: bool,
}

impl<T> Ordered<T> {
    fn of<'a>(groups: impl Iterator<Item = (&'a [(&'a str, &'a str)], T)>) -> Self {
        let mut ordered = Self {
            labels: SeriesList::default(),
            groups: Vec::new(),
            has_utf8_names: false,
        };
        let mut key = Vec::new();
        for (labels, of) in groups {
            let labels = series::group_labels(labels);
            ordered.has_utf8_names |= series::has_utf8_names(&labels);
            key.clear();
            series::write_sort_key(&mut key, &labels);
            ordered.groups.push((ordered.labels.len(), of));
            ordered
                .labels
                .add(&key, |out| write_label_set(out, &labels));
        }
        let key = |at: usize| ordered.labels.get(at).unwrap_or_default().0;
        let by_key = |(a, _): &(usize, T), (b, _): &(usize, T)| bytes::compare(key(*a), key(*b));
        ordered.groups.sort_by(by_key);
        ordered
    }

    /// The gauge of those that have a time, if there are any.
    fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        time: impl Fn(&T) -> Option<UnixNanos>,
    ) -> Option<RenderedFamily<'static>> {
        let mut series = SeriesList::default();
        for (at, of) in &self.groups {
            if let (Some((key, text)), Some(time)) = (self.labels.get(*at), time(of)) {
                series.add(key, |out| {
                    out.push_str(name);
                    out.push_str(text);
                    out.push(' ');
                    write_float(out, seconds(time));
                    out.push('\n');
                });
            }
        }
        (!series.is_empty()).then_some(RenderedFamily {
            name,
            help: Some(help),
            metric_type: MetricType::Gauge,
            series,
            has_utf8_names: self.has_utf8_names,
            message: None,
        })
    }
}

/// Seconds since the Unix epoch, as the Pushgateway computes them.
#[allow(
    clippy::cast_precision_loss,
    reason = "a float has no more digits; the Pushgateway's have no more either"
)]
pub(crate) fn seconds(time: UnixNanos) -> f64 {
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
        assert_eq!(
            family.series.text(),
            "pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"a\"} 1\n\
             pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"b\"} 2.5\n"
        );
    }

    #[test]
    fn names_that_some_readers_need_escaped_are_noticed() {
        let utf8 = vec![("job", "a"), ("zone.eu", "z")];
        let plain = vec![("job", "b")];
        let orders = [
            (vec![&plain], false),
            (vec![&utf8, &plain], true),
            (vec![&plain, &utf8], true),
        ];
        for (labels, want) in orders {
            let group = |labels: &&Vec<(&'static str, &'static str)>| Group {
                labels: (*labels).clone(),
                push_time: Some(1),
                failure_time: None,
                expires: None,
                families: Vec::new(),
            };
            let groups: Vec<_> = labels.iter().map(group).collect();
            for family in families(&groups) {
                assert_eq!(family.has_utf8_names, want, "{labels:?}");
            }
            let failures: Vec<_> = labels.iter().map(|labels| ((*labels).clone(), 1)).collect();
            let family = forward_failures(&failures).expect("a family");
            assert_eq!(family.has_utf8_names, want, "{labels:?}");
        }
    }

    #[test]
    fn every_group_has_its_times() {
        let group = |labels, push_time: Option<UnixNanos>, failure_time| Group {
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
        assert_eq!(
            failure.series.text(),
            "push_failure_time_seconds{instance=\"\",job=\"a\"} 0\n\
             push_failure_time_seconds{instance=\"i\\\"\\n\",job=\"a\"} 0\n\
             push_failure_time_seconds{instance=\"\",job=\"b\",zone=\"z\"} 1.5\n"
        );
        assert_eq!(
            expiry.series.text(),
            "pushgateway_group_expiry_time_seconds{instance=\"\",job=\"a\"} 1e-09\n"
        );
        assert_eq!(
            push.series.text(),
            "push_time_seconds{instance=\"\",job=\"a\"} 1e-09\n\
             push_time_seconds{instance=\"i\\\"\\n\",job=\"a\"} 1.7954058203863084e+09\n\
             push_time_seconds{instance=\"\",job=\"b\",zone=\"z\"} 0\n"
        );
    }
}
