//! An application in a folder of its own, and a host that runs it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::{Answer, Connection};

/// The longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const BINARY: &str = env!("CARGO_BIN_EXE_local-host");

/// A folder with a manifest for the probe.
pub(crate) struct App {
    folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
}

impl App {
    /// The probe, on all paths, with the default store and a variable.
    pub(crate) fn new() -> Self {
        Self::of("host_probe")
    }

    /// The same with the probe for WASI 0.2.
    pub(crate) fn wasi02() -> Self {
        Self::of("host_probe_wasi02")
    }

    fn of(probe: &str) -> Self {
        let probe = Path::new(BINARY)
            .ancestors()
            .nth(2)
            .unwrap()
            .join(format!("wasm32-wasip2/release/{probe}.wasm"));
        assert!(
            probe.exists(),
            "{} is missing; build it with: scripts/wasm build -p host-probe -p host-probe-wasi02",
            probe.display()
        );
        let app = Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            environment: Vec::new(),
        };
        app.write(
            "spin.toml",
            &format!(
                r#"
                spin_manifest_version = 2
                [application]
                name = "probe"
                [variables]
                greeting = {{ default = "hello" }}
                [[trigger.http]]
                route = "/..."
                component = "probe"
                [component.probe]
                source = "{}"
                key_value_stores = ["default"]
                environment = {{ PLACE = "here" }}
                [component.probe.variables]
                line = "{{{{ greeting }}}}, you"
                "#,
                probe.display()
            ),
        );
        app
    }

    /// The application, with a change to its manifest.
    pub(crate) fn with(self, replace: &str, with: &str) -> Self {
        let manifest = std::fs::read_to_string(self.path("spin.toml")).unwrap();
        assert!(manifest.contains(replace), "{replace}");
        self.write("spin.toml", &manifest.replacen(replace, with, 1));
        self
    }

    /// The application, on the Redis at a port.
    pub(crate) fn on_redis(self, port: u16) -> Self {
        self.write(
            "redis.toml",
            &format!(
                "[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://127.0.0.1:{port}\""
            ),
        );
        self
    }

    /// The application, with an environment variable for the host.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Reads a file in the folder; a missing one is empty.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The host's command line; relative paths in it are in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .current_dir(self.folder.path());
        command
    }

    /// Starts a host and waits until it serves.
    pub(crate) fn start(&self, arguments: &[&str]) -> Host {
        let log = std::fs::File::create(self.path("stderr.log")).unwrap();
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some(address) = line.trim_end().strip_prefix("Serving http://") else {
            panic!("{line:?}: {}", self.read("stderr.log"));
        };
        Host {
            address: address.parse().unwrap(),
            child,
            output,
            _folder: Arc::clone(&self.folder),
        }
    }
}

/// A running host; it ends with the value.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) output: BufReader<ChildStdout>,
    child: Child,
    /// Keeps the folder, which may outlive its application.
    _folder: Arc<TempDir>,
}

impl Host {
    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// `GET`, on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.connect().call("GET", path, "")
    }

    /// `POST`, on a connection of its own.
    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.connect().call("POST", path, body)
    }

    /// Sends the process a signal, such as `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the host ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until there is a value, for as long as [`PATIENCE`] lasts.
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "not in time: {what}");
        sleep(Duration::from_millis(10));
    }
}
