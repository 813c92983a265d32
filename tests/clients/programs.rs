//! The clients' programs, as commands that only lack their arguments.
//!
//! Each is `None` after saying that the test is skipped, where the client is not installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::programs::{CURL, GO, NODE, skip};

/// `prometheus_client`.
pub(crate) fn python() -> Option<Command> {
    let python = installed("python/bin/python", "the Python client")?;
    let mut command = Command::new(python);
    command.arg(source("python/push.py"));
    Some(command)
}

/// `prom-client`.
pub(crate) fn node() -> Option<Command> {
    let node = NODE.find_or_skip()?;
    let modules = installed("node/node_modules", "the Node client")?;
    let mut command = Command::new(node);
    command
        .arg(source("node/push.js"))
        .env("NODE_PATH", modules);
    Some(command)
}

/// `client_golang`.
pub(crate) fn go() -> Option<Command> {
    GO.find_or_skip()?;
    installed("go", "the Go client")?;
    Some(built("go"))
}

/// The `prometheus` crate.
pub(crate) fn rust() -> Option<Command> {
    installed("rust", "the Rust client")?;
    Some(built("rust"))
}

/// curl, quiet but for errors.
pub(crate) fn curl() -> Option<Command> {
    let mut command = Command::new(CURL.find_or_skip()?);
    // No settings of whoever runs the test.
    command.args(["--disable", "--silent", "--show-error"]);
    Some(command)
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients/programs")
        .join(path)
}

fn installed(path: &str, what: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/test-programs")
        .join(path);
    if path.exists() {
        return Some(path);
    }
    skip(what);
    None
}

/// A program that is compiled, from its source as it is now.
fn built(language: &str) -> Command {
    let output = Command::new(source("build"))
        .arg(language)
        .env("OFFLINE", "yes")
        .output()
        .expect("the script that builds clients");
    assert!(
        output.status.success(),
        "the {language} client does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Command::new(String::from_utf8_lossy(&output.stdout).trim_end())
}
