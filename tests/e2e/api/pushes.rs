//! What is pushed to both sides.

use std::fmt;
use std::fmt::Write as _;

use spin_pushgateway::exposition::model::{
    BucketSpan, Histogram, Label, Metric, MetricFamily, MetricType, NativeBuckets, NativeHistogram,
    Value,
};
use spin_pushgateway::exposition::number::write_float;
use spin_pushgateway::exposition::protobuf;

use crate::support::client::{Client, Response};

const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// What a Python program sent: every kind of histogram.
const FIXTURE: &[u8] = include_bytes!("../../fixtures/protobuf/pushed.pb");

/// How many random pushes there are.
const RANDOM: usize = 150;

/// A push, and perhaps a deletion before it.
pub(super) struct Push {
    method: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
    /// The group that is deleted before. (A push that is answered has waited for it, in the Pushgateway too.)
    deletes: Option<&'static str>,
}

impl Push {
    fn text(method: &'static str, path: &'static str, body: &str) -> Self {
        Self {
            method,
            path,
            content_type: "text/plain",
            body: body.as_bytes().to_vec(),
            deletes: None,
        }
    }

    fn protobuf(path: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: "PUT",
            path,
            content_type: PROTOBUF,
            body,
            deletes: None,
        }
    }

    /// Sends it.
    pub(super) fn send(&self, client: &mut Client) -> Response {
        if let Some(path) = self.deletes {
            let response = client.delete(path).expect("an answer");
            assert_eq!(response.status, 202);
        }
        let headers = [("content-type", self.content_type)];
        client
            .send(self.method, self.path, &headers, (&self.body).into())
            .expect("an answer")
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.deletes {
            write!(f, "DELETE {path}, ")?;
        }
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {}\n{body}", self.method, self.path)
    }
}

