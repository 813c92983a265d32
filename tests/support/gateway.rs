//! The gateway under test: the compiled component on the local host.
//!
//! Environment: `WASI=0.2` takes the component for WASI 0.2 and its manifest,
//! `GATEWAY_HOST_BIN` names another host executable than the one built beside
//! the tests, `COMPONENT` another component than the manifest does.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Client;
use super::folder;
use super::process::{Process, listen_address};

/// How long a line may take into the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

/// How a gateway is started.
#[derive(Debug, Default)]
pub(crate) struct Options {
    port: u16,
    state: Option<PathBuf>,
    application: Option<PathBuf>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    address: SocketAddr,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    state: PathBuf,
    /// Holds what must outlive the process: the state, the changed manifest.
    folder: TempDir,
}

impl Options {
    /// A free port, a fresh store, every variable at its default.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Listens on this port instead of one that is free.
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the store in this folder instead of one that is deleted.
    pub(crate) fn state_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// Sets a variable of the application.
    pub(crate) fn variable(self, name: &str, value: &str) -> Self {
        self.argument("--variable")
            .argument(&format!("{name}={value}"))
    }

    /// Sets these variables.
    pub(crate) fn variables<'v>(
        self,
        variables: impl IntoIterator<Item = &'v (&'v str, &'v str)>,
    ) -> Self {
        let variables = variables.into_iter();
        variables.fold(self, |options, (name, value)| options.variable(name, value))
    }

    /// Runs the application of this manifest instead of the gateway.
    pub(crate) fn application(mut self, manifest: impl Into<PathBuf>) -> Self {
        self.application = Some(manifest.into());
        self
    }

    /// Adds an argument to the host's command line.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets a variable in the environment of the host.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the gateway and waits until it serves.
    pub(crate) fn start(self) -> Gateway {
        let folder = folder::temporary();
        let state = self.state.unwrap_or_else(|| folder.path().join("state"));
        fs::create_dir_all(&state).expect("the folder for the state");
        let manifest = self.application.unwrap_or_else(|| manifest(folder.path()));
        let mut command = vec![
            text(&host()),
            "--from".to_owned(),
            text(&manifest),
            "--listen".to_owned(),
            format!("127.0.0.1:{}", self.port),
            "--state-dir".to_owned(),
            text(&state),
        ];
        command.extend(self.arguments);
        let (process, address) = run(&command, &self.environment);
        Gateway {
            process,
            address,
            command,
            environment: self.environment,
            state,
            folder,
        }
    }
}

impl Gateway {
    /// Starts a gateway with default options.
    pub(crate) fn start() -> Self {
        Options::new().start()
    }

    /// Where the gateway listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new client of the gateway.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// The folder with the store.
    pub(crate) fn state_dir(&self) -> &Path {
        &self.state
    }

    /// The process id of the host.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What the host and the component have written to standard error.
    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Waits until this stands in the log: lines come a moment after the answer that they belong to.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let deadline = Instant::now() + LOG_TIMEOUT;
        while !self.stderr().contains(text) {
            assert!(
                Instant::now() < deadline,
                "{text:?} is not in the log:\n{}",
                self.stderr()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks the host to end (SIGTERM) and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.process.terminate();
    }

    /// Ends the host without warning (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the gateway again with the same options and the same store,
    /// after a kill if it is still running. A free port is chosen again.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        (self.process, self.address) = run(&self.command, &self.environment);
    }
}

fn run(command: &[String], environment: &[(String, String)]) -> (Process, SocketAddr) {
    let [program, arguments @ ..] = command else {
        unreachable!("the command starts with the host");
    };
    let mut host = Command::new(program);
    host.args(arguments);
    host.envs(environment.iter().map(|(name, value)| (name, value)));
    let process = Process::start("the local host", &mut host);
    let address = process.wait_for("where it serves", |line| {
        line.strip_prefix("Serving ").and_then(listen_address)
    });
    (process, address)
}

/// The host executable: built into the folder above that of the test.
fn host() -> PathBuf {
    let path = env::var_os("GATEWAY_HOST_BIN").map_or_else(
        || {
            let test = env::current_exe().expect("the path of the test");
            let folder = test.ancestors().nth(2).expect("target/PROFILE above deps");
            folder.join(format!("local-host{}", env::consts::EXE_SUFFIX))
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "the local host is missing at {}: run `make test`, which builds it",
        path.display()
    );
    path
}

/// The manifest: the project's own, or a copy in `folder` that names another
/// component.
fn manifest(folder: &Path) -> PathBuf {
    let (manifest, built) = match env::var("WASI").as_deref() {
        Ok("0.2") => (
            "spin-wasi02.toml",
            "target/wasi02/wasm32-wasip2/release/pushgateway_wasi02.wasm",
        ),
        Ok("0.3") | Err(_) => (
            "spin.toml",
            "target/wasm32-wasip2/release/spin_pushgateway.wasm",
        ),
        Ok(other) => panic!("WASI is {other}: expected 0.2 or 0.3"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let original = root.join(manifest);
    let other = env::var("COMPONENT").ok();
    let component = other
        .as_ref()
        .map_or_else(|| root.join(built), PathBuf::from);
    assert!(
        component.is_file(),
        "the component is missing at {}: run `make test`, which builds it",
        component.display()
    );
    let Some(other) = other else {
        return original;
    };
    let text = fs::read_to_string(&original).expect("the manifest is there");
    assert!(text.contains(built), "{manifest} does not name {built}");
    let copy = folder.join(manifest);
    fs::write(&copy, text.replace(built, &other)).expect("a copy of the manifest");
    copy
}

fn text(path: &Path) -> String {
    path.to_str().expect("paths in tests are UTF-8").to_owned()
}
