//! What the inputs reach: subjects that a fuzzer finds hardly or not at all without a seed.

use spin_pushgateway::api::groups::Query;
use spin_pushgateway::exposition::content_type::PushFormat;
use spin_pushgateway::exposition::encoding::{ContentEncoding, DecodeError, accepts_gzip, decode};
use spin_pushgateway::exposition::model::{MetricFamily, MetricType, Value};
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::negotiate::Format;
use spin_pushgateway::exposition::openmetrics::{self, Support};
use spin_pushgateway::exposition::{protobuf, text};
use spin_pushgateway::groups::entry::{self, Entry, StoredFamily};
use spin_pushgateway::groups::matchers::Selector;
use spin_pushgateway::groups::path;
use spin_pushgateway::routes::{Paths, Route, route};

use crate::corpus;

/// A subject, and whether an input reaches it.
type Subject = (&'static str, fn(&[u8]) -> bool);

fn reaches(target: &str, subjects: &[Subject]) {
    let inputs = corpus(target);
    let is_missed = |subject: &&Subject| !inputs.iter().any(|(_, input)| subject.1(input));
    let missed: Vec<_> = subjects.iter().filter(is_missed).map(|one| one.0).collect();
    assert!(missed.is_empty(), "no input of {target} reaches {missed:?}");
}

fn has_type(families: &[MetricFamily<'_>], wanted: MetricType) -> bool {
    families.iter().any(|one| one.metric_type == wanted)
}

fn has_value(families: &[MetricFamily<'_>], wanted: impl Fn(&Value<'_>) -> bool) -> bool {
    let mut metrics = families.iter().flat_map(|one| &one.metrics);
    metrics.any(|metric| wanted(&metric.value))
}

fn has_native(families: &[MetricFamily<'_>]) -> bool {
    has_value(
        families,
        |value| matches!(value, Value::Histogram(one) if one.native.is_some()),
    )
}

fn has_exemplar(families: &[MetricFamily<'_>]) -> bool {
    has_value(
        families,
        |value| matches!(value, Value::Counter(one) if one.exemplar.is_some()),
    )
}

#[test]
fn of_the_text_format() {
    fn parsed(input: &[u8]) -> Vec<MetricFamily<'_>> {
        text::parse(input, NameScheme::Utf8).unwrap_or_default()
    }
    reaches(
        "text",
        &[
            ("counters", |input| {
                has_type(&parsed(input), MetricType::Counter)
            }),
            ("summaries", |input| {
                has_type(&parsed(input), MetricType::Summary)
            }),
            ("histograms", |input| {
                has_type(&parsed(input), MetricType::Histogram)
            }),
            ("quoted names", |input| {
                parsed(input).len()
                    > text::parse(input, NameScheme::Legacy)
                        .unwrap_or_default()
                        .len()
            }),
            ("refusals", |input| {
                text::parse(input, NameScheme::Utf8).is_err()
            }),
        ],
    );
}

#[test]
fn of_openmetrics() {
    fn parsed(input: &[u8]) -> Vec<MetricFamily<'_>> {
        openmetrics::parse(input, NameScheme::Utf8).unwrap_or_default()
    }
    reaches(
        "openmetrics",
        &[
            ("units", |input| {
                parsed(input).iter().any(|one| one.unit.is_some())
            }),
            ("exemplars", |input| has_exemplar(&parsed(input))),
            ("gauge histograms", |input| {
                has_type(&parsed(input), MetricType::GaugeHistogram)
            }),
            ("summaries", |input| {
                has_type(&parsed(input), MetricType::Summary)
            }),
            ("info", |input| {
                parsed(input).iter().any(|one| one.name.ends_with("_info"))
            }),
        ],
    );
}

#[test]
fn of_protobuf() {
    fn parsed(input: &[u8]) -> Vec<MetricFamily<'_>> {
        protobuf::parse(input, NameScheme::Utf8).unwrap_or_default()
    }
    let subjects: &[Subject] = &[
        ("native histograms", |input| has_native(&parsed(input))),
        ("exemplars", |input| has_exemplar(&parsed(input))),
        ("gauge histograms", |input| {
            has_type(&parsed(input), MetricType::GaugeHistogram)
        }),
        ("several families", |input| parsed(input).len() > 1),
    ];
    reaches("protobuf", subjects);
    // Which are forwarded in another way than all else.
    reaches("forward", subjects);
    reaches(
        "forward",
        &[("text", |input| {
            text::parse(input, NameScheme::Utf8).is_ok_and(|families| families.len() > 1)
        })],
    );
}

#[test]
fn of_compressed_bodies() {
    fn gzip(input: &[u8]) -> Result<Vec<u8>, DecodeError> {
        decode(ContentEncoding::Gzip, input, 1 << 20).map(Into::into)
    }
    fn snappy(input: &[u8]) -> Result<Vec<u8>, DecodeError> {
        decode(ContentEncoding::Snappy, input, 1 << 20).map(Into::into)
    }
    fn count(input: &[u8], bytes: &[u8]) -> usize {
        let mut windows = input.windows(bytes.len());
        windows.by_ref().filter(|window| *window == bytes).count()
    }
    const MEMBER: &[u8] = b"\x1f\x8b\x08";
    const STREAM: &[u8] = b"\xff\x06\0\0sNaPpY";
    reaches(
        "encoding",
        &[
            ("gzip", |input| {
                gzip(input).is_ok_and(|body| !body.is_empty())
            }),
            ("members of gzip", |input| {
                gzip(input).is_ok() && count(input, MEMBER) > 1
            }),
            ("fields of gzip's header", |input| {
                gzip(input).is_ok() && input.get(3) == Some(&0x1f)
            }),
            ("dynamic codes", |input| {
                // The kind of the first block, in bits 1 and 2.
                gzip(input).is_ok() && input.get(10).is_some_and(|byte| byte >> 1 & 3 == 2)
            }),
            ("gzip's checksum", |input| {
                gzip(input) == Err(DecodeError::GzipChecksum)
            }),
            ("damaged deflate", |input| {
                matches!(gzip(input), Err(DecodeError::Deflate { .. }))
            }),
            ("snappy", |input| {
                snappy(input).is_ok_and(|body| !body.is_empty())
            }),
            ("snappy that compresses", |input| {
                snappy(input).is_ok_and(|body| !body.is_empty()) && input.get(10) == Some(&0)
            }),
            ("streams of snappy", |input| {
                snappy(input).is_ok() && count(input, STREAM) > 1
            }),
            ("snappy that is not supported", |input| {
                snappy(input) == Err(DecodeError::SnappyUnsupported)
            }),
        ],
    );
}

#[test]
fn of_entries() {
    fn has(input: &[u8], wanted: impl Fn(&Entry<'_>) -> bool) -> bool {
        Entry::decode(input).is_ok_and(|entry| wanted(&entry))
    }
    fn has_family(input: &[u8], wanted: impl Fn(&StoredFamily<'_>) -> bool) -> bool {
        has(input, |entry| entry.families.iter().any(&wanted))
    }
    reaches(
        "entry",
        &[
            ("entries that expire", |input| {
                has(input, |entry| {
                    entry.header.expires.is_some() && !entry.families.is_empty()
                })
            }),
            ("tombstones", |input| {
                has(input, |entry| entry.header.tombstone)
            }),
            ("families with a time of their own", |input| {
                has(input, |entry| {
                    entry
                        .families
                        .iter()
                        .any(|one| one.time != entry.header.time)
                })
            }),
            ("families with a message", |input| {
                has_family(input, |one| {
                    one.family().is_some_and(|one| has_native(&[one]))
                })
            }),
            ("names that need escaping", |input| {
                has_family(input, |one| one.has_utf8_names && one.family().is_some())
            }),
            ("several series", |input| {
                has_family(input, |one| one.series_count > 1 && one.family().is_some())
            }),
            ("texts that cannot be read", |input| {
                has_family(input, |one| one.family().is_none())
            }),
            ("other versions", |input| {
                matches!(Entry::decode(input), Err(entry::DecodeError::Version(_)))
            }),
        ],
    );
}

/// The rest of an input of `request` whose first byte says that it is of this kind.
fn of_kind(input: &[u8], kind: u8) -> Option<&str> {
    let (first, rest) = input.split_first()?;
    (first % 8 == kind).then_some(std::str::from_utf8(rest).ok()?)
}

#[test]
fn of_requests() {
    fn path_has(input: &[u8], what: &str) -> bool {
        let Some(text) = of_kind(input, 0) else {
            return false;
        };
        let paths = Paths::new("", "", "");
        let Route::Group { job, segments, .. } = route(&http::Method::PUT, text, &paths) else {
            return false;
        };
        text.contains(what) && path::parse(job, &segments, NameScheme::Utf8).is_ok()
    }
    fn selects(input: &[u8], matcher: &str) -> bool {
        of_kind(input, 2)
            .is_some_and(|text| text.contains(matcher) && Selector::parse(text).is_ok())
    }
    fn accepted(input: &[u8]) -> String {
        let accept = of_kind(input, 3);
        accept.map_or_else(String::new, |accept| {
            Format::negotiate(Some(accept), Support::On).content_type()
        })
    }
    fn lives(input: &[u8], kind: u8) -> bool {
        let text = of_kind(input, kind).map(|text| text.strip_prefix("/?ttl=").unwrap_or(text));
        text.is_some_and(|text| spin_pushgateway::duration::parse(text).is_some())
    }
    reaches(
        "request",
        &[
            ("jobs in base64", |input| path_has(input, "job@base64/")),
            ("labels in base64", |input| path_has(input, "l@base64/")),
            ("escaped paths", |input| path_has(input, "%")),
            ("queries", |input| {
                of_kind(input, 1)
                    .is_some_and(|text| text.contains("match[]=") && Query::parse(text).is_ok())
            }),
            ("matchers =", |input| selects(input, "=")),
            ("matchers !=", |input| selects(input, "!=")),
            ("matchers =~", |input| selects(input, "=~")),
            ("matchers !~", |input| selects(input, "!~")),
            ("regexes that are none", |input| {
                of_kind(input, 2)
                    .is_some_and(|text| text.contains("=~") && Selector::parse(text).is_err())
            }),
            ("Accept: text", |input| {
                accepted(input).starts_with("text/plain")
            }),
            ("Accept: OpenMetrics", |input| {
                accepted(input).starts_with("application/openmetrics-text")
            }),
            ("Accept: delimited protobuf", |input| {
                accepted(input).contains("delimited")
            }),
            ("Accept: protobuf as text", |input| {
                accepted(input).contains("encoding=text")
            }),
            ("Accept: compact protobuf", |input| {
                accepted(input).contains("compact-text")
            }),
            ("Accept: escaping", |input| {
                accepted(input).contains("escaping=dots")
            }),
            ("Content-Type: protobuf", |input| {
                of_kind(input, 4).is_some_and(|text| {
                    PushFormat::of_header(Some(text.as_bytes()), Support::On)
                        == PushFormat::Protobuf
                })
            }),
            ("Accept-Encoding", |input| {
                of_kind(input, 4).is_some_and(|text| accepts_gzip([text.as_bytes()]))
            }),
            ("Authorization: Basic", |input| {
                of_kind(input, 5).is_some_and(|text| text.starts_with("Basic ") && text.len() > 6)
            }),
            ("Authorization: Bearer", |input| {
                of_kind(input, 5).is_some_and(|text| text.starts_with("Bearer ") && text.len() > 7)
            }),
            ("lifetimes in a header", |input| lives(input, 6)),
            ("lifetimes in a query", |input| lives(input, 7)),
        ],
    );
}
