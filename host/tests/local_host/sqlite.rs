//! The default store.

use rusqlite::Connection;

use crate::app::App;

const FILE: &str = ".spin/sqlite_key_value.db";

#[test]
fn both_interfaces_reach_the_same_store() {
    let host = App::new().start(&[]);
    let steps = [
        ("/kv/get/a", "(none)"),
        ("/kv/exists/a", "false"),
        ("/kv/set/a", ""),
        ("/wasi/get/a", "body"),
        ("/wasi/exists/a", "true"),
        ("/wasi/set/b", ""),
        ("/wasi/set-many/c=3,b=2", ""),
        ("/wasi/set-many/", ""),
        ("/kv/get/b", "2"),
        ("/wasi/list-keys", "a\nb\nc"),
        ("/kv/keys", "a\nb\nc"),
        ("/wasi/get-many/c,x,a,c", "a=body\nc=3"),
        ("/wasi/get-many/", ""),
        ("/wasi/delete-many/a,x", ""),
        ("/wasi/delete-many/", ""),
        ("/kv/delete/x", ""),
        ("/kv/delete/b", ""),
        ("/wasi/list-keys", "c"),
        ("/wasi/delete/c", ""),
        ("/kv/keys", ""),
    ];
    for (path, want) in steps {
        assert_eq!(host.post(path, "body").ok(), want, "{path}");
    }
    let error = host.get("/wasi/list-keys/cursor").failed();
    assert!(error.contains("cursor not supported"), "{error}");
}

#[test]
fn only_granted_stores_open() {
    let host = App::new().start(&[]);
    for path in ["/kv/open/other", "/wasi/open/other"] {
        assert_eq!(host.get(path).failed(), "Error::AccessDenied");
    }
    assert_eq!(host.get("/kv/open/default").ok(), "opened");
}

#[test]
fn the_file_is_the_one_that_spin_writes() {
    let app = App::new();
    let host = app.start(&[]);
    assert_eq!(host.post("/kv/set/a", "1").status, 200);
    assert_eq!(host.post("/kv/set/a", "2").status, 200);
    let file = Connection::open(app.path(FILE)).unwrap();
    let row: (String, String, Vec<u8>) = file
        .query_row("SELECT store, key, value FROM spin_key_value", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(row, ("default".to_owned(), "a".to_owned(), b"2".to_vec()));
    let columns: Vec<(String, String, bool, u32)> = file
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info('spin_key_value')")
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let column = |name: &str, kind: &str, key| (name.to_owned(), kind.to_owned(), true, key);
    assert_eq!(
        columns,
        [
            column("store", "TEXT", 1),
            column("key", "TEXT", 2),
            column("value", "BLOB", 0)
        ]
    );
    let mode: String = file
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
}

#[test]
fn an_acknowledged_write_outlives_a_kill() {
    let app = App::new();
    let mut host = app.start(&[]);
    for n in 0..20 {
        assert_eq!(host.post(&format!("/kv/set/{n}"), "kept").status, 200);
    }
    assert_eq!(host.get("/wasi/set-many/m=1,n=2").status, 200);
    host.signal("-KILL");
    host.wait();
    let host = app.start(&[]);
    assert_eq!(host.get("/wasi/list-keys").ok().lines().count(), 22);
    assert_eq!(host.get("/kv/get/19").ok(), "kept");
}

#[test]
fn two_hosts_share_a_file() {
    let app = App::new();
    let hosts = [app.start(&[]), app.start(&["--state-dir", ".spin"])];
    std::thread::scope(|scope| {
        for (n, host) in hosts.iter().enumerate() {
            scope.spawn(move || {
                for key in 0..50 {
                    assert_eq!(host.post(&format!("/kv/set/{n}-{key}"), "").status, 200);
                }
            });
        }
    });
    for host in &hosts {
        assert_eq!(host.get("/wasi/list-keys").ok().lines().count(), 100);
    }
}

#[test]
fn a_store_locked_for_too_long_is_an_error_and_no_more() {
    let app = App::new();
    let host = app.start(&[]);
    let file = Connection::open(app.path(FILE)).unwrap();
    file.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = host.post("/kv/set/a", "1").failed();
    assert!(error.contains("locked"), "{error}");
    file.execute_batch("ROLLBACK").unwrap();
    assert_eq!(host.post("/kv/set/a", "1").status, 200);
}

#[test]
fn the_runtime_configuration_places_stores() {
    let app = App::new().with("[\"default\"]", "[\"default\", \"other\"]");
    app.write(
        "runtime.toml",
        "[key_value_store.default]\ntype = \"spin\"\n\
         [key_value_store.other]\ntype = \"spin\"\npath = \"other.db\"",
    );
    let host = app.start(&[
        "--runtime-config-file",
        "runtime.toml",
        "--state-dir",
        "state",
    ]);
    assert_eq!(host.get("/kv/open/other").ok(), "opened");
    assert_eq!(host.post("/kv/set/a", "1").status, 200);
    assert_eq!(host.get("/kv/get/a").ok(), "1");
    assert!(app.path("state/other.db").exists());
    drop(host);
    // Without a path the store is in memory.
    let host = app.start(&[
        "--runtime-config-file",
        "runtime.toml",
        "--state-dir",
        "state",
    ]);
    assert_eq!(host.get("/kv/get/a").ok(), "(none)");
}
