//! What is refused leaves nothing in the store, or one record for each group.

use std::fmt::Write;
use std::process::Command;

use super::put;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::SQLITE;

/// How often each refused push is sent.
const TIMES: usize = 500;

/// The keys in a gateway's store, with the size of each value.
fn contents(sqlite: &std::path::Path, gateway: &Gateway) -> Vec<(String, usize)> {
    let output = Command::new(sqlite)
        .arg("-readonly")
        .arg(gateway.state_dir().join("sqlite_key_value.db"))
        .arg("SELECT key, length(value) FROM spin_key_value ORDER BY key")
        .output()
        .expect("sqlite3 runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| {
        let (key, size) = line.rsplit_once('|').expect("two columns");
        (key.to_owned(), size.parse().expect("a number"))
    });
    lines.collect()
}

#[test]
fn thousands_of_refusals_leave_one_record_for_each_group() {
    let Some(sqlite) = SQLITE.find_or_skip() else {
        return;
    };
    let limits = [
        ("max_push_bytes", "20000"),
        ("max_families_per_push", "100"),
        ("max_groups_per_job", "2"),
        ("group_ttl", "1h"),
    ];
    let gateway = Options::new().variables(&limits).start();
    let mut client = gateway.client();
    for n in 0..2 {
        let path = format!("/metrics/job/fine/instance/{n}");
        assert_eq!(put(&mut client, &path, "# TYPE ok gauge\nok 1\n"), 200);
    }
    let before = contents(&sqlite, &gateway);

    let families = (0..101).fold(String::new(), |mut body, n| {
        writeln!(body, "family_{n} 1").expect("a String takes it");
        body
    });
    let large = "# a comment\n".repeat(2_000);
    for n in 0..TIMES {
        // Each is wrong in another text each time.
        let counter = format!("# TYPE ok counter\nok {n}\n");
        let family = format!("# TYPE ok counter\nok 1\nfamily_of_{n} 1\n");
        let twice = format!("m{{n=\"{n}\"}} 1\nm{{n=\"{n}\"}} 2\n");
        let reserved = format!("m{{__n{n}=\"\"}} 1\n");
        let new = format!("/metrics/job/fine/instance/new{n}");
        let labels = format!("/metrics/job/fine/label_{n}/x");
        let pushes = [
            ("/metrics/job/wrong", &*counter, 400),
            ("/metrics/job/wrong", &*family, 400),
            ("/metrics/job/wrong", &*twice, 400),
            ("/metrics/job/fine/instance/1", &*reserved, 400),
            ("/metrics/job/fine/instance/1", "m one\n", 400),
            ("/metrics/job/unread", "m one\n", 400),
            ("/metrics/job/large", &*families, 422),
            ("/metrics/job/large", &*large, 413),
            (&*new, "m 1\n", 429),
            (&*labels, &*twice, 429),
            ("/metrics/job/x?ttl=never", "m 1\n", 400),
        ];
        for (path, body, want) in pushes {
            assert_eq!(put(&mut client, path, body), want, "{path} {body:.100}");
        }
    }

    let after = contents(&sqlite, &gateway);
    let (added, kept): (Vec<_>, Vec<_>) = after
        .into_iter()
        .partition(|(key, _)| before.iter().all(|(known, _)| known != key));
    assert_eq!(kept, before);
    let failures = added.iter().all(|(key, _)| key.starts_with("pgw1:f:"));
    assert!(failures && added.len() == 2, "{added:?}");
    let longest = added.iter().map(|(_, size)| *size).max();
    assert!(longest <= Some(5_000), "{added:?}");
}
