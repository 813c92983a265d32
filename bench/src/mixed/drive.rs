//! Connections that send the mix: as fast as it is answered, or when each request is due.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::mix::{Kind, Mix};
use super::tally::Tally;
use crate::http_client::Client;

/// How fast pushes are sent. What comes by the timetable comes at its times beside them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Each connection sends when it has its answer.
    Greatest,
    /// So many a second, of all connections together, whatever the answers take.
    Rate(f64),
}

/// What one connection, or several that share the numbers, have to send.
struct Lane<'a> {
    /// The next number.
    next: &'a AtomicU64,
    /// When the request with this number is due, counted from the beginning. `None`: when the one before is answered.
    due: &'a (dyn Fn(u64) -> Option<Duration> + Sync),
    /// The kind and the group of the request with this number.
    request: &'a (dyn Fn(u64) -> (Kind, usize) + Sync),
}

/// Sends the mix for so long, over so many connections and one for each kind of the timetable.
///
/// # Errors
///
/// A thread panicked. Requests that fail are counted.
pub(super) fn run(
    address: SocketAddr,
    connections: usize,
    pace: Pace,
    duration: Duration,
    mix: &Mix,
) -> Result<Tally> {
    let numbers: [AtomicU64; 1 + Kind::TIMETABLE.len()] = Default::default();
    let [pushed, listed @ ..] = &numbers;
    let due = |number| match pace {
        Pace::Greatest => None,
        Pace::Rate(rate) => Some(Duration::from_secs_f64(number as f64 / rate)),
    };
    let push = |number| mix.push(number);
    let begin = Instant::now();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..connections {
            let (due, request) = (&due, &push);
            let lane = Lane {
                next: pushed,
                due,
                request,
            };
            threads.push(scope.spawn(move || lane.drive(address, begin, duration)));
        }
        for ((kind, every, first), next) in Kind::TIMETABLE.into_iter().zip(listed) {
            threads.push(scope.spawn(move || {
                let due = |number| {
                    let times = u32::try_from(number).unwrap_or(u32::MAX);
                    Some(first.saturating_add(every.saturating_mul(times)))
                };
                let request = |_| (kind, 0);
                let lane = Lane {
                    next,
                    due: &due,
                    request: &request,
                };
                lane.drive(address, begin, duration)
            }));
        }
        let mut all = Tally::new()?;
        for thread in threads {
            all.merge(
                thread
                    .join()
                    .map_err(|_| anyhow!("a connection panicked"))??,
            )?;
        }
        Ok(all)
    })
}

impl Lane<'_> {
    /// Sends what is due in this time.
    fn drive(&self, address: SocketAddr, begin: Instant, duration: Duration) -> Result<Tally> {
        let mut tally = Tally::new()?;
        let mut client = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let due = (self.due)(number).unwrap_or_else(|| begin.elapsed());
            if due >= duration {
                return Ok(tally);
            }
            let (kind, group) = (self.request)(number);
            let request = Mix::request(kind, group);
            thread::sleep(due.saturating_sub(begin.elapsed()));
            match send(&mut client, address, &request) {
                Ok(reply) if kind.is_answered_by(&reply) => {
                    tally.add(kind, begin.elapsed().saturating_sub(due));
                }
                Ok(reply) => tally.fail(kind, &format!("status {}", reply.status)),
                Err(error) => {
                    client = None;
                    tally.fail(kind, &error.to_string());
                    // What does not answer is not asked as fast as it fails.
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }
}

/// Sends a request, after connecting if need be. Bodies are only counted.
fn send(
    client: &mut Option<Client>,
    address: SocketAddr,
    request: &[u8],
) -> std::io::Result<crate::http_client::Reply> {
    match client {
        Some(client) => client.count(request),
        None => client.insert(Client::connect(address)?).count(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};

    /// A server that answers as the gateway would, but leaves the first push waiting for so long.
    fn serve(stall: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address");
        let stalled = std::sync::Arc::new(AtomicU64::new(0));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let stalled = std::sync::Arc::clone(&stalled);
                thread::spawn(move || {
                    answer(stream, |head| {
                        if !head.starts_with("GET") && stalled.fetch_add(1, Ordering::Relaxed) == 0
                        {
                            thread::sleep(stall);
                        }
                    })
                });
            }
        });
        address
    }

    fn answer(mut stream: TcpStream, before: impl Fn(&str)) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            let length = head.split("content-length: ").nth(1).unwrap_or("0");
            let length = length.lines().next().and_then(|text| text.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body)?;
            before(&head);
            let (status, headers) = match () {
                () if head.starts_with("DELETE") => ("202", ""),
                () if head.contains("/job/wrong/") => ("400", ""),
                () if head.contains("gzip") => ("200", "content-encoding: gzip\r\n"),
                () => ("200", ""),
            };
            write!(
                stream,
                "HTTP/1.1 {status} x\r\n{headers}content-length: 2\r\n\r\nok"
            )?;
        }
    }

    #[test]
    fn a_stall_counts_for_every_request_that_was_due_meanwhile() {
        let stall = Duration::from_millis(600);
        let address = serve(stall);
        let mix = Mix { groups: 10 };
        // One connection, 50 a second: some thirty are due while it waits.
        let tally = run(address, 1, Pace::Rate(50.0), Duration::from_secs(1), &mix);
        let tally = tally.expect("a tally");
        tally.check().expect("no failures");
        assert_eq!(tally.paced(), 50);
        let late: u64 = Kind::ALL
            .into_iter()
            .map(|kind| tally.times(kind).count_between(200_000, u64::MAX))
            .sum();
        assert!(late >= 15, "{late}");
    }

    #[test]
    fn what_is_not_answered_is_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let mix = Mix { groups: 10 };
        let duration = Duration::from_millis(100);
        let tally = run(address, 2, Pace::Greatest, duration, &mix).expect("a tally");
        assert!(tally.failures() > 0);
        assert!(tally.check().is_err());
    }
}
