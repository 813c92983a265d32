//! Answers and expositions that the gateway gives in another way.

use super::super::compare::{Difference, Kind};
use super::super::request::Request;
use super::{Then, Tolerance, protobuf};

/// What two Pushgateways may differ in.
pub(super) const CHANCE: &[Tolerance] = &[
    Tolerance {
        id: "both-broken",
        reason: "a rejected push can break every later scrape of the Pushgateway",
        covers: |difference, _| {
            difference.kind == Kind::Scrape && difference.statuses == (500, 500)
        },
        then: Then::PartWays,
    },
    Tolerance {
        id: "both-silent",
        reason: "native histograms that make no sense make the Pushgateway's API hang up",
        covers: |difference, _| difference.kind == Kind::Api && difference.statuses == (0, 0),
        then: Then::PartWays,
    },
    protobuf::ANY_EMPTY_FAMILY,
    Tolerance {
        id: "not-an-exposition",
        reason: "the Pushgateway can be made to expose what nobody can read",
        covers: |difference, _| difference.kind == Kind::Invalid,
        then: Then::GoOn,
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
                .any(|request| contains(&request.content(), b"push_failure_time_seconds"))
    },
    then: Then::PartWays,
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
    then: Then::PartWays,
};

/// What the gateway and the Pushgateway may differ in.
pub(super) const TOLERANCES: &[Tolerance] = &[
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
        then: Then::PartWays,
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
        then: Then::PartWays,
    },
    AUTOMATIC_GAUGES,
    Tolerance {
        id: "summary-count-out-of-range",
        reason: "the Pushgateway converts a negative, huge or NaN count in a way that depends \
                 on the processor; the gateway refuses it",
        covers: |difference, _| {
            difference.statuses.1 == 400 && refuses_impossible_count(&difference.subject)
        },
        then: Then::Mend,
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
        then: Then::Mend,
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
        then: Then::PartWays,
    },
    Tolerance {
        id: "gauge-histogram-type",
        reason: "values of another type than a gauge histogram are an error, too; the Pushgateway \
                 does not look",
        covers: |difference, _| {
            difference.statuses == (400, 400)
                && difference.subject.contains(" is not a GAUGE_HISTOGRAM")
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "gauge-histogram-cuts-scrapes",
        reason: "a gauge histogram that is of another type in another group ends the Pushgateway's \
                 scrapes there, with status 200, or is not one in protobuf",
        covers: |difference, requests| {
            difference.kind == Kind::Scrape
                && difference.statuses == (200, 200)
                && (is_part(&difference.reference, &difference.subject)
                    || is_other_value_of_gauge_histogram(&difference.reference)
                    || type_line(&difference.subject) != type_line(&difference.reference))
                && declare_gauge_histogram(requests)
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "path-first",
        reason: "a path that is wrong is refused before the body is looked at; the Pushgateway \
                 reads the beginning of gzip first",
        covers: |difference, requests| {
            let errors = ["400 EOF", "400 unexpected EOF", "400 gzip: invalid header"];
            let is_gzip = |request: &Request| {
                let header = request.delivery.content_encoding.unwrap_or_default();
                header.eq_ignore_ascii_case("gzip")
            };
            difference.statuses == (400, 400)
                && errors.contains(&difference.reference.trim_end())
                && requests.last().is_some_and(is_gzip)
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "decoded-first",
        reason: "a body is decoded before it is parsed, so that what is found first is that it \
                 cannot be, and where exactly hangs on the decoder",
        covers: |difference, requests| {
            difference.statuses == (400, 400)
                && requests
                    .last()
                    .is_some_and(|request| request.delivery.coding.is_damaged())
                && is_of_decoding(&difference.subject)
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "own-help",
        reason: "the Pushgateway refuses another HELP for those of its own metrics that come with \
                 the first push; the gateway has none of these to disagree with",
        covers: |difference, _| {
            difference.statuses.0 == 400
                && difference
                    .reference
                    .contains("gathered metric family pushgateway_http_")
                && difference.reference.contains(" has help ")
        },
        then: Then::Mend,
    },
    protobuf::TEXT,
    protobuf::NAME,
    protobuf::LABEL_NAME,
    protobuf::TYPE,
    protobuf::VALUE,
    protobuf::TIMESTAMP,
    protobuf::NATIVE,
    protobuf::UNREAD,
    protobuf::SEVERAL_VALUES,
    protobuf::MORE_IN_ERRORS,
    protobuf::EMPTY_FAMILY,
    Tolerance {
        id: "own-errors-first",
        reason: "a push that is wrong in itself is refused before it is compared with other \
                 groups, so the gateway may list fewer errors",
        covers: |difference, _| difference.statuses == (400, 400) && difference.fewer_errors,
        then: Then::GoOn,
    },
];

fn declare_gauge_histogram(requests: &[Request]) -> bool {
    requests.iter().any(|request| {
        let body = request.content().to_ascii_lowercase();
        let text = contains(&body, b"gauge_histogram") || contains(&body, b"gaugehistogram");
        // The field of the type in protobuf, and its number.
        text || contains(&body, &[3 << 3, 5])
    })
}

/// Whether every line of the one text is in the other: what is left of a scrape that was cut within a family.
fn is_part(part: &str, whole: &str) -> bool {
    part.lines()
        .all(|line| whole.lines().any(|other| other == line))
}

/// The first TYPE line in this.
fn type_line(text: &str) -> Option<&str> {
    text.lines().find(|line| line.contains("# TYPE "))
}

/// Whether the text says that what is exposed as a gauge histogram is none.
fn is_other_value_of_gauge_histogram(text: &str) -> bool {
    text.starts_with("expected a GAUGE_HISTOGRAM value, found ")
}

/// Whether the text says that a name is exposed twice.
fn exposes_twice(text: &str) -> bool {
    [
        "second TYPE line for metric name ",
        "second HELP line for metric name ",
        "duplicate label names for metric ",
        "exposed twice: ",
    ]
    .iter()
    .any(|part| text.contains(part))
}

/// Whether a path or what was pushed has that in it.
fn mention(requests: &[Request], part: &str) -> bool {
    requests.iter().any(|request| {
        request.path.target().contains(part) || contains(&request.content(), part.as_bytes())
    })
}

/// Whether the text is about encoded bytes.
fn is_of_decoding(text: &str) -> bool {
    let errors = [
        "flate: corrupt input ",
        "gzip: invalid ",
        "unexpected EOF",
        "snappy: ",
    ];
    text.strip_prefix("400 ")
        .is_some_and(|text| errors.iter().any(|error| text.starts_with(error)))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn has_line_with_braces_first(request: &Request) -> bool {
    let body = request.content();
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
    let body = request.content().to_ascii_lowercase();
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

/// What the gateway and the Pushgateway may differ in besides, with UTF-8 names.
pub(super) const UTF8_NAMES: &[Tolerance] = &[Tolerance {
    id: "equal-by-escaping",
    reason: "names that become equal by escaping get another escape; the Pushgateway exposes both \
             under one name",
    covers: |difference, requests| {
        let labels = mention(requests, "a-b") && difference.reference.contains("a_b");
        difference.kind == Kind::Scrape && (labels || exposes_twice(&difference.reference))
    },
    then: Then::PartWays,
}];

/// What the gateway and the Pushgateway may differ in besides, without the
/// consistency check.
pub(super) const UNCHECKED: &[Tolerance] = &[
    Tolerance {
        id: "scrapes-never-fail",
        reason: "what contradicts is left out of a scrape; the Pushgateway answers 500",
        covers: |difference, _| {
            difference.kind == Kind::Scrape && difference.statuses == (500, 200)
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "gauge-histogram-suffixes-unchecked",
        reason: "a gauge histogram that collides is left out of scrapes; the Pushgateway exposes \
                 the same name twice",
        covers: |difference, requests| {
            difference.kind == Kind::Scrape
                && exposes_twice(&difference.reference)
                && declare_gauge_histogram(requests)
        },
        then: Then::GoOn,
    },
    Tolerance {
        id: "grouping-label-twice-unchecked",
        reason: "a grouping label takes the place of a pushed one of its name, however often that \
                 was pushed; the Pushgateway replaces one of them",
        covers: |difference, requests| {
            difference.kind == Kind::Api && requests.last().is_some_and(protobuf::has_label_twice)
        },
        then: Then::Mend,
    },
    Tolerance {
        id: "own-rules-still-hold",
        reason: "a push that contradicts itself can never be exposed, so it is not stored, and \
                 the failure time is set, as for timestamps",
        covers: |difference, _| {
            difference.kind == Kind::Api
                && difference
                    .reference
                    .contains("\"last_push_successful\": true")
                && difference
                    .subject
                    .contains("\"last_push_successful\": false")
        },
        then: Then::Mend,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

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
