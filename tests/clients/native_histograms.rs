//! Native histograms, from a push in protobuf to a Prometheus that has them turned on.

use spin_pushgateway::exposition::model::{
    BucketSpan, Histogram, Metric, MetricFamily, MetricType, NativeBuckets, NativeHistogram, Value,
};
use spin_pushgateway::exposition::protobuf;

use crate::java;
use crate::side_by_side::{self, Named};
use crate::stage::Stage;
use crate::support::client::Response;
use crate::support::gateway::Options;

const HISTOGRAMS: &str = r#"{__name__=~"(wait|classic)_seconds.*"}"#;

const CLASSIC: &str = r#"
classic_seconds_bucket{job="classic",le="+Inf"} 2
classic_seconds_bucket{job="classic",le="0.5"} 1
classic_seconds_count{job="classic"} 2
classic_seconds_sum{job="classic"} 3
"#;
const WAIT_AS_CLASSIC: &str = r#"
wait_seconds_bucket{instance="worker-1",job="java",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="java",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="java",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="java"} 3
wait_seconds_sum{instance="worker-1",job="java"} 8.75
"#;

/// Schema 5 has 32 buckets for each power of two.
const WAIT_AS_NATIVE: &str = r#"
wait_seconds{instance="worker-1",job="java"} count 3 sum 8.75 (0.24464301552192497,0.25]:1 (1.4768261459394991,1.5091644275934224]:1 (6.87447719248991,7.025008641493196]:1
"#;

/// What a Prometheus has turned on, and what it shall store.
struct Scrape {
    name: &'static str,
    major: u32,
    flags: &'static [&'static str],
    settings: &'static str,
    want: &'static [&'static str],
}

impl Named for Scrape {
    fn name(&self) -> &str {
        self.name
    }
}

const ON: &[&str] = &["--enable-feature=native-histograms"];
const SCRAPES: [Scrape; 5] = [
    Scrape {
        name: "Prometheus 2",
        major: 2,
        flags: &[],
        settings: "",
        want: &[CLASSIC, WAIT_AS_CLASSIC],
    },
    Scrape {
        name: "Prometheus 3",
        major: 3,
        flags: &[],
        settings: "",
        want: &[CLASSIC, WAIT_AS_CLASSIC],
    },
    Scrape {
        name: "Prometheus 2, turned on",
        major: 2,
        flags: ON,
        settings: "",
        want: &[CLASSIC, WAIT_AS_NATIVE],
    },
    Scrape {
        name: "Prometheus 3, turned on",
        major: 3,
        flags: ON,
        settings: "",
        want: &[CLASSIC, WAIT_AS_NATIVE],
    },
    Scrape {
        name: "Prometheus 3, both kinds",
        major: 3,
        flags: ON,
        settings: "  always_scrape_classic_histograms: true\n",
        want: &[CLASSIC, WAIT_AS_CLASSIC, WAIT_AS_NATIVE],
    },
];

#[test]
fn histograms_are_native_where_they_are_turned_on() {
    side_by_side::run(&SCRAPES, |scrape| {
        let options = Options::new();
        let stage = Stage::of_version_or_skip(scrape.major, scrape.flags, scrape.settings, options);
        let Some(stage) = stage else {
            return;
        };
        push(&stage);
        let want: Vec<&str> = scrape.want.iter().map(|lines| lines.trim()).collect();
        assert_eq!(stage.select(HISTOGRAMS), want.join("\n"));
        if scrape.want.contains(&WAIT_AS_NATIVE) {
            assert_eq!(
                stage.select("histogram_count(wait_seconds)"),
                r#"{instance="worker-1",job="java"} 3"#
            );
            let median = stage.select("histogram_quantile(0.5, wait_seconds)");
            let median = median.rsplit(' ').next().and_then(|text| text.parse().ok());
            assert!(median.is_some_and(|median| (1.4..1.6).contains(&median)));
        }
    });
}

/// Pushes a histogram that is classic and native at once, and one that is classic, in another format.
fn push(stage: &Stage) {
    java::push(&mut stage.client());
    stage.push(
        "/metrics/job/classic",
        "# TYPE classic_seconds histogram\n\
         classic_seconds_bucket{le=\"0.5\"} 1\n\
         classic_seconds_bucket{le=\"+Inf\"} 2\n\
         classic_seconds_sum 3\n\
         classic_seconds_count 2\n",
    );
}

/// Every kind of native histogram, and some that are none.
pub(crate) const EVERY_KIND: &[u8] = include_bytes!("../fixtures/protobuf/pushed.pb");

/// Schema -2 has a bucket for each power of 16.
pub(crate) const LATENCY: &str = r#"
rpc_latency_seconds{job="right",method="GET"} count 7 sum 12.5 [-0.000244140625,-0.001):1 [-0.001,0.001]:1 (0.0625,1]:1 (1,16]:2 (4096,65536]:2
"#;
pub(crate) const FLOAT: &str = r#"
float_sizes{job="right"} count 4.5 sum 9.75 [-0,0]:0.5 (1,2]:1.5 (2,4]:2.5
"#;
pub(crate) const GAUGE: &str = r#"
h{job="right",kind="gauge"} count 1 sum 1 (0.5,1]:1
"#;

/// A Prometheus with native histograms, and what it stores of those that are right.
struct Validating {
    name: &'static str,
    major: u32,
    names: &'static str,
    want: &'static [&'static str],
}

impl Named for Validating {
    fn name(&self) -> &str {
        self.name
    }
}

