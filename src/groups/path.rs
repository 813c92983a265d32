//! The grouping key in a URL: `/metrics/job/<job>{/<label>/<value>}`.
//!
//! Rules and error texts are the Pushgateway's (`handler/push.go`, `splitLabels` and `decodeBase64`), with two
//! deliberate differences that make clients work which percent-encode everything: segments are split *before* they
//! are decoded, so `%2F` is a slash in a value and never a separator, and an empty segment is an empty value.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use super::key::{GroupingKey, JOB};
use crate::exposition::escape::unescape_name;
use crate::exposition::names::NameScheme;
use crate::quote::quote;

/// The suffix of a label name in the path that says that its value is base64-encoded.
const BASE64_SUFFIX: &str = "@base64";

/// Go's `base64.RawURLEncoding`, which tolerates non-zero trailing bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Why a path names no group. The texts are the Pushgateway's where it has one.
#[derive(Debug, PartialEq, Eq)]
pub enum PathError {
    /// No job, or one that decodes to nothing.
    NoJob,
    /// The job's base64 is broken.
    Base64Job {
        /// What had been decoded before the error, which the Pushgateway quotes.
        decoded: Vec<u8>,
        /// Where the error is, in bytes from the start of the encoded job.
        at: usize,
    },
    /// A label without a value.
    OddComponents {
        /// The labels part of the path, decoded, with its leading slash.
        path: Vec<u8>,
    },
    /// A label name that is no label name, or is reserved (`__...`).
    LabelName {
        /// The name, without `@base64`.
        name: Vec<u8>,
    },
    /// A label value's base64 is broken.
    Base64Value {
        /// The label name.
        name: String,
        /// The encoded value.
        value: Vec<u8>,
        /// Where the error is, in bytes from the start of the encoded value.
        at: usize,
    },
    /// A `%` that is not followed by two hexadecimal digits.
    PercentEncoding {
        /// The segment as sent.
        segment: String,
    },
    /// A label value that is not UTF-8. (The Pushgateway accepts it and then fails every scrape.)
    NotUtf8 {
        /// The label name.
        name: String,
        /// The value's bytes.
        value: Vec<u8>,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJob => f.write_str("job name is required"),
            Self::Base64Job { decoded, at } => write!(
                f,
                "invalid base64 encoding in job name {}: illegal base64 data at input byte {at}",
                quote(decoded)
            ),
            Self::OddComponents { path } => {
                write!(
                    f,
                    "odd number of components in label string {}",
                    quote(path)
                )
            }
            Self::LabelName { name } => write!(f, "improper label name {}", quote(name)),
            Self::Base64Value { name, value, at } => write!(
                f,
                "invalid base64 encoding for label {name}={}: illegal base64 data at input byte {at}",
                quote(value)
            ),
            Self::PercentEncoding { segment } => {
                write!(
                    f,
                    "invalid percent-encoding in path segment {}",
                    quote(segment)
                )
            }
            Self::NotUtf8 { name, value } => {
                write!(
                    f,
                    "value of label {name} is not valid UTF-8: {}",
                    quote(value)
                )
            }
        }
    }
}

impl std::error::Error for PathError {}

/// How the job stands in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEncoding {
    /// `/metrics/job/<job>`
    Plain,
    /// `/metrics/job@base64/<job>`
    Base64,
}

/// The grouping key that a path names.
///
/// `segments` are the path segments behind `job` or `job@base64`, as they were sent.
///
/// # Errors
///
/// The first thing that is wrong, in the Pushgateway's order: the job's base64, the labels, then a job that is empty.
pub fn parse(
    encoding: JobEncoding,
    segments: &[&str],
    scheme: NameScheme,
) -> Result<GroupingKey, PathError> {
    let (job, labels) = segments.split_first().ok_or(PathError::NoJob)?;
    let mut job = percent_decode(job)?;
    if encoding == JobEncoding::Base64 {
        job = decode_base64(&job)
            .map_err(|BadBase64 { decoded, at }| PathError::Base64Job { decoded, at })?;
    }
    let mut pairs = parse_labels(labels, scheme)?;
    if job.is_empty() {
        return Err(PathError::NoJob);
    }
    // Last, so that it wins over a label named `job` in the rest of the path, as in the Pushgateway.
    pairs.push((JOB.to_owned(), utf8(JOB, job)?));
    GroupingKey::new(pairs).ok_or(PathError::NoJob)
}

