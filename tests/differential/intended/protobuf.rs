//! What the gateway does not take from protobuf, or gives back in another way.
//!
//! The Pushgateway stores any message, and its scrapes are then cut short,
//! empty, or refused by Prometheus.

use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf::parse;

use super::super::compare::{Difference, Kind};
use super::super::request::Request;
use super::{Omission, Then, Tolerance};

/// What begins the place of a fault in protobuf.
const PLACE: &str = ": in metric family ";

/// Whether a push in protobuf is refused with an error that begins like one of
/// these.
fn is_refused(difference: &Difference, requests: &[Request], starts: &[&str]) -> bool {
    difference.statuses.1 == 400
        && requests.last().is_some_and(Request::is_protobuf)
        && difference.subject.strip_prefix("400 ").is_some_and(|text| {
            text.contains(PLACE) && starts.iter().any(|start| text.starts_with(start))
        })
}

/// Texts.
pub(super) const TEXT: Tolerance = Tolerance {
    id: "protobuf-not-utf8",
    reason: "strings have to be UTF-8; the Pushgateway looks at values of labels only",
    covers: |difference, requests| is_refused(difference, requests, &["expected valid UTF-8"]),
    then: Then::Mend,
};

/// Names of families.
pub(super) const NAME: Tolerance = Tolerance {
    id: "protobuf-metric-name",
    reason: "a family needs a name that the scheme allows, as in text",
    covers: |difference, requests| {
        let starts = ["expected a metric name", "invalid metric name "];
        is_refused(difference, requests, &starts)
    },
    then: Then::Mend,
};

/// Names of labels.
pub(super) const LABEL_NAME: Tolerance = Tolerance {
    id: "protobuf-label-name",
    reason: "labels need a name that the scheme allows, as in text",
    covers: |difference, requests| is_refused(difference, requests, &["invalid label name "]),
    then: Then::Mend,
};

/// Types.
pub(super) const TYPE: Tolerance = Tolerance {
    id: "protobuf-unknown-type",
    reason: "a family of no known type ends the Pushgateway's scrapes",
    covers: |difference, requests| is_refused(difference, requests, &["unknown metric type "]),
    then: Then::Mend,
};

/// Values.
pub(super) const VALUE: Tolerance = Tolerance {
    id: "protobuf-other-value",
    reason: "each metric needs a value of its family's type; the Pushgateway tells so in other \
             words, or, of gauge histograms, not before its scrapes end there",
    covers: |difference, requests| {
        let types = [
            "a COUNTER",
            "a GAUGE",
            "a SUMMARY",
            "a UNTYPED",
            "a HISTOGRAM",
        ];
        let starts = types.map(|name| format!("expected {name}"));
        is_refused(difference, requests, &starts.each_ref().map(String::as_str))
    },
    then: Then::Mend,
};

/// Timestamps.
pub(super) const TIMESTAMP: Tolerance = Tolerance {
    id: "protobuf-nanoseconds",
    reason: "nanoseconds have to be less than a second",
    covers: |difference, requests| is_refused(difference, requests, &["expected nanoseconds "]),
    then: Then::Mend,
};

/// Native histograms.
pub(super) const NATIVE: Tolerance = Tolerance {
    id: "protobuf-native-histogram",
    reason: "native histograms that Prometheus refuses would fail its whole scrape",
    covers: |difference, requests| {
        let starts = [
            "expected a histogram schema ",
            "expected a span offset ",
            "bucket spans exceed ",
            "expected bucket ",
        ];
        let mismatches = [
            " buckets as the spans say, found ",
            " observations in native buckets as the sample count says, found ",
        ];
        let is_mismatch = mismatches
            .iter()
            .any(|text| difference.subject.contains(text));
        is_refused(difference, requests, &starts)
            || is_mismatch && is_refused(difference, requests, &["expected "])
    },
    then: Then::Mend,
};

/// Values that do not count.
pub(super) const UNREAD: Tolerance = Tolerance {
    id: "protobuf-unread-value",
    reason: "a value of another type beside that of the family's is skipped as it is, so that \
             what is wrong within it is not seen",
    covers: |difference, requests| {
        difference.statuses.0 == 400
            && !difference.subject.starts_with("400 proto:")
            && difference.reference.starts_with("400 proto:")
            && difference
                .reference
                .contains("cannot parse invalid wire-format data")
            && requests.last().is_some_and(Request::is_protobuf)
    },
    then: Then::Mend,
};

/// Metrics with values of several types.
pub(super) const SEVERAL_VALUES: Tolerance = Tolerance {
    id: "protobuf-several-values",
    reason: "of a metric's values that of its family's type counts; the Pushgateway exposes the \
             others, too, in protobuf",
    covers: |difference, requests| {
        difference.kind == Kind::Scrape
            && difference.reference.lines().any(has_several_values)
            && requests.iter().any(Request::is_protobuf)
    },
    then: Then::PartWays,
};

