//! The examples by language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::stage::{Stage, TOKEN};
use crate::support::files;
use crate::support::folder;
use crate::support::gateway::Options;
use crate::support::programs::{CURL, GO, NODE, skip};

/// One of the examples.
struct Example<'a> {
    job: &'a str,
    program: &'a mut dyn FnMut() -> Command,
    /// What it has pushed, without the labels.
    samples: &'a [&'a str],
}

fn output(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

impl Example<'_> {
    fn check(self) {
        // It tries again where that helps.
        let stage = Stage::start(self.job, 1);
        let ran = stage.run(&mut (self.program)(), None);
        assert!(ran.status.success(), "{}", output(&ran));
        let labels = format!("{{instance=\"\",job=\"{}\"}}", self.job);
        let want: Vec<_> = self
            .samples
            .iter()
            .map(|sample| sample.replacen(' ', &format!("{labels} "), 1))
            .collect();
        assert_eq!(stage.samples(), want, "{}", output(&ran));
        assert_eq!(stage.requests(), 2);

        // It does not insist where it does not help, says why, and lets its job succeed.
        let stage = Stage::start(self.job, 0);
        let ran = stage.run(&mut (self.program)(), Some("another"));
        assert!(ran.status.success(), "{}", output(&ran));
        assert!(
            output(&ran).contains("metrics were not pushed"),
            "{}",
            output(&ran)
        );
        assert!(output(&ran).contains("401"), "{}", output(&ran));
        assert_eq!(stage.requests(), 1);
    }
}

#[test]
fn python() {
    let python = files::path("target/test-programs/python/bin/python");
    if !python.exists() {
        return skip("the Python client");
    }
    Example {
        job: "thumbnails",
        program: &mut || {
            let mut command = Command::new(&python);
            let call = "import lambda_function as f; f.handler({'images': ['a', 'b']}, None)";
            command
                .args(["-B", "-c", call])
                .current_dir(files::path("examples/python"))
                .env_remove("AWS_LAMBDA_FUNCTION_NAME");
            command
        },
        samples: &[
            "thumbnails_last_run_images 2",
            "thumbnails_last_run_success 1",
        ],
    }
    .check();
}

#[test]
fn node() {
    let modules = files::path("target/test-programs/node/node_modules");
    let Some(node) = NODE.find_or_skip() else {
        return;
    };
    if !modules.exists() {
        return skip("the Node client");
    }
    Example {
        job: "invoices",
        program: &mut || {
            let mut command = Command::new(&node);
            let call = "require('./index.js').handler({ invoices: [1, 2, 3] })";
            command
                .args(["-e", call])
                .current_dir(files::path("examples/node"))
                .env("NODE_PATH", &modules);
            command
        },
        samples: &["invoices_last_run_sent 3", "invoices_last_run_success 1"],
    }
    .check();
}

#[test]
fn go() {
    let client = files::path("target/test-programs/go");
    let Some(go) = GO.find_or_skip() else {
        return;
    };
    if !client.exists() {
        return skip("the Go client");
    }
    let folder = files::path("target/examples/go");
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("example");
    // Debian's packages of Go libraries are source trees for the mode before modules.
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(files::path("examples/go/main.go"))
        .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")])
        .envs([("GOFLAGS", ""), ("CGO_ENABLED", "0")])
        .env("GOCACHE", client.join("cache"))
        .output()
        .expect("Go");
    assert!(built.status.success(), "{}", output(&built));
    Example {
        job: "backup",
        program: &mut || Command::new(&program),
        samples: &[
            "backup_last_run_size_bytes 4096",
            "backup_last_run_success 1",
        ],
    }
    .check();
}

#[test]
fn shell() {
    if CURL.find_or_skip().is_none() {
        return;
    }
    let script = files::path("examples/shell/push.sh");
    Example {
        job: "nightly",
        program: &mut || {
            let mut command = Command::new("sh");
            command.arg(&script).args(["nightly", "true"]);
            command
        },
        samples: &["command_last_run_exit_code 0", "command_last_run_success 1"],
    }
    .check();

    // A command that fails is told so, and is still the one that decides how it ends.
    let stage = Stage::start("nightly", 0);
    let ran = stage.run(
        Command::new("sh")
            .arg(&script)
            .args(["nightly", "sh", "-c", "exit 7"]),
        None,
    );
    assert_eq!(ran.status.code(), Some(7));
    let labels = "{instance=\"\",job=\"nightly\"}";
    assert_eq!(
        stage.samples(),
        [
            format!("command_last_run_exit_code{labels} 7"),
            format!("command_last_run_success{labels} 0"),
        ]
    );
}

/// An application that runs the example, which is compiled first.
fn orders(folder: &Path) -> PathBuf {
    let target = files::path("target/examples/spin");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--offline"])
        .args(["--target", "wasm32-wasip2", "--manifest-path"])
        .arg(files::path("examples/spin/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo");
    assert!(built.status.success(), "{}", output(&built));
    // Not even a warning.
    assert_eq!(output(&built), "");
    let source = "target/wasm32-wasip2/release/orders.wasm";
    let component = target.join("wasm32-wasip2/debug/orders.wasm");
    let component = component.to_str().expect("paths in tests are UTF-8");
    let manifest = folder.join("spin.toml");
    let copy = files::with("examples/spin/spin.toml", &[(source, component)]);
    fs::write(&manifest, copy).expect("a copy of the manifest");
    manifest
}

#[test]
fn spin() {
    let folder = folder::temporary();
    let manifest = orders(folder.path());
    let run = |stage: &Stage, token: &str| {
        let orders = Options::new()
            .application(&manifest)
            .variable("pushgateway_url", &stage.url())
            .variable("pushgateway_token", token)
            .start();
        let answer = orders.client().get("/run").expect("an answer");
        assert_eq!(answer.status, 200, "{}", orders.stderr());
        orders
    };
    let stage = Stage::start("orders", 1);
    let orders = run(&stage, TOKEN);
    let labels = "{instance=\"\",job=\"orders\"}";
    assert_eq!(
        stage.samples(),
        [
            format!("orders_last_run_orders{labels} 3"),
            format!("orders_last_run_success{labels} 1"),
        ],
        "{}",
        orders.stderr()
    );
    assert_eq!(stage.requests(), 2);

    let stage = Stage::start("orders", 0);
    let orders = run(&stage, "another");
    orders.wait_for_log("metrics were not pushed: 401");
    assert_eq!(stage.requests(), 1);
}
