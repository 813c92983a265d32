//! Every text of an error is in `docs/errors.md`, and every text there is one of an error.
//!
//! Errors that are enums have a sample of each variant: a new variant does not compile until it has one. Texts that no
//! enum has are provoked.

use std::collections::BTreeSet;

use spin_pushgateway::api::groups::QueryError;
use spin_pushgateway::auth::{Challenge, Refusal};
use spin_pushgateway::config::Config;
use spin_pushgateway::exposition::encoding::DecodeError;
use spin_pushgateway::exposition::model::MetricType;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::{openmetrics, protobuf, text};
use spin_pushgateway::groups::matchers::SelectorError;
use spin_pushgateway::groups::path::PathError;
use spin_pushgateway::hints;
use spin_pushgateway::limits::Exceeded;
use spin_pushgateway::receive::{BodyError, ReceiveError};
use spin_pushgateway::room::Full;
use spin_pushgateway::site::OtherSite;
use spin_pushgateway::store::StoreError;

use crate::support::client::Client;
use crate::support::gateway::{Gateway, Options};

/// The texts of a sample of each variant.
macro_rules! every {
    ($($pattern:pat => $sample:expr),+ $(,)?) => {{
        let samples = [$($sample),+];
        for sample in &samples {
            // Exhaustive: without a wildcard, a new variant must be added here.
            match sample { $($pattern => {}),+ }
        }
        samples.map(|sample| sample.to_string()).to_vec()
    }};
}

/// The rows of the file: statuses, `None` for hints, and texts with `…` for what differs.
fn rows() -> Vec<(Option<u16>, &'static str)> {
    let lines = include_str!("../../docs/errors.md").lines();
    let rows = lines.filter_map(|line| {
        let line = line.strip_prefix("| ")?;
        if let Some(hint) = line.strip_prefix('`') {
            return Some((None, hint.split_once("` |")?.0));
        }
        let (status, rest) = line.split_once(" | `")?;
        Some((Some(status.parse().ok()?), rest.split_once("` |")?.0))
    });
    rows.collect()
}

/// Whether a text is one that the pattern stands for.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

fn path_errors() -> Vec<String> {
    let (name, value) = ("n".to_owned(), b"v".to_vec());
    every! {
        PathError::NoJob => PathError::NoJob,
        PathError::Base64Job { .. } => PathError::Base64Job { decoded: value.clone(), at: 1 },
        PathError::OddComponents { .. } => PathError::OddComponents { path: value.clone() },
        PathError::LabelName { .. } => PathError::LabelName { name: value.clone() },
        PathError::Base64Value { .. } => PathError::Base64Value { name: name.clone(), value: value.clone(), at: 1 },
        PathError::PercentEncoding { .. } => PathError::PercentEncoding { segment: name.clone() },
        PathError::NotUtf8 { .. } => PathError::NotUtf8 { name, value },
    }
}

fn encoding_errors() -> Vec<String> {
    every! {
        DecodeError::Eof => DecodeError::Eof,
        DecodeError::UnexpectedEof => DecodeError::UnexpectedEof,
        DecodeError::GzipHeader => DecodeError::GzipHeader,
        DecodeError::GzipChecksum => DecodeError::GzipChecksum,
        DecodeError::Deflate { .. } => DecodeError::Deflate { offset: 1 },
        DecodeError::SnappyCorrupt => DecodeError::SnappyCorrupt,
        // Told as the body being too large.
        DecodeError::SnappyUnsupported | DecodeError::TooLarge { .. } => DecodeError::SnappyUnsupported,
    }
}

