//! The `prometheus` crate, a client of Rust.

use crate::programs;
use crate::stage::Stage;

#[test]
fn what_rust_pushes_is_stored() {
    let Some(rust) = programs::rust() else {
        return;
    };
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    stage.run(rust, "push");
    assert_eq!(stage.stored(), STORED.trim());
    assert_eq!(stage.groups().len(), 3);
    let sent = stage.sent().to_lowercase();
    for part in [
        "content-type: application/vnd.google.protobuf; proto=io.prometheus.client.metricfamily; encoding=delimited",
        "authorization: basic dxnlcjpzzwnyzxq=",
        "post /metrics/job/rust%20added ",
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }
}

const STORED: &str = r#"
authorized{job="rust-password"} 1
changed{job="rust added"} 2
kept{job="rust added"} 1
tasks_total{instance="worker-1",job="rust",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="rust",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="rust"} -2.5
wait_seconds_bucket{instance="worker-1",job="rust",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="rust",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="rust",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="rust"} 3
wait_seconds_sum{instance="worker-1",job="rust"} 8.75
"#;
