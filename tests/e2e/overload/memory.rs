//! Stores that are larger than the memory of an instance.

use crate::support::client::{Body, Client, Response};

use super::{assert_no_failures, options, push};

/// Large groups: together more than an instance takes in.
const GROUPS: usize = 120;

/// What an instance may have, in bytes: enough for a push of a large group.
const MEMORY: usize = 8 << 20;

/// Everything that looks at all groups: a path, and the format that is asked for.
const READS: [(&str, &str); 6] = [
    ("/metrics", "text/plain"),
    ("/metrics", "application/openmetrics-text;version=1.0.0"),
    (
        "/metrics",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ),
    ("/api/v1/metrics", "*/*"),
    ("/api/v1/groups", "*/*"),
    ("/", "*/*"),
];

fn read(client: &mut Client, (path, accept): (&str, &str)) -> Response {
    let answer = client.send("GET", path, &[("Accept", accept)], Body::None);
    answer.expect("an answer")
}

#[test]
fn a_store_that_an_instance_cannot_hold_is_not_shown_but_still_written_and_emptied() {
    let gateway = options()
        .argument("--max-instance-memory")
        .argument(&MEMORY.to_string())
        .start();
    let mut client = gateway.client();
    let body: String = (0..1_000).map(|n| format!("m{{n=\"{n}\"}} 1\n")).collect();
    for n in 0..GROUPS {
        let answer = client.put(&format!("/metrics/job/large{n}"), &body);
        assert_eq!(answer.expect("an answer").status, 200);
    }
    for what in READS {
        let answer = read(&mut client, what);
        assert_eq!(answer.status, 503, "{what:?}: {answer:.300?}");
        let text = answer.text();
        assert!(text.contains("no memory is left"), "{what:?}: {text}");
        push(&mut client);
    }
    // On the way there is a size at which each just does not fit any more.
    for n in 1..GROUPS {
        let answer = client.delete(&format!("/metrics/job/large{n}"));
        assert_eq!(answer.expect("an answer").status, 202);
        for what in READS.iter().skip(n % 2).step_by(2).copied() {
            let answer = read(&mut client, what);
            let is_answered = matches!(answer.status, 200 | 503);
            assert!(is_answered, "{what:?} of {}: {answer:.300?}", GROUPS - n);
        }
    }
    for what in READS {
        let answer = read(&mut client, what);
        assert_eq!(answer.status, 200, "{what:?}: {answer:.300?}");
    }
    assert_no_failures(&gateway);
}
