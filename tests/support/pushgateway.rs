//! The Go Pushgateway, the reference for everything this project copies.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::client::Client;
use super::process::{Process, listen_address};
use super::programs::{PUSHGATEWAY, Version, skip, version};

/// A running Go Pushgateway, without persistence unless a flag says otherwise.
#[derive(Debug)]
pub(crate) struct Pushgateway {
    process: Process,
    address: SocketAddr,
    version: Version,
}

impl Pushgateway {
    /// Starts a Pushgateway of at least that version with these extra flags;
    /// `None` after saying that the test is skipped, where there is none.
    pub(crate) fn start_or_skip(minimum: Version, flags: &[&str]) -> Option<Self> {
        let executable = PUSHGATEWAY.find_or_skip()?;
        let version = version(&executable).expect("a version of the Pushgateway");
        if version < minimum {
            let (major, minor, patch) = minimum;
            skip(&format!(
                "a prometheus-pushgateway {major}.{minor}.{patch} or newer"
            ));
            return None;
        }
        Some(Self::start(&executable, version, flags))
    }

    fn start(executable: &Path, version: Version, flags: &[&str]) -> Self {
        const PERSISTENCE: &str = "--persistence.file=";
        let mut command = Command::new(executable);
        command.arg("--web.listen-address=127.0.0.1:0").args(flags);
        if !flags.iter().any(|flag| flag.starts_with(PERSISTENCE)) {
            // Debian's default is a file that all instances would share.
            command.arg(PERSISTENCE);
        }
        let process = Process::start("the Go Pushgateway", &mut command);
        let address = process.wait_for("where it listens", listen_address);
        Self {
            process,
            address,
            version,
        }
    }

    /// Asks it to end (SIGTERM), upon which it writes its persistence file, and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.process.terminate();
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new client of it.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Its version.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Its log.
    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }
}
