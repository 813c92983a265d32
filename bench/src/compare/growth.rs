//! How pushes and scrapes fare as the store grows.

use anyhow::Result;

use super::{Bench, progress};
use crate::http_client::{Client, request};
use crate::load::{self, Outcome, Until};
use crate::servers::{Server, folder};
use crate::stats::{Rounds, number, ratio};
use crate::table::Table;
use crate::workload::{Families, Method};

/// Groups from which on the Pushgateway takes seconds for a push: it is then measured for one method only.
const SLOW: usize = 5_000;

/// What the targets of the project are, by the number of groups: pushes against the Pushgateway, scrapes against the
/// Pushgateway, scrapes against the floor.
fn targets(groups: usize) -> [&'static str; 3] {
    match groups {
        0 => ["≥ 2x", "≥ 1x", ""],
        1_000 => ["≥ 100x", "≥ 7x", "≤ 2x"],
        10_000 => ["≥ 2,000x", "≥ 10x", "≤ 2.5x"],
        _ => ["", "", ""],
    }
}

/// The tables of one comparison, and what its first size brought.
struct Report {
    pushes: Table,
    scrapes: Table,
    floor: Table,
    /// Our pushes a second to the store of the first size, by method.
    empty: Vec<Rounds>,
}

/// Compares at each size.
pub(super) fn compare(bench: &Bench<'_>, families: Families) -> Result<()> {
    let name = families.name();
    let mut report = Report {
        pushes: Table::new(
            &format!("Pushes a second, families {name}"),
            &[
                "groups",
                "method",
                "gateway",
                "p50 ms",
                "p99 ms",
                "CPU µs a push",
                "Go",
                "Go p50 ms",
                "ratio",
                "target",
                "against empty",
            ],
        ),
        scrapes: Table::new(
            &format!("Scrape in ms, families {name}"),
            &[
                "groups",
                "bytes",
                "gateway",
                "Go",
                "ratio",
                "target",
                "floor: list and read",
                "ratio",
                "target",
            ],
        ),
        floor: Table::new(
            &format!("Pushes a second against one durable write, families {name}, empty store"),
            &["", "a second", "CPU µs each", "POST", "PUT", "target"],
        ),
        empty: Vec::new(),
    };
    for &groups in &bench.options.sizes {
        measure(bench, families, groups, &mut report)?;
    }
    report.pushes.print();
    report.floor.print();
    report.scrapes.print();
    Ok(())
}

fn measure(
    bench: &Bench<'_>,
    families: Families,
    groups: usize,
    report: &mut Report,
) -> Result<()> {
    let state = bench.filled(families, groups)?;
    let gateway = bench.gateway(state.path(), &[])?;
    let go_dir = folder(&bench.dir)?;
    progress(&format!(
        "comparing at {groups} groups, families {}",
        families.name()
    ));
    let go = bench
        .go
        .as_ref()
        .map(|go| Server::pushgateway(go, groups, families, go_dir.path()))
        .transpose()?;
    let floor_state = bench.filled(families, groups)?;
    let floor = bench.floor(floor_state.path())?;
    scrapes(
        bench,
        groups,
        [&gateway, &floor],
        go.as_ref(),
        &mut report.scrapes,
    )?;
    floor.stop()?;
    let slow = groups >= SLOW;
    let go_in_turn = match &go {
        Some(go) if slow => Some(pushes(
            bench,
            &Method::InTurn,
            families,
            groups,
            None,
            Some(go),
        )?),
        _ => None,
    };
    for (at, method) in Method::ALL.iter().enumerate() {
        let measured = go.as_ref().filter(|_| !slow);
        let Pushes { ours, mut theirs } =
            pushes(bench, method, families, groups, Some(&gateway), measured)?;
        if let Some(in_turn) = &go_in_turn {
            theirs = in_turn.theirs.clone();
        }
        if report.empty.len() <= at {
            report.empty.push(ours.rate.clone());
        }
        let empty = report.empty.get(at).cloned().unwrap_or_default();
        report.pushes.row(&[
            number(groups as f64),
            method.name().to_owned(),
            ours.rate.to_string(),
            number(ours.p50.median()),
            number(ours.p99.median()),
            number(ours.processor.median()),
            theirs.rate.to_string(),
            number(theirs.p50.median()),
            ratio(&ours.rate, &theirs.rate),
            targets(groups)[0].to_owned(),
            ratio(&ours.rate, &empty),
        ]);
    }
    if bench.options.sizes.first() == Some(&groups) {
        against_floor(bench, families, &mut report.floor)?;
    }
    gateway.stop()
}

/// The rounds of one server.
#[derive(Debug, Clone, Default)]
struct Pushed {
    rate: Rounds,
    p50: Rounds,
    p99: Rounds,
    /// Microseconds of processor time for a push.
    processor: Rounds,
}

