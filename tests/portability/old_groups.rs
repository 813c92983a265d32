//! What a Go Pushgateway may hold: a thousand groups with everything that can go wrong on the way.

use std::fmt::Write;

use spin_pushgateway::exposition::model::{
    Bucket, BucketSpan, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType,
    NativeBuckets, NativeHistogram, Timestamp, Value,
};
use spin_pushgateway::exposition::protobuf;

use crate::support::client::{Body, Client};
use crate::support::wait;

/// How many groups there are.
pub(crate) const GROUPS: usize = 1000;

/// What the Pushgateway runs with: it shall not look at all groups at each push, which takes it minutes.
pub(crate) const FLAGS: [&str; 2] = [
    "--push.enable-utf8-names",
    "--push.disable-consistency-check",
];

/// Pushes all groups, and waits until they are there.
pub(crate) fn push(client: &mut Client) {
    for number in 0..GROUPS {
        let path = path(number);
        let content_type = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
        let (headers, body): (&[_], _) = match number % 10 {
            8 => (&[("Content-Type", content_type)], rich(number)),
            kind => (&[], exposition(kind, number).into_bytes()),
        };
        let method = if number % 3 == 0 { "POST" } else { "PUT" };
        let response = client.send(method, &path, headers, Body::Fixed(&body));
        let response = response.expect("an answer");
        assert_eq!(response.status, 202, "{path}: {}", response.text());
    }
    // Without the check a push is answered before it is done. They are done in their order.
    let last = format!("instance=\"{}\"", GROUPS - 1);
    wait::until("the last group comes", || {
        let scrape = client.get("/metrics").expect("a scrape");
        scrape.text().contains(&last)
    });
}

fn path(number: usize) -> String {
    match number % 10 {
        // Without an instance, with an empty one, with one.
        0 => format!("/metrics/job/m{number}"),
        1 => format!("/metrics/job/m{number}/instance@base64/="),
        // A slash, a line feed, quotes.
        2 => format!("/metrics/job@base64/bS8KIg/number/{number}"),
        // A label name that is no traditional one, as the Pushgateway escapes it in paths.
        3 => format!("/metrics/job/m/U__zone_2e_a/{number}"),
        4 => format!("/metrics/job/m%C3%BC/instance/%E4%B8%96{number}/a/b"),
        // One job, of which each group could hold the series of the others.
        5 => "/metrics/job/shared".to_owned() + &format!("/instance/{number}"),
        6 => format!("/metrics/job/outer{number}"),
        _ => format!("/metrics/job/m/instance/{number}"),
    }
}

fn exposition(kind: usize, number: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# HELP runs_total Runs \\\\ so far.\\nAll.\n# TYPE runs_total counter\nruns_total {number}"
    );
    if number < 20 && kind == 7 {
        // Two groups that do not agree on the text of HELP: one is shown.
        let _ = writeln!(
            out,
            "# HELP helped In words of {number}.\n# TYPE helped gauge\nhelped 1"
        );
    }
    match kind {
        0 => out.push_str("# TYPE odd gauge\nodd{v=\"nan\"} NaN\nodd{v=\"inf\"} +Inf\nodd{v=\"-inf\"} -Inf\nodd{v=\"-0\"} -0\nodd{v=\"small\"} 5e-324\n"),
        1 => out.push_str("# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns{quantile=\"0.99\"} 0.1\ns_sum 1e+21\ns_count 18446744073709551615\n"),
        2 => out.push_str("# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum NaN\nh_count 3\n"),
        3 => out.push_str("# TYPE \"größe.in.m\" gauge\n{\"größe.in.m\",\"län.ge\"=\"a\\\"b\\\\c\\nd\"} 1\n"),
        // No bucket for +Inf, no quantiles.
        4 => out.push_str("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 2\nh_count 2\n# TYPE s summary\ns_sum 1\ns_count 1\n"),
        // Series that have an instance of their own, in a group that has none.
        6 => {
            let _ = writeln!(out, "inner{{instance=\"1\"}} 1\ninner{{instance=\"{number}\"}} 2\ninner 3");
        }
        _ => out.push_str("plain 1\n"),
    }
    out
}

/// What only protobuf can say.
fn rich(number: usize) -> Vec<u8> {
    let exemplar = || Exemplar {
        labels: vec![Label::new("trace_id", format!("t{number}"))],
        value: 0.3,
        timestamp: Some(Timestamp {
            seconds: 1_700_000_000,
            nanos: 5,
        }),
    };
    let created = Some(Timestamp {
        seconds: 1_600_000_000,
        nanos: 7,
    });
    let native = Histogram {
        sample_count: 6,
        sample_sum: 3.5,
        native: Some(NativeHistogram {
            schema: 3,
            zero_threshold: 1e-128,
            zero_count: 1,
            positive: NativeBuckets {
                spans: vec![BucketSpan {
                    offset: -2,
                    length: 2,
                }],
                deltas: vec![2, 1],
                counts: Vec::new(),
            },
            ..NativeHistogram::default()
        }),
        exemplars: vec![exemplar()],
        created,
        ..Histogram::default()
    };
    let classic = Histogram {
        sample_count: 2,
        sample_sum: 1.0,
        buckets: vec![Bucket {
            cumulative_count: 1,
            upper_bound: 0.5,
            exemplar: Some(exemplar()),
            ..Bucket::default()
        }],
        ..Histogram::default()
    };
    let counter = Counter {
        value: number as f64,
        exemplar: Some(exemplar()),
        created,
    };
    let mut body = Vec::new();
    for (name, metric_type, value) in [
        (
            "native_seconds",
            MetricType::Histogram,
            Value::Histogram(native.into()),
        ),
        (
            "classic",
            MetricType::Histogram,
            Value::Histogram(classic.into()),
        ),
        (
            "counted_total",
            MetricType::Counter,
            Value::Counter(counter),
        ),
    ] {
        let metric = Metric {
            labels: vec![Label::new("kind", "rich")],
            value,
            timestamp_ms: None,
        };
        let family = MetricFamily {
            name: name.into(),
            help: Some("Rich.".into()),
            metric_type,
            unit: Some("seconds".into()),
            metrics: vec![metric],
        };
        protobuf::write_family(&mut body, &family);
    }
    body
}
