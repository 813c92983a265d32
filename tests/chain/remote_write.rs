//! Job, gateway, Prometheus in agent mode, remote write, receiver: what is pushed at one end arrives at the other.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::programs;
use crate::side_by_side::{self, Named};
use crate::stored::line;
use crate::support::client::Body;
use crate::support::files;
use crate::support::folder;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::{CURL, PROMETHEUS};
use crate::support::prometheus::Prometheus;
use crate::tap::Tap;

/// How long samples may take from the push to the receiver.
const TIMEOUT: Duration = Duration::from_secs(60);

const NATIVE: &str = "--enable-feature=native-histograms";

/// What Python's client has pushed.
const PYTHON: &str = include_str!("../clients/fixtures/python_stored.txt");

/// What Java's client would push.
const JAVA: &str = r#"
build_info{instance="worker-1",job="java",version="1.2.3"} 1
phase{instance="worker-1",job="java",phase="end"} 1
phase{instance="worker-1",job="java",phase="start"} 0
size_bytes_count{instance="worker-1",job="java"} 3
size_bytes_sum{instance="worker-1",job="java"} 600
size_bytes{instance="worker-1",job="java",quantile="0.5"} 200
size_bytes{instance="worker-1",job="java",quantile="0.99"} 300
tasks_total{instance="worker-1",job="java",outcome="failed: \"disk\\full\"\n"} 1
tasks_total{instance="worker-1",job="java",outcome="ok"} 3
temperature_celsius{instance="worker-1",job="java"} -2.5
wait_seconds{instance="worker-1",job="java"} count 3 sum 8.75 (0.24464301552192497,0.25]:1 (1.4768261459394991,1.5091644275934224]:1 (6.87447719248991,7.025008641493196]:1
"#;

/// What of the push in protobuf every version with native histograms knows.
const NATIVE_PUSH: &str = r#"
gc_seconds_count{job="native"} 3
gc_seconds_sum{job="native"} 0.75
gc_seconds{job="native",quantile="0.5"} 0.25
jobs_total{job="native"} 5
rpc_latency_seconds{job="native",method="GET"} count 7 sum 12.5 [-0.000244140625,-0.001):1 [-0.001,0.001]:1 (0.0625,1]:1 (1,16]:2 (4096,65536]:2
"#;

/// What Prometheus 2.42 does not know: native histograms of floats, and gauge histograms.
const NATIVE_PUSH_3: &str = r#"
float_sizes{job="native"} count 4.5 sum 9.75 [-0,0]:0.5 (1,2]:1.5 (2,4]:2.5
queue_age_bucket{job="native",le="+Inf"} 2
queue_age_bucket{job="native",le="1.0"} 2
queue_age_count{job="native"} 2
queue_age_sum{job="native"} -1.5
"#;

/// A version of Prometheus, at both ends of the remote write, and what arrives.
struct Version {
    name: &'static str,
    major: u32,
    /// What is not looked at, beside what Prometheus and the gateway tell about themselves.
    ignored: &'static str,
    want: &'static [&'static str],
}

impl Named for Version {
    fn name(&self) -> &str {
        self.name
    }
}

const VERSIONS: [Version; 2] = [
    Version {
        name: "Prometheus 2",
        major: 2,
        ignored: "float_sizes.*|queue_age.*",
        want: &[PYTHON, JAVA, NATIVE_PUSH],
    },
    Version {
        name: "Prometheus 3",
        major: 3,
        ignored: "",
        want: &[PYTHON, JAVA, NATIVE_PUSH, NATIVE_PUSH_3],
    },
];

