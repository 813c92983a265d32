//! What one pusher does wrong costs the others nothing: counted in calls of the store, never in time.

mod bodies;
mod growth;
mod room;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::gateway::{Gateway, Options};

/// What an ordinary push calls: whether its group is there, what it is checked against, the entry.
const ORDINARY: &str = "get-many 3\nget-many 2\nset\n";

/// The host's record of the calls of a gateway's store.
#[derive(Debug)]
struct Trace {
    file: PathBuf,
    _folder: TempDir,
}

impl Trace {
    /// Starts a gateway whose calls are recorded.
    fn start(options: Options) -> (Gateway, Self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("trace");
        let gateway = options
            .argument("--trace-store")
            .argument(file.to_str().expect("UTF-8"))
            .start();
        let trace = Self {
            file,
            _folder: folder,
        };
        (gateway, trace)
    }

    /// The calls so far, one a line.
    fn calls(&self) -> String {
        fs::read_to_string(&self.file).expect("the trace")
    }

    /// The calls that this causes, but for opening the store: instances do that, and with WASI 0.2 there is one for each
    /// request.
    fn calls_of(&self, action: impl FnOnce()) -> String {
        let before = self.calls().len();
        action();
        let calls = self.calls();
        let calls = calls.get(before..).unwrap_or_default();
        let calls = calls.split_inclusive('\n').filter(|call| *call != "open\n");
        calls.collect()
    }
}

/// Pushes, and returns the status.
fn put(client: &mut Client, path: &str, body: &str) -> u16 {
    client.put(path, body).expect("an answer").status
}

#[test]
fn mistakes_of_one_pusher_cost_the_others_no_call_of_the_store() {
    const MISTAKES: usize = 300;
    let (gateway, trace) = Trace::start(Options::new().variable("max_groups_per_job", "50"));
    let (mut client, mut other) = (gateway.client(), gateway.client());
    // A body that never ends stays open all the while.
    let _slow = bodies::Slow::start(&gateway, "slow", "m 1\n");
    let mut calls = || {
        trace.calls_of(|| {
            let body = "# TYPE ok gauge\nok 1\n";
            assert_eq!(put(&mut client, "/metrics/job/fine", body), 200);
        })
    };
    calls();
    assert_eq!(calls(), ORDINARY);
    for n in 0..MISTAKES {
        let path = format!("/metrics/job/greedy/instance/{n}");
        let want = if n < 50 { 200 } else { 429 };
        let body = "# TYPE new gauge\nnew 1\n";
        assert_eq!(put(&mut other, &path, body), want, "{path}");
        let body = "# TYPE ok counter\nok 1\n";
        assert_eq!(put(&mut other, "/metrics/job/wrong", body), 400);
    }
    let large = bodies::large();
    assert_eq!(put(&mut other, "/metrics/job/large", &large), 200);
    assert_eq!(calls(), ORDINARY);
}