const VALIDATING: [Validating; 2] = [
    // This version knows neither floats nor gauges.
    Validating {
        name: "Prometheus 2",
        major: 2,
        names: "rpc_latency_seconds",
        want: &[LATENCY],
    },
    Validating {
        name: "Prometheus 3",
        major: 3,
        names: "rpc_latency_seconds|float_sizes|h",
        want: &[FLOAT, GAUGE, LATENCY],
    },
];

/// What fails a scrape, see [`wrong`], and what the push is told.
struct Wrong {
    name: &'static str,
    metric_type: MetricType,
    histogram: Histogram<'static>,
    told: &'static str,
}

#[test]
fn those_that_would_fail_the_scrape_are_refused_and_others_arrive() {
    side_by_side::run(&VALIDATING, |prometheus| {
        let stage = Stage::of_version_or_skip(prometheus.major, ON, "", Options::new());
        let Some(stage) = stage else {
            return;
        };
        for wrong in wrong() {
            let body = push_of(wrong.metric_type, wrong.histogram);
            let response = put(&stage, "/metrics/job/wrong", &body);
            let text = response.text();
            assert_eq!(response.status, 400, "{}", wrong.name);
            assert!(
                text.starts_with(wrong.told) && text.contains("in metric family 1 \"h\", metric 1"),
                "{}: {text}",
                wrong.name
            );
        }
        let gauge = gauge_histogram();
        for (path, body) in [
            ("/metrics/job/right", EVERY_KIND),
            ("/metrics/job/right/kind/gauge", &gauge),
        ] {
            let response = put(&stage, path, body);
            assert_eq!(response.status, 200, "{}", response.text());
        }
        // Answered from a scrape that begins after all pushes and does not fail.
        let names = prometheus.names;
        let stored = stage.select(&format!(r#"{{__name__=~"{names}"}}"#));
        let want: Vec<&str> = prometheus.want.iter().map(|line| line.trim()).collect();
        assert_eq!(stored, want.join("\n"));
    });
}

/// A push of the histogram that [`GAUGE`] is.
pub(crate) fn gauge_histogram() -> Vec<u8> {
    push_of(MetricType::GaugeHistogram, integers(1, 1.0, 1))
}

fn put(stage: &Stage, path: &str, body: &[u8]) -> Response {
    stage
        .client()
        .send("PUT", path, &java::HEADERS, body.into())
        .expect("an answer")
}

/// Histograms that Prometheus' validation does not let pass.
fn wrong() -> Vec<Wrong> {
    let wrong = |name, histogram, told| Wrong {
        name,
        metric_type: MetricType::Histogram,
        histogram,
        told,
    };
    let deltas_expected = "expected bucket deltas, since neither";
    let counts_expected = "expected bucket counts, since sample_count_float or";
    vec![
        wrong(
            "one observation missing",
            integers(2, 1.0, 1),
            "expected 2 observations in native buckets as the sample count says, found 1",
        ),
        wrong(
            "one observation too many",
            integers(1, 1.0, 2),
            "expected 1 observations in native buckets as the sample count says, found 2",
        ),
        wrong(
            "one observation too many beside those of NaN",
            integers(1, f64::NAN, 2),
            "expected 1 observations in native buckets as the sample count says, found 2",
        ),
        Wrong {
            metric_type: MetricType::GaugeHistogram,
            ..wrong(
                "observations missing in a gauge",
                integers(5, 1.0, 1),
                "expected 5 observations in native buckets as the sample count says, found 1",
            )
        },
        wrong("floats of no count", floats(0.0), deltas_expected),
        wrong("floats of a negative count", floats(-1.0), deltas_expected),
        wrong("floats of no number", floats(f64::NAN), deltas_expected),
        wrong(
            "integers of both counts",
            Histogram {
                sample_count_float: 1.0,
                ..integers(1, 1.0, 1)
            },
            counts_expected,
        ),
        wrong(
            "integers beside a zero bucket of floats",
            of_buckets(
                1,
                1.0,
                NativeHistogram {
                    zero_count_float: 1.0,
                    positive: one_bucket(vec![1], Vec::new()),
                    ..NativeHistogram::default()
                },
            ),
            counts_expected,
        ),
    ]
}

fn integers(sample_count: u64, sample_sum: f64, delta: i64) -> Histogram<'static> {
    let native = NativeHistogram {
        positive: one_bucket(vec![delta], Vec::new()),
        ..NativeHistogram::default()
    };
    of_buckets(sample_count, sample_sum, native)
}

fn floats(sample_count_float: f64) -> Histogram<'static> {
    let native = NativeHistogram {
        positive: one_bucket(Vec::new(), vec![1.0]),
        ..NativeHistogram::default()
    };
    Histogram {
        sample_count_float,
        ..of_buckets(0, 1.0, native)
    }
}

fn of_buckets(sample_count: u64, sample_sum: f64, native: NativeHistogram) -> Histogram<'static> {
    Histogram {
        sample_count,
        sample_sum,
        native: Some(native),
        ..Histogram::default()
    }
}

fn one_bucket(deltas: Vec<i64>, counts: Vec<f64>) -> NativeBuckets {
    NativeBuckets {
        spans: vec![BucketSpan {
            offset: 0,
            length: 1,
        }],
        deltas,
        counts,
    }
}

fn push_of(metric_type: MetricType, histogram: Histogram<'static>) -> Vec<u8> {
    let family = MetricFamily {
        name: "h".into(),
        help: None,
        metric_type,
        unit: None,
        metrics: vec![Metric {
            labels: Vec::new(),
            value: Value::Histogram(Box::new(histogram)),
            timestamp_ms: None,
        }],
    };
    let mut body = Vec::new();
    protobuf::write_family(&mut body, &family);
    body
}
