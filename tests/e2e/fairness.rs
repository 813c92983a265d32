//! What one pusher does wrong costs the others nothing: counted in calls of the store, never in time.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use crate::support::gateway::Options;

#[test]
fn mistakes_of_one_pusher_cost_the_others_no_call_of_the_store() {
    const MISTAKES: usize = 300;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let gateway = Options::new()
        .variable("max_groups_per_job", "50")
        .argument("--trace-store")
        .argument(trace.to_str().expect("UTF-8"))
        .start();
    let (mut client, mut other) = (gateway.client(), gateway.client());
    // A body that never ends stays open all the while.
    let mut slow = TcpStream::connect(gateway.address()).expect("a connection");
    slow.write_all(b"PUT /metrics/job/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nm ")
        .expect("is sent");
    let mut calls = || {
        let before = fs::read_to_string(&trace).expect("the trace").len();
        let answer = client.put("/metrics/job/fine", "# TYPE ok gauge\nok 1\n");
        assert_eq!(answer.expect("an answer").status, 200);
        let after = fs::read_to_string(&trace).expect("the trace");
        // Instances open the store, not pushes: with WASI 0.2 there is one for each request.
        let calls = after
            .get(before..)
            .unwrap_or_default()
            .split_inclusive('\n');
        calls.filter(|call| *call != "open\n").collect::<String>()
    };
    calls();
    let ordinary = calls();
    // Whether its group is there, what it is checked against, the entry.
    assert_eq!(ordinary, "get-many 3\nget-many 2\nset\n");
    for n in 0..MISTAKES {
        let path = format!("/metrics/job/greedy/instance/{n}");
        let answer = other.put(&path, "# TYPE new gauge\nnew 1\n");
        let want = if n < 50 { 200 } else { 429 };
        assert_eq!(answer.expect("an answer").status, want, "{path}");
        let answer = other.put("/metrics/job/wrong", "# TYPE ok counter\nok 1\n");
        assert_eq!(answer.expect("an answer").status, 400);
    }
    let large: String = (0..100_000)
        .map(|n| format!("m{{n=\"{n}\"}} 1\n"))
        .collect();
    let answer = other.put("/metrics/job/large", &large);
    assert_eq!(answer.expect("an answer").status, 200);
    assert_eq!(calls(), ordinary);
    slow.write_all(b"1\nn 23\n").expect("is sent");
}
