//! What a ServiceMonitor makes Prometheus do, with a real Prometheus in the place of a cluster's.

use std::fmt::Write;

use serde_json::Value;

use crate::crds::Action;
use crate::manifests;
use crate::support::programs::PROMETHEUS;
use crate::support::prometheus::Prometheus;
use crate::support::wait;

/// What the operator makes of the folder's ServiceMonitor for two pods, as far as targets depend on it.
///
/// A scrape comes once a day, so that none comes here: there is nothing at these addresses.
fn config(folder: &str) -> String {
    let monitor = manifests::monitor(folder);
    let endpoint = &monitor.spec.endpoints[0];
    let mut config = format!(
        "global: {{scrape_interval: 1d}}\n\
         scrape_configs:\n\
         - job_name: pushgateway\n\
         \u{20} honor_labels: {}\n\
         \u{20} metrics_path: {}\n\
         \u{20} static_configs:\n",
        endpoint.honor_labels.unwrap_or_default(),
        endpoint.path.as_deref().expect("a path"),
    );
    for pod in ["a", "b"] {
        let labels = format!(
            "pod: {pod}, container: pushgateway, node: node-{pod}, namespace: monitoring, \
             __meta_kubernetes_service_name: pushgateway, __meta_kubernetes_namespace: monitoring"
        );
        writeln!(
            config,
            "  - {{targets: ['{pod}.invalid:1'], labels: {{{labels}}}}}"
        )
        .expect("a String takes it");
    }
    config.push_str("  relabel_configs:\n");
    for relabeling in endpoint.relabelings.as_ref().expect("relabelings") {
        let sources = relabeling
            .source_labels
            .clone()
            .unwrap_or_default()
            .join(", ");
        let action = match relabeling.action {
            None | Some(Action::Replace) => "replace",
            Some(Action::LabelDrop) => "labeldrop",
            ref other => panic!("the test knows no {other:?}"),
        };
        let regex = relabeling.regex.as_deref().expect("a pattern");
        write!(config, "  - {{action: {action}, regex: '{regex}'").expect("a String takes it");
        if let (Some(label), Some(replacement)) =
            (&relabeling.target_label, &relabeling.replacement)
        {
            let replaced = format!(
                ", source_labels: [{sources}], target_label: {label}, replacement: '{replacement}'"
            );
            config.push_str(&replaced);
        }
        config.push_str("}\n");
    }
    config
}

fn scraped(folder: &str) -> Option<Vec<String>> {
    let prometheus = Prometheus::start(&PROMETHEUS.find_or_skip()?, &config(folder), &[]);
    let mut urls = Vec::new();
    wait::until("Prometheus has targets", || {
        let targets = prometheus.api("targets").unwrap_or_default();
        let active = targets["activeTargets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let url = |target: &Value| target["scrapeUrl"].as_str().unwrap_or_default().to_owned();
        urls = active.iter().map(url).collect();
        !urls.is_empty()
    });
    Some(urls)
}

#[test]
fn of_many_pods_prometheus_scrapes_their_service_once() {
    let cases = [("deploy/kubernetes", 9091), ("deploy/spinkube", 80)];
    for (folder, port) in cases {
        let Some(scraped) = scraped(folder) else {
            return;
        };
        assert_eq!(
            scraped,
            [format!("http://pushgateway.monitoring.svc:{port}/metrics")]
        );
    }
}
