//! Redis as Spin uses it, flaws included. Skipped where there is no `redis-server`, except in CI.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::app::{App, Host, eventually};
use crate::instances::ends_an_instance;

/// A Redis of our own; it ends with the value.
struct Redis {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Redis {
    fn start(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(server) = server else {
            assert!(std::env::var_os("CI").is_none(), "CI has no redis-server");
            eprintln!("skipped: there is no redis-server");
            return None;
        };
        let redis = Self {
            port,
            server,
            _folder: folder,
        };
        eventually("Redis answers", || {
            let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            (command(stream, "PING") == "+PONG").then_some(())
        });
        Some(redis)
    }

    fn command(&self, line: &str) -> String {
        command(TcpStream::connect(("127.0.0.1", self.port)).unwrap(), line)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Sends a command and reads the first line of the answer.
fn command(mut stream: TcpStream, line: &str) -> String {
    let mut answer = String::new();
    let sent = stream.write_all(format!("{line}\r\n").as_bytes());
    if sent.is_ok() && BufReader::new(stream).read_line(&mut answer).is_err() {
        answer.clear();
    }
    answer.trim_end().to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn start(app: &App) -> Host {
    app.start(&["--runtime-config-file", "redis.toml"])
}

#[test]
fn the_store_is_the_whole_database() {
    let Some(redis) = Redis::start(free_port()) else {
        return;
    };
    let host = start(&App::new().on_redis(redis.port));
    assert_eq!(redis.command("SET foreign 1"), "+OK");
    let steps = [
        ("/kv/get/foreign", "1"),
        ("/kv/set/a", ""),
        ("/wasi/get/a", "body"),
        ("/kv/exists/a", "true"),
        ("/wasi/set-many/b=2,c=3", ""),
        ("/wasi/delete-many/a,c,x", ""),
        ("/kv/exists/a", "false"),
        ("/kv/delete/x", ""),
    ];
    for (path, want) in steps {
        assert_eq!(host.post(path, "body").ok(), want, "{path}");
    }
    for path in ["/wasi/list-keys", "/kv/keys"] {
        let keys = host.get(path).ok();
        let mut keys: Vec<&str> = keys.lines().collect();
        keys.sort_unstable();
        assert_eq!(keys, ["b", "foreign"]);
    }
    assert_eq!(redis.command("LPUSH list 1"), ":1");
    let error = host.get("/kv/get/list").failed();
    assert!(error.contains("WRONGTYPE"), "{error}");
}

#[test]
fn get_many_fails_as_it_does_in_spin() {
    let Some(redis) = Redis::start(free_port()) else {
        return;
    };
    let host = start(&App::new().on_redis(redis.port));
    assert_eq!(host.post("/wasi/set-many/a=1,b=2", "").status, 200);
    let error = host.get("/wasi/get-many/a,b").failed();
    assert!(
        error.contains("wrong number of arguments for 'keys'"),
        "{error}"
    );
    assert_eq!(host.get("/wasi/get-many/x").ok(), "");
    assert_eq!(host.get("/wasi/get-many/").ok(), "");

    ends_an_instance(&host, "/wasi/get-many/a");
    assert_eq!(host.get("/kv/get/a").ok(), "1");
}

#[test]
fn a_redis_that_is_away_is_an_error_until_it_is_back() {
    let port = free_port();
    let Some(redis) = Redis::start(port) else {
        return;
    };
    let host = start(&App::new().on_redis(port));
    assert_eq!(host.post("/kv/set/a", "1").status, 200);
    drop(redis);
    let error = eventually("an error", || {
        let answer = host.get("/kv/get/a");
        (answer.status == 500).then_some(answer.body)
    });
    assert!(error.starts_with("Error::Other("), "{error}");
    let _redis = Redis::start(port);
    eventually("the connection mends", || {
        (host.post("/kv/set/a", "2").status == 200).then_some(())
    });
    assert_eq!(host.get("/kv/get/a").ok(), "2");
}

#[test]
fn a_host_starts_without_its_redis() {
    let port = free_port();
    let host = start(&App::new().on_redis(port));
    assert_eq!(host.get("/sleep/0").status, 200);
    let Some(_redis) = Redis::start(port) else {
        return;
    };
    eventually("a connection", || {
        (host.post("/kv/set/a", "1").status == 200).then_some(())
    });
}