fn parse_labels(segments: &[&str], scheme: NameScheme) -> Result<Vec<(String, String)>, PathError> {
    // A lone trailing slash names no label.
    if let [] | [""] = segments {
        return Ok(Vec::new());
    }
    let mut pairs = Vec::with_capacity(segments.len() / 2 + 1);
    let mut rest = segments.chunks_exact(2);
    if !rest.remainder().is_empty() {
        return Err(PathError::OddComponents {
            path: decode_whole(segments)?,
        });
    }
    for pair in rest.by_ref() {
        let [name, value] = pair else { continue };
        pairs.push(parse_label(name, value, scheme)?);
    }
    Ok(pairs)
}

fn parse_label(name: &str, value: &str, scheme: NameScheme) -> Result<(String, String), PathError> {
    let name = percent_decode(name)?;
    let value = percent_decode(value)?;
    let (name, is_base64) = match name.strip_suffix(BASE64_SUFFIX.as_bytes()) {
        Some(stripped) => (stripped.to_vec(), true),
        None => (name, false),
    };
    let name = label_name(name, scheme)?;
    let value = if is_base64 {
        decode_base64(&value).map_err(|BadBase64 { at, .. }| PathError::Base64Value {
            name: name.clone(),
            value,
            at,
        })?
    } else {
        value
    };
    let value = utf8(&name, value)?;
    Ok((name, value))
}

/// A label name from the path. With UTF-8 names, one that begins with `U__` stands for another.
///
/// (The Pushgateway looks for reserved names before it unescapes, and so lets `U______x` become `__x`.)
fn label_name(name: Vec<u8>, scheme: NameScheme) -> Result<String, PathError> {
    let Ok(text) = std::str::from_utf8(&name) else {
        return Err(PathError::LabelName { name });
    };
    let unescaped = match scheme {
        NameScheme::Legacy => Cow::Borrowed(text),
        NameScheme::Utf8 => unescape_name(text),
    };
    let is_reserved = text.starts_with("__") || unescaped.starts_with("__");
    if scheme.is_label_name(&unescaped) && !is_reserved {
        Ok(unescaped.into_owned())
    } else {
        Err(PathError::LabelName { name })
    }
}

fn utf8(name: &str, value: Vec<u8>) -> Result<String, PathError> {
    String::from_utf8(value).map_err(|error| PathError::NotUtf8 {
        name: name.to_owned(),
        value: error.into_bytes(),
    })
}

/// Decodes `%NN`; a `+` stays a plus, as in every URL path.
fn percent_decode(segment: &str) -> Result<Vec<u8>, PathError> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let mut is_hex = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        if byte == b'%' && !(is_hex() && is_hex()) {
            return Err(PathError::PercentEncoding {
                segment: segment.to_owned(),
            });
        }
    }
    Ok(percent_decode_str(segment).collect())
}

/// The labels part of the path as the Pushgateway quotes it: decoded, with a leading slash.
fn decode_whole(segments: &[&str]) -> Result<Vec<u8>, PathError> {
    let mut path = Vec::new();
    for segment in segments {
        path.push(b'/');
        path.extend(percent_decode(segment)?);
    }
    Ok(path)
}

struct BadBase64 {
    decoded: Vec<u8>,
    at: usize,
}

