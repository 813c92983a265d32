//! The configurations in `deploy/` are what the programs that they are for accept.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::files;
use crate::support::folder;
use crate::support::programs::PROMTOOL;

#[test]
fn prometheus_accepts_the_configuration_of_the_agent() {
    let folder = folder::temporary();
    let config = files::with(
        "deploy/prometheus/agent.yml",
        &[
            ("/etc/prometheus/scrape-token", &token(&folder, "scrape")),
            ("/etc/prometheus/kloudfuse-token", &token(&folder, "write")),
        ],
    );
    check_config(&config, &["--agent"]);
}

#[test]
fn the_collector_scrapes_as_the_agent_does() {
    let collector: Value = parse("deploy/otel/collector.yml");
    let config = &collector["receivers"]["prometheus"]["config"];
    // Every JSON document is one in YAML.
    check_config(&config.to_string(), &[]);

    let agent: Value = parse("deploy/prometheus/agent.yml");
    let mut of_agent = agent["scrape_configs"].clone();
    of_agent[0]["scrape_interval"] = agent["global"]["scrape_interval"].clone();
    of_agent[0]["authorization"] = json!({"credentials": "${env:SCRAPE_TOKEN}"});
    assert_eq!(config["scrape_configs"], of_agent);
}

#[test]
fn the_pipeline_of_the_collector_has_all_its_parts() {
    let collector: Value = parse("deploy/otel/collector.yml");
    let pipeline = &collector["service"]["pipelines"]["metrics"];
    for kind in ["receivers", "processors", "exporters"] {
        let defined: Vec<&String> = collector[kind].as_object().expect("parts").keys().collect();
        let mut used: Vec<&str> = pipeline[kind]
            .as_array()
            .expect("a list of parts")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        used.sort_unstable();
        assert_eq!(defined, used, "{kind}");
    }
}

#[test]
fn the_operator_is_told_what_the_agent_is() {
    let text = files::read("deploy/kloudfuse/prometheus-operator.yaml");
    let documents: Vec<Value> = text.split("\n---\n").map(from_yaml).collect();
    let [prometheus, scrape] = documents.as_slice() else {
        panic!("two objects: {documents:#?}");
    };
    let agent: Value = parse("deploy/prometheus/agent.yml");
    let (job, write) = (&agent["scrape_configs"][0], &agent["remote_write"][0]);
    let (spec, remote) = (&prometheus["spec"], &prometheus["spec"]["remoteWrite"][0]);
    for (of_operator, of_agent) in [
        (&spec["scrapeInterval"], &agent["global"]["scrape_interval"]),
        (&remote["url"], &write["url"]),
        (
            &remote["queueConfig"]["maxSamplesPerSend"],
            &write["queue_config"]["max_samples_per_send"],
        ),
        (
            &remote["sendNativeHistograms"],
            &write["send_native_histograms"],
        ),
        (&scrape["spec"]["jobName"], &job["job_name"]),
        (&scrape["spec"]["honorLabels"], &job["honor_labels"]),
        (&scrape["spec"]["metricsPath"], &job["metrics_path"]),
        (&scrape["spec"]["staticConfigs"], &job["static_configs"]),
        (
            &spec["scrapeConfigSelector"]["matchLabels"],
            &scrape["metadata"]["labels"],
        ),
    ] {
        assert!(!of_agent.is_null());
        assert_eq!(of_operator, of_agent);
    }
}

#[test]
fn what_the_page_on_kloudfuse_shows_is_what_is_shipped() {
    let files = ["deploy/prometheus/agent.yml", "deploy/otel/collector.yml"];
    let shipped: String = files.map(files::read).concat();
    let page = files::read("docs/kloudfuse.md");
    let blocks: Vec<&str> = page
        .split("\n```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(shipped.contains(block), "no file has\n{block}");
    }
    let verify = "deploy/kloudfuse/verify https://kloudfuse.example.com backup";
    assert!(page.contains(verify) && files::read("deploy/kloudfuse/verify").contains(verify));
}

fn parse(name: &str) -> Value {
    from_yaml(&files::read(name))
}

fn from_yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// The path of a file with a token, which promtool looks for.
fn token(folder: &TempDir, name: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, "secret").expect("a file for a token");
    path.display().to_string()
}

/// Holds a configuration of Prometheus with `promtool check config`; skips where there is no promtool.
fn check_config(config: &str, flags: &[&str]) {
    let Some(promtool) = PROMTOOL.find_or_skip() else {
        return;
    };
    let folder = folder::temporary();
    let file = folder.path().join("prometheus.yml");
    fs::write(&file, config).expect("a configuration");
    run(&promtool, &[&["check", "config"], flags].concat(), &file);
}

/// Runs promtool on a file; it must find nothing wrong.
pub(crate) fn run(promtool: &Path, arguments: &[&str], file: &Path) {
    let output = Command::new(promtool)
        .args(arguments)
        .arg(file)
        .output()
        .expect("promtool");
    assert!(
        output.status.success(),
        "promtool {arguments:?} {}:\n{}{}",
        file.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
