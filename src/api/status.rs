//! What `GET /api/v1/status` tells: version, configuration and age.
//!
//! # Differences from the Pushgateway
//!
//! - Of the build only the version is told.
//! - `start_time` is when the first push came. No process runs between requests whose start could be told. With the
//!   consistency check off no record of it is made, and Go's zero time stays.
//! - Flags that mean nothing here have their defaults, the address to listen on is empty.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json;
use super::time::Time;
use crate::config::Config;
use crate::exposition::names::NameScheme;
use crate::groups::entry::UnixNanos;

/// The body that tells of a gateway that is configured like this and got its first push at that time, 0 for never.
#[must_use]
pub fn body(config: &Config, since: UnixNanos) -> Vec<u8> {
    let telemetry = config.paths.telemetry();
    json::success(Status {
        build_information: BuildInformation {
            version: env!("CARGO_PKG_VERSION"),
            ..BuildInformation::default()
        },
        flags: flags(config, &telemetry),
        start_time: Time(since),
    })
}

#[derive(Serialize)]
struct Status<'a> {
    build_information: BuildInformation,
    flags: BTreeMap<&'static str, &'a str>,
    start_time: Time,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildInformation {
    branch: &'static str,
    build_date: &'static str,
    build_user: &'static str,
    go_version: &'static str,
    revision: &'static str,
    version: &'static str,
}

/// The Pushgateway's flags and what they are set to in effect.
fn flags<'a>(config: &'a Config, telemetry: &'a str) -> BTreeMap<&'static str, &'a str> {
    let switch = |is_on| if is_on { "true" } else { "false" };
    BTreeMap::from([
        ("log.format", "logfmt"),
        ("log.level", "info"),
        ("persistence.file", ""),
        ("persistence.interval", "5m0s"),
        (
            "push.disable-consistency-check",
            switch(!config.consistency_check),
        ),
        (
            "push.enable-utf8-names",
            switch(config.names == NameScheme::Utf8),
        ),
        ("web.config.file", ""),
        ("web.enable-admin-api", switch(config.admin_api)),
        ("web.enable-lifecycle", switch(false)),
        ("web.external-url", &config.external_url),
        ("web.listen-address", ""),
        ("web.route-prefix", config.paths.prefix()),
        ("web.systemd-socket", switch(false)),
        ("web.telemetry-path", telemetry),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[(&str, &str)], since: UnixNanos) -> String {
        let value = |name: &str| {
            let value = values.iter().find(|(have, _)| *have == name);
            value.map(|(_, value)| (*value).to_owned())
        };
        let config = Config::read(value).expect("is valid");
        String::from_utf8(body(&config, since)).expect("is UTF-8")
    }

    #[test]
    fn a_new_gateway_has_the_flags_of_the_pushgateway() {
        let version = env!("CARGO_PKG_VERSION");
        let want = format!(
            "{{\"status\":\"success\",\"data\":{{\"build_information\":{{\"branch\":\"\",\"buildDate\":\"\",\
             \"buildUser\":\"\",\"goVersion\":\"\",\"revision\":\"\",\"version\":\"{version}\"}},\
             \"flags\":{{\"log.format\":\"logfmt\",\"log.level\":\"info\",\"persistence.file\":\"\",\
             \"persistence.interval\":\"5m0s\",\"push.disable-consistency-check\":\"false\",\
             \"push.enable-utf8-names\":\"false\",\"web.config.file\":\"\",\"web.enable-admin-api\":\"false\",\
             \"web.enable-lifecycle\":\"false\",\"web.external-url\":\"\",\"web.listen-address\":\"\",\
             \"web.route-prefix\":\"\",\"web.systemd-socket\":\"false\",\"web.telemetry-path\":\"/metrics\"}},\
             \"start_time\":\"0001-01-01T00:00:00Z\"}}}}"
        );
        assert_eq!(text(&[], 0), want);
    }

    #[test]
    fn flags_tell_what_is_in_effect() {
        let values = [
            ("push_disable_consistency_check", "true"),
            ("push_enable_utf8_names", "true"),
            ("web_enable_admin_api", "true"),
            ("web_external_url", "http://host/a/"),
            ("web_telemetry_path", "/m"),
        ];
        let text = text(&values, 1_795_405_820_386_308_476);
        for want in [
            r#""push.disable-consistency-check":"true""#,
            r#""push.enable-utf8-names":"true""#,
            r#""web.enable-admin-api":"true""#,
            r#""web.external-url":"http://host/a/""#,
            r#""web.route-prefix":"/a""#,
            r#""web.telemetry-path":"/m""#,
            r#""start_time":"2026-11-23T03:50:20.386308476Z""#,
        ] {
            assert!(text.contains(want), "{want} in {text}");
        }
    }
}
