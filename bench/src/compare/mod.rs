//! The comparison: the gateway, the Go Pushgateway and the floor, in one run on one machine.

mod alone;
mod growth;
mod memory;
mod redis;
mod stock;

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::disk;
use crate::load::Until;
use crate::options::Compare;
use crate::programs::{self, Host};
use crate::servers::{self, Server, Store};
use crate::stats::number;
use crate::workload::Families;
use stock::Stock;

/// What all parts of the comparison need.
#[derive(Debug)]
struct Bench<'a> {
    options: &'a Compare,
    host: Host,
    manifest: PathBuf,
    component: PathBuf,
    floor: PathBuf,
    go: Option<PathBuf>,
    dir: PathBuf,
    stock: Stock,
}

/// Measures and prints what was asked for.
pub(crate) fn compare(options: &Compare) -> Result<()> {
    let dir = servers::base(options.dir.as_deref());
    let own_dir = servers::folder(&dir)?;
    let (manifest, component) = programs::gateway(options.component.as_deref(), own_dir.path())?;
    let go = options
        .with_go
        .then(|| options.go.clone().or_else(programs::pushgateway))
        .flatten();
    let bench = Bench {
        options,
        host: Host::find(&options.host)?,
        manifest,
        component,
        floor: programs::floor()?,
        go,
        dir: own_dir.path().to_owned(),
        stock: Stock::new(own_dir.path())?,
    };
    bench.describe()?;
    if bench.options.wants("pushes") {
        growth::compare(&bench, Families::Shared)?;
    }
    if bench.options.wants("own-families") {
        growth::compare(&bench, Families::Own)?;
    }
    if bench.options.wants("memory") {
        memory::measure(&bench)?;
    }
    if bench.options.wants("others") {
        alone::measure(&bench)?;
    }
    if bench.options.wants("redis") {
        redis::measure(&bench)?;
    }
    Ok(())
}

impl Bench<'_> {
    /// Says what is measured on what.
    fn describe(&self) -> Result<()> {
        let cores = thread::available_parallelism()?;
        println!("- gateway on {}", self.host.name());
        match &self.go {
            Some(go) => println!(
                "- against {}, both with the consistency check on",
                programs::version(go).unwrap_or_else(|| "the Go Pushgateway".to_owned())
            ),
            None => println!("- without a Go Pushgateway: none was found"),
        }
        println!("- {cores} cores, load generator on the same ones, loopback");
        println!(
            "- disk: {} synchronised writes of 4 kB a second",
            number(disk::syncs_per_second(&self.dir)?)
        );
        println!(
            "- {} connections; {} rounds of {} s: median (least–greatest)",
            self.options.connections,
            self.options.rounds,
            self.options.duration.as_secs_f64()
        );
        Ok(())
    }

    /// How long a round of load lasts.
    fn round(&self) -> Until {
        Until::Elapsed(self.options.duration)
    }

    /// The gateway, on a store in this folder.
    fn gateway(&self, state: &Path, arguments: &[&str]) -> Result<Server> {
        Server::component(&self.host, &self.manifest, Store::Sqlite(state), arguments)
    }

    /// The floor, on a store in this folder.
    fn floor(&self, state: &Path) -> Result<Server> {
        Server::component(&self.host, &self.floor, Store::Sqlite(state), &[])
    }

    /// A store of its own with this many groups in it.
    fn filled(&self, families: Families, groups: usize) -> Result<TempDir> {
        self.stock.copy(self, families, groups)
    }

    /// The most groups that are asked for.
    fn most_groups(&self) -> Result<usize> {
        let most = self.options.sizes.last().copied().unwrap_or_default();
        ensure!(most > 0, "this part needs groups: --sizes");
        Ok(most)
    }
}

/// Says on standard error what takes so long.
fn progress(what: &str) {
    eprintln!("{what}");
}
