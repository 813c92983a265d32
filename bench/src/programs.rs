//! Finding what is measured: hosts, components and other programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// The gateway's manifest names its component so.
const GATEWAY: &str = "target/wasm32-wasip2/release/spin_pushgateway.wasm";

/// The version of Spin that runs WASI 0.3.
const SPIN_VERSION: (u32, u32) = (4, 1);

/// What runs components.
#[derive(Debug, Clone)]
pub(crate) enum Host {
    Spin { version: String },
    Local(PathBuf),
}

impl Host {
    /// The host that is asked for: `auto`, `spin`, `local`, or the path of a local host.
    pub(crate) fn find(wanted: &str) -> Result<Self> {
        let spin = || {
            let text = version(Path::new("spin"))?;
            let mut numbers = text.strip_prefix("spin ")?.split('.').map(str::parse);
            let version: (u32, u32) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            (version >= SPIN_VERSION).then_some(Self::Spin { version: text })
        };
        let local = |path: PathBuf| {
            ensure!(
                path.is_file(),
                "the local host is missing at {}: `make bench` builds it",
                path.display()
            );
            Ok(Self::Local(path))
        };
        let built = || local(root().join("target/bench/local-host"));
        match wanted {
            "auto" => spin().map_or_else(built, Ok),
            "spin" => spin().context("no Spin of version 4.1 or later on PATH"),
            "local" => built(),
            path => local(path.into()),
        }
    }

    /// As it stands in the report.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Spin { version } => version.clone(),
            Self::Local(_) => "the local host".to_owned(),
        }
    }
}

/// The folder of the project.
pub(crate) fn root() -> PathBuf {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.parent().unwrap_or(bench).to_owned()
}

/// The manifest of the gateway, or a copy in `dir` that names another component; and the component.
pub(crate) fn gateway(component: Option<&Path>, dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let original = root().join("spin.toml");
    let Some(component) = component else {
        return Ok((original, built(root().join(GATEWAY))?));
    };
    let component = std::path::absolute(component)?;
    let manifest = std::fs::read_to_string(original)?;
    ensure!(
        manifest.contains(GATEWAY),
        "spin.toml does not name {GATEWAY}"
    );
    let copy = dir.join("spin.toml");
    let path = component.to_str().context("a path in UTF-8")?;
    std::fs::write(&copy, manifest.replace(GATEWAY, path))?;
    Ok((copy, built(component)?))
}

/// The manifest of the floor.
pub(crate) fn floor() -> Result<PathBuf> {
    built(root().join("target/wasm32-wasip2/release/bench_floor.wasm"))?;
    Ok(root().join("bench/floor/spin.toml"))
}

fn built(component: PathBuf) -> Result<PathBuf> {
    ensure!(
        component.is_file(),
        "the component is missing at {}: `make bench` builds it",
        component.display()
    );
    Ok(component)
}

/// The Go Pushgateway: where `scripts/install-test-programs` unpacks it, or on `PATH`.
pub(crate) fn pushgateway() -> Option<PathBuf> {
    let unpacked = root().join("target/test-programs/usr/bin/prometheus-pushgateway");
    if unpacked.is_file() {
        return Some(unpacked);
    }
    ["pushgateway", "prometheus-pushgateway"]
        .into_iter()
        .find_map(on_path)
}

/// The program with this name on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The first line of what a program says with `--version`.
pub(crate) fn version(executable: &Path) -> Option<String> {
    let output = Command::new(executable).arg("--version").output().ok()?;
    // Older Go programs of the Prometheus family print it to stderr.
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next()?;
    Some(line.split(" (").next()?.to_owned())
}

/// The program with this name on `PATH`, or what to do about it.
pub(crate) fn require(name: &str) -> Result<PathBuf> {
    match on_path(name) {
        Some(path) => Ok(path),
        None => bail!("{name} is not installed"),
    }
}
