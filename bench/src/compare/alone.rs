//! What is worth knowing besides: deletions, refusals, large and many pushes, a cold start.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::{Bench, progress};
use crate::http_client::{Client, request, request_with};
use crate::load::{self, Until};
use crate::servers::{Server, folder, push};
use crate::stats::{Rounds, number, ratio};
use crate::table::Table;
use crate::workload::{self, Families, Method};

/// Groups that are deleted, of each kind.
const DELETIONS: usize = 20;

/// Connections when there are many.
const MANY: usize = 64;

/// Series of a large push.
const LARGE: usize = 100_000;

/// How long pushing and scraping go on together.
const TOGETHER: Duration = Duration::from_secs(5);

/// Longer than an instance without requests lives.
const IDLE: Duration = Duration::from_millis(1_500);

/// Measures all of it.
pub(super) fn measure(bench: &Bench<'_>) -> Result<()> {
    let mut table = Table::new("Also measured", &["what", "gateway", "Go", "ratio"]);
    full_store(bench, &mut table)?;
    progress("measuring large pushes, many at once, and cold starts");
    large_push(bench, &mut table)?;
    many_pushers(bench, &mut table)?;
    cold_start(bench, &mut table)?;
    let size = std::fs::metadata(&bench.component)?.len();
    row(
        &mut table,
        "size of the component in bytes (target: under 1,000,000)",
        &number(size as f64),
    );
    table.print();
    Ok(())
}

fn row(table: &mut Table, what: &str, ours: &str) {
    table.row(&[what, ours]);
}

fn full_store(bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let groups = bench.most_groups()?;
    let among = format!("among {} groups", number(groups as f64));
    let state = bench.filled(Families::Shared, groups)?;
    progress(&format!("measuring the rest, {among}"));
    let gateway = bench.gateway(state.path(), &[])?;

    let mut wrong = Rounds::default();
    for _ in 0..bench.options.rounds {
        let refused = load::run(
            gateway.address,
            bench.options.connections,
            bench.round(),
            400,
            |connection, _| {
                let body =
                    "# TYPE batch_step0_duration_seconds counter\nbatch_step0_duration_seconds 1\n";
                request(
                    "POST",
                    &format!("/metrics/job/wrong/instance/{connection}"),
                    body,
                )
            },
        )?;
        wrong.add(refused.rate);
    }
    row(
        table,
        &format!("pushes a second that are refused for their type, {among}"),
        &wrong.to_string(),
    );

    gzip(bench, &gateway, table)?;
    together(bench, &gateway, groups, table)?;

    for (kind, first) in [("POSTed", 0), ("PUT", 1)] {
        let deleted = load::run(
            gateway.address,
            1,
            Until::Sent(DELETIONS),
            202,
            |_, number| request("DELETE", &workload::path(number * 2 + first), ""),
        )?;
        let mut time = Rounds::default();
        time.add_time(deleted.percentile(0.5));
        row(
            table,
            &format!("DELETE of a {kind} group in ms, p50, {among}"),
            &time.to_string(),
        );
    }
    if let Some(bytes) = gateway.resident_bytes() {
        row(
            table,
            &format!("memory of the host's process in MB, after all this {among}"),
            &number(bytes as f64 / 1e6),
        );
    }
    Ok(())
}

/// A scrape that may come compressed.
fn gzip(bench: &Bench<'_>, gateway: &Server, table: &mut Table) -> Result<()> {
    let mut time = Rounds::default();
    let mut size = 0;
    let scrape = request_with("GET", "/metrics", "accept-encoding: gzip\r\n", "");
    for _ in 0..bench.options.rounds {
        let mut client = Client::connect(gateway.address)?;
        let begin = Instant::now();
        let reply = client.count(&scrape)?;
        if !reply.is_gzip {
            row(table, "gzip scrape", "not compressed");
            return Ok(());
        }
        time.add_time(begin.elapsed());
        size = reply.size;
    }
    row(
        table,
        &format!("gzip scrape in ms ({} bytes)", number(size as f64)),
        &time.to_string(),
    );
    Ok(())
}

/// Pushes all the time, and a scrape each second.
fn together(bench: &Bench<'_>, gateway: &Server, groups: usize, table: &mut Table) -> Result<()> {
    let connections = bench.options.connections;
    let mut scrapes = Rounds::default();
    let pushes = thread::scope(|scope| -> Result<_> {
        let pushes = scope.spawn(|| {
            gateway.push(
                Method::Post,
                Families::Shared,
                groups,
                connections,
                Until::Elapsed(TOGETHER),
            )
        });
        let begin = Instant::now();
        for second in 1..TOGETHER.as_secs() {
            let due = Duration::from_secs(second);
            thread::sleep(due.saturating_sub(begin.elapsed()));
            scrapes.add_time(gateway.scrape()?.0);
        }
        pushes.join().map_err(|_| anyhow!("the pushes panicked"))?
    })?;
    let among = format!("among {} groups", number(groups as f64));
    row(
        table,
        &format!("pushes a second with a scrape each second, {among}"),
        &number(pushes.rate),
    );
    row(
        table,
        "– their p50 and p99 in ms",
        &format!(
            "{}, {}",
            milliseconds(pushes.percentile(0.5)),
            milliseconds(pushes.percentile(0.99))
        ),
    );
    row(table, "– the scrapes in ms", &scrapes.to_string());
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    number(time.as_secs_f64() * 1e3)
}