fn text_errors() -> Vec<String> {
    use text::ErrorKind as E;
    let (metric, found, bytes) = ("m".to_owned(), b'x', b"x".to_vec());
    let kinds = every! {
        E::UnexpectedEnd => E::UnexpectedEnd,
        E::MissingMetricName { .. } => E::MissingMetricName { found },
        E::InvalidMetricName(_) => E::InvalidMetricName(bytes.clone()),
        E::InvalidMetricNameInComment => E::InvalidMetricNameInComment,
        E::MultipleMetricNames { .. } => E::MultipleMetricNames { metric: metric.clone() },
        E::UnexpectedEndOfMetricName { .. } => E::UnexpectedEndOfMetricName { found },
        E::MissingLabelName { .. } => E::MissingLabelName { metric: metric.clone() },
        E::InvalidLabelName(_) => E::InvalidLabelName(bytes.clone()),
        E::ReservedLabelName => E::ReservedLabelName,
        E::DuplicateLabelNames { .. } => E::DuplicateLabelNames { metric: metric.clone() },
        E::ExpectedEquals { .. } => E::ExpectedEquals { found },
        E::ExpectedQuote { .. } => E::ExpectedQuote { found },
        E::InvalidLabelValue(_) => E::InvalidLabelValue(bytes.clone()),
        E::UnexpectedEndOfLabelValue(_) => E::UnexpectedEndOfLabelValue(bytes.clone()),
        E::UnescapedNewline { .. } => E::UnescapedNewline { token: text::Token::LabelName, text: bytes.clone() },
        E::InvalidEscape { .. } => E::InvalidEscape { found },
        E::ExpectedValue(_) => E::ExpectedValue(bytes.clone()),
        E::ExpectedTimestamp(_) => E::ExpectedTimestamp(bytes.clone()),
        E::SpuriousAfterTimestamp(_) => E::SpuriousAfterTimestamp(bytes.clone()),
        E::ExpectedQuantile(_) => E::ExpectedQuantile(metric.clone()),
        E::ExpectedBound(_) => E::ExpectedBound(metric.clone()),
        E::InvalidSummaryCount { .. } => E::InvalidSummaryCount { metric: metric.clone(), found: metric.clone() },
        E::NegativeCount { .. } => E::NegativeCount { metric: metric.clone() },
        E::NegativeBucket { .. } => E::NegativeBucket { metric: metric.clone() },
        E::SecondHelp { .. } => E::SecondHelp { metric: metric.clone() },
        E::SecondType { .. } => E::SecondType { metric },
        E::UnknownType(_) => E::UnknownType(bytes),
    };
    let told = |kind| format!("text format parsing error in line 1: {kind}");
    kinds.into_iter().map(told).collect()
}

fn protobuf_errors() -> Vec<String> {
    use protobuf::ErrorKind as E;
    every! {
        E::UnexpectedEof => E::UnexpectedEof,
        E::LengthOverflow => E::LengthOverflow,
        E::InvalidWireFormat => E::InvalidWireFormat,
        E::InvalidUtf8 => E::InvalidUtf8,
        E::MissingName => E::MissingName,
        E::InvalidName(_) => E::InvalidName("m".to_owned()),
        E::UnknownType(_) => E::UnknownType(9),
        E::WrongValue { .. } => E::WrongValue { expected: MetricType::Gauge, found: None },
        E::InvalidLabelName(_) => E::InvalidLabelName("l".to_owned()),
        E::InvalidNanos(_) => E::InvalidNanos(-1),
        E::UnsupportedSchema(_) => E::UnsupportedSchema(9),
        E::NegativeSpanOffset(_) => E::NegativeSpanOffset(-1),
        E::SpanOutOfRange => E::SpanOutOfRange,
        E::SpanMismatch { .. } => E::SpanMismatch { announced: 1, found: 2 },
        E::DeltasAndCounts => E::DeltasAndCounts,
        E::DeltasOfFloats => E::DeltasOfFloats,
        E::CountsOfIntegers => E::CountsOfIntegers,
        E::CountMismatch { .. } => E::CountMismatch { expected: 1, found: 2 },
        E::InvalidBucketCount => E::InvalidBucketCount,
    }
}

