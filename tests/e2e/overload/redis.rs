//! Many requests at once on Redis, whose client in the host has a queue of bounded length: synchronous calls of the
//! component must not wait behind asynchronous ones that they keep from getting on.

use std::thread;

use tempfile::TempDir;

use crate::shared_store::on_redis;
use crate::support::redis::Redis;

/// Clients at once: together they ask for many more keys than the queue has places, of which there are fifty.
const CLIENTS: usize = 64;

/// Requests of each.
const REQUESTS: usize = 20;

#[test]
fn pushes_deletions_and_scrapes_at_once_are_all_answered_on_redis() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let gateway = on_redis(&redis, folder.path(), "0");
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let mut client = gateway.client();
            scope.spawn(move || {
                for n in 0..REQUESTS {
                    let path = format!("/metrics/job/j{}", (number + n) % 30);
                    // Families that nobody has pushed before: several values are written in one call.
                    let body: String = (0..12)
                        .map(|family| format!("f{number}_{n}_{family} 1\n"))
                        .collect();
                    let (answer, status) = match n % 10 {
                        8 => (client.delete(&path), 202),
                        9 => (client.get("/metrics"), 200),
                        even if even % 2 == 0 => (client.put(&path, &body), 200),
                        _ => (client.post(&path, &body), 200),
                    };
                    let answer = answer.expect("an answer");
                    assert_eq!(answer.status, status, "{}", answer.text());
                }
            });
        }
    });
}
