//! The gateway on Redis, which synchronises every write as SQLite does.

use anyhow::Result;

use super::Bench;
use crate::http_client::request;
use crate::load::{self};
use crate::programs;
use crate::servers::{Redis, Server, Store, folder};
use crate::stats::{Rounds, ratio};
use crate::table::Table;
use crate::workload::{Families, Method};

/// Groups in the store.
const GROUPS: usize = 1_000;

/// What a push leaves behind, about: the size that the floor writes.
const ENTRY: usize = 4_000;

/// Measures pushes and scrapes, if there is a Redis.
pub(super) fn measure(bench: &Bench<'_>) -> Result<()> {
    let mut table = Table::new(
        "On Redis (appendfsync always), 1,000 groups",
        &["what", "gateway", "floor", "ratio", "target"],
    );
    let executable = match programs::require("redis-server") {
        Ok(executable) => executable,
        Err(error) => {
            table.row(&[error.to_string()]);
            table.print();
            return Ok(());
        }
    };
    let redis = Redis::start(&executable, &bench.dir)?;
    let (state, floor_state) = (folder(&bench.dir)?, folder(&bench.dir)?);
    let connections = bench.options.connections;
    let gateway = Server::component(
        &bench.host,
        &bench.manifest,
        Store::Redis(&redis, state.path()),
        &[],
    )?;
    gateway.fill(0..GROUPS, Families::Shared, connections, 200)?;
    let [mut scrapes, mut post, mut put] = <[Rounds; 3]>::default();
    for _ in 0..bench.options.rounds {
        scrapes.add_time(gateway.scrape()?.0);
        let push =
            |method| gateway.push(method, Families::Shared, GROUPS, connections, bench.round());
        post.add(push(Method::Post)?.rate);
        put.add(push(Method::Put)?.rate);
    }
    gateway.stop()?;

    // A second Redis: the floor's keys are no business of the gateway's.
    let other = Redis::start(&executable, &bench.dir)?;
    let floor = Server::component(
        &bench.host,
        &bench.floor,
        Store::Redis(&other, floor_state.path()),
        &[],
    )?;
    let mut write = Rounds::default();
    for _ in 0..bench.options.rounds {
        let written = load::run(
            floor.address,
            connections,
            bench.round(),
            200,
            |connection, _| request("POST", &format!("/write/{connection}/{ENTRY}"), ""),
        )?;
        write.add(written.rate);
    }
    table.row(&["scrape in ms", &scrapes.to_string(), "", "", "< 80 ms"]);
    table.row(&[
        "POSTs a second",
        &post.to_string(),
        &write.to_string(),
        &ratio(&post, &write),
        "",
    ]);
    table.row(&[
        "PUTs a second",
        &put.to_string(),
        &write.to_string(),
        &ratio(&put, &write),
        "",
    ]);
    table.print();
    Ok(())
}
