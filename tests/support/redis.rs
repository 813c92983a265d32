//! A Redis server that keeps every acknowledged write, for tests that stop it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::folder;
use super::process::{Process, START_TIMEOUT};
use super::programs::REDIS;

/// How often another port is tried when one turned out to be taken.
const START_ATTEMPTS: usize = 5;

/// A Redis server with its data in a temporary folder, synced at each write.
#[derive(Debug)]
pub(crate) struct Redis {
    executable: PathBuf,
    /// Its configuration, a file; without one, everything that is needed is on the command line.
    config: Option<PathBuf>,
    folder: TempDir,
    address: SocketAddr,
    process: Process,
}

impl Redis {
    /// Starts an empty server; `None` after saying that the test is skipped,
    /// where there is no Redis.
    pub(crate) fn start_or_skip() -> Option<Self> {
        Some(Self::start(REDIS.find_or_skip()?, None))
    }

    /// The same, configured by this file and nothing else but where it listens and keeps its data.
    pub(crate) fn with_config_or_skip(config: &Path) -> Option<Self> {
        Some(Self::start(REDIS.find_or_skip()?, Some(config.to_owned())))
    }

    fn start(executable: PathBuf, config: Option<PathBuf>) -> Self {
        let folder = folder::temporary();
        for _ in 0..START_ATTEMPTS {
            let address = free_address();
            let mut process = spawn(&executable, config.as_deref(), folder.path(), address);
            if wait_until_ready(&mut process, address) {
                return Self {
                    executable,
                    config,
                    folder,
                    address,
                    process,
                };
            }
        }
        panic!("redis-server found no free port in {START_ATTEMPTS} attempts");
    }

    /// Where it listens; the same after a restart.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its first database.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Stops it (SIGTERM); the data stays.
    pub(crate) fn stop(&mut self) {
        self.process.terminate();
    }

    /// Ends it without warning (SIGKILL); what was acknowledged stays.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port with the same data.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        self.process = spawn(
            &self.executable,
            self.config.as_deref(),
            self.folder.path(),
            self.address,
        );
        assert!(
            wait_until_ready(&mut self.process, self.address),
            "redis-server does not start again: {}",
            self.process.stderr()
        );
    }

    /// Removes every key.
    pub(crate) fn clear(&self) {
        assert_eq!(self.command("FLUSHALL"), "+OK\r\n");
    }

    /// The reply to an inline command: a short one.
    pub(crate) fn command(&self, text: &str) -> String {
        command(self.address, text).expect("Redis answers")
    }

    /// The same in another database than the first.
    pub(crate) fn command_in(&self, database: u32, text: &str) -> String {
        let both = format!("SELECT {database}\r\n{text}");
        let replies = command(self.address, &both).expect("Redis answers");
        let (selected, reply) = replies.split_once("\r\n").expect("two replies");
        assert_eq!(selected, "+OK");
        reply.to_owned()
    }
}

/// A port that was free a moment ago: Redis cannot choose one itself.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

fn spawn(executable: &Path, config: Option<&Path>, folder: &Path, address: SocketAddr) -> Process {
    let mut command = Command::new(executable);
    match config {
        Some(file) => command.arg(file),
        None => command.args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ]),
    };
    Process::start(
        "redis-server",
        command
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .arg("--dir")
            .arg(folder),
    )
}

/// False when the process ended instead of serving.
fn wait_until_ready(process: &mut Process, address: SocketAddr) -> bool {
    let deadline = Instant::now() + START_TIMEOUT;
    while process.is_running() && Instant::now() < deadline {
        // Another reply means that it is still loading its data.
        if command(address, "PING").is_ok_and(|reply| reply == "+PONG\r\n") {
            // Somebody else's server on that port would have answered, too.
            return process.is_running();
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Sends an inline command on a new connection; reads one short reply.
fn command(address: SocketAddr, command: &str) -> std::io::Result<String> {
    let timeout = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut reply = [0; 256];
    let length = stream.read(&mut reply)?;
    Ok(String::from_utf8_lossy(reply.get(..length).unwrap_or_default()).into_owned())
}
