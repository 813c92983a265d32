//! Starting and stopping.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::app::{App, eventually};
use crate::client::Connection;

/// The one line that a host prints when it cannot start.
fn refusal(app: &App, arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = app.command(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stdout.is_empty());
    assert_eq!(stderr.matches('\n').count(), 1, "{stderr}");
    stderr
        .strip_prefix("error: ")
        .expect("an error")
        .trim_end()
        .to_owned()
}

#[test]
fn what_cannot_run_is_refused_in_one_line() {
    type Change<'a> = (&'a str, &'a str);
    let cases: [(Change, &[&str], &str); 17] = [
        (
            ("", ""),
            &["--from", "none/spin.toml"],
            "cannot read none/spin.toml: No such file",
        ),
        (("route = ", "route == "), &[], "spin.toml:8:"),
        (("[variables]", "[variables"), &[], "spin.toml:5:"),
        (("environment", "files"), &[], "unknown field `files`"),
        (
            ("source = \"", "source = \"none/"),
            &[],
            "build it first: No such file",
        ),
        (
            ("[\"default\"]", "[\"other\"]"),
            &[],
            "unknown key_value_stores label \"other\"",
        ),
        (
            ("{ default = \"hello\" }", "{ required = true }"),
            &[],
            "set SPIN_VARIABLE_GREETING",
        ),
        (
            ("", ""),
            &["--variable", "other=1"],
            "declares no such variable",
        ),
        (
            ("", ""),
            &["--runtime-config-file", "none.toml"],
            "cannot read none.toml",
        ),
        (
            ("", ""),
            &["--runtime-config-file", "spin.toml"],
            "unknown field `application`",
        ),
        (
            ("", ""),
            &["--runtime-config-file", "bad.toml"],
            "bad Redis url \"http://a\"",
        ),
        (
            ("", ""),
            &["--fault-file", "none.toml"],
            "--fault-file: cannot read none.toml",
        ),
        (
            ("", ""),
            &["--trace-fuel", "none/a"],
            "--trace-fuel: cannot open none/a",
        ),
        (
            ("", ""),
            &["--trace-store", "none/a"],
            "--trace-store: cannot open none/a",
        ),
        (
            ("", ""),
            &["--state-dir", "spin.toml/a"],
            "spin.toml/a/sqlite_key_value.db",
        ),
        (("", ""), &["--listen", "1"], "--listen"),
        (("", ""), &["--quiet"], "--quiet: no such option"),
    ];
    for ((replace, with), arguments, want) in cases {
        let app = App::new().with(replace, with);
        app.write(
            "bad.toml",
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"http://a\"",
        );
        let error = refusal(&app, arguments);
        assert!(error.contains(want), "{want}: {error}");
    }
}

#[test]
fn a_file_that_is_no_handler_is_refused() {
    let empty_component: &[u8] = b"\0asm\x0d\0\x01\0";
    let core_module: &[u8] = b"\0asm\x01\0\0\0";
    let cases = [
        (empty_component, "wasi:http/handler@0.3.0"),
        (core_module, "is no component that can run here"),
        (b"text", "is no component that can run here"),
        (b"", "is no component that can run here"),
    ];
    for (bytes, want) in cases {
        let app = App::new().with("source = \"", "source = \"file.wasm\" #");
        std::fs::write(app.path("file.wasm"), bytes).unwrap();
        let error = refusal(&app, &[]);
        assert!(error.contains(want), "{bytes:?}: {error}");
    }
}

#[test]
fn a_port_in_use_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let error = refusal(&App::new(), &["--listen", &address]);
    assert!(
        error.contains(&format!("cannot listen on {address}: ")),
        "{error}"
    );
}

#[test]
fn help_and_version_are_printed() {
    let app = App::new();
    for (flag, want) in [("--help", "Usage: local-host"), ("-V", "local-host 0.1.0")] {
        let output = app.command(&[flag]).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(want));
    }
}

#[test]
fn variables_are_set_by_flag_before_environment_before_manifest() {
    let line = |app: &App, arguments: &[&str]| app.start(arguments).get("/var/line").ok();
    let app = App::new();
    assert_eq!(line(&app, &[]), "hello, you");
    let app = App::new().env("SPIN_VARIABLE_GREETING", "moin");
    assert_eq!(line(&app, &[]), "moin, you");
    assert_eq!(line(&app, &["--variable", "greeting=ahoi"]), "ahoi, you");
    app.write("greeting.txt", "servus");
    assert_eq!(
        line(&app, &["--variable", "greeting=@greeting.txt"]),
        "servus, you"
    );
    let host = app.start(&[]);
    // The component sees its own variables, not the application's.
    let error = host.get("/var/greeting").failed();
    assert!(error.starts_with("Error::Undefined("), "{error}");
    let error = host.get("/var/Line").failed();
    assert!(error.starts_with("Error::InvalidName("), "{error}");
}

#[test]
fn a_stop_lets_requests_finish() {
    for signal in ["-TERM", "-INT"] {
        let app = App::new();
        let mut host = app.start(&["--trace-store", "trace.log"]);
        let mut idle = host.connect();
        assert_eq!(idle.call("GET", "/sleep/0", "").status, 200);
        let mut running = host.connect();
        running.send("POST /hold/a HTTP/1.1\r\nhost: probe.test\r\ncontent-length: 1\r\n\r\n");
        eventually("the request arrives", || {
            app.read("trace.log").contains("set\n").then_some(())
        });
        host.signal(signal);
        eventually("no new connections", || {
            Connection::open(host.address).is_err().then_some(())
        });
        assert!(idle.is_closed());
        running.send("x");
        assert_eq!(running.answer("POST").ok(), "1");
        assert_eq!(host.wait().code(), Some(0));
        assert_eq!(app.read("stderr.log"), "");
    }
}

#[test]
fn a_compiled_component_is_kept_and_made_again_if_spoilt() {
    let app = App::new();
    let cache = app.path("cache");
    let start = || app.start(&["--cache-dir", "cache"]).get("/sleep/0").ok();
    assert_eq!(start(), "slept");
    let entry = entries(&cache);
    let [entry] = entry.as_slice() else {
        panic!("{entry:?}");
    };
    let compiled = std::fs::read(entry).unwrap();
    for spoilt in [
        &b""[..],
        b"text",
        compiled.get(..compiled.len() / 2).unwrap(),
    ] {
        std::fs::write(entry, spoilt).unwrap();
        assert_eq!(start(), "slept");
        assert_eq!(std::fs::read(entry).unwrap(), compiled);
    }
    assert_eq!(start(), "slept");
    assert_eq!(entries(&cache).len(), 1);
}

#[test]
fn a_cache_that_cannot_be_is_an_error_only_if_it_is_asked_for() {
    let app = App::new().env(
        "XDG_CACHE_HOME",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    );
    assert_eq!(app.start(&[]).get("/sleep/0").ok(), "slept");
    let error = refusal(&app, &["--cache-dir", "spin.toml/cache"]);
    assert!(error.contains("--cache-dir"), "{error}");
}

/// The compiled components in a cache. What else is there has an extension.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut entries(&path));
        } else if path.extension().is_none() {
            found.push(path);
        }
    }
    found
}
