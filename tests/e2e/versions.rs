//! Upgrade and rollback: entries of a version of the format that this program does not know.

use std::path::Path;
use std::process::Command;

use crate::exposition::{samples, value};
use crate::support::gateway::Options;
use crate::support::programs::SQLITE;

/// Runs a statement on the store in this folder. Returns what it prints.
fn sql(program: &Path, state: &Path, statement: &str) -> String {
    let output = Command::new(program)
        .arg(state.join("sqlite_key_value.db"))
        .arg(statement)
        .output()
        .expect("sqlite3 runs");
    assert!(output.status.success(), "{statement}: {output:?}");
    String::from_utf8(output.stdout).expect("is text")
}

/// The statement that gives all entries another version.
fn with_version(version: u8) -> String {
    format!(
        "UPDATE spin_key_value SET value = CAST(x'504757{version:02x}' || substr(value, 5) AS BLOB) \
         WHERE key LIKE 'pgw1:g:%'"
    )
}

const SKIPPED: &str = "pushgateway_entries_skipped";

#[test]
fn entries_of_another_version_are_left_out_and_kept() {
    let Some(sqlite) = SQLITE.find_or_skip() else {
        return;
    };
    let entries = "SELECT count(*) FROM spin_key_value WHERE key LIKE 'pgw1:g:%'";
    let mut gateway = Options::new().start();
    let state = gateway.state_dir().to_owned();
    let mut client = gateway.client();
    for (path, body) in [("/metrics/job/a", "m 1\n"), ("/metrics/job/b", "m 2\n")] {
        assert_eq!(client.put(path, body).expect("an answer").status, 200);
    }
    let response = client.post("/metrics/job/c", "m 3\n").expect("an answer");
    assert_eq!(response.status, 200);
    let before = samples(&mut client);
    assert_eq!(before.len(), 3);

    for version in [1, 3, 255] {
        gateway.stop();
        sql(&sqlite, &state, &with_version(version));
        gateway.restart();
        let mut client = gateway.client();
        for _ in 0..3 {
            assert_eq!(value(&mut client, SKIPPED), Some(3.0), "version {version}");
            assert_eq!(samples(&mut client), [] as [String; 0]);
        }
        gateway.wait_for_log(&format!("entry format version {version} is not known"));
        assert_eq!(sql(&sqlite, &state, entries).trim(), "3");
        // The version that wrote them has them all.
        gateway.stop();
        sql(&sqlite, &state, &with_version(2));
        gateway.restart();
        assert_eq!(samples(&mut gateway.client()), before);
    }

    // Each group comes back with its next push, and can be deleted before.
    gateway.stop();
    sql(&sqlite, &state, &with_version(3));
    gateway.restart();
    let mut client = gateway.client();
    assert_eq!(
        client
            .put("/metrics/job/a", "m 4\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(
        client
            .post("/metrics/job/b", "m 5\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(
        client.delete("/metrics/job/c").expect("an answer").status,
        202
    );
    let after = [
        "m{instance=\"\",job=\"a\"} 4",
        "m{instance=\"\",job=\"b\"} 5",
    ];
    assert_eq!(samples(&mut client), after);
    // The PUT entry below the POST.
    assert_eq!(value(&mut client, SKIPPED), Some(1.0));
}