/// Pushes of a single group whose metrics are in the order of a scrape already.
pub(super) fn in_order() -> Vec<Push> {
    let every_type = "\
# HELP c <b>&\"help\" \\\\ \\n \u{2028}
# TYPE c counter
c 3
# HELP s
# TYPE s summary
s{quantile=\"0.5\"} 1.5
s{quantile=\"0.99\"} NaN
s_sum 1e9
s_count 3000000
# TYPE h histogram
h_bucket{le=\"0.1\"} 1
h_bucket{le=\"5\"} 1
h_bucket{le=\"1e6\"} 2000000
h_bucket{le=\"+Inf\"} 12345678
h_sum -4e-5
h_count 12345678
# TYPE g gauge
g{x=\"\"} 1e21
g{x=\"\u{1}\u{8}\u{c}\r\t\u{7f} <>&'/ \\\\ \\n \\\" \u{2029} \u{1d11e}\"} -Inf
u{B=\"1\",a=\"1\"} 100000
";
    vec![
        Push::text("PUT", "/metrics/job/a", every_type),
        Push::text("POST", "/metrics/job/a", "more 1\n"),
        Push::protobuf("/metrics/job/a", native_bounds()),
        Push::text("PUT", "/metrics/job/a", ""),
    ]
}

/// Pushes of all kinds to several groups, always the same.
pub(super) fn all() -> Vec<Push> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut pushes = vec![
        Push::protobuf("/metrics/job/native", FIXTURE.to_vec()),
        Push::protobuf("/metrics/job/native/instance/bounds", native_bounds()),
    ];
    pushes.extend((0..RANDOM).map(|_| random_push(&mut random)));
    pushes
}

fn random_push(random: &mut fastrand::Rng) -> Push {
    let groups = [
        "/metrics/job/a",
        "/metrics/job/a/instance/i",
        "/metrics/job/b/zone/%3Cz%3E&%22",
        "/metrics/job@base64/w6TigKgvPGI-/zone/z",
    ];
    let mut push = Push::text(
        if random.bool() { "PUT" } else { "POST" },
        groups[random.usize(..groups.len())],
        &random_families(random),
    );
    push.deletes = (random.u8(..) < 32).then(|| groups[random.usize(..groups.len())]);
    if random.u8(..) < 16 {
        push.body.extend_from_slice(b"rejected 1 1\n");
    }
    push
}

fn random_families(random: &mut fastrand::Rng) -> String {
    let mut body = String::new();
    for (name, kind) in [
        ("a_counter", "counter"),
        ("b_gauge", "gauge"),
        ("c_summary", "summary"),
        ("d_histogram", "histogram"),
        ("\"e ütf\"", ""),
    ] {
        if random.bool() {
            continue;
        }
        if !kind.is_empty() {
            let _ = writeln!(body, "# TYPE {name} {kind}");
        }
        if random.bool() {
            let _ = writeln!(body, "# HELP {name} {}", random.u8(..3));
        }
        for x in ["", "1", "<ü>&\\\"\\\\\\n\u{2028}"] {
            if random.bool() {
                random_series(&mut body, name, kind, x, random);
            }
        }
    }
    body
}

fn random_series(out: &mut String, name: &str, kind: &str, x: &str, random: &mut fastrand::Rng) {
    let value = random_value(random);
    let count = random.u64(..) >> random.u32(12..64);
    let _ = match kind {
        "summary" => writeln!(
            out,
            "{name}{{x=\"{x}\",quantile=\"0.25\"}} {value}\n{name}_sum{{x=\"{x}\"}} {value}\n{name}_count{{x=\"{x}\"}} {count}"
        ),
        "histogram" => writeln!(
            out,
            "{name}_bucket{{x=\"{x}\",le=\"{}\"}} {count}\n{name}_sum{{x=\"{x}\"}} {value}\n{name}_count{{x=\"{x}\"}} {count}",
            random_value(random)
        ),
        "" => writeln!(out, "{{{name},x=\"{x}\"}} {value}"),
        _ => writeln!(out, "{name}{{x=\"{x}\"}} {value}"),
    };
}

/// Any float but a negative zero, the sign of which the text format does not keep.
fn random_value(random: &mut fastrand::Rng) -> String {
    let special = [
        0.0,
        1.0,
        f64::INFINITY,
        f64::NAN,
        1e6,
        123_456.0,
        1e-4,
        1e-5,
    ];
    let value = match random.u8(..3) {
        0 => special[random.usize(..special.len())],
        1 => f64::from(random.i32(..)) / 8.0 + 0.0,
        _ => f64::from_bits(random.u64(..)),
    };
    let mut text = String::new();
    write_float(&mut text, value);
    text
}

/// A histogram for each schema, with buckets around 1 and at both ends of the floats.
fn native_bounds() -> Vec<u8> {
    let metrics = (-4..=8).map(|schema| {
        let (per_power, powers) = if schema > 0 {
            (1 << schema, 1)
        } else {
            (1, 1 << -schema)
        };
        let last = 1024 / powers * per_power;
        // The buckets to either side of 1, then the last finite ones and that of infinity.
        let near = BucketSpan {
            offset: -per_power,
            length: 2 * per_power.unsigned_abs() + 1,
        };
        let high = BucketSpan {
            offset: last - 2 - per_power,
            length: 4,
        };
        let low = BucketSpan {
            offset: -1076 / powers * per_power,
            length: 4 * per_power.unsigned_abs(),
        };
        let side = |spans: Vec<BucketSpan>| {
            let buckets = spans.iter().map(|span| span.length as usize).sum();
            // All have the same count, but for one that has none.
            let mut deltas = vec![0; buckets];
            deltas[0] = 7;
            deltas[1] = -7;
            deltas[2] = 7;
            NativeBuckets {
                spans,
                deltas,
                counts: Vec::new(),
            }
        };
        let (negative, positive) = (side(vec![low]), side(vec![near, high]));
        let zero_count = 1_000_000;
        // All buckets but one of each side hold seven.
        let used = negative.deltas.len() + positive.deltas.len() - 2;
        Metric {
            labels: vec![Label::new("schema", format!("{:02}", schema + 4))],
            value: Value::Histogram(Box::new(Histogram {
                sample_count: zero_count + 7 * used as u64,
                sample_sum: 0.5,
                native: Some(NativeHistogram {
                    schema,
                    zero_threshold: if schema == 0 { 0.0 } else { 2f64.powi(-128) },
                    zero_count,
                    negative,
                    positive,
                    ..NativeHistogram::default()
                }),
                ..Histogram::default()
            })),
            timestamp_ms: None,
        }
    });
    let family = MetricFamily {
        name: "bounds".into(),
        help: None,
        metric_type: MetricType::Histogram,
        unit: None,
        metrics: metrics.collect(),
    };
    let mut message = Vec::new();
    protobuf::write_family(&mut message, &family);
    message
}
