//! More than the host can do at once, and clients that do not behave: others are served, memory comes back, nothing
//! hangs. Counted in answers, bytes and descriptors, never in time.

mod bodies;
mod held;
mod many;
mod memory;
mod peer;
mod redis;
mod unread;
mod vanishing;

use crate::support::client::{Client, Response};
use crate::support::gateway::{Gateway, Options};

/// A gateway whose host gives memory back when it is freed. The C library of most Linux systems keeps some for every
/// thread, which nobody could tell from memory that is lost.
fn options() -> Options {
    Options::new()
        .environment("MALLOC_ARENA_MAX", "1")
        .environment("MALLOC_MMAP_THRESHOLD_", "131072")
}

/// Fills the store with some groups, of which a scrape has four megabytes.
fn fill(client: &mut Client) {
    let body: String = (0..5_000).map(|n| format!("m{{n=\"{n}\"}} 1\n")).collect();
    for n in 0..20 {
        let answer = client.put(&format!("/metrics/job/large{n}"), &body);
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

/// Pushes to some groups.
fn push(client: &mut Client) {
    for n in 0..20 {
        let answer = client.put(&format!("/metrics/job/ordinary{n}"), "ordinary 1\n");
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

/// Scrapes, and counts the series.
fn scrape(client: &mut Client) -> usize {
    series(&client.get("/metrics").expect("a scrape"))
}

/// The series in a scrape.
fn series(scrape: &Response) -> usize {
    assert_eq!(scrape.status, 200, "{scrape:.1000?}");
    let text = scrape.text();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

/// Checks that neither the host nor an instance of the component has failed.
fn assert_no_failures(gateway: &Gateway) {
    let log = gateway.stderr();
    let failed = ["instance failed", "request failed"];
    assert!(!failed.iter().any(|what| log.contains(what)), "{log}");
}
