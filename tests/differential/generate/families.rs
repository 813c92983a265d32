//! Families by name: the type that each mostly has, and HELP texts.

use fastrand::Rng;
use spin_pushgateway::exposition::names::NameScheme;

use super::sample::Kind;
use super::{one_in, pick};

/// Names, and the type that a family of that name mostly has.
const FAMILIES: [(&str, Kind); 14] = [
    ("m", Kind::Gauge),
    ("m", Kind::Gauge),
    ("n", Kind::Counter),
    ("n", Kind::Counter),
    ("a:b", Kind::Untyped),
    ("_x", Kind::Untyped),
    ("h", Kind::Histogram),
    ("h", Kind::Histogram),
    ("s", Kind::Summary),
    ("s", Kind::Summary),
    ("B_total", Kind::Counter),
    // The names that collide with those of a histogram or a summary.
    ("h_count", Kind::Counter),
    ("s_sum", Kind::Gauge),
    ("h_bucket", Kind::Gauge),
];

/// Names that are allowed as UTF-8 only. No two of them, nor any of the others,
/// become equal by escaping.
const UTF8_FAMILIES: [(&str, Kind); 8] = [
    ("m.x", Kind::Gauge),
    ("m.x", Kind::Gauge),
    ("é", Kind::Counter),
    ("1-digit", Kind::Untyped),
    ("h.x", Kind::Histogram),
    ("s/y", Kind::Summary),
    ("h.x_count", Kind::Counter),
    ("x_y.z", Kind::Gauge),
];

/// Names that the gateway gives to its own gauges.
const AUTOMATIC: [&str; 2] = ["push_time_seconds", "push_failure_time_seconds"];

/// Metrics of the Pushgateway itself, and similar names that are free.
const OWN_FAMILIES: [(&str, Kind); 14] = [
    ("go_goroutines", Kind::Gauge),
    ("go_threads", Kind::Gauge),
    ("go_memstats_mallocs_total", Kind::Counter),
    ("go_gc_duration_seconds", Kind::Summary),
    ("go_info", Kind::Gauge),
    ("go_something", Kind::Histogram),
    ("process_open_fds", Kind::Gauge),
    ("process_cpu_seconds_total", Kind::Counter),
    ("process_something", Kind::Untyped),
    ("pushgateway_build_info", Kind::Gauge),
    ("pushgateway_something", Kind::Counter),
    ("pushgateway_http_requests_total", Kind::Counter),
    ("pushgateway_http_push_size_bytes", Kind::Summary),
    ("go_gc_duration_seconds_count", Kind::Counter),
];

/// What most families say: where groups disagree the Pushgateway has to be
/// asked again and again until it shows each of its answers.
const USUAL_HELP: &str = "one";
/// Other texts, as they are written in the text format.
const HELP: [&str; 7] = [
    "two",
    "",
    "  two  blanks ",
    "a \\\\ and a \\n",
    "a \\\" quote",
    "tab\there",
    "é",
];

/// The name and the type of a family.
pub(super) fn named(rng: &mut Rng, names: NameScheme) -> (&'static str, Kind) {
    let (mut name, mut kind) = match names {
        NameScheme::Utf8 if one_in(rng, 2) => pick(rng, &UTF8_FAMILIES),
        NameScheme::Legacy | NameScheme::Utf8 => pick(rng, &FAMILIES),
    };
    if one_in(rng, 40) {
        (name, kind) = pick(rng, &OWN_FAMILIES);
    }
    if one_in(rng, 8) {
        kind = pick(rng, &Kind::ALL);
    }
    if one_in(rng, 60) {
        name = pick(rng, &AUTOMATIC);
    }
    (name, kind)
}

/// The HELP text of a family, as it is written in the text format.
pub(super) fn help(rng: &mut Rng) -> Option<&'static str> {
    (!one_in(rng, 6)).then(|| {
        if one_in(rng, 6) {
            pick(rng, &HELP)
        } else {
            USUAL_HELP
        }
    })
}
