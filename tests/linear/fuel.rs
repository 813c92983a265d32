//! Counting the work of requests.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Request;
use crate::support::client::{Body, Client};
use crate::support::folder;
use crate::support::gateway::{Gateway, Options};

/// How long a request may take: the host is not optimised, and machines are busy.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A gateway whose work is counted.
#[derive(Debug)]
pub(crate) struct Counter {
    gateway: Gateway,
    log: PathBuf,
    _folder: TempDir,
}

impl Counter {
    /// Starts it, with these variables.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let folder = folder::temporary();
        let log = folder.path().join("fuel");
        let gateway = Options::new()
            .variables(variables)
            .argument("--max-instance-reuse-count")
            .argument("1")
            .argument("--trace-fuel")
            .argument(log.to_str().expect("UTF-8"))
            .start();
        Self {
            gateway,
            log,
            _folder: folder,
        }
    }

    /// A client that waits for long.
    fn client(&self) -> Client {
        self.gateway.client().with_timeout(TIMEOUT)
    }

    /// How many instructions the component runs for a request, which must be answered like this.
    pub(crate) fn work(&self, name: &str, request: &Request, status: u16) -> u64 {
        let before = self.counts().len();
        send(&mut self.client(), name, request, status);
        let deadline = Instant::now() + TIMEOUT;
        loop {
            // The request's own is the only instance there is.
            if let Some(count) = self.counts().get(before) {
                return *count;
            }
            assert!(Instant::now() < deadline, "{name}: its instance never ends");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn counts(&self) -> Vec<u64> {
        let log = fs::read_to_string(&self.log).expect("the log");
        let whole = log
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .map(|line| line.trim_end().parse().expect("a number"))
            .collect()
    }
}

/// Sends a request, which must be answered like this.
pub(crate) fn send(client: &mut Client, name: &str, request: &Request, status: u16) {
    let headers = request.headers.iter();
    let headers: Vec<_> = headers.map(|(name, value)| (*name, &**value)).collect();
    let body = match request.method {
        "PUT" | "POST" => Body::Fixed(&request.body),
        _ => Body::None,
    };
    let answer = client
        .send(request.method, &request.target, &headers, body)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = answer.text();
    let start: String = text.chars().take(300).collect();
    assert_eq!(answer.status, status, "{name}: {start}");
}