fn openmetrics_errors() -> Vec<String> {
    use openmetrics::ErrorKind as E;
    let name = "m".to_owned();
    let kinds = every! {
        E::InvalidUtf8 => E::InvalidUtf8,
        E::MissingEof => E::MissingEof,
        E::UnfinishedLine => E::UnfinishedLine,
        E::TextAfterEof => E::TextAfterEof,
        E::Syntax { .. } => E::Syntax { expected: "a blank", found: name.clone() },
        E::InvalidName(_) => E::InvalidName(name.clone()),
        E::InvalidLabelName(_) => E::InvalidLabelName(name.clone()),
        E::DuplicateLabel(_) => E::DuplicateLabel(name.clone()),
        E::UnknownType(_) => E::UnknownType(name.clone()),
        E::DuplicateMetadata(_) => E::DuplicateMetadata(name.clone()),
        E::LateMetadata(_) => E::LateMetadata(name.clone()),
        E::InvalidUnit { .. } => E::InvalidUnit { name: name.clone(), unit: name.clone() },
        E::NameClash(_) => E::NameClash(name.clone()),
        E::DuplicateMetric(_) => E::DuplicateMetric(name.clone()),
        E::InvalidNumber(_) => E::InvalidNumber(name.clone()),
        E::InvalidCount(_) => E::InvalidCount(name.clone()),
        E::InvalidTimestamp(_) => E::InvalidTimestamp(name.clone()),
        E::InvalidExemplar(_) => E::InvalidExemplar("no exemplar"),
        E::InvalidMetric { .. } => E::InvalidMetric { name, expected: "a sample" },
    };
    let told = |kind| format!("OpenMetrics parsing error in line 1: {kind}");
    kinds.into_iter().map(told).collect()
}

fn query_errors() -> Vec<String> {
    let selectors = [
        SelectorError::Empty,
        SelectorError::TooLong,
        SelectorError::Expected("a value", 1),
        SelectorError::Regex("x".to_owned()),
    ];
    for selector in &selectors {
        match selector {
            SelectorError::Empty
            | SelectorError::TooLong
            | SelectorError::Expected(..)
            | SelectorError::Regex(_) => {}
        }
    }
    let mut texts = every! {
        QueryError::Selector(_) => QueryError::Selector(SelectorError::Empty),
        QueryError::Parameter(..) => QueryError::Parameter("limit", "a number"),
        QueryError::NoSelector => QueryError::NoSelector,
        QueryError::NotOfDeletion(_) => QueryError::NotOfDeletion("x".to_owned()),
    };
    let selectors = selectors.map(QueryError::Selector);
    texts.extend(selectors.map(|error| error.to_string()));
    texts
}

/// Texts of everything that is said with this status, but of pushes that are read and wrong.
fn samples() -> Vec<(u16, String)> {
    let broken = || ReceiveError::Broken(BodyError("reset".to_owned()));
    let receive = every! {
        ReceiveError::TooLarge { .. } => ReceiveError::TooLarge { limit: 1 },
        ReceiveError::NoMemory => ReceiveError::NoMemory,
        ReceiveError::Broken(_) | ReceiveError::Encoding(_) => broken(),
    };
    let [too_large, no_memory, broken] = receive.try_into().expect("three");
    let refusals = every! {
        Refusal::Unknown(_) => Refusal::Unknown(Challenge::Bearer),
        Refusal::NotAllowed => Refusal::NotAllowed,
    };
    let [unknown, not_allowed] = refusals.try_into().expect("two");
    let sites = every! {
        OtherSite::FetchSite => OtherSite::FetchSite,
        OtherSite::Origin => OtherSite::Origin,
    };
    let exceeded = Exceeded {
        variable: "max_label_bytes",
        limit: 1,
        found: 2,
        metric: Some("m".to_owned()),
    };
    let full = Full {
        variable: "max_groups",
        limit: 1,
    };
    let config = Config::read(|name| (name == "max_groups").then(|| "x".to_owned()));
    let store = StoreError {
        operation: "read",
        message: "x".to_owned(),
    };
    let mut samples = vec![
        (401, unknown),
        (403, not_allowed),
        (413, too_large),
        (503, no_memory),
        (400, broken),
        (422, exceeded.to_string()),
        (429, full.to_string()),
        (500, config.expect_err("is malformed").to_string()),
        (503, store.to_string()),
        (503, StoreError::no_memory(1).to_string()),
    ];
    samples.extend(sites.into_iter().map(|text| (403, text)));
    let bad = [
        path_errors(),
        encoding_errors(),
        text_errors(),
        protobuf_errors(),
        openmetrics_errors(),
        query_errors(),
    ];
    samples.extend(bad.into_iter().flatten().map(|text| (400, text)));
    samples
}

