//! Exemplars, from a push in protobuf to a Prometheus that keeps them.

use crate::java;
use crate::side_by_side::{self, Named};
use crate::stage::Stage;
use crate::support::gateway::Options;

/// How a Prometheus scrapes.
struct Scrape {
    name: &'static str,
    major: u32,
    settings: &'static str,
    /// Series that appear beside those that were pushed.
    created: &'static str,
}

impl Named for Scrape {
    fn name(&self) -> &str {
        self.name
    }
}

/// OpenMetrics writes the time at which a counter began as a series.
const CREATED: &str = r#"
tasks_created{instance="worker-1",job="java",outcome="failed: \"disk\\full\"\n"} 1767225600.25
tasks_created{instance="worker-1",job="java",outcome="ok"} 1767225600.25
"#;

const SCRAPES: [Scrape; 3] = [
    Scrape {
        name: "Prometheus 2, OpenMetrics",
        major: 2,
        settings: "",
        created: CREATED,
    },
    Scrape {
        name: "Prometheus 3, OpenMetrics",
        major: 3,
        settings: "  scrape_protocols: [OpenMetricsText1.0.0]\n",
        created: CREATED,
    },
    // Told to, since from protobuf this version drops classic histograms that have a native side, even where native
    // ones are off: from the Pushgateway, too.
    Scrape {
        name: "Prometheus 3, protobuf",
        major: 3,
        settings: "  scrape_protocols: [PrometheusProto]\n  always_scrape_classic_histograms: true\n",
        created: "",
    },
];

#[test]
fn exemplars_are_stored_by_every_format_that_has_them() {
    side_by_side::run(&SCRAPES, |scrape| {
        let options = Options::new().variable("web_enable_openmetrics", "true");
        let flags = ["--enable-feature=exemplar-storage"];
        let Some(stage) = Stage::of_version_or_skip(scrape.major, &flags, scrape.settings, options)
        else {
            return;
        };
        java::push(&mut stage.client());
        let mut want: Vec<&str> = java::STORED.trim().lines().collect();
        want.extend(scrape.created.trim().lines());
        want.sort_unstable();
        assert_eq!(stage.stored(), want.join("\n"));
        arrive(&stage);
    });
}

/// Checks the exemplar of the counter and that of the histogram.
pub(crate) fn arrive(stage: &Stage) {
    for (name, value) in [("tasks_total", "1"), ("wait_seconds_bucket", "1.5")] {
        let answer = stage
            .prometheus()
            .api(&format!(
                "query_exemplars?query={name}&start=1767225000&end=1767226000"
            ))
            .expect("exemplars");
        let exemplar = &answer[0]["exemplars"][0];
        let trace = &exemplar["labels"]["trace_id"];
        assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736", "{answer:#}");
        assert_eq!(exemplar["value"], value, "{answer:#}");
        assert_eq!(exemplar["timestamp"], 1_767_225_601.5, "{answer:#}");
    }
}
