//! The servers that are compared, each with a store of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::http_client::{Client, request};
use crate::load::{self, Outcome, Until};
use crate::process::Process;
use crate::programs::Host;
use crate::workload::{self, Families, Method};

/// How long Redis may take to get ready.
const REDIS_TIMEOUT: Duration = Duration::from_secs(20);

/// A server that is up.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
}

/// Where a component keeps its data.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store<'a> {
    /// In SQLite, below this folder.
    Sqlite(&'a Path),
    /// In Redis, by a runtime configuration in this folder.
    Redis(&'a Redis, &'a Path),
}

impl Server {
    /// Runs a component on a host.
    pub(crate) fn component(
        host: &Host,
        manifest: &Path,
        store: Store<'_>,
        arguments: &[&str],
    ) -> Result<Self> {
        let (mut command, port) = match host {
            // Spin cannot choose a port.
            Host::Spin { .. } => (Command::new("spin"), free_address()?.port()),
            Host::Local(path) => (Command::new(path), 0),
        };
        command.arg("up").arg("--from").arg(manifest);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        match store {
            Store::Sqlite(dir) => {
                command.arg("--state-dir").arg(dir);
            }
            Store::Redis(redis, dir) => {
                let config = dir.join("runtime-config.toml");
                let url = format!("redis://{}/0", redis.address);
                std::fs::write(
                    &config,
                    format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n"),
                )?;
                command.arg("--runtime-config-file").arg(config);
                command.arg("--state-dir").arg(dir);
            }
        }
        let (process, address) = Process::serve(&host.name(), command.args(arguments))?;
        Ok(Self { process, address })
    }

    /// Runs the Go Pushgateway with this many groups in it, its check on.
    ///
    /// It is filled with the check off, since with it filling takes time in proportion to the square of the groups;
    /// its persistence file carries them over.
    pub(crate) fn pushgateway(
        executable: &Path,
        groups: usize,
        families: Families,
        dir: &Path,
    ) -> Result<Self> {
        let file = dir.join("persistence");
        let persistence = format!("--persistence.file={}", file.display());
        let start = |flags: &[&str]| -> Result<Self> {
            let mut command = Command::new(executable);
            command.args(["--web.listen-address=127.0.0.1:0"]);
            command.args(flags);
            let (process, address) = Process::serve("the Go Pushgateway", &mut command)?;
            Ok(Self { process, address })
        };
        if groups == 0 {
            return start(&["--persistence.file="]);
        }
        let filling = start(&[&persistence, "--push.disable-consistency-check"])?;
        filling.fill(0..groups, families, 4, 202)?;
        // Pushes without check are answered before they are done.
        filling.process.terminate()?;
        // The interval is longer than any run: writing the file would disturb it.
        start(&[&persistence, "--persistence.interval=24h"])
    }

    /// Pushes these groups, those with an even number by POST, the others by PUT.
    pub(crate) fn fill(
        &self,
        groups: std::ops::Range<usize>,
        families: Families,
        connections: usize,
        status: u16,
    ) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let first = groups.start;
        load::run(
            self.address,
            connections,
            Until::Sent(groups.len()),
            status,
            |connection, number| {
                let group = first + number * connections + connection;
                push(Method::InTurn.of_request(group), families, group)
            },
        )
        .context("filling the store")?;
        Ok(())
    }

    /// Lets connections push for a while, to groups that exist, or in an empty store to one each.
    ///
    /// POSTs go to groups that were POSTed, PUTs to such as were PUT.
    pub(crate) fn push(
        &self,
        method: Method,
        families: Families,
        groups: usize,
        connections: usize,
        until: Until,
    ) -> Result<Outcome> {
        load::run(
            self.address,
            connections,
            until,
            200,
            |connection, number| {
                let at = match groups {
                    0 => 2 * connection,
                    // Steps through all groups in an order that has nothing to do with theirs.
                    groups => (connection * 7_919 + number * 104_729) % groups,
                };
                let group = match method {
                    Method::Post => at & !1,
                    Method::Put => at | 1,
                    Method::InTurn => at,
                };
                push(method.of_request(number), families, group)
            },
        )
    }

    /// Scrapes once. Returns how long it took, and how many bytes came.
    pub(crate) fn scrape(&self) -> Result<(Duration, u64)> {
        self.get("/metrics")
    }

    /// Gets a page on a new connection. Returns how long it took, and how many bytes came.
    pub(crate) fn get(&self, path: &str) -> Result<(Duration, u64)> {
        let mut client = Client::connect(self.address)?;
        let request = request("GET", path, "");
        let begin = Instant::now();
        let reply = client.count(&request)?;
        let elapsed = begin.elapsed();
        if reply.status != 200 {
            bail!("{path} answered {}", reply.status);
        }
        Ok((elapsed, reply.size))
    }

    /// The processor time that the server has taken so far.
    pub(crate) fn processor_time(&self) -> Duration {
        self.process.processor_time().unwrap_or_default()
    }

    /// The memory of the server's process.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        self.process.resident_bytes()
    }

    /// Ends the server in order.
    pub(crate) fn stop(self) -> Result<()> {
        self.process.terminate()
    }
}

/// A push of a group.
pub(crate) fn push(method: &str, families: Families, group: usize) -> Vec<u8> {
    request(
        method,
        &workload::path(group),
        &workload::body(families, group),
    )
}

/// A Redis server that synchronises each write, as durable as SQLite.
#[derive(Debug)]
pub(crate) struct Redis {
    address: SocketAddr,
    _process: Process,
    _dir: TempDir,
}

impl Redis {
    pub(crate) fn start(executable: &Path, below: &Path) -> Result<Self> {
        let dir = tempfile::tempdir_in(below)?;
        let address = free_address()?;
        let port = address.port().to_string();
        let process = Process::start(
            "redis-server",
            Command::new(executable)
                .args(["--bind", "127.0.0.1", "--port", &port, "--save", ""])
                .args(["--appendonly", "yes", "--appendfsync", "always"])
                .arg("--dir")
                .arg(dir.path()),
        )?;
        let deadline = Instant::now() + REDIS_TIMEOUT;
        while std::net::TcpStream::connect_timeout(&address, REDIS_TIMEOUT).is_err() {
            if Instant::now() > deadline {
                bail!("redis-server does not get ready");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Self {
            address,
            _process: process,
            _dir: dir,
        })
    }
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A folder for one store, removed when it is dropped.
pub(crate) fn folder(below: &Path) -> Result<TempDir> {
    std::fs::create_dir_all(below)?;
    Ok(tempfile::tempdir_in(below)?)
}

/// Where stores are put: on the disk of the project, unless asked otherwise.
pub(crate) fn base(wanted: Option<&Path>) -> PathBuf {
    wanted.map_or_else(
        || crate::programs::root().join("target/bench"),
        Path::to_owned,
    )
}
