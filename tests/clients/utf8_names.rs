//! Names of any characters, which Prometheus has from version 3 on.

use crate::side_by_side::{self, Named};
use crate::stage::Stage;
use crate::support::gateway::Options;

const GROUP: &str = "/metrics/job/j/U__region_2e_name/eu";
const PUSHED: &str = r#"# HELP "http.requests" Requests served.
# TYPE "http.requests" counter
{"http.requests","status.code"="200"} 3
# TYPE "http.latency" histogram
{"http.latency_bucket",le="0.5"} 1
{"http.latency_bucket",le="+Inf"} 2
{"http.latency_sum"} 3
{"http.latency_count"} 2
plain_total{plain="a","größe"="b"} 1
"#;

const AS_THEY_ARE: &str = r#"
http.latency_bucket{job="j",le="+Inf",region.name="eu"} 2
http.latency_bucket{job="j",le="0.5",region.name="eu"} 1
http.latency_count{job="j",region.name="eu"} 2
http.latency_sum{job="j",region.name="eu"} 3
http.requests{job="j",region.name="eu",status.code="200"} 3
plain_total{größe="b",job="j",plain="a",region.name="eu"} 1
"#;
const ESCAPED: &str = r#"
http_latency_bucket{job="j",le="+Inf",region_name="eu"} 2
http_latency_bucket{job="j",le="0.5",region_name="eu"} 1
http_latency_count{job="j",region_name="eu"} 2
http_latency_sum{job="j",region_name="eu"} 3
http_requests{job="j",region_name="eu",status_code="200"} 3
plain_total{gr__e="b",job="j",plain="a",region_name="eu"} 1
"#;

/// How a Prometheus scrapes, and what it shall store.
struct Scrape {
    name: &'static str,
    major: u32,
    settings: &'static str,
    openmetrics: bool,
    want: &'static str,
}

impl Named for Scrape {
    fn name(&self) -> &str {
        self.name
    }
}

const SCRAPES: [Scrape; 5] = [
    Scrape {
        name: "Prometheus 2",
        major: 2,
        settings: "",
        openmetrics: false,
        want: ESCAPED,
    },
    Scrape {
        name: "Prometheus 3",
        major: 3,
        settings: "",
        openmetrics: false,
        want: AS_THEY_ARE,
    },
    Scrape {
        name: "Prometheus 3 that asks for legacy names",
        major: 3,
        settings: "  metric_name_validation_scheme: legacy\n  metric_name_escaping_scheme: underscores\n",
        openmetrics: false,
        want: ESCAPED,
    },
    // Its Accept asks for names as they are in text and OpenMetrics only; the Pushgateway escapes them, too.
    Scrape {
        name: "Prometheus 3, protobuf",
        major: 3,
        settings: "  scrape_protocols: [PrometheusProto]\n",
        openmetrics: false,
        want: ESCAPED,
    },
    Scrape {
        name: "Prometheus 3, OpenMetrics",
        major: 3,
        settings: "  scrape_protocols: [OpenMetricsText1.0.0]\n",
        openmetrics: true,
        want: AS_THEY_ARE,
    },
];

#[test]
fn names_are_stored_as_prometheus_asks_for_them() {
    side_by_side::run(&SCRAPES, |scrape| {
        let options = Options::new()
            .variable("push_enable_utf8_names", "true")
            .variable("web_enable_openmetrics", &scrape.openmetrics.to_string());
        let Some(stage) = Stage::of_version_or_skip(scrape.major, &[], scrape.settings, options)
        else {
            return;
        };
        stage.push(GROUP, PUSHED);
        assert_eq!(stage.stored(), scrape.want.trim());
        if scrape.want == AS_THEY_ARE {
            let selector = r#"{"http.requests","status.code"="200","region.name"="eu"}"#;
            assert_eq!(
                stage.select(selector),
                r#"http.requests{job="j",region.name="eu",status.code="200"} 3"#
            );
        }
    });
}
