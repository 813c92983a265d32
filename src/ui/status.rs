//! How the gateway is set up: version, variables in force, store and limits.

use maud::{Markup, html};

use super::Context;
use super::words::{exact, size};
use crate::config::Config;
use crate::duration::{self, Nanos};
use crate::exposition::names::NameScheme;
use crate::exposition::openmetrics::Support;
use crate::forward::Target;
use crate::groups::entry::UnixNanos;

/// The status as the content of a page. `since` is when the first push came, 0 for never.
pub(super) fn render(context: &Context<'_>, since: UnixNanos) -> Markup {
    let config = context.config;
    let telemetry = config.paths.telemetry();
    html! {
        h1 { "Status" }
        div.columns {
            section {
                h2 { "Gateway" }
                dl.facts {
                    div { dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) } }
                    div { dt { "First push" } dd { @if since == 0 { "never" } @else { (exact(since)) } } }
                    div { dt { "Store" } dd { "key-value store " code { "default" } " of the host" } }
                    div { dt { "Largest push" } dd { (size(config.max_push_bytes)) } }
                    div { dt { "Largest entry" } dd { (size(config.max_entry_bytes)) } }
                }
            }
            section {
                h2 { "Links" }
                ul.links {
                    li { a href={"." (telemetry)} { "Metrics" } " for Prometheus to scrape" }
                    li { a href="./api/v1/groups" { "Groups" } ", " a href="./api/v1/metrics" { "metrics" } " and " a href="./api/v1/status" { "status" } " as JSON" }
                    li { a href="./-/ready" { "Readiness" } " and " a href="./-/healthy" { "health" } }
                    li { a href="https://github.com/prometheus/pushgateway#readme" { "Documentation of the Pushgateway" } }
                    li { a href="https://prometheus.io/docs/practices/pushing/" { "When to push" } }
                }
            }
        }
        section {
            h2 { "Variables in force" }
            table.values.variables {
                thead { tr { th { "Variable" } th { "Value" } } }
                tbody {
                    @for (name, value) in variables(config) {
                        tr { td { code { (name) } } td { @if value.is_empty() { span.quiet { "not set" } } @else { (value) } } }
                    }
                }
            }
        }
    }
}

/// What every variable is in effect. Of secrets only whether they are set.
fn variables(config: &Config) -> Vec<(&'static str, String)> {
    let switch = |is_on: bool| String::from(if is_on { "true" } else { "false" });
    let limit = |limit: Option<usize>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let duration = |time: Option<Nanos>| time.map(duration::format).unwrap_or_default();
    let push = &config.push_limits;
    let forward =
        |tell: &dyn Fn(&Target) -> String| config.forward.as_ref().map(tell).unwrap_or_default();
    Config::VARIABLES
        .into_iter()
        .map(|name| {
            let value = match name {
                "max_push_bytes" => config.max_push_bytes.to_string(),
                "max_entry_bytes" => config.max_entry_bytes.to_string(),
                "max_series_per_push" => limit(push.max_series_per_push),
                "max_families_per_push" => limit(push.max_families_per_push),
                "max_labels_per_series" => limit(push.max_labels_per_series),
                "max_label_bytes" => limit(push.max_label_bytes),
                "max_groups" => limit(config.group_limits.max_groups),
                "max_groups_per_job" => limit(config.group_limits.max_groups_per_job),
                "group_ttl" => duration(config.lifetimes.group_ttl),
                "max_group_ttl" => duration(config.lifetimes.max_group_ttl),
                "push_disable_consistency_check" => switch(!config.consistency_check),
                "push_enable_utf8_names" => switch(config.names == NameScheme::Utf8),
                "push_enable_openmetrics" => switch(config.push_openmetrics == Support::On),
                "web_enable_openmetrics" => switch(config.web_openmetrics == Support::On),
                "web_enable_admin_api" => switch(config.admin_api),
                "web_route_prefix" => config.paths.prefix().to_owned(),
                "web_external_url" => config.external_url.clone(),
                "web_telemetry_path" => config.paths.telemetry(),
                "push_tokens" | "scrape_tokens" | "admin_tokens" if config.tokens.has(name) => {
                    String::from("set")
                }
                "forward_remote_write_url" => forward(&told_url),
                "forward_timeout" => forward(&|target| duration::format(target.timeout)),
                "forward_token" if config.forward.as_ref().is_some_and(Target::has_token) => {
                    String::from("set")
                }
                _ => String::new(),
            };
            (name, value)
        })
        .collect()
}

/// Without the query, where some receivers want a key.
fn told_url(target: &Target) -> String {
    let url = target.url().to_string();
    match url.split_once('?') {
        Some((url, _)) => format!("{url}?…"),
        None => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_told_and_no_secret() {
        let set = |name: &str| {
            let value = match name {
                "group_ttl" | "max_group_ttl" => "36h",
                name if name.starts_with("max_") => "1234",
                "web_route_prefix" | "web_external_url" | "web_telemetry_path" => "/x",
                "push_tokens" | "scrape_tokens" | "admin_tokens" | "forward_token" => "hunter2",
                "forward_remote_write_url" => "http://h/write?key=hunter2",
                "forward_timeout" => "1s500ms",
                _ => "true",
            };
            Some(value.to_owned())
        };
        let config = Config::read(set).expect("is valid");
        for (name, value) in variables(&config) {
            assert!(!value.is_empty(), "{name} has no value");
            assert!(!value.contains("hunter2"));
            let is_secret = name.ends_with("_tokens") || name == "forward_token";
            assert_eq!(value == "set", is_secret, "{name}");
        }
        let none = variables(&Config::read(|_| None).expect("is valid"));
        let tokens = none.iter().filter(|(name, _)| name.ends_with("_tokens"));
        assert!(tokens.clone().count() == 3 && tokens.clone().all(|(_, value)| value.is_empty()));
    }
}
