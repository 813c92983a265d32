//! Load: some connections that send one request after the other.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::http_client::Client;

/// What some connections got done.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Requests a second, over all connections.
    pub(crate) rate: f64,
    /// How long each took, sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    /// How many requests were answered.
    pub(crate) fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// The time in which this part of the requests was answered.
    pub(crate) fn percentile(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

/// When a connection stops.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After this time, but not before one answer.
    Elapsed(Duration),
    /// After this many requests of all connections together.
    Sent(usize),
}

/// Lets this many connections send what `next` makes of connection and number, and expects this status.
///
/// # Errors
///
/// A connection failed, or another status came back: a figure of failures would say nothing.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    until: Until,
    status: u16,
    next: impl Fn(usize, usize) -> Vec<u8> + Sync,
) -> Result<Outcome> {
    let barrier = Barrier::new(connections);
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|connection| {
                let (next, barrier) = (&next, &barrier);
                let until = match until {
                    Until::Sent(all) => {
                        Until::Sent(all / connections + usize::from(connection < all % connections))
                    }
                    elapsed @ Until::Elapsed(_) => elapsed,
                };
                scope.spawn(move || {
                    let client = Client::connect(address);
                    barrier.wait();
                    drive(client?, until, status, |number| next(connection, number))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .map_err(|_| anyhow!("a connection panicked"))?
            })
            .collect()
    });
    let mut outcome = Outcome::default();
    for result in results {
        let (latencies, elapsed) = result?;
        // Each connection by its own time: one that waits long for its last answer sends none meanwhile.
        outcome.rate += latencies.len() as f64 / elapsed.as_secs_f64().max(1e-9);
        outcome.latencies.extend(latencies);
    }
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

fn drive(
    mut client: Client,
    until: Until,
    status: u16,
    next: impl Fn(usize) -> Vec<u8>,
) -> Result<(Vec<Duration>, Duration)> {
    let begin = Instant::now();
    let mut latencies = Vec::new();
    let is_done = |sent: usize| match until {
        Until::Elapsed(duration) => sent > 0 && begin.elapsed() >= duration,
        Until::Sent(all) => sent >= all,
    };
    while !is_done(latencies.len()) {
        let request = next(latencies.len());
        let sent = Instant::now();
        let reply = client.send(&request).context("no answer")?;
        latencies.push(sent.elapsed());
        ensure!(
            reply.status == status,
            "expected status {status}, found {}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
    }
    Ok((latencies, begin.elapsed()))
}
