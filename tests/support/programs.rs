//! Finding the programs that tests run beside the gateway.
//!
//! A program is looked for in, in this order: an environment variable of its
//! own (`PUSHGATEWAY_BIN`, …); `target/test-programs`, where
//! `scripts/install-test-programs` unpacks newer versions than the system
//! has; and `PATH`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that a test needs and that a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Program {
    /// The name of the executable.
    name: &'static str,
    /// The environment variable that names another executable.
    variable: &'static str,
}

/// The Go Pushgateway, under the name that Debian gives it.
pub(crate) const PUSHGATEWAY: Program = Program {
    name: "prometheus-pushgateway",
    variable: "PUSHGATEWAY_BIN",
};
/// Prometheus.
pub(crate) const PROMETHEUS: Program = Program {
    name: "prometheus",
    variable: "PROMETHEUS_BIN",
};
/// Prometheus' tool that checks expositions, among others.
pub(crate) const PROMTOOL: Program = Program {
    name: "promtool",
    variable: "PROMTOOL_BIN",
};
/// Redis.
pub(crate) const REDIS: Program = Program {
    name: "redis-server",
    variable: "REDIS_SERVER_BIN",
};
/// SQLite's command line.
pub(crate) const SQLITE: Program = Program {
    name: "sqlite3",
    variable: "SQLITE_BIN",
};
/// The system call tracer.
pub(crate) const STRACE: Program = Program {
    name: "strace",
    variable: "STRACE_BIN",
};
/// The client of the command line.
pub(crate) const CURL: Program = Program {
    name: "curl",
    variable: "CURL_BIN",
};
/// Node.js.
pub(crate) const NODE: Program = Program {
    name: "node",
    variable: "NODE_BIN",
};
/// Chromium.
pub(crate) const CHROMIUM: Program = Program {
    name: "chromium",
    variable: "CHROMIUM_BIN",
};
/// Go's build tool.
pub(crate) const GO: Program = Program {
    name: "go",
    variable: "GO_BIN",
};

impl Program {
    /// The path of the executable, if the machine has it.
    pub(crate) fn find(self) -> Option<PathBuf> {
        self.candidates().into_iter().next()
    }

    /// All executables of that name that the machine has, the one to prefer first.
    fn candidates(self) -> Vec<PathBuf> {
        if let Some(path) = env::var_os(self.variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            assert!(
                path.is_file(),
                "{} is no file: {}",
                self.variable,
                path.display()
            );
            return vec![path];
        }
        let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-programs/usr/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        std::iter::once(unpacked)
            .chain(env::split_paths(&path))
            .map(|folder| folder.join(self.name))
            .filter(|candidate| candidate.is_file())
            .collect()
    }

    /// The path of the executable, or `None` after a line that says what the
    /// test was skipped for.
    ///
    /// Where `CI` is set nothing may be skipped: there it panics.
    pub(crate) fn find_or_skip(self) -> Option<PathBuf> {
        let path = self.find();
        if path.is_none() {
            skip(self.name);
        }
        path
    }

    /// The same for an executable of that major version.
    pub(crate) fn of_major_version_or_skip(self, major: u32) -> Option<PathBuf> {
        let path = self
            .candidates()
            .into_iter()
            .find(|path| version(path).is_some_and(|version| version.0 == major));
        if path.is_none() {
            skip(&format!("{} {major}", self.name));
        }
        path
    }
}

/// Says that a test is skipped for lack of `what`; panics where `CI` is set.
pub(crate) fn skip(what: &str) {
    assert!(
        env::var_os("CI").is_none(),
        "needs {what}: run scripts/install-test-programs"
    );
    println!("skipped: needs {what}");
}

/// A version as major, minor, patch.
pub(crate) type Version = (u32, u32, u32);

/// What the executable says with `--version`, as numbers.
pub(crate) fn version(executable: &Path) -> Option<Version> {
    let output = Command::new(executable).arg("--version").output().ok()?;
    // Older Go programs of the Prometheus family print it to stderr.
    let text = [output.stdout, output.stderr].concat();
    parse_version(&String::from_utf8_lossy(&text))
}

/// The numbers in `name, version 1.2.3 (…)` or `… v=1.2.3 …`.
fn parse_version(text: &str) -> Option<Version> {
    let number = ["version ", "v="]
        .iter()
        .find_map(|mark| text.split_once(mark))?
        .1;
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let mut parts = number.get(..end)?.split('.').map(|part| part.parse().ok());
    let mut next = || parts.next().flatten();
    Some((next()?, next()?, next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_print() {
        let cases = [
            (
                "pushgateway, version 1.11.2 (branch: debian/sid, revision: 1.11.2-1)\n  go version: go1.24",
                Some((1, 11, 2)),
            ),
            (
                "prometheus, version 2.42.0+ds (branch: debian/sid)",
                Some((2, 42, 0)),
            ),
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0",
                Some((7, 0, 15)),
            ),
            ("strace -- version 6.1", Some((6, 1, 0))),
            ("no numbers here", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_version(text), want, "{text}");
        }
    }
}
