//! What is forwarded, as a real Prometheus takes it in: the same as it would scrape.

use std::path::Path;

use crate::java;
use crate::native_histograms::{EVERY_KIND, FLOAT, GAUGE, LATENCY, gauge_histogram};
use crate::scraping::{PUSHED, with_float_bounds};
use crate::side_by_side::{self, Named};
use crate::stored::line;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::PROMETHEUS;
use crate::support::prometheus::Prometheus;

/// A Prometheus that receives.
struct Receiving {
    name: &'static str,
    major: u32,
    has_native_histograms: bool,
}

impl Named for Receiving {
    fn name(&self) -> &str {
        self.name
    }
}

const RECEIVING: [Receiving; 3] = [
    Receiving {
        name: "Prometheus 3",
        major: 3,
        has_native_histograms: true,
    },
    Receiving {
        name: "Prometheus 2",
        major: 2,
        has_native_histograms: true,
    },
    Receiving {
        name: "Prometheus 2 without native histograms",
        major: 2,
        has_native_histograms: false,
    },
];

/// A gateway that nobody scrapes, and a Prometheus that it forwards to.
struct Stage {
    gateway: Gateway,
    prometheus: Prometheus,
}

impl Stage {
    fn start(executable: &Path, has_native_histograms: bool) -> Self {
        let mut flags = vec!["--web.enable-remote-write-receiver"];
        flags.extend(has_native_histograms.then_some("--enable-feature=native-histograms"));
        let prometheus = Prometheus::start(executable, "global: {}\n", &flags);
        let host = format!("http://{}", prometheus.address());
        let gateway = Options::new()
            .variable("forward_remote_write_url", &format!("{host}/api/v1/write"))
            .variable("forward_host", &host)
            .start();
        Self {
            gateway,
            prometheus,
        }
    }

    fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut client = self.gateway.client();
        let response = client.send("PUT", path, headers, body.into());
        assert_eq!(response.expect("an answer").status, 200, "{path}");
    }

    /// What Prometheus has of the series that match, once it has any.
    fn stored(&self, expression: &str) -> String {
        let found = self.prometheus.wait_for(expression);
        let mut lines: Vec<String> = found.iter().map(line).collect();
        lines.sort();
        lines.join("\n")
    }
}

#[test]
fn what_is_forwarded_is_what_would_be_scraped() {
    side_by_side::run(&RECEIVING, |receiving| {
        let Some(executable) = PROMETHEUS.of_major_version_or_skip(receiving.major) else {
            return;
        };
        let stage = Stage::start(&executable, receiving.has_native_histograms);
        stage.put("/metrics/job/j/instance/i", &[], PUSHED.as_bytes());
        // One request brings all of a push of this size.
        let stored = stage.stored(r#"{job="j",__name__!="push_time_seconds"}"#);
        assert_eq!(stored, with_float_bounds().trim());
        let pushed = stage.stored(r#"push_time_seconds{job="j"}"#);
        let time = pushed.strip_prefix(r#"push_time_seconds{instance="i",job="j"} "#);
        let time: Option<f64> = time.and_then(|time| time.parse().ok());
        let sampled = stage.stored(r#"timestamp(push_time_seconds{job="j"})"#);
        let sampled = sampled
            .rsplit(' ')
            .next()
            .and_then(|time| time.parse().ok());
        let apart = time
            .zip(sampled)
            .map(|(time, sampled): (f64, f64)| (time - sampled).abs());
        assert!(
            apart.is_some_and(|apart| apart < 0.002),
            "{time:?} {sampled:?}"
        );

        stage.put("/metrics/job/right", &java::HEADERS, EVERY_KIND);
        let gauge = gauge_histogram();
        stage.put("/metrics/job/right/kind/gauge", &java::HEADERS, &gauge);
        let classic = stage.stored(r#"rpc_latency_seconds_count{job="right"}"#);
        assert_eq!(
            classic,
            r#"rpc_latency_seconds_count{job="right",method="GET"} 7"#
        );
        if receiving.has_native_histograms {
            for (name, want) in [
                ("rpc_latency_seconds", LATENCY),
                ("float_sizes", FLOAT),
                ("h", GAUGE),
            ] {
                assert_eq!(stage.stored(name), want.trim());
            }
        } else {
            stage.gateway.wait_for_log("msg=\"forwarding failed\"");
        }
    });
}
