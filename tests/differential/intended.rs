//! The reviewed list of what the gateway does differently on purpose.
//!
//! There are two kinds. A [`Translation`] says which request to the Pushgateway
//! has the meaning that the gateway gives to a path; the two must then behave
//! alike, so nothing is hidden. A [`Tolerance`] covers a difference that has no
//! such counterpart; it must match as narrowly as it can.

use super::compare::{Difference, Kind};
use super::request::{Path, Request, decode_base64};
use percent_encoding::percent_decode_str;

/// Another reading of paths.
#[derive(Debug)]
pub(crate) struct Translation {
    /// A short name.
    pub(crate) id: &'static str,
    /// Why the gateway reads the path in another way.
    pub(crate) reason: &'static str,
    /// The path that means the same to the Pushgateway, if it is another one.
    pub(crate) translate: fn(&Path) -> Option<Path>,
}

/// A difference that is accepted.
#[derive(Debug)]
pub(crate) struct Tolerance {
    /// A short name.
    pub(crate) id: &'static str,
    /// Why the gateway behaves in another way.
    pub(crate) reason: &'static str,
    /// Whether this is such a difference. The last request is the one at hand.
    pub(crate) covers: fn(&Difference, &[Request]) -> bool,
    /// Whether the two sides hold different data from then on, which ends the
    /// sequence.
    pub(crate) parts_ways: bool,
}

/// What is intended between two sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intended {
    /// Applied one after the other.
    pub(crate) translations: &'static [Translation],
    /// The first that covers a difference counts.
    pub(crate) tolerances: &'static [Tolerance],
}

impl Intended {
    /// The differences between the gateway and the Pushgateway.
    pub(crate) fn of_the_gateway() -> Self {
        Self {
            translations: TRANSLATIONS,
            tolerances: TOLERANCES,
        }
    }

    /// The Pushgateway has nothing to differ in from itself, but it can get
    /// into a state in which each scrape fails with some error of several.
    pub(crate) fn of_the_pushgateway_itself() -> Self {
        Self {
            translations: &[],
            tolerances: CHANCE,
        }
    }
}

const CHANCE: &[Tolerance] = &[
    Tolerance {
        id: "both-broken",
        reason: "a rejected push can break every later scrape of the Pushgateway",
        covers: |difference, _| {
            difference.kind == Kind::Scrape && difference.statuses == (500, 500)
        },
        parts_ways: true,
    },
    GAUGE_HISTOGRAM_CONFLICT,
    AUTOMATIC_GAUGES,
];

const AUTOMATIC_GAUGES: Tolerance = Tolerance {
    id: "automatic-gauges",
    reason: "a pushed push_failure_time_seconds replaces the Pushgateway's own from the second \
             push to a group on, so the same push twice gives another answer; the gateway \
             ignores it always",
    covers: |difference, requests| {
        difference.reference.contains("push_failure_time_seconds")
            && requests
                .iter()
                .any(|request| contains(&request.body(), b"push_failure_time_seconds"))
    },
    parts_ways: true,
};

const GAUGE_HISTOGRAM_CONFLICT: Tolerance = Tolerance {
    id: "gauge-histogram-conflict",
    reason: "when a family is a gauge histogram in one group and of another type in the next, \
             the Pushgateway sees the conflict, in pushes and in scrapes, in half of the cases",
    covers: |difference, requests| {
        difference.statuses.0 != difference.statuses.1
            && [&difference.reference, &difference.subject]
                .iter()
                .any(|text| text.contains(" is not a ") || text.contains(" collides with "))
            && declare_gauge_histogram(requests)
    },
    parts_ways: true,
};

