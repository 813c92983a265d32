//! The shipped dashboard: well-formed, and every query of it answered by a Prometheus that scrapes a running gateway.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::files;
use crate::support::programs::PROMETHEUS;
use crate::support::prometheus::Prometheus;
use crate::support::receiver::{Behaviour, Receiver};

const DASHBOARD: &str = "deploy/grafana/dashboard.json";

/// One query of a panel.
struct Query {
    panel: String,
    expression: String,
}

#[test]
fn panels_are_well_formed_and_side_by_side() {
    let dashboard = dashboard();
    let panels = panels(&dashboard);
    let ids: BTreeSet<u64> = panels
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), panels.len(), "ids are unique");
    for (at, panel) in panels.iter().enumerate() {
        let title = panel["title"].as_str().expect("a title");
        assert!(!title.is_empty());
        let overlapping = panels
            .iter()
            .skip(at + 1)
            .find(|other| overlap(panel, other));
        assert!(overlapping.is_none(), "{title} lies on {overlapping:#?}");
    }
}

#[test]
fn every_query_goes_to_the_data_source_that_is_chosen() {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"]
        .as_array()
        .expect("variables");
    assert_eq!(variables[0]["name"], "datasource");
    assert_eq!(variables[0]["type"], "datasource");
    assert_eq!(variables[0]["query"], "prometheus");
    for variable in &variables[1..] {
        assert_eq!(variable["datasource"]["uid"], "${datasource}");
    }
    for panel in panels(&dashboard)
        .iter()
        .filter(|panel| panel["type"] != "row")
    {
        let targets = panel["targets"].as_array().expect("targets");
        let names: BTreeSet<&str> = targets
            .iter()
            .filter_map(|one| one["refId"].as_str())
            .collect();
        assert_eq!(names.len(), targets.len(), "refIds of {panel:#}");
        for of in targets.iter().chain([*panel]) {
            assert_eq!(of["datasource"]["uid"], "${datasource}", "{of:#}");
        }
    }
}

#[test]
fn every_query_is_answered_and_every_panel_has_data() {
    let Some(executable) = PROMETHEUS.find_or_skip() else {
        return;
    };
    let receiver = Receiver::start(Behaviour::Answers(500));
    let gateway = receiver
        .forwarding()
        .variable("max_groups", "100")
        .variable("group_ttl", "1h")
        .start();
    let config = Prometheus::scrape_config(gateway.address());
    let prometheus = Prometheus::start(&executable, &config, &[]);
    let mut client = gateway.client();
    for (path, body, status) in [
        ("/metrics/job/backup/instance/a", "done_total 1\n", 200),
        ("/metrics/job/sync", "done_total 2\n", 200),
        ("/metrics/job/broken", "done_total 3 1700000000\n", 400),
    ] {
        let response = client.put(path, body).expect("an answer");
        assert_eq!(response.status, status, "{path}: {response:?}");
    }
    // One scrape brings all that was pushed, and one what became of forwarding it.
    prometheus.wait_for(r#"push_failure_time_seconds{job="broken"} > 0"#);
    prometheus.wait_for("pushgateway_group_forward_failure_time_seconds");

    let queries = queries(&dashboard());
    assert!(queries.len() > 10);
    let without_data: BTreeSet<&str> = queries
        .iter()
        .filter(|query| {
            let answer = prometheus.answer(&query.expression);
            let result = answer["data"]["result"].as_array();
            let result = result.unwrap_or_else(|| panic!("{}: {answer:#}", query.panel));
            result.is_empty()
        })
        .map(|query| query.panel.as_str())
        .collect();
    assert_eq!(without_data, BTreeSet::new());
}

fn dashboard() -> Value {
    serde_json::from_str(&files::read(DASHBOARD)).expect("JSON")
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"]
        .as_array()
        .expect("panels")
        .iter()
        .collect()
}

/// The queries of all panels, with variables as Grafana sets them at first.
fn queries(dashboard: &Value) -> Vec<Query> {
    let mut queries = Vec::new();
    for panel in panels(dashboard) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().expect("a query");
            let expression = expression.replace("$job", ".*").replace("$gateway", ".*");
            assert!(!expression.contains('$'), "{expression}");
            queries.push(Query {
                panel: panel["title"].as_str().expect("a title").to_owned(),
                expression,
            });
        }
    }
    queries
}

/// Whether two panels cover the same place.
fn overlap(a: &Value, b: &Value) -> bool {
    let side = |panel: &Value, start: &str, length: &str| {
        let number = |name: &str| panel["gridPos"][name].as_u64().expect("a position");
        (number(start), number(start) + number(length))
    };
    let crosses = |start, length| {
        let ((a, a_end), (b, b_end)) = (side(a, start, length), side(b, start, length));
        a < b_end && b < a_end
    };
    crosses("x", "w") && crosses("y", "h")
}
