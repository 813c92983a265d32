//! The pages for operators against the gateway: its metrics, variables, log lines, and their commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use spin_pushgateway::config::Config;

use crate::support::client::Client;
use crate::support::files;
use crate::support::folder;
use crate::support::gateway::Options;
use crate::support::programs::SQLITE;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait;

const OPERATIONS: &str = "docs/operations.md";

/// The commands of the page, as they stand there.
const BACKUP: &str = r#"sqlite3 .spin/sqlite_key_value.db ".backup backup.db""#;
const RESTORE: &str =
    "cp backup.db .spin/sqlite_key_value.db && rm -f .spin/sqlite_key_value.db-journal";

#[test]
fn every_metric_of_the_gateway_is_explained() {
    let receiver = Receiver::start(Behaviour::Answers(500));
    let gateway = receiver
        .forwarding()
        .variable("max_groups", "10")
        .variable("group_ttl", "1h")
        .start();
    let mut client = gateway.client();
    let response = client
        .put("/metrics/job/j", "pushed 1\n")
        .expect("an answer");
    assert_eq!(response.status, 200, "{response:?}");
    let mut exposition = String::new();
    wait::until("forwarding has failed", || {
        exposition = client.get("/metrics").expect("a scrape").text();
        exposition.contains("forward_failure")
    });
    let exposed: BTreeSet<&str> = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .filter(|name| *name != "pushed")
        .collect();
    let page = files::read(OPERATIONS);
    assert_eq!(exposed, first_cells(&page, "## Its own metrics"));
}

#[test]
fn every_variable_is_explained() {
    let page = files::read("docs/configuration.md");
    for variable in Config::VARIABLES {
        let is_there = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
            .any(|cell| cell.split('`').any(|word| word == variable));
        assert!(is_there, "{variable}");
    }
}

#[test]
fn every_message_of_the_log_is_explained() {
    let mut messages = BTreeSet::new();
    collect_messages(&files::path("src"), &mut messages);
    assert!(messages.contains("push rejected"), "{messages:?}");
    let page = files::read(OPERATIONS);
    let explained = first_cells(&page, "## The log");
    let messages: BTreeSet<&str> = messages.iter().map(String::as_str).collect();
    assert_eq!(messages, explained);
}

#[test]
fn a_backup_of_a_running_gateway_can_be_restored() {
    if SQLITE.find_or_skip().is_none() {
        return;
    }
    let page = files::read(OPERATIONS);
    for command in [BACKUP, RESTORE] {
        assert!(page.contains(&format!("\n$ {command}\n")), "{command}");
    }
    let folder = folder::temporary();
    let options = || Options::new().state_dir(folder.path().join(".spin"));
    let mut gateway = options().start();
    push(&mut gateway.client(), "/metrics/job/kept", "before 1\n");
    let before = exposition(&mut gateway.client());
    assert!(before.contains("before{"), "{before}");
    run(BACKUP, folder.path());
    push(&mut gateway.client(), "/metrics/job/kept", "after 2\n");
    push(&mut gateway.client(), "/metrics/job/new", "after 2\n");
    assert_ne!(exposition(&mut gateway.client()), before);

    gateway.stop();
    run(RESTORE, folder.path());
    let gateway = options().start();
    assert_eq!(exposition(&mut gateway.client()), before);
}

/// What stands in code in the first cell of each row of the table below this heading.
fn first_cells<'a>(page: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        // The head of the table.
        .filter(|cell| *cell != "msg")
        .collect()
}

/// The first arguments of all calls of `log::warn` in the sources of this folder.
fn collect_messages(folder: &Path, messages: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_messages(&path, messages);
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source");
        for call in source.split("log::warn(").skip(1) {
            let literal = call.trim_start().strip_prefix('"');
            let message = literal.and_then(|rest| rest.split('"').next());
            let message = message.unwrap_or_else(|| panic!("no literal in {}", path.display()));
            messages.insert(message.to_owned());
        }
    }
}

fn push(client: &mut Client, path: &str, body: &str) {
    let response = client.put(path, body).expect("an answer");
    assert_eq!(response.status, 200, "{response:?}");
}

fn exposition(client: &mut Client) -> String {
    client.get("/metrics").expect("a scrape").text()
}

fn run(command: &str, folder: &Path) {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{command}: {output:?}");
}
