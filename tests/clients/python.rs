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

/// What Prometheus has then.
const STORED: &str = include_str!("fixtures/python_stored.txt");
