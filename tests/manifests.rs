//! The two manifests say the same, but for the component, and for forwarding, which that for WASI 0.2 does not do.

use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).expect("the manifest")
}

/// The lines of a manifest, without those that say what the component is and how it is built.
fn lines(name: &str) -> Vec<String> {
    let others = [
        "source = ",
        "command = ",
        "watch = ",
        "allowed_outbound_hosts = ",
        "forward_",
    ];
    let is_same = |line: &&str| !others.iter().any(|start| line.starts_with(start));
    read(name)
        .lines()
        .filter(is_same)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_manifests_differ_in_the_component_alone() {
    assert_eq!(lines("spin.toml"), lines("spin-wasi02.toml"));
    assert!(!read("spin-wasi02.toml").contains("forward_"));
}
