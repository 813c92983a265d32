//! `prom-client`, the client of Node.

use crate::programs;
use crate::stage::Stage;

#[test]
fn what_node_pushes_is_stored_until_it_deletes() {
    let Some(node) = programs::node() else {
        return;
    };
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    stage.run(node, "push");
    assert_eq!(stage.stored(), STORED.trim());
    assert_eq!(stage.groups().len(), 6);
    let sent = stage.sent();
    for part in [
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "PUT /metrics/job/nightly%2Fnode%20backup ",
        "PUT /metrics/job/node-path/path/%2Fvar%2Ftmp ",
        "PUT /metrics/job/node-empty/empty//zone/a%20b ",
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }

    stage.run(programs::node().expect("is installed"), "delete");
    assert_eq!(stage.stored(), "");
    assert_eq!(stage.groups(), Vec::<String>::new());
}

const STORED: &str = r#"
changed{job="node added"} 2
compressed{job="node-gzip"} 1
kept{job="node added"} 1
odd_values{job="nightly/node backup"} 1
odd_values{job="node-empty",zone="a b"} 1
odd_values{job="node-path",path="/var/tmp"} 1
size_bytes_count{instance="worker-1",job="node"} 3
size_bytes_sum{instance="worker-1",job="node"} 600
size_bytes{instance="worker-1",job="node",quantile="0.5"} 200
size_bytes{instance="worker-1",job="node",quantile="0.99"} 300
tasks_total{instance="worker-1",job="node",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="node",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="node"} -2.5
wait_seconds_bucket{instance="worker-1",job="node",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="node",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="node",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="node"} 3
wait_seconds_sum{instance="worker-1",job="node"} 8.75
"#;
