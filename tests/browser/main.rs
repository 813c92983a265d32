//! The pages in a real browser: headless Chromium, driven by the scripts beside this file.
//!
//! Each test starts a gateway and hands its address to one case. See `README.md`.

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::gateway::{Gateway, Options};
use crate::support::programs::{CHROMIUM, NODE, skip};

/// How long a case may take, on a machine that does other things as well.
const TIMEOUT: Duration = Duration::from_secs(240);

/// Node and the driver, or `None` after saying that the test is skipped.
fn node_or_skip() -> Option<Command> {
    let (node, chromium) = (NODE.find_or_skip()?, CHROMIUM.find_or_skip()?);
    let modules = root().join("target/test-programs/browser");
    if !modules.join("node_modules").exists() {
        skip("the driver of the browser");
        return None;
    }
    let mut command = Command::new(node);
    command
        .arg(root().join("tests/browser/run.js"))
        .env("BROWSER_MODULES", modules)
        .env("CHROMIUM_BIN", chromium);
    Some(command)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Passes this case on a gateway with these variables, whose pages are below `prefix`.
fn pass(case: &str, variables: &[(&str, &str)], prefix: &str) {
    let Some(mut node) = node_or_skip() else {
        return;
    };
    let gateway = Options::new().variables(variables).start();
    node.args([case, &address(&gateway, prefix)]);
    // Its output is the test's, which the test runner shows where one fails.
    let mut child = node.spawn().expect("node starts");
    let deadline = Instant::now() + TIMEOUT;
    let status = loop {
        match child.try_wait().expect("node can be waited for") {
            Some(status) => break status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(50)),
            None => {
                child.kill().expect("node can be ended");
                child.wait().expect("node can be waited for");
                panic!("{case} takes too long");
            }
        }
    };
    assert!(status.success(), "{case} failed");
}

fn address(gateway: &Gateway, prefix: &str) -> String {
    format!("http://{}{prefix}/", gateway.address())
}

#[test]
fn groups_are_searched_sorted_filtered_and_opened() {
    pass("finding", &[], "");
}

#[test]
fn histograms_and_summaries_are_drawn() {
    pass("charts", &[], "");
}

#[test]
fn one_group_or_all_found_are_deleted() {
    pass("deleting", &[("web_enable_admin_api", "true")], "");
}

#[test]
fn tokens_are_asked_for_where_they_are_needed() {
    let tokens = [("push_tokens", "pusher"), ("admin_tokens", "chief")];
    pass("tokens", &tokens, "");
}

#[test]
fn who_reads_with_a_password_deletes_with_a_token() {
    let tokens = [("scrape_tokens", "reader"), ("push_tokens", "pusher")];
    pass("reading", &tokens, "");
}

#[test]
fn what_expires_is_seen_before_and_gone_after() {
    pass("expiring", &[("group_ttl", "1d")], "");
}

#[test]
fn what_strangers_push_is_text_wherever_it_is_shown() {
    let variables = [
        ("push_enable_utf8_names", "true"),
        ("web_enable_admin_api", "true"),
    ];
    pass("hostile", &variables, "");
}

#[test]
fn five_thousand_groups_are_no_burden() {
    pass("many", &[], "");
}

#[test]
fn a_refresh_disturbs_nobody() {
    pass("refreshing", &[], "");
}

#[test]
fn pages_can_be_read_without_scripts() {
    pass("plain", &[], "");
}

#[test]
fn a_keyboard_is_enough() {
    pass("keyboard", &[("web_enable_admin_api", "true")], "");
}

#[test]
fn pages_fit_every_screen_and_everybody() {
    pass("looks", &[("web_enable_admin_api", "true")], "");
}

#[test]
fn everything_works_below_a_prefix() {
    pass("prefix", &[("web_route_prefix", "/a/pgw")], "/a/pgw");
}