#[test]
fn every_sample_that_jobs_push_arrives_at_the_receiver() {
    side_by_side::run(&VERSIONS, |version| {
        let Some(executable) = PROMETHEUS.of_major_version_or_skip(version.major) else {
            return;
        };
        let Some(python) = programs::python() else {
            return;
        };
        let gateway = Options::new()
            .variable("scrape_tokens", "scrape-secret")
            .start();
        let receiver = Prometheus::start(
            &executable,
            "global: {}\n",
            &["--web.enable-remote-write-receiver", NATIVE],
        );
        let tap = Tap::start(receiver.address());
        let secrets = folder::temporary();
        let config = agent_config(&gateway, &tap, secrets.path());
        let agent = Prometheus::start_agent(&executable, &config, &[NATIVE]);

        push(&gateway, python);
        let pushed = format!(
            r#"{{job!="",__name__!~"up|scrape_.*|pushgateway_.*|push_(failure_)?time_seconds|{}"}}"#,
            version.ignored
        );
        let mut want: Vec<&str> = version
            .want
            .iter()
            .flat_map(|part| part.trim().lines())
            .collect();
        want.sort_unstable();
        wait_until_stored(&receiver, &agent, &pushed, &want.join("\n"));
        // With every group's push time.
        wait_until_stored(&receiver, &agent, "count(push_time_seconds > 0)", "{} 9");
        assert!(tap.sent().contains("Authorization: Bearer write-secret"));
        verify(&receiver);
    });
}

/// The shipped configuration, with addresses, tokens and an interval of this test.
fn agent_config(gateway: &Gateway, receiver: &Tap, secrets: &Path) -> String {
    let secret = |name: &str, value: &str| {
        let path = secrets.join(name);
        fs::write(&path, value).expect("a file for a token");
        path.display().to_string()
    };
    files::with(
        "deploy/prometheus/agent.yml",
        &[
            ("scrape_interval: 60s", "scrape_interval: 500ms"),
            ("scheme: https", "scheme: http"),
            ("gateway.example.com", &format!("'{}'", gateway.address())),
            (
                "https://kloudfuse.example.com/ingester/write",
                &format!("http://{}/api/v1/write", receiver.address()),
            ),
            (
                "/etc/prometheus/scrape-token",
                &secret("scrape-token", "scrape-secret"),
            ),
            (
                "/etc/prometheus/kloudfuse-token",
                &secret("kloudfuse-token", "write-secret"),
            ),
        ],
    )
}

/// Pushes as jobs do: in Python with its client, and in protobuf as Java's client does and with every kind of histogram.
///
/// `wait_seconds` comes as a classic histogram from Python and as a native one from Java.
fn push(gateway: &Gateway, mut python: Command) {
    let output = python
        .args([&format!("http://{}", gateway.address()), "push"])
        .output()
        .expect("a client that starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python:?} fails: {stderr}");

    let content_type = (
        "Content-Type",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    );
    let java = include_bytes!("../clients/fixtures/java_push.pb").as_slice();
    let every_kind = include_bytes!("../fixtures/protobuf/pushed.pb").as_slice();
    for (path, body) in [
        ("/metrics/job/java/instance/worker-1", java),
        ("/metrics/job/native", every_kind),
    ] {
        let response = gateway
            .client()
            .send("PUT", path, &[content_type], Body::Fixed(body))
            .expect("an answer");
        assert_eq!(response.status, 200, "{path}: {response:?}");
    }
}

/// Waits until a query of the receiver has exactly these series. Remote write sends them in no order.
fn wait_until_stored(receiver: &Prometheus, agent: &Prometheus, query: &str, want: &str) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let mut lines: Vec<String> = receiver.query(query).iter().map(line).collect();
        lines.sort();
        let have = lines.join("\n");
        if have == want {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{query} has\n{have}\nwanted\n{want}\nlog of the agent:\n{}",
            agent.stderr()
        );
        thread::sleep(Duration::from_millis(100));
    }
}

/// The shipped script finds what has arrived, and says what has not.
fn verify(receiver: &Prometheus) {
    if CURL.find_or_skip().is_none() {
        return;
    }
    let verify = |job: &str| {
        Command::new(files::path("deploy/kloudfuse/verify"))
            .args([&format!("http://{}", receiver.address()), job])
            .env("KLOUDFUSE_TOKEN", "query-secret")
            .output()
            .expect("the script")
    };
    let output = verify("python-gzip");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(stdout.contains(r#""job":"python-gzip""#), "{stdout}");
    let output = verify("nobody");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
