//! A gateway between clients and a Prometheus that scrapes it.

use std::cell::Cell;
use std::process::Command;

use serde_json::Value;

use crate::stored::line;
use crate::support::client::Client;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::PROMETHEUS;
use crate::support::prometheus::Prometheus;
use crate::tap::Tap;

/// Everything that was pushed, without the marker and what Prometheus and the gateway tell about themselves.
const PUSHED: &str = r#"{job!="",__name__!~"stage_marker|up|scrape_.*|pushgateway_.*|push_(failure_)?time_seconds"}"#;

/// A gateway, a relay before it, and a Prometheus behind it.
#[derive(Debug)]
pub(crate) struct Stage {
    gateway: Gateway,
    tap: Tap,
    prometheus: Prometheus,
    scrapes: Cell<u32>,
}

impl Stage {
    /// A gateway with default options and the newest Prometheus there is; `None` after saying that the test is
    /// skipped, where there is none.
    pub(crate) fn start_or_skip() -> Option<Self> {
        let executable = PROMETHEUS.find_or_skip()?;
        let gateway = Gateway::start();
        let config = Prometheus::scrape_config(gateway.address());
        let prometheus = Prometheus::start(&executable, &config, &[]);
        Some(Self::new(gateway, prometheus))
    }

    /// A gateway with these options and a Prometheus of that major version with these flags; `settings` are lines of
    /// YAML for its scrape. `None` after saying that the test is skipped, where there is none.
    pub(crate) fn of_version_or_skip(
        major: u32,
        flags: &[&str],
        settings: &str,
        options: Options,
    ) -> Option<Self> {
        let executable = PROMETHEUS.of_major_version_or_skip(major)?;
        let gateway = options.start();
        let config = Prometheus::scrape_config(gateway.address()) + settings;
        let prometheus = Prometheus::start(&executable, &config, flags);
        Some(Self::new(gateway, prometheus))
    }

    fn new(gateway: Gateway, prometheus: Prometheus) -> Self {
        let tap = Tap::start(gateway.address());
        let scrapes = Cell::new(0);
        Self {
            gateway,
            tap,
            prometheus,
            scrapes,
        }
    }

    /// The URL that client programs push to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.tap.address())
    }

    /// What client programs have sent, see [`Tap::sent`].
    pub(crate) fn sent(&self) -> String {
        self.tap.sent()
    }

    /// A plain client of the gateway.
    pub(crate) fn client(&self) -> Client {
        self.gateway.client()
    }

    /// The Prometheus.
    pub(crate) fn prometheus(&self) -> &Prometheus {
        &self.prometheus
    }

    /// Runs a client's program for one of its steps; it must succeed.
    pub(crate) fn run(&self, mut program: Command, step: &str) {
        let output = program
            .args([&self.url(), step])
            .output()
            .expect("a client that starts");
        assert!(
            output.status.success(),
            "{program:?} fails: {}\nit has sent:\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.sent(),
        );
    }

    /// Pushes this text to the group of this path; must succeed.
    pub(crate) fn push(&self, path: &str, text: &str) {
        let response = self.client().put(path, text).expect("an answer");
        assert_eq!(response.status, 200, "{path} {text}: {response:?}");
    }

    /// What Prometheus has of all that was pushed: see [`line`], sorted.
    pub(crate) fn stored(&self) -> String {
        self.select(PUSHED)
    }

    /// What Prometheus has of the series that match, from a scrape that begins after this call.
    ///
    /// A marker is pushed, and everything is read as of a scrape that has it: scrapes are not waited for by time.
    pub(crate) fn select(&self, expression: &str) -> String {
        let number = self.scrapes.get() + 1;
        self.scrapes.set(number);
        self.push(
            "/metrics/job/stage",
            &format!("# TYPE stage_marker gauge\nstage_marker {number}\n"),
        );
        self.prometheus
            .wait_for(&format!("stage_marker == {number}"));
        let scrape = self.prometheus.query("timestamp(stage_marker)");
        let time = scrape
            .first()
            .and_then(|sample| sample["value"][1].as_str())
            .expect("the time of a scrape");
        let mut lines: Vec<String> = self
            .prometheus
            .query_at(expression, time)
            .iter()
            .map(|series: &Value| line(series))
            .collect();
        lines.sort();
        lines.join("\n")
    }

    /// The groups of the gateway but the marker's, as labels of their push time.
    pub(crate) fn groups(&self) -> Vec<String> {
        let text = self.client().get("/metrics").expect("a scrape").text();
        text.lines()
            .filter_map(|line| line.strip_prefix("push_time_seconds"))
            .filter_map(|rest| Some(rest.rsplit_once(' ')?.0.to_owned()))
            .filter(|labels| !labels.contains(r#"job="stage""#))
            .collect()
    }
}
