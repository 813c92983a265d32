//! The tool as a program: exit statuses, and files that must not be half of anything.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn tool(folder: &Path, arguments: &str, input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pushgateway-store"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The tool may end without reading all.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What the tool prints, if it says that all is well.
fn done(folder: &Path, arguments: &str, input: &[u8]) -> Vec<u8> {
    let output = tool(folder, arguments, input);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {stderr}");
    output.stdout
}

/// The archive of a store without keys.
const EMPTY: &[u8] = b"{\"format\":\"pushgateway-store\",\"version\":1,\"store\":\"default\"}\n\
    {\"count\":0,\"sha256\":\"de3eeb8bcf1e9e5cbdae1cdf8a77bcfb4c9cd3c1f4a5e0d7a8b9b6b0a7c6d5e4\"}\n";

#[test]
fn help_and_version_are_no_errors() {
    let folder = tempfile::tempdir().unwrap();
    let help = done(folder.path(), "--help", b"");
    let help = String::from_utf8(help).unwrap();
    for command in [
        "export STORE",
        "import FILE",
        "check STORE",
        "migrate SOURCE",
    ] {
        assert!(help.contains(command), "{command}");
    }
    assert!(done(folder.path(), "--version", b"").starts_with(b"pushgateway-store "));
}

#[test]
fn what_cannot_be_done_is_an_error_of_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("text"),
        "no database, though long enough for one".repeat(50),
    )
    .unwrap();
    let cases = [
        "",
        "check missing.db",
        "check text",
        "export missing.db out",
        "export text out",
        "import missing kv.db",
        "import text kv.db",
        "check redis://127.0.0.1:1/0",
        "migrate missing http://127.0.0.1:1",
        "migrate http://127.0.0.1:1 http://127.0.0.1:1",
        "migrate text https://127.0.0.1:1",
    ];
    for arguments in cases {
        let output = tool(folder.path(), arguments, b"");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert!(stderr.starts_with("error: "), "{arguments}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments}: {stderr}");
    }
    for name in ["out", "kv.db", "missing.db"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn an_archive_that_does_not_fit_its_checksum_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let output = tool(folder.path(), "import - kv.db", EMPTY);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged"));
    assert!(!folder.path().join("kv.db").exists());
}
