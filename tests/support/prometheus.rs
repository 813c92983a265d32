//! A real Prometheus that scrapes what a test tells it to.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::folder;
use super::process::{Process, START_TIMEOUT, listen_address};
use super::programs::{PROMETHEUS, version};

/// A running Prometheus with a temporary database.
#[derive(Debug)]
pub(crate) struct Prometheus {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
}

impl Prometheus {
    /// Starts Prometheus with that configuration (YAML) and waits until it is
    /// ready; `None` after saying that the test is skipped, where there is none.
    pub(crate) fn start_or_skip(config: &str, flags: &[&str]) -> Option<Self> {
        Some(Self::start(&PROMETHEUS.find_or_skip()?, config, flags))
    }

    /// The same with this executable.
    pub(crate) fn start(executable: &Path, config: &str, flags: &[&str]) -> Self {
        Self::run(executable, config, "--storage.tsdb.path", flags)
    }

    /// The same in agent mode: it stores nothing but what is still to be sent to its `remote_write`, and answers no
    /// queries.
    pub(crate) fn start_agent(executable: &Path, config: &str, flags: &[&str]) -> Self {
        let mode = match version(executable) {
            Some((2, ..)) => "--enable-feature=agent",
            _ => "--agent",
        };
        let flags = [&[mode], flags].concat();
        Self::run(executable, config, "--storage.agent.path", &flags)
    }

    fn run(executable: &Path, config: &str, storage: &str, flags: &[&str]) -> Self {
        let folder = folder::temporary();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).expect("the configuration of Prometheus");
        let process = Process::start(
            "Prometheus",
            Command::new(executable)
                .arg(format!("--config.file={}", file.display()))
                .arg(format!(
                    "{storage}={}",
                    folder.path().join("data").display()
                ))
                .arg("--web.listen-address=127.0.0.1:0")
                .args(flags),
        );
        let address = process.wait_for("where it listens", listen_address);
        let prometheus = Self {
            process,
            address,
            folder,
        };
        prometheus.poll("Prometheus is not ready", |client| {
            let response = client.get("/-/ready").ok()?;
            (response.status == 200).then_some(())
        });
        prometheus
    }

    /// A configuration that scrapes one target twice a second with
    /// `honor_labels`, as the Pushgateway's documentation asks for. More
    /// settings of the scrape can be added, indented by two blanks.
    pub(crate) fn scrape_config(target: SocketAddr) -> String {
        format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
             scrape_configs:\n\
             - job_name: pushgateway\n\
             \u{20} honor_labels: true\n\
             \u{20} static_configs: [{{targets: ['{target}']}}]\n"
        )
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its log.
    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// The `data` of the answer to a GET of an API path below `/api/v1/`.
    pub(crate) fn api(&self, path: &str) -> Option<Value> {
        let response = Client::new(self.address)
            .get(&format!("/api/v1/{path}"))
            .ok()?;
        let mut answer: Value = serde_json::from_slice(&response.body).ok()?;
        (answer["status"] == "success").then(|| answer["data"].take())
    }

    /// The whole answer to an instant query, which may be an error.
    pub(crate) fn answer(&self, expression: &str) -> Value {
        let expression = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let response = Client::new(self.address)
            .get(&format!("/api/v1/query?query={expression}"))
            .expect("an answer of Prometheus");
        serde_json::from_slice(&response.body).expect("an answer in JSON")
    }

    /// The result of an instant query.
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        let expression = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        self.api(&format!("query?query={expression}"))
            .and_then(|data| data["result"].as_array().cloned())
            .unwrap_or_default()
    }

    /// The result of a query as of that time, in seconds since 1970.
    pub(crate) fn query_at(&self, expression: &str, time: &str) -> Vec<Value> {
        let expression = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let data = self.api(&format!("query?query={expression}&time={time}"));
        data.and_then(|data| data["result"].as_array().cloned())
            .expect("the result of a query")
    }

    /// The result of an instant query, once it has one.
    pub(crate) fn wait_for(&self, expression: &str) -> Vec<Value> {
        self.poll(&format!("no result for {expression}"), |_| {
            Some(self.query(expression)).filter(|result| !result.is_empty())
        })
    }

    /// Asks until there is an answer; panics with the log after a while.
    fn poll<T>(&self, problem: &str, mut ask: impl FnMut(&mut Client) -> Option<T>) -> T {
        let mut client = Client::new(self.address);
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(answer) = ask(&mut client) {
                return answer;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{problem}; its log:\n{}", self.stderr());
    }
}
