//! `prometheus_client`, the client of Python.

use crate::programs;
use crate::stage::Stage;

#[test]
fn what_python_pushes_is_stored_until_it_deletes() {
    let Some(python) = programs::python() else {
        return;
    };
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    stage.run(python, "push");
    assert_eq!(stage.stored(), STORED.trim());
    assert_eq!(stage.groups().len(), 7);
    let sent = stage.sent();
    for header in [
        "Content-Encoding: gzip",
        "Content-Encoding: snappy",
        "Authorization: Basic dXNlcjpzZWNyZXQ=",
        "PUT /metrics/job@base64/bmlnaHRseS9weXRob24gYmFja3Vw/empty@base64/=/path@base64/L3Zhci90bXA=/zone@base64/YSBi ",
    ] {
        assert!(sent.contains(header), "{header}\n{sent}");
    }

    stage.run(programs::python().expect("is installed"), "delete");
    assert_eq!(stage.stored(), "");
    assert_eq!(stage.groups(), Vec::<String>::new());
}

const STORED: &str = r#"
authorized{job="python-password"} 1
build_info{instance="worker-1",job="python",version="1.2.3"} 1
changed{job="python added"} 2
compressed{job="python-gzip"} 1
compressed{job="python-snappy"} 2
kept{job="python added"} 1
odd_values{job="nightly/python backup",path="/var/tmp",zone="a b"} 1
phase{instance="worker-1",job="python",phase="end"} 1
phase{instance="worker-1",job="python",phase="start"} 0
size_bytes_count{instance="worker-1",job="python"} 2
size_bytes_created{instance="worker-1",job="python"} NOW
size_bytes_sum{instance="worker-1",job="python"} 300
tasks_created{instance="worker-1",job="python",outcome="failed: \"disk\\full\"\n"} NOW
tasks_created{instance="worker-1",job="python",outcome="ok"} NOW
tasks_total{instance="worker-1",job="python",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="python",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="python"} -2.5
wait_seconds_bucket{instance="worker-1",job="python",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="python",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="python",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="python"} 3
wait_seconds_created{instance="worker-1",job="python"} NOW
wait_seconds_sum{instance="worker-1",job="python"} 8.75
with_ip{instance="127.0.0.1",job="python-ip"} 1
"#;
