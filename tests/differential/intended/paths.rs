//! Paths that the gateway reads in another way.

use percent_encoding::percent_decode_str;
use spin_pushgateway::exposition::escape::unescape_name;
use spin_pushgateway::exposition::names::NameScheme;

use super::super::request::{Path, decode_base64};
use super::Translation;

/// What paths mean.
pub(super) const TRANSLATIONS: &[Translation] = &[
    Translation {
        id: "one-segment-one-value",
        reason: "an encoded slash is part of the value, a dot segment is a value, and nothing \
                 is redirected: clients that percent-encode everything work",
        translate: whole_segments,
    },
    Translation {
        id: "empty-label-is-no-label",
        reason: "as everywhere in Prometheus; two groups that differ in an empty label only \
                 would expose the same series, which breaks scrapes of the Pushgateway",
        translate: without_empty_labels,
    },
];

/// Puts segments that the Pushgateway would split or resolve into base64.
fn whole_segments(path: &Path, _: NameScheme) -> Option<Path> {
    let mut changed = path.clone();
    let mut any = whole_segment(&mut changed.job_name, &mut changed.job);
    if path.job.is_empty() {
        changed.job_name = "job@base64".to_owned();
        changed.job = "=".to_owned();
        any = true;
    }
    for (name, value) in &mut changed.pairs {
        any |= whole_segment(name, value);
    }
    any.then_some(changed)
}

fn whole_segment(name: &mut String, value: &mut String) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let bytes: Vec<u8> = percent_decode_str(value).collect();
    // An empty name is an empty segment, too, and is to be refused as a name.
    let split =
        name.is_empty() || bytes.contains(&b'/') || matches!(bytes.as_slice(), b"." | b"..");
    if !split || name.ends_with("@base64") {
        return false;
    }
    name.push_str("@base64");
    *value = URL_SAFE_NO_PAD.encode(bytes);
    true
}

/// Drops the labels whose value, the last one for each name, is empty.
fn without_empty_labels(path: &Path, names: NameScheme) -> Option<Path> {
    let mut changed = path.clone();
    let empty: Vec<String> = path
        .pairs
        .iter()
        .enumerate()
        .filter(|(index, (name, value))| {
            is_valid(&base_name(name, names), names)
                && is_empty(name, value)
                && !path
                    .pairs
                    .iter()
                    .skip(index + 1)
                    .any(|(later, _)| base_name(later, names) == base_name(name, names))
        })
        .map(|(_, (name, _))| base_name(name, names))
        .collect();
    changed.pairs.retain(|(name, value)| {
        let decodes = !name.ends_with("@base64") || decode_base64(value).is_some();
        !(empty.contains(&base_name(name, names)) && decodes)
    });
    // An empty value of a name that is refused must still reach the check.
    for (name, value) in &mut changed.pairs {
        if value.is_empty() {
            *value = "=".to_owned();
            if !name.ends_with("@base64") {
                name.push_str("@base64");
            }
        }
    }
    (changed != *path).then_some(changed)
}

fn is_empty(name: &str, value: &str) -> bool {
    if name.ends_with("@base64") {
        decode_base64(value).is_some_and(|bytes| bytes.is_empty())
    } else {
        value.is_empty()
    }
}

/// The label name: decoded, without `@base64`, and unescaped where that is on.
fn base_name(name: &str, names: NameScheme) -> String {
    let name: Vec<u8> = percent_decode_str(name).collect();
    let name = String::from_utf8_lossy(&name);
    let name = name.strip_suffix("@base64").unwrap_or(&name);
    match names {
        NameScheme::Legacy => name.to_owned(),
        NameScheme::Utf8 => unescape_name(name).into_owned(),
    }
}

fn is_valid(name: &str, names: NameScheme) -> bool {
    !name.starts_with("__") && names.is_label_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        let mut segments = text.split('/').map(str::to_owned);
        let job_name = segments.next().expect("a job name");
        let job = segments.next().expect("a job");
        let mut pairs = Vec::new();
        while let (Some(name), Some(value)) = (segments.next(), segments.next()) {
            pairs.push((name, value));
        }
        Path {
            job_name,
            job,
            pairs,
            tail: String::new(),
        }
    }

    #[test]
    fn paths_are_translated_to_what_they_mean() {
        let cases = [
            // path, after whole_segments, after without_empty_labels
            ("job/a/x/1", None, None),
            ("job/a/x/%2e", Some("job/a/x@base64/Lg"), None),
            ("job/a//1", Some("job/a/@base64/MQ"), None),
            ("job/a%2Fb/x/..", Some("job@base64/YS9i/x@base64/Li4"), None),
            ("job//x/1", Some("job@base64/=/x/1"), None),
            ("job/a/x/", None, Some("job/a")),
            ("job/a/x@base64/==/y/1", None, Some("job/a/y/1")),
            ("job/a/x/1/x/", None, Some("job/a")),
            ("job/a/x//x/1", None, Some("job/a/x@base64/=/x/1")),
            ("job/a/x@base64/!/x/", None, Some("job/a/x@base64/!")),
            ("job/a/a-b/", None, Some("job/a/a-b@base64/=")),
        ];
        for (text, whole, without) in cases {
            assert_eq!(
                whole_segments(&path(text), NameScheme::Legacy),
                whole.map(path),
                "{text}"
            );
            assert_eq!(
                without_empty_labels(&path(text), NameScheme::Legacy),
                without.map(path),
                "{text}"
            );
        }
    }

    #[test]
    fn empty_labels_are_dropped_by_the_name_that_they_have_in_the_end() {
        for (text, want) in [
            ("job/a/a.b/", Some("job/a")),
            ("job/a/U__a_2e_b/1/a.b/", Some("job/a")),
            ("job/a/U__/", Some("job/a/U__@base64/=")),
        ] {
            let got = without_empty_labels(&path(text), NameScheme::Utf8);
            assert_eq!(got, want.map(path), "{text}");
        }
    }
}
