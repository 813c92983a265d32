//! The ways in which Prometheus 2 and 3 scrape, for pushes that every format can express.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::java;
use crate::side_by_side::{self, Named};
use crate::stage::Stage;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::PROMTOOL;

/// A metric of every type, with bounds that are whole numbers: formats write those differently.
pub(crate) const PUSHED: &str = r#"# HELP requests_total Requests served.
# TYPE requests_total counter
requests_total{code="200",path="/a\"b\\c\n"} 3
requests_total{code="500",path="/"} 1.5
# HELP queue_length Tasks that wait.
# TYPE queue_length gauge
queue_length{queue="a"} NaN
queue_length{queue="b"} +Inf
queue_length{queue="c"} -1e-07
# HELP latency_seconds How long it took.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 1
latency_seconds_bucket{le="2.5"} 2
latency_seconds_bucket{le="+Inf"} 4
latency_seconds_sum 20.5
latency_seconds_count 4
# HELP age_seconds How old they are.
# TYPE age_seconds summary
age_seconds{quantile="0.5"} 7
age_seconds{quantile="1"} 9
age_seconds_sum 100
age_seconds_count 12
# HELP anything_count Of no type.
# TYPE anything_count untyped
anything_count 1e+21
"#;

/// What is stored of it, with the bounds as they were pushed.
const STORED: &str = r#"
age_seconds_count{instance="i",job="j"} 12
age_seconds_sum{instance="i",job="j"} 100
age_seconds{instance="i",job="j",quantile="0.5"} 7
age_seconds{instance="i",job="j",quantile="1"} 9
anything_count{instance="i",job="j"} 1e+21
latency_seconds_bucket{instance="i",job="j",le="+Inf"} 4
latency_seconds_bucket{instance="i",job="j",le="1"} 1
latency_seconds_bucket{instance="i",job="j",le="2.5"} 2
latency_seconds_count{instance="i",job="j"} 4
latency_seconds_sum{instance="i",job="j"} 20.5
queue_length{instance="i",job="j",queue="a"} NaN
queue_length{instance="i",job="j",queue="b"} +Inf
queue_length{instance="i",job="j",queue="c"} -1e-07
requests_total{code="200",instance="i",job="j",path="/a\"b\\c\n"} 3
requests_total{code="500",instance="i",job="j",path="/"} 1.5
"#;

/// How a Prometheus scrapes.
struct Scrape {
    name: &'static str,
    major: u32,
    flags: &'static [&'static str],
    settings: &'static str,
    openmetrics: bool,
    /// Whether bounds are stored as they were pushed, or written as floating-point numbers.
    keeps_bounds: bool,
}

impl Named for Scrape {
    fn name(&self) -> &str {
        self.name
    }
}

const SCRAPES: [Scrape; 6] = [
    Scrape {
        name: "Prometheus 2, text",
        major: 2,
        flags: &[],
        settings: "",
        openmetrics: false,
        keeps_bounds: true,
    },
    Scrape {
        name: "Prometheus 2, protobuf",
        major: 2,
        flags: &["--enable-feature=native-histograms"],
        settings: "",
        openmetrics: false,
        keeps_bounds: false,
    },
    // Why OpenMetrics is off by default: it would rename series that have been stored for years.
    Scrape {
        name: "Prometheus 2, OpenMetrics",
        major: 2,
        flags: &[],
        settings: "",
        openmetrics: true,
        keeps_bounds: false,
    },
    // Version 3 stores bounds in one way, whatever they are scraped as.
    Scrape {
        name: "Prometheus 3, text",
        major: 3,
        flags: &[],
        settings: "",
        openmetrics: false,
        keeps_bounds: false,
    },
    Scrape {
        name: "Prometheus 3, protobuf",
        major: 3,
        flags: &[],
        settings: "  scrape_protocols: [PrometheusProto]\n",
        openmetrics: false,
        keeps_bounds: false,
    },
    Scrape {
        name: "Prometheus 3, OpenMetrics",
        major: 3,
        flags: &[],
        settings: "  scrape_protocols: [OpenMetricsText1.0.0]\n",
        openmetrics: true,
        keeps_bounds: false,
    },
];

#[test]
fn the_same_is_stored_however_prometheus_scrapes() {
    side_by_side::run(&SCRAPES, |scrape| {
        let openmetrics = scrape.openmetrics.to_string();
        let options = Options::new().variable("web_enable_openmetrics", &openmetrics);
        let stage = Stage::of_version_or_skip(scrape.major, scrape.flags, scrape.settings, options);
        let Some(stage) = stage else {
            return;
        };
        stage.push("/metrics/job/j/instance/i", PUSHED);
        let want = if scrape.keeps_bounds {
            STORED.to_owned()
        } else {
            with_float_bounds()
        };
        assert_eq!(stage.stored(), want.trim());
        types_arrive(&stage);
    });
}

/// What is stored of it, with the bounds as floating-point numbers.
pub(crate) fn with_float_bounds() -> String {
    STORED
        .replace(r#"le="1""#, r#"le="1.0""#)
        .replace(r#"quantile="1""#, r#"quantile="1.0""#)
}

fn types_arrive(stage: &Stage) {
    let metadata = stage.prometheus().api("metadata").expect("metadata");
    for (name, kind, help) in [
        ("requests_total", "counter", "Requests served."),
        ("queue_length", "gauge", "Tasks that wait."),
        ("latency_seconds", "histogram", "How long it took."),
        ("age_seconds", "summary", "How old they are."),
        ("anything_count", "unknown", "Of no type."),
    ] {
        // A counter of OpenMetrics has its suffix on samples only.
        let without_suffix = name.trim_end_matches("_total");
        let told = metadata
            .get(name)
            .unwrap_or_else(|| &metadata[without_suffix]);
        let want = json!([{"type": kind, "help": help, "unit": ""}]);
        assert_eq!(told, &want, "{name} in {metadata:#}");
    }
}

#[test]
fn promtool_finds_nothing_wrong() {
    let Some(promtool) = PROMTOOL.find_or_skip() else {
        return;
    };
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for path in ["/metrics/job/j/instance/i", "/metrics/job/k"] {
        let response = client.put(path, PUSHED).expect("an answer");
        assert_eq!(response.status, 200, "{response:?}");
    }
    java::push(&mut client);
    let exposition = client.get("/metrics").expect("a scrape").body;
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    let mut stdin = check.stdin.take().expect("is piped");
    stdin.write_all(&exposition).expect("promtool reads");
    drop(stdin);
    let output = check.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(output.status.success());
}
