//! The memory that one push takes, with the body as large as it may be.

use crate::families::{family, gauge, label};
use crate::fuel::send;
use crate::support::gateway::Options;
use crate::{Request, parts};

/// `max_push_bytes` here.
const LIMIT: usize = 1 << 20;

/// The memory of an instance, for each byte of the limit.
const FACTOR: usize = 128;

#[test]
fn one_push_takes_a_bounded_multiple_of_its_limit() {
    let gateway = Options::new()
        .variable("max_push_bytes", &LIMIT.to_string())
        .argument("--max-instance-memory")
        .argument(&(LIMIT * FACTOR).to_string())
        .argument("--max-instance-reuse-count")
        .argument("1")
        .start();
    let message = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let most = |part: &str| part.repeat(LIMIT / part.len());
    let labels = vec![label("l", "x"); LIMIT / 9];
    let cases = [
        (
            "series",
            Request::push(parts(LIMIT / 20, |n| format!("m{{l=\"{n}\"}} 1\n"))),
            200,
        ),
        ("one series", Request::push(most("m 1\n")), 400),
        (
            "families",
            Request::push(parts(LIMIT / 12, |n| format!("m{n:x} 1\n"))),
            200,
        ),
        (
            "labels",
            Request::push(format!("m{{{}}} 1\n", &most("l=\"\",")[20..])),
            400,
        ),
        (
            "escapes",
            Request::push(format!("m{{l=\"{}\"}} 1\n", &most("\\n")[20..])),
            200,
        ),
        (
            "protobuf",
            Request::push(family("m", &[gauge(&labels)])).with("Content-Type", message),
            400,
        ),
    ];
    let grouping = Request {
        // A short body and a long path, which make a huge entry of each other.
        target: format!("/metrics/job/x{}", parts(6_000, |n| format!("/l{n}/x"))),
        ..Request::push(parts(LIMIT / 20, |n| format!("m{{l=\"{n}\"}} 1\n")))
    };
    let cases = cases
        .into_iter()
        .chain([("grouping labels", grouping, 413)]);
    let mut client = gateway.client();
    for (name, request, status) in cases {
        assert!(
            request.body.len() <= LIMIT,
            "{name}: {}",
            request.body.len()
        );
        send(&mut client, name, &request, status);
    }
    assert_eq!(
        gateway.stderr().matches("failed").count(),
        0,
        "{}",
        gateway.stderr()
    );
}
