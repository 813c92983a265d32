//! The options for tests of an application.

use crate::app::{App, eventually};

#[test]
fn calls_of_the_store_are_recorded() {
    let app = App::new();
    let host = app.start(&["--trace-store", "trace.log"]);
    for path in [
        "/kv/set/a",
        "/wasi/set-many/b=1,c=2",
        "/wasi/list-keys",
        "/wasi/get-many/a",
    ] {
        assert_eq!(host.get(path).status, 200);
    }
    let want = "open\nset\nopen\nset-many 2\nopen\nlist-keys\nopen\nget-many 1\n";
    assert_eq!(app.read("trace.log"), want);
}

#[test]
fn the_work_of_each_instance_is_recorded() {
    let app = App::new();
    let host = app.start(&[
        "--trace-fuel",
        "fuel.log",
        "--max-instance-reuse-count",
        "1",
    ]);
    let [first, second] = [1, 2].map(|instances| {
        assert_eq!(host.get("/kv/get/a").status, 200);
        eventually("an instance that ends", || {
            let log = app.read("fuel.log");
            let lines: Vec<_> = log.lines().collect();
            (lines.len() == instances).then(|| lines[instances - 1].parse::<u64>().unwrap())
        })
    });
    assert!(first > 0);
    assert!(second.abs_diff(first) < first / 10, "{first} {second}");
}

#[test]
fn calls_of_the_store_fail_on_demand() {
    let app = App::new();
    app.write("faults.toml", "");
    let host = app.start(&["--fault-file", "faults.toml"]);
    assert_eq!(host.post("/kv/set/a", "1").status, 200);

    app.write(
        "faults.toml",
        "fail = [\"set\", \"get-many\"]\nmessage = \"disk full\"",
    );
    for path in ["/kv/set/a", "/wasi/set/a", "/wasi/get-many/a"] {
        assert_eq!(host.post(path, "2").failed(), "Error::Other(\"disk full\")");
    }
    assert_eq!(host.get("/kv/get/a").ok(), "1");

    app.write("faults.toml", "fail = [\"get-keys\"]");
    assert_eq!(
        host.get("/kv/keys").failed(),
        "Error::Other(\"injected fault\")"
    );

    app.write("faults.toml", "fail_nth = { get = 2 }");
    let statuses = [1, 2, 3].map(|_| host.get("/kv/get/a").status);
    assert_eq!(statuses, [200, 500, 200]);
}

#[test]
fn a_slow_store_lets_other_requests_pass() {
    let app = App::new();
    app.write("faults.toml", "delay_ms = { set = 60000 }");
    let host = app.start(&["--fault-file", "faults.toml"]);
    let mut slow = host.connect();
    slow.send("POST /kv/set/a HTTP/1.1\r\nhost: probe.test\r\ncontent-length: 1\r\n\r\n1");
    assert_eq!(host.get("/kv/get/a").ok(), "(none)");
}

#[test]
fn the_clock_is_shifted() {
    let app = App::new();
    let now = |offset: &str| -> Vec<i64> {
        let now = app.start(&["--clock-offset", offset]).get("/now").ok();
        now.split(' ')
            .map(|seconds| seconds.parse().unwrap())
            .collect()
    };
    let hour = 3600;
    let (past, present, future) = (now("-3600"), now("0"), now("3600"));
    for (past, (present, future)) in past.iter().zip(present.iter().zip(&future)) {
        // Starting a host takes less than half an hour.
        assert!((present - past - hour).abs() < hour / 2, "{past} {present}");
        assert!(
            (future - present - hour).abs() < hour / 2,
            "{present} {future}"
        );
    }
    assert_eq!(past.len(), 2);
}