/// The same in errors.
pub(super) const MORE_IN_ERRORS: Tolerance = Tolerance {
    id: "protobuf-more-in-errors",
    reason: "errors show metrics as they are stored, without values of other types and fields that \
             the schema does not know",
    covers: |difference, requests| {
        let mut lines = difference.reference.lines();
        difference.statuses == (400, 400)
            && lines.any(|line| has_several_values(line) || has_unknown_field(line))
            && requests.iter().any(Request::is_protobuf)
    },
    then: Then::GoOn,
};

/// Whether a metric in the text form of protobuf has values of several types.
fn has_several_values(line: &str) -> bool {
    let names = [
        "gauge:{",
        "counter:{",
        "summary:{",
        "untyped:{",
        "histogram:{",
    ];
    names.iter().filter(|name| line.contains(*name)).count() > 1
}

/// Whether a metric in the text form of protobuf has a field without a name.
fn has_unknown_field(line: &str) -> bool {
    line.split([' ', '\u{a0}', '{']).any(|field| {
        field.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// Whether a metric has a label name twice.
pub(super) fn has_label_twice(request: &Request) -> bool {
    let content = request.content();
    let families = match parse(&content, NameScheme::Utf8) {
        Ok(families) if request.is_protobuf() => families,
        _ => return false,
    };
    let mut metrics = families.iter().flat_map(|family| &family.metrics);
    metrics.any(|metric| {
        let mut names: Vec<_> = metric.labels.iter().map(|label| &label.name).collect();
        names.sort();
        names.windows(2).any(|pair| pair[0] == pair[1])
    })
}

/// Families without metrics.
pub(super) const EMPTY_FAMILY: Tolerance = Tolerance {
    id: "protobuf-empty-family",
    reason: "a family without metrics changes nothing; the Pushgateway keeps it, and in POST it \
             hides what was stored",
    covers: |_, requests| requests.iter().any(has_empty_family),
    then: Then::PartWays,
};

/// The same in bodies that only the Pushgateway takes.
pub(super) const ANY_EMPTY_FAMILY: Tolerance = Tolerance {
    id: "protobuf-any-empty-family",
    reason: "a family without metrics can say the type of that of another group, or not",
    covers: |_, requests| requests.iter().any(may_have_empty_family),
    then: Then::PartWays,
};

/// Whether there is a family without metrics in valid protobuf.
fn has_empty_family(request: &Request) -> bool {
    may_have_empty_family(request) && parse(&request.content(), NameScheme::Utf8).is_ok()
}

/// Whether there is a family without metrics in what shall be protobuf.
fn may_have_empty_family(request: &Request) -> bool {
    request.is_protobuf() && families(&request.content()).any(|message| !has_metric(message))
}

/// The messages of the families, as far as their lengths can be followed.
fn families(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (length, message) = varint(rest)?;
        let (message, after) = message.split_at_checked(usize::try_from(length).ok()?)?;
        rest = after;
        Some(message)
    })
}

/// Whether a family has a field 4 of bytes.
fn has_metric(message: &[u8]) -> bool {
    let mut rest = message;
    while let Some((key, after)) = varint(rest) {
        let skipped = match key & 7 {
            0 => varint(after).map(|(_, rest)| rest),
            1 => after.get(8..),
            2 if key >> 3 == 4 => return true,
            2 => varint(after).and_then(|(length, rest)| rest.get(usize::try_from(length).ok()?..)),
            5 => after.get(4..),
            _ => None,
        };
        let Some(skipped) = skipped else { break };
        rest = skipped;
    }
    false
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..).map(|rest| (number, rest));
        }
    }
    None
}

/// Fields that the two sides never have in common.
pub(super) const OMISSIONS: &[Omission] = &[
    Omission {
        id: "units",
        reason: "units pushed in protobuf are exposed in protobuf; the Pushgateway drops them",
        is_omitted: |field| field.name == "unit",
    },
    Omission {
        id: "unknown-fields",
        reason: "fields that the schema does not know are dropped; the Pushgateway keeps them",
        is_omitted: |field| field.name.bytes().all(|byte| byte.is_ascii_digit()),
    },
];

#[cfg(test)]
mod tests {
    use super::super::super::delivery::PROTOBUF;
    use super::super::super::request::{Method, Path};
    use super::*;

    #[test]
    fn families_without_metrics_are_found_in_protobuf_only() {
        let path = Path {
            job_name: "job".to_owned(),
            job: "a".to_owned(),
            pairs: Vec::new(),
            tail: String::new(),
        };
        for (bytes, want) in [
            (&[][..], false),
            (&[3, 10, 1, b'm'], true),
            (&[7, 10, 1, b'm', 34, 2, 26, 0], false),
            (&[7, 10, 1, b'm', 34, 2, 26, 0, 3, 10, 1, b'n'], true),
            (&[9, 10, 1, b'm'], false),
        ] {
            let mut request = Request::plain(Method::Put, path.clone(), vec![bytes.to_vec()]);
            assert!(!has_empty_family(&request), "{bytes:?}");
            request.delivery.content_type = Some(PROTOBUF);
            assert_eq!(has_empty_family(&request), want, "{bytes:?}");
        }
    }
}