/// Go's decoder as the Pushgateway uses it: any number of trailing `=` is dropped, line breaks are ignored.
fn decode_base64(encoded: &[u8]) -> Result<Vec<u8>, BadBase64> {
    let end = encoded
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |at| at + 1);
    let trimmed = encoded.get(..end).unwrap_or_default();
    let digits: Vec<u8> = trimmed
        .iter()
        .copied()
        .filter(|byte| !b"\r\n".contains(byte))
        .collect();
    BASE64.decode(&digits).map_err(|error| {
        let digit = match error {
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(length) => length.saturating_sub(1),
            base64::DecodeError::InvalidPadding => 0,
        };
        let quads = digits.get(..digit / 4 * 4).unwrap_or_default();
        BadBase64 {
            decoded: BASE64.decode(quads).unwrap_or_default(),
            at: position(trimmed, digit),
        }
    })
}

/// Where the digit with this index stands among the line breaks.
fn position(encoded: &[u8], digit: usize) -> usize {
    let digits = encoded
        .iter()
        .enumerate()
        .filter(|(_, byte)| !b"\r\n".contains(byte));
    digits.map(|(at, _)| at).nth(digit).unwrap_or(encoded.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the path names, as `job` and the other labels.
    fn parsed(path: &str) -> Result<String, String> {
        let segments: Vec<&str> = path.split('/').collect();
        let (encoding, segments) = match segments.split_first() {
            Some((&"job@base64", rest)) => (JobEncoding::Base64, rest),
            Some((_, rest)) => (JobEncoding::Plain, rest),
            None => (JobEncoding::Plain, &[][..]),
        };
        parse(encoding, segments, NameScheme::Legacy)
            .map(|key| key.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn paths_that_name_a_group() {
        let cases = [
            ("job/foo", r#"{job="foo"}"#),
            ("job/foo/", r#"{job="foo"}"#),
            ("job/foo/instance/", r#"{job="foo"}"#),
            ("job/foo/instance/a", r#"{instance="a",job="foo"}"#),
            ("job/foo/job/bar", r#"{job="foo"}"#),
            ("job/foo/a/1/a/2", r#"{a="2",job="foo"}"#),
            ("job/foo/a/1/a@base64/Mg", r#"{a="2",job="foo"}"#),
            ("job/a+b", r#"{job="a+b"}"#),
            ("job/%20", r#"{job=" "}"#),
            ("job/%CE%A0", r#"{job="Π"}"#),
            ("job/Π", r#"{job="Π"}"#),
            ("job/..", r#"{job=".."}"#),
            ("job/foo/x/%2e%2e", r#"{job="foo",x=".."}"#),
            ("job/foo/_x/1", r#"{_x="1",job="foo"}"#),
            // Here we differ: an encoded slash is a slash in the value, an empty segment an empty value.
            ("job/a%2Fb", r#"{job="a/b"}"#),
            ("job/a%2Fb/c/d", r#"{c="d",job="a/b"}"#),
            (
                "job/foo/path/%2Fvar%2Ftmp",
                r#"{job="foo",path="/var/tmp"}"#,
            ),
            ("job/foo/instance//x/y", r#"{job="foo",x="y"}"#),
            // Base64 in all its paddings.
            (
                "job/foo/path@base64/L3Zhci90bXA",
                r#"{job="foo",path="/var/tmp"}"#,
            ),
            (
                "job/foo/path@base64/L3Zhci90bXA=",
                r#"{job="foo",path="/var/tmp"}"#,
            ),
            (
                "job/foo/path%40base64/L3Zhci90bXA%3D",
                r#"{job="foo",path="/var/tmp"}"#,
            ),
            ("job/foo/a@base64/=", r#"{job="foo"}"#),
            ("job/foo/a@base64/==", r#"{job="foo"}"#),
            ("job/foo/a@base64/%3D", r#"{job="foo"}"#),
            ("job/foo/a@base64/", r#"{job="foo"}"#),
            ("job@base64/Zm9v", r#"{job="foo"}"#),
            ("job@base64/Zm9v====", r#"{job="foo"}"#),
            ("job@base64/Zm9", r#"{job="fo"}"#),
            ("job@base64/Zm%0A9v", r#"{job="foo"}"#),
        ];
        for (path, want) in cases {
            assert_eq!(parsed(path).as_deref(), Ok(want), "{path}");
        }
    }

    #[test]
    fn utf8_names_are_understood_where_they_are_enabled() {
        let cases = [
            ("a.b", Ok(r#"{a.b="1",job="j"}"#)),
            ("a%20b", Ok(r#"{a b="1",job="j"}"#)),
            ("U__a_2e_b", Ok(r#"{a.b="1",job="j"}"#)),
            ("U__a_2e_b@base64", Ok(r#"{a.b="\u{5}",job="j"}"#)),
            ("U__job", Ok(r#"{job="j"}"#)),
            ("U__", Err(r#"improper label name "U__""#)),
            ("U______x", Err(r#"improper label name "U______x""#)),
            ("__x", Err(r#"improper label name "__x""#)),
        ];
        for (name, want) in cases {
            let value = if name.ends_with("@base64") { "BQ" } else { "1" };
            let got = parse(JobEncoding::Plain, &["j", name, value], NameScheme::Utf8);
            let got = got
                .map(|key| key.to_string())
                .map_err(|error| error.to_string());
            assert_eq!(
                got,
                want.map(str::to_owned).map_err(str::to_owned),
                "{name}"
            );
        }
    }

    #[test]
    fn paths_that_name_no_group() {
        let cases = [
            ("job", "job name is required"),
            ("job/", "job name is required"),
            ("job//a/b", "job name is required"),
            ("job@base64/", "job name is required"),
            ("job@base64/=", "job name is required"),
            (
                "job/foo/instance",
                r#"odd number of components in label string "/instance""#,
            ),
            (
                "job/foo/instance/a/",
                r#"odd number of components in label string "/instance/a/""#,
            ),
            (
                "job/foo/a@base64",
                r#"odd number of components in label string "/a@base64""#,
            ),
            ("job/foo//", r#"improper label name """#),
            ("job/foo/a-b/c", r#"improper label name "a-b""#),
            ("job/foo/1a/c", r#"improper label name "1a""#),
            ("job/foo/a:b/c", r#"improper label name "a:b""#),
            ("job/foo/__name__/c", r#"improper label name "__name__""#),
            ("job/foo/__x/c", r#"improper label name "__x""#),
            ("job/foo/%ff/c", r#"improper label name "\xff""#),
            ("job/foo/@base64/YQ", r#"improper label name """#),
            (
                "job/foo/a@base64@base64/YmFy",
                r#"improper label name "a@base64""#,
            ),
            (
                "job@base64/x.y",
                r#"invalid base64 encoding in job name "": illegal base64 data at input byte 1"#,
            ),
            (
                "job@base64/Zm9vYmFyZ",
                r#"invalid base64 encoding in job name "foobar": illegal base64 data at input byte 8"#,
            ),
            (
                "job/foo/a@base64/x.y",
                r#"invalid base64 encoding for label a="x.y": illegal base64 data at input byte 1"#,
            ),
            (
                "job/foo/a@base64/Zm9+",
                r#"invalid base64 encoding for label a="Zm9+": illegal base64 data at input byte 3"#,
            ),
            (
                "job/%zz",
                r#"invalid percent-encoding in path segment "%zz""#,
            ),
            (
                "job/foo/a/b%2",
                r#"invalid percent-encoding in path segment "b%2""#,
            ),
            (
                "job/%ff",
                r#"value of label job is not valid UTF-8: "\xff""#,
            ),
            (
                "job/foo/a@base64/_w",
                r#"value of label a is not valid UTF-8: "\xff""#,
            ),
        ];
        for (path, want) in cases {
            assert_eq!(parsed(path), Err(want.to_owned()), "{path}");
        }
    }
}
