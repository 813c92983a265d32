//! The tool as a program: exit statuses, and files that must not be half of anything.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sha2::{Digest, Sha256};

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

/// An archive of one key of the gateway and one of another program, with this checksum, or a right one.
fn archive(checksum: Option<&str>) -> Vec<u8> {
    let lines = "{\"format\":\"pushgateway-store\",\"version\":1,\"store\":\"default\"}\n\
        {\"key\":\"other\",\"value\":\"AP8=\"}\n\
        {\"key\":\"pgw1:shapes\",\"value\":\"e30=\"}\n";
    let right: String = Sha256::digest(lines)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let checksum = checksum.unwrap_or(&right);
    format!("{lines}{{\"count\":2,\"sha256\":\"{checksum}\"}}\n").into_bytes()
}

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
    let output = tool(folder.path(), "import - kv.db", &archive(Some("ab")));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged"));
    assert!(!folder.path().join("kv.db").exists());
}

#[test]
fn archives_go_through_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = archive(None);
    done(folder.path(), "import --all - state/kv.db", &whole);
    assert_eq!(
        done(folder.path(), "export --all state/kv.db -", b""),
        whole
    );
    let own = done(folder.path(), "export state/kv.db -", b"");
    assert!(!String::from_utf8(own).unwrap().contains("other"));
    // Stores of other labels are other stores.
    done(folder.path(), "import --label two - state/kv.db", &whole);
    let refused = tool(folder.path(), "import - state/kv.db", &whole);
    assert_eq!(refused.status.code(), Some(2));
    // A key alone, whose record is none.
    let found = tool(folder.path(), "check state/kv.db", b"");
    assert_eq!(found.status.code(), Some(1));
    let report = String::from_utf8(found.stdout).unwrap();
    assert!(
        report.contains("pgw1:shapes: record cannot be read"),
        "{report}"
    );
}
