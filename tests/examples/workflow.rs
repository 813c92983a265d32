//! The step of GitHub Actions: its script, taken from the workflow and run as a runner does.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use crate::stage::Stage;
use crate::support::files;
use crate::support::programs::CURL;

#[derive(Deserialize)]
struct Workflow {
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    steps: Vec<Step>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Step {
    name: Option<String>,
    r#if: Option<String>,
    continue_on_error: Option<bool>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    run: Option<String>,
}

fn step() -> Step {
    let text = files::read("examples/github-actions/workflow.yml");
    let workflow: Workflow = serde_saphyr::from_str(&text).expect("a workflow");
    let steps = workflow.jobs.values().flat_map(|job| &job.steps);
    let last = steps.last().expect("a step").clone();
    assert_eq!(last.name.as_deref(), Some("Push metrics"));
    last
}

/// As a runner of GitHub runs it, but for `pipefail`, which not every `sh` has.
fn script(success: &str) -> Command {
    let step = step();
    let names: Vec<_> = step.env.keys().map(String::as_str).collect();
    assert_eq!(names, ["PUSHGATEWAY_TOKEN", "PUSHGATEWAY_URL", "SUCCESS"]);
    let mut command = Command::new("sh");
    command
        .args(["-e", "-c", &step.run.expect("a script")])
        .env("SUCCESS", success)
        .envs([
            ("GITHUB_REPOSITORY", "owner/name"),
            ("GITHUB_WORKFLOW", "nightly build?"),
        ])
        .envs([("GITHUB_RUN_NUMBER", "42"), ("GITHUB_RUN_ATTEMPT", "1")]);
    command
}

#[test]
fn the_step_pushes_also_after_a_failure_and_fails_no_run() {
    if CURL.find_or_skip().is_none() {
        return;
    }
    assert_eq!(step().r#if.as_deref(), Some("always()"));
    assert_eq!(step().continue_on_error, Some(true));
    for success in ["1", "0"] {
        let stage = Stage::start("ci", 1);
        let ran = stage.run(&mut script(success), None);
        let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{errors}");
        let labels =
            "instance=\"\",job=\"ci\",repository=\"owner/name\",workflow=\"nightly build?\"";
        assert_eq!(
            stage.samples(),
            [
                format!("ci_last_run_attempt{{{labels}}} 1"),
                format!("ci_last_run_number{{{labels}}} 42"),
                format!("ci_last_run_success{{{labels}}} {success}"),
            ]
        );
        assert_eq!(stage.requests(), 2);
    }
}

#[test]
fn a_wrong_token_shows_in_the_log_of_the_step() {
    if CURL.find_or_skip().is_none() {
        return;
    }
    let stage = Stage::start("ci", 0);
    let ran = stage.run(&mut script("1"), Some("another"));
    assert!(!ran.status.success());
    let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(errors.contains("401"), "{errors}");
    assert_eq!(stage.requests(), 1);
}
