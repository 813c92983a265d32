//! The Java client, by bytes made after its source: `README.md` says how.

use crate::stage::Stage;
use crate::support::client::{Body, Client};

/// What `PushGateway` of `prometheus-metrics-exporter-pushgateway` sends.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    (
        "Content-Type",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ),
    ("Authorization", "Bearer secret"),
    ("User-Agent", "Java/17.0.12"),
    ("Accept", "*/*"),
    ("Connection", "keep-alive"),
];

const GROUP: &str = "/metrics/job/java/instance/worker-1";

/// Pushes as the Java client would.
pub(crate) fn push(client: &mut Client) {
    let body = Body::Fixed(include_bytes!("fixtures/java_push.pb"));
    let response = client.send("PUT", GROUP, &HEADERS, body);
    let response = response.expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (200, ""));
}

#[test]
fn what_java_would_push_is_stored_until_it_would_delete() {
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    push(&mut stage.client());
    assert_eq!(stage.stored(), STORED.trim());

    let response = stage.client().send("DELETE", GROUP, &HEADERS, Body::None);
    assert_eq!(response.expect("an answer").status, 202);
    assert_eq!(stage.stored(), "");
    assert_eq!(stage.groups(), Vec::<String>::new());
}

/// What a Prometheus without native histograms has then.
pub(crate) const STORED: &str = r#"
build_info{instance="worker-1",job="java",version="1.2.3"} 1
phase{instance="worker-1",job="java",phase="end"} 1
phase{instance="worker-1",job="java",phase="start"} 0
size_bytes_count{instance="worker-1",job="java"} 3
size_bytes_sum{instance="worker-1",job="java"} 600
size_bytes{instance="worker-1",job="java",quantile="0.5"} 200
size_bytes{instance="worker-1",job="java",quantile="0.99"} 300
tasks_total{instance="worker-1",job="java",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="java",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="java"} -2.5
wait_seconds_bucket{instance="worker-1",job="java",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="java",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="java",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="java"} 3
wait_seconds_sum{instance="worker-1",job="java"} 8.75
"#;