impl Pushed {
    /// Measures a round of load on this server.
    fn measure(&mut self, server: &Server, load: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        let before = server.processor_time();
        let outcome = load()?;
        let spent = server.processor_time().saturating_sub(before);
        self.processor
            .add(spent.as_secs_f64() * 1e6 / outcome.requests() as f64);
        self.rate.add(outcome.rate);
        self.p50.add_time(outcome.percentile(0.5));
        self.p99.add_time(outcome.percentile(0.99));
        Ok(())
    }
}

/// The rounds of both.
#[derive(Debug, Default)]
struct Pushes {
    ours: Pushed,
    theirs: Pushed,
}

/// Pushes by turns to each server, so that a disturbance meets both.
fn pushes(
    bench: &Bench<'_>,
    method: &Method,
    families: Families,
    groups: usize,
    gateway: Option<&Server>,
    go: Option<&Server>,
) -> Result<Pushes> {
    let mut pushes = Pushes::default();
    for _ in 0..bench.options.rounds {
        for (server, pushed) in [(gateway, &mut pushes.ours), (go, &mut pushes.theirs)] {
            let Some(server) = server else { continue };
            let connections = bench.options.connections;
            pushed.measure(server, || {
                server.push(*method, families, groups, connections, bench.round())
            })?;
        }
    }
    Ok(pushes)
}

fn scrapes(
    bench: &Bench<'_>,
    groups: usize,
    [gateway, floor]: [&Server; 2],
    go: Option<&Server>,
    table: &mut Table,
) -> Result<()> {
    let [mut ours, mut theirs, mut least] = <[Rounds; 3]>::default();
    let mut size = 0;
    for _ in 0..bench.options.rounds {
        // The first of each pair wakes the instance and fills caches.
        gateway.scrape()?;
        let (time, bytes) = gateway.scrape()?;
        size = bytes;
        ours.add_time(time);
        floor.get("/read")?;
        least.add_time(floor.get("/read")?.0);
        if let Some(go) = go {
            theirs.add_time(go.scrape()?.0);
        }
    }
    let [_, against_go, against_floor] = targets(groups);
    table.row(&[
        number(groups as f64),
        number(size as f64),
        ours.to_string(),
        theirs.to_string(),
        ratio(&theirs, &ours),
        against_go.to_owned(),
        least.to_string(),
        ratio(&ours, &least),
        against_floor.to_owned(),
    ]);
    Ok(())
}

/// Our pushes to an empty store beside a component that only writes as much as a push leaves behind.
fn against_floor(bench: &Bench<'_>, families: Families, table: &mut Table) -> Result<()> {
    let (state, floor_state) = (folder(&bench.dir)?, folder(&bench.dir)?);
    let gateway = bench.gateway(state.path(), &[])?;
    let floor = bench.floor(floor_state.path())?;
    let connections = bench.options.connections;
    let push = |method, until| gateway.push(method, families, 0, connections, until);
    push(Method::Put, Until::Sent(connections))?;
    let entry_size = stored_bytes(&gateway)? / connections;

    let write = |path: &str, size: &str, body: &str| {
        load::run(
            floor.address,
            connections,
            bench.round(),
            200,
            |connection, _| request("POST", &format!("/{path}/{connection}{size}"), body),
        )
    };
    let size = format!("/{entry_size}");
    let body = "x".repeat(entry_size);
    let [mut post, mut put, mut least, mut stored] = <[Pushed; 4]>::default();
    for _ in 0..bench.options.rounds {
        post.measure(&gateway, || push(Method::Post, bench.round()))?;
        put.measure(&gateway, || push(Method::Put, bench.round()))?;
        least.measure(&floor, || write("write", &size, ""))?;
        stored.measure(&floor, || write("store", "", &body))?;
    }
    let size = number(entry_size as f64);
    let ours = [("the gateway's POST", &post), ("the gateway's PUT", &put)];
    for (what, pushed) in ours {
        table.row(&[
            what.to_owned(),
            pushed.rate.to_string(),
            number(pushed.processor.median()),
        ]);
    }
    let floors = [
        (
            format!("one write of {size} bytes, no body read"),
            &least,
            "≥ 0.8x",
        ),
        (
            format!("a body of {size} bytes read, one write"),
            &stored,
            "",
        ),
    ];
    for (what, floor, target) in floors {
        table.row(&[
            what,
            floor.rate.to_string(),
            number(floor.processor.median()),
            ratio(&post.rate, &floor.rate),
            ratio(&put.rate, &floor.rate),
            target.to_owned(),
        ]);
    }
    Ok(())
}

/// What the gateway says about the size of its entries.
fn stored_bytes(gateway: &Server) -> Result<usize> {
    let reply = Client::connect(gateway.address)?.send(&request("GET", "/metrics", ""))?;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("pushgateway_stored_bytes "))
        .and_then(|value| value.parse::<f64>().ok());
    Ok(value.unwrap_or_default() as usize)
}