/// One push of very many series, over and over.
fn large_push(bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let body = workload::large_body(LARGE);
    let push = request("PUT", "/metrics/job/large", &body);
    let measure = |server: &Server| -> Result<[Rounds; 2]> {
        let (mut pushes, mut scrapes) = (Rounds::default(), Rounds::default());
        for _ in 0..bench.options.rounds {
            let pushed = load::run(server.address, 1, Until::Sent(1), 200, |_, _| push.clone())?;
            pushes.add_time(pushed.percentile(1.0));
            scrapes.add_time(server.scrape()?.0);
        }
        Ok([pushes, scrapes])
    };
    let (state, go_dir) = (folder(&bench.dir)?, folder(&bench.dir)?);
    let [ours, our_scrape] = measure(&bench.gateway(state.path(), &[])?)?;
    let [theirs, their_scrape] = match &bench.go {
        Some(go) => measure(&Server::pushgateway(
            go,
            0,
            Families::Shared,
            go_dir.path(),
        )?)?,
        None => Default::default(),
    };
    let megabytes = number(body.len() as f64 / 1e6);
    table.row(&[
        &format!(
            "a push of {} series ({megabytes} MB) in ms",
            number(LARGE as f64)
        ),
        &ours.to_string(),
        &theirs.to_string(),
        &ratio(&theirs, &ours),
    ]);
    table.row(&[
        "– a scrape of it in ms",
        &our_scrape.to_string(),
        &their_scrape.to_string(),
        &ratio(&their_scrape, &our_scrape),
    ]);
    Ok(())
}

/// The request of each connection.
type Requests = dyn Fn(usize) -> Vec<u8> + Sync;

/// Many connections that push at once.
fn many_pushers(bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let distinct = |connection: usize| push("POST", Families::Shared, connection);
    let same = |_: usize| push("POST", Families::Shared, 0);
    let cases: [(&str, &Requests); 2] = [("distinct groups", &distinct), ("one group", &same)];
    for (what, next) in cases {
        let measure = |server: &Server| -> Result<[Rounds; 3]> {
            let [mut rate, mut p50, mut p99] = <[Rounds; 3]>::default();
            for _ in 0..bench.options.rounds {
                let pushed =
                    load::run(server.address, MANY, bench.round(), 200, |connection, _| {
                        next(connection)
                    })?;
                rate.add(pushed.rate);
                p50.add_time(pushed.percentile(0.5));
                p99.add_time(pushed.percentile(0.99));
            }
            Ok([rate, p50, p99])
        };
        let (state, go_dir) = (folder(&bench.dir)?, folder(&bench.dir)?);
        let ours = measure(&bench.gateway(state.path(), &[])?)?;
        let theirs = match &bench.go {
            Some(go) => measure(&Server::pushgateway(
                go,
                0,
                Families::Shared,
                go_dir.path(),
            )?)?,
            None => Default::default(),
        };
        table.row(&[
            &format!("pushes a second of {MANY} connections to {what}"),
            &ours[0].to_string(),
            &theirs[0].to_string(),
            &ratio(&ours[0], &theirs[0]),
        ]);
        let latency = |[_, p50, p99]: &[Rounds; 3]| {
            format!("{}, {}", number(p50.median()), number(p99.median()))
        };
        table.row(&[
            "– their p50 and p99 in ms",
            &latency(&ours),
            &latency(&theirs),
            "",
        ]);
    }
    Ok(())
}

/// The first answer of a host that has just started, and of an instance that has.
fn cold_start(bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let state = folder(&bench.dir)?;
    let [mut started, mut first, mut second, mut idle] = <[Rounds; 4]>::default();
    for _ in 0..bench.options.rounds {
        let begin = Instant::now();
        let gateway = bench.gateway(state.path(), &[])?;
        let (answer, _) = gateway.scrape()?;
        started.add_time(begin.elapsed());
        first.add_time(answer);
        second.add_time(gateway.scrape()?.0);
        thread::sleep(IDLE);
        let (answer, size) = gateway.scrape()?;
        ensure!(size > 0, "an empty exposition");
        idle.add_time(answer);
    }
    row(
        table,
        "from the start of the host to the first answer in ms",
        &started.to_string(),
    );
    row(
        table,
        "– the first scrape (empty store) in ms",
        &first.to_string(),
    );
    row(table, "– the second one", &second.to_string());
    row(
        table,
        "– after a pause that ends the instance",
        &idle.to_string(),
    );
    Ok(())
}
