//! The HELP texts that the reference holds, group by group.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spin_pushgateway::exposition::escape::{EscapingScheme, escape_metric_name};

/// The HELP texts of each family. An absent one counts as empty, since the API
/// does not tell the two apart.
#[derive(Debug, Default)]
pub(crate) struct Helps(BTreeMap<String, BTreeSet<String>>);

impl Helps {
    /// Reads the answer of the API of the Pushgateway.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let groups = answer["data"].as_array().into_iter().flatten();
        let families = groups.filter_map(Value::as_object).flatten();
        let mut helps = Self::default();
        for (name, family) in families.filter(|(_, family)| family["type"].is_string()) {
            let help = family["help"].as_str().unwrap_or_default();
            let known = helps.0.entry(name.clone()).or_default();
            known.insert(help.to_owned());
        }
        helps
    }

    /// Whether a group holds the family with what that line says.
    pub(crate) fn include(&self, family: &str, line: Option<&str>) -> bool {
        let escaped = line.map_or("", |line| {
            let text = line.strip_prefix("# HELP ").unwrap_or_default();
            text.split_once(' ').map_or("", |(_, help)| help)
        });
        let help = unescaped(escaped);
        self.0
            .iter()
            .any(|(name, known)| is_exposed_as(name, family) && known.contains(&help))
    }
}

/// Whether a family of that name is exposed under the other one, in some way of
/// escaping.
fn is_exposed_as(name: &str, exposed: &str) -> bool {
    let schemes = [
        EscapingScheme::Underscores,
        EscapingScheme::Dots,
        EscapingScheme::Values,
    ];
    exposed == name
        || exposed
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            == Some(name)
        || schemes
            .into_iter()
            .any(|scheme| escape_metric_name(name, scheme) == exposed)
}

fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('\\')) => plain.push('\\'),
            ('\\', Some('n')) => plain.push('\n'),
            _ => {
                plain.push(c);
                continue;
            }
        }
        chars.next();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_may_have_the_help_of_each_group() {
        let helps = Helps::parse(
            br#"{"status":"success","data":[
                {"labels":{"job":"a"},"last_push_successful":true,
                 "m":{"time_stamp":"t","type":"GAUGE","help":"a \\ and\na \"","metrics":[]}},
                {"labels":{"job":"b"},"last_push_successful":true,
                 "m":{"time_stamp":"t","type":"GAUGE","metrics":[]}},
                {"labels":{"job":"c"},"last_push_successful":true,
                 "u.v":{"time_stamp":"t","type":"GAUGE","help":"u","metrics":[]},
                 "n":{"time_stamp":"t","type":"GAUGE","help":"  n ","metrics":[]}}
            ]}"#,
        );
        for (family, line, want) in [
            ("m", Some(r#"# HELP m a \\ and\na ""#), true),
            ("m", Some("# HELP m "), true),
            ("m", None, true),
            ("m", Some("# HELP m   n "), false),
            ("n", Some("# HELP n   n "), true),
            ("n", Some("# HELP n n"), false),
            ("n", None, false),
            ("\"u.v\"", Some("# HELP \"u.v\" u"), true),
            ("u_v", Some("# HELP u_v u"), true),
            ("u_dot_v", Some("# HELP u_dot_v u"), true),
            ("u-v", Some("# HELP u-v u"), false),
            ("labels", None, false),
        ] {
            assert_eq!(helps.include(family, line), want, "{family}: {line:?}");
        }
        assert!(!Helps::parse(b"no JSON").include("m", None));
    }
}