/// Texts that no enum has, as the gateway answers them: the first line, or all in one for a list.
fn provoked() -> Vec<(u16, String)> {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let mut put = |path: &str, body: &str| answer(&mut client, "PUT", path, body);
    put(
        "/metrics/job/a",
        "# TYPE c counter\nc 1\n# TYPE h histogram\nh_count 1\n# TYPE k_count gauge\nk_count 1\n",
    );
    let mut texts = vec![
        put("/metrics/job/b", "m 1 1\n"),
        put("/metrics/job/b", "go_goroutines 1\n"),
        put("/metrics/job/b", "h_count 1\n"),
        put("/metrics/job/b", "# TYPE k summary\nk_sum 1\n"),
        put("/metrics/job/b", "c_count 1\n# TYPE c summary\nc_sum 1\n"),
        put(
            "/metrics/job/b",
            "# TYPE x_count gauge\nx_count 1\n# TYPE x summary\nx_sum 1\n",
        ),
        put("/metrics/job/b", "m{__x=\"1\"} 1\n"),
        put("/metrics/job/b/le/1", "# TYPE q histogram\nq_count 1\n"),
        put("/metrics/job/b", "c 1\n"),
        put("/metrics/job/b", "m 1\nm 1\n"),
        put("/metrics/job/b", "m{__x=\"1\"} 1\nm{__x=\"2\"} 1\n"),
        answer(&mut gateway.client(), "POST", "/-/quit", ""),
        answer(&mut gateway.client(), "GET", "/-/quit", ""),
        answer(&mut gateway.client(), "GET", "/no", ""),
        answer(&mut gateway.client(), "PUT", "/", ""),
    ];
    let brief = Options::new().variable("group_ttl", "1h").start();
    texts.push(answer(
        &mut brief.client(),
        "PUT",
        "/metrics/job/a?ttl=soon",
        "m 1\n",
    ));
    let small = Options::new().variable("max_entry_bytes", "1").start();
    texts.push(answer(
        &mut small.client(),
        "PUT",
        "/metrics/job/a",
        "m 1\n",
    ));
    texts
}

fn answer(client: &mut Client, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = client
        .send(method, path, &[], body.into())
        .expect("an answer");
    let text = answer.text();
    let text = text.split("\nhint: ").next().unwrap_or_default();
    (answer.status, text.trim_end().to_owned())
}

#[test]
fn every_text_of_an_error_is_in_the_file() {
    for (status, text) in samples().into_iter().chain(provoked()) {
        let is_told = rows()
            .iter()
            .any(|(wanted, pattern)| *wanted == Some(status) && fits(pattern, &text));
        assert!(is_told, "{status} {text:?} is not in docs/errors.md");
    }
}

#[test]
fn every_text_of_the_file_is_one_of_an_error() {
    let texts: Vec<_> = samples().into_iter().chain(provoked()).collect();
    // Nothing makes two labels of one name any more than what parsers refuse; the check is there for what may come.
    let unreachable = "two or more labels with the same name";
    let idle: BTreeSet<_> = rows()
        .into_iter()
        .filter(|(status, pattern)| {
            status.is_some() && !pattern.contains(unreachable) && {
                let is_this =
                    |(found, text): &(u16, String)| Some(*found) == *status && fits(pattern, text);
                !texts.iter().any(is_this)
            }
        })
        .collect();
    assert_eq!(idle, BTreeSet::new());
}

#[test]
fn every_hint_is_in_the_file_and_the_other_way_round() {
    let bodies: [&[u8]; 11] = [
        b"m 1",
        b"m 1\r\n",
        b"\x1f\x8b\x08\x00",
        b"\xef\xbb\xbfm 1\n",
        b"{\"m\":1}\n",
        b"m 1 \n",
        b"m 1 # {} 1\n",
        b"m 1 x\n",
        b"a b 2\n",
        b"--boundary\r\n",
        b"m.txt",
    ];
    let hints = bodies.map(|body| {
        let error = text::parse(body, NameScheme::Legacy).expect_err("is refused");
        hints::for_text(&error, body).unwrap_or_else(|| panic!("no hint: {error}"))
    });
    let given: BTreeSet<&str> = hints.into_iter().chain([hints::TIMESTAMPS]).collect();
    let written = rows().into_iter().filter(|(status, _)| status.is_none());
    assert_eq!(
        written.map(|(_, text)| text).collect::<BTreeSet<_>>(),
        given
    );
}
