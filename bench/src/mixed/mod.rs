//! Everything at once for a long time, at a steady rate: whether anything fails, how long each kind of request takes,
//! and whether memory stays what it is.
//!
//! The greatest rate comes first: connections that send one request after the other. The steady run is an open loop at
//! a part of it: each request is due at a time that no answer changes, and its latency counts from then. A request that
//! is sent late because others were slow counts that too, so that stalls are not hidden (coordinated omission).

mod drive;
mod memory;
mod mix;
mod tally;

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::options::{Load, Mixed};
use crate::programs::{self, Host};
use crate::servers::{self, Server, Store};
use crate::stats::number;
use crate::table::Table;
use crate::workload::Families;
use drive::Pace;
use memory::Memory;
use mix::{Kind, Mix};
use tally::Tally;

/// How long the greatest rate is measured, after as long a run that does not count.
const GREATEST: Duration = Duration::from_secs(10);

/// Runs the mix and prints what came of it.
///
/// # Errors
///
/// A request failed, or memory grew: after the report.
pub(crate) fn run(options: &Mixed) -> Result<()> {
    let base = servers::base(options.dir.as_deref());
    let (dir, state) = (servers::folder(&base)?, servers::folder(&base)?);
    let (manifest, _) = programs::gateway(options.component.as_deref(), dir.path())?;
    let host = Host::find(&options.host)?;
    let server = Server::component(&host, &manifest, Store::Sqlite(state.path()), &[])?;
    let (groups, connections) = (options.groups, options.connections);
    eprintln!("filling the store with {groups} groups");
    server.fill(0..groups, Families::Shared, connections, 200)?;

    let mix = Mix { groups };
    let load = |pace, duration| drive::run(server.address, connections, pace, duration, &mix);
    let (rate, share) = match options.load {
        Load::Rate(rate) => (rate, String::new()),
        Load::PartOfGreatest(part) => {
            eprintln!("looking for the greatest rate");
            load(Pace::Greatest, GREATEST)?;
            let tally = load(Pace::Greatest, GREATEST)?;
            tally.check()?;
            let greatest = tally.paced() as f64 / GREATEST.as_secs_f64();
            let (percent, greatest_text) = (number(part * 100.0), number(greatest));
            let share = format!(", {percent}% of the greatest rate, {greatest_text} a second");
            (greatest * part, share)
        }
    };
    let seconds = options.duration.as_secs_f64();
    eprintln!("{} requests a second for {seconds} s", number(rate));
    let (tally, memory) = Memory::watch(&server, || load(Pace::Rate(rate), options.duration))?;
    println!(
        "- gateway on {}, {} groups, {connections} connections, {seconds} s",
        host.name(),
        number(groups as f64),
    );
    println!("- {} requests a second{share}", number(rate));
    let answered = Kind::ALL.map(|kind| tally.times(kind).len()).iter().sum();
    println!(
        "- {} requests answered, {} failed",
        count(answered),
        count(tally.failures())
    );
    latencies(&tally).print();
    memory.table().print();
    server.stop()?;
    tally.check()?;
    ensure!(memory.is_flat(), "memory grew");
    Ok(())
}

/// How long each kind of request took.
fn latencies(tally: &Tally) -> Table {
    let mut table = Table::new(
        "Latency in ms, from when each request was due",
        &[
            "request", "answered", "p50", "p90", "p99", "p99.9", "greatest",
        ],
    );
    for kind in Kind::ALL {
        let times = tally.times(kind);
        if times.is_empty() {
            continue;
        }
        let at = |part| number(times.value_at_quantile(part) as f64 / 1e3);
        table.row(&[
            kind.name().to_owned(),
            count(times.len()),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            number(times.max() as f64 / 1e3),
        ]);
    }
    table
}

/// A number of requests: all of its digits where there are few.
fn count(requests: u64) -> String {
    match requests {
        0..1_000 => requests.to_string(),
        _ => number(requests as f64),
    }
}
