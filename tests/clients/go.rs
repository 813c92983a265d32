//! `client_golang`, the client of Go.

use crate::programs;
use crate::stage::Stage;

#[test]
fn what_go_pushes_is_stored_until_it_deletes() {
    let Some(go) = programs::go() else {
        return;
    };
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    stage.run(go, "push");
    assert_eq!(stage.stored(), STORED.trim());
    assert_eq!(stage.groups().len(), 4);
    let sent = stage.sent();
    for part in [
        "Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        "Authorization: Basic dXNlcjpzZWNyZXQ=",
        "PUT /metrics/job@base64/bmlnaHRseS9nbyBiYWNrdXA/",
        // The order of labels is random.
        "/empty@base64/=",
        "/path@base64/L3Zhci90bXA",
        "/zone/a%2Bb",
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }

    stage.run(programs::go().expect("is installed"), "delete");
    assert_eq!(stage.stored(), "");
    assert_eq!(stage.groups(), Vec::<String>::new());
}

/// The library writes a space as `+`, which is a plus sign in a path: the Pushgateway takes it as that, too.
const STORED: &str = r#"
anything{instance="worker-1",job="go"} 1e+21
authorized{job="go-text"} 1
changed{job="go+added"} 2
kept{job="go+added"} 1
odd_values{job="nightly/go backup",path="/var/tmp",zone="a+b"} 1
size_bytes_count{instance="worker-1",job="go"} 3
size_bytes_sum{instance="worker-1",job="go"} 600
size_bytes{instance="worker-1",job="go",quantile="0.5"} 200
size_bytes{instance="worker-1",job="go",quantile="0.99"} 300
tasks_total{instance="worker-1",job="go",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="go",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="go"} -2.5
wait_seconds_bucket{instance="worker-1",job="go",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="go",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="go",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="go"} 3
wait_seconds_sum{instance="worker-1",job="go"} 8.75
"#;