const TRANSLATIONS: &[Translation] = &[
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
fn whole_segments(path: &Path) -> Option<Path> {
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
fn without_empty_labels(path: &Path) -> Option<Path> {
    let mut changed = path.clone();
    let empty: Vec<String> = path
        .pairs
        .iter()
        .enumerate()
        .filter(|(index, (name, value))| {
            is_valid(&base_name(name))
                && is_empty(name, value)
                && !path
                    .pairs
                    .iter()
                    .skip(index + 1)
                    .any(|(later, _)| base_name(later) == base_name(name))
        })
        .map(|(_, (name, _))| base_name(name))
        .collect();
    changed.pairs.retain(|(name, value)| {
        let decodes = !name.ends_with("@base64") || decode_base64(value).is_some();
        !(empty.contains(&base_name(name)) && decodes)
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

/// The label name: decoded, without `@base64`.
fn base_name(name: &str) -> String {
    let name: Vec<u8> = percent_decode_str(name).collect();
    let name = String::from_utf8_lossy(&name);
    name.strip_suffix("@base64").unwrap_or(&name).to_owned()
}

fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    !name.starts_with("__")
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

const TOLERANCES: &[Tolerance] = &[
    Tolerance {
        id: "braces-first",
        reason: "when a line begins with braces, the parser of Pushgateway 1.11.2 goes by the \
                 family of the line before: it takes a line without a name for more of that one, \
                 loses parts of histograms and summaries, or panics and hangs up",
        covers: |difference, requests| {
            requests.last().is_some_and(|request| {
                has_line_with_braces_first(request)
                    && (difference.statuses.0 == 0
                        || lacks_a_name(difference)
                        || has_parts(request))
            })
        },
        parts_ways: true,
    },
    GAUGE_HISTOGRAM_CONFLICT,
    Tolerance {
        id: "not-utf8-group",
        reason: "refused before anything is stored; the Pushgateway stores a failure time under \
                 the label and no scrape works from then on",
        covers: |difference, requests| {
            difference.statuses.1 == 400
                && difference.subject.contains(" is not valid UTF-8")
                && requests
                    .last()
                    .is_some_and(|request| !request.path.is_utf8())
        },
        parts_ways: true,
    },
    AUTOMATIC_GAUGES,
    Tolerance {
        id: "summary-count-out-of-range",
        reason: "the Pushgateway converts a negative, huge or NaN count in a way that depends \
                 on the processor; the gateway refuses it",
        covers: |difference, _| {
            difference.statuses.1 == 400 && refuses_impossible_count(&difference.subject)
        },
        parts_ways: true,
    },
    Tolerance {
        id: "le-is-taken",
        reason: "a histogram with a label le of its own is exposed by the Pushgateway with that \
                 label twice, which no scraper can read; the gateway refuses it",
        covers: |difference, _| {
            difference.statuses.1 == 400
                && difference
                    .subject
                    .contains("must not have an explicit \"le\" label")
        },
        parts_ways: true,
    },
    Tolerance {
        id: "gauge-histogram-suffixes",
        reason: "a gauge histogram is exposed with the names of a histogram, so it collides as \
                 one; the Pushgateway does not look and exposes the same name twice",
        covers: |difference, requests| {
            difference.statuses.1 == 400
                && difference.subject.contains(" collides with ")
                && declare_gauge_histogram(requests)
        },
        parts_ways: true,
    },
    Tolerance {
        id: "own-errors-first",
        reason: "a push that is wrong in itself is refused before it is compared with other \
                 groups, so the gateway may list fewer errors",
        covers: |difference, _| difference.statuses == (400, 400) && difference.fewer_errors,
        parts_ways: false,
    },
];

fn declare_gauge_histogram(requests: &[Request]) -> bool {
    requests.iter().any(|request| {
        let body = request.body().to_ascii_lowercase();
        contains(&body, b"gauge_histogram") || contains(&body, b"gaugehistogram")
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn has_line_with_braces_first(request: &Request) -> bool {
    let body = request.body();
    let mut lines = body.split(|byte| *byte == b'\n');
    lines.any(|line| line.trim_ascii_start().starts_with(b"{"))
}

/// Whether the subject has found no metric name.
fn lacks_a_name(difference: &Difference) -> bool {
    let missing = [
        ": invalid metric name\n",
        ": invalid label name for metric \"\"\n",
    ];
    difference.statuses.1 == 400 && missing.iter().any(|text| difference.subject.contains(text))
}

/// Whether there are families whose samples are parts of a metric.
fn has_parts(request: &Request) -> bool {
    let body = request.body().to_ascii_lowercase();
    contains(&body, b"histogram") || contains(&body, b"summary")
}

/// Whether the text refuses a count of a summary for being no unsigned integer.
fn refuses_impossible_count(text: &str) -> bool {
    let count = text
        .split_once(" as count of summary ")
        .and_then(|(_, rest)| rest.split_once(", got \""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .and_then(|(count, _)| count.parse::<f64>().ok());
    count.is_some_and(|count| !(0.0..18_446_744_073_709_551_616.0).contains(&count))
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
            assert_eq!(whole_segments(&path(text)), whole.map(path), "{text}");
            assert_eq!(
                without_empty_labels(&path(text)),
                without.map(path),
                "{text}"
            );
        }
    }

    #[test]
    fn only_impossible_counts_may_be_refused() {
        let text = |count: &str| {
            format!(
                "400 text format parsing error in line 2: expected non-negative integer as count \
                 of summary \"s\", got \"{count}\"\n"
            )
        };
        for count in ["-1", "NaN", "1e30", "+Inf", "18446744073709551616"] {
            assert!(refuses_impossible_count(&text(count)), "{count}");
        }
        for count in ["1.5", "0", "-0", "1e19", "x"] {
            assert!(!refuses_impossible_count(&text(count)), "{count}");
        }
        assert!(!refuses_impossible_count(
            "400 expected float as value, got \"-1\"\n"
        ));
    }
}
