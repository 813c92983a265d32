//! The address of a group: the inverse of [`crate::groups::path`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::exposition::escape::{EscapingScheme, escape_label_name};
use crate::exposition::names::NameScheme;
use crate::groups::key::job_first;

/// The path that a group is pushed to and deleted at, below the prefix and without a slash before it.
///
/// Values that would not survive browsers and proxies as they are come in base64: these resolve `.` and `..`, and may
/// decode `%2F`.
pub(super) fn path(labels: &[(&str, &str)], names: NameScheme) -> String {
    let mut path = String::from("metrics");
    for (name, value) in job_first(labels) {
        let is_plain = !value.starts_with('.')
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let (suffix, value) = if is_plain && !value.is_empty() {
            ("", value.to_owned())
        } else {
            ("@base64", URL_SAFE_NO_PAD.encode(value))
        };
        for part in ["/", &segment(name, names), suffix, "/", &value] {
            path.push_str(part);
        }
    }
    path
}

/// A label name as it stands in a path.
fn segment(name: &str, names: NameScheme) -> String {
    if names == NameScheme::Utf8 && name.starts_with("U__") {
        // It would be taken for an escaped one.
        return format!("U__{}", name.replace('_', "__"));
    }
    escape_label_name(name, EscapingScheme::Values).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::groups::key::{GroupingKey, JOB};
    use crate::groups::path::{JobEncoding, parse};

    #[test]
    fn paths_are_plain_where_they_can_be() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("job", "backup")], "metrics/job/backup"),
            (
                &[("instance", "db-1.example"), ("job", "a_b~c")],
                "metrics/job/a_b~c/instance/db-1.example",
            ),
            (&[("job", "a/b")], "metrics/job@base64/YS9i"),
            (&[("job", "j"), ("x", "..")], "metrics/job/j/x@base64/Li4"),
            (&[("job", "j"), ("a.b", "1")], "metrics/job/j/U__a_2e_b/1"),
        ];
        for (labels, want) in cases {
            assert_eq!(path(labels, NameScheme::Utf8), want);
        }
    }

    proptest! {
        #[test]
        fn a_path_names_its_group(job in ".{1,9}", names in prop::collection::vec("[a-zU_.\u{e4}]{1,6}", 0..3), value in ".{0,9}") {
            let labels = names.iter().map(|name| (name.as_str(), value.as_str()));
            let labels = labels.filter(|(name, _)| !name.starts_with("__") && *name != JOB);
            let key = GroupingKey::new(labels.chain([(JOB, job.as_str())])).expect("has a job");
            let path = path(&key.labels().collect::<Vec<_>>(), NameScheme::Utf8);
            let segments: Vec<&str> = path.split('/').collect();
            let encoding = match segments.get(1) {
                Some(&"job") => JobEncoding::Plain,
                _ => JobEncoding::Base64,
            };
            let parsed = parse(encoding, segments.get(2..).unwrap_or_default(), NameScheme::Utf8);
            prop_assert_eq!(parsed, Ok(key), "{}", path);
        }
    }
}
