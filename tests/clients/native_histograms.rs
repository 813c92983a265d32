//! Native histograms, from a push in protobuf to a Prometheus that has them turned on.

use crate::java;
use crate::side_by_side::{self, Named};
use crate::stage::Stage;
use crate::support::gateway::Options;

const HISTOGRAMS: &str = r#"{__name__=~"(wait|classic)_seconds.*"}"#;

const CLASSIC: &str = r#"
classic_seconds_bucket{job="classic",le="+Inf"} 2
classic_seconds_bucket{job="classic",le="0.5"} 1
classic_seconds_count{job="classic"} 2
classic_seconds_sum{job="classic"} 3
"#;
const WAIT_AS_CLASSIC: &str = r#"
wait_seconds_bucket{instance="worker-1",job="java",le="+Inf"} 3
wait_seconds_bucket{instance="worker-1",job="java",le="0.5"} 1
wait_seconds_bucket{instance="worker-1",job="java",le="2.5"} 2
wait_seconds_count{instance="worker-1",job="java"} 3
wait_seconds_sum{instance="worker-1",job="java"} 8.75
"#;

/// Schema 5 has 32 buckets for each power of two.
const WAIT_AS_NATIVE: &str = r#"
wait_seconds{instance="worker-1",job="java"} count 3 sum 8.75 (0.24464301552192497,0.25]:1 (1.4768261459394991,1.5091644275934224]:1 (6.87447719248991,7.025008641493196]:1
"#;

/// What a Prometheus has turned on, and what it shall store.
struct Scrape {
    name: &'static str,
    major: u32,
    flags: &'static [&'static str],
    settings: &'static str,
    want: &'static [&'static str],
}

impl Named for Scrape {
    fn name(&self) -> &str {
        self.name
    }
}

const ON: &[&str] = &["--enable-feature=native-histograms"];
const SCRAPES: [Scrape; 5] = [
    Scrape {
        name: "Prometheus 2",
        major: 2,
        flags: &[],
        settings: "",
        want: &[CLASSIC, WAIT_AS_CLASSIC],
    },
    Scrape {
        name: "Prometheus 3",
        major: 3,
        flags: &[],
        settings: "",
        want: &[CLASSIC, WAIT_AS_CLASSIC],
    },
    Scrape {
        name: "Prometheus 2, turned on",
        major: 2,
        flags: ON,
        settings: "",
        want: &[CLASSIC, WAIT_AS_NATIVE],
    },
    Scrape {
        name: "Prometheus 3, turned on",
        major: 3,
        flags: ON,
        settings: "",
        want: &[CLASSIC, WAIT_AS_NATIVE],
    },
    Scrape {
        name: "Prometheus 3, both kinds",
        major: 3,
        flags: ON,
        settings: "  always_scrape_classic_histograms: true\n",
        want: &[CLASSIC, WAIT_AS_CLASSIC, WAIT_AS_NATIVE],
    },
];

#[test]
fn histograms_are_native_where_they_are_turned_on() {
    side_by_side::run(&SCRAPES, |scrape| {
        let options = Options::new();
        let stage = Stage::of_version_or_skip(scrape.major, scrape.flags, scrape.settings, options);
        let Some(stage) = stage else {
            return;
        };
        push(&stage);
        let want: Vec<&str> = scrape.want.iter().map(|lines| lines.trim()).collect();
        assert_eq!(stage.select(HISTOGRAMS), want.join("\n"));
        if scrape.want.contains(&WAIT_AS_NATIVE) {
            assert_eq!(
                stage.select("histogram_count(wait_seconds)"),
                r#"{instance="worker-1",job="java"} 3"#
            );
            let median = stage.select("histogram_quantile(0.5, wait_seconds)");
            let median = median.rsplit(' ').next().and_then(|text| text.parse().ok());
            assert!(median.is_some_and(|median| (1.4..1.6).contains(&median)));
        }
    });
}

/// Pushes a histogram that is classic and native at once, and one that is classic, in another format.
fn push(stage: &Stage) {
    java::push(&mut stage.client());
    stage.push(
        "/metrics/job/classic",
        "# TYPE classic_seconds histogram\n\
         classic_seconds_bucket{le=\"0.5\"} 1\n\
         classic_seconds_bucket{le=\"+Inf\"} 2\n\
         classic_seconds_sum 3\n\
         classic_seconds_count 2\n",
    );
}
