//! Bodies in the text format: families with headers and samples.

use fastrand::Rng;

use super::mutate::mutate;
use super::odd::ODD_LINES;
use super::sample::{Kind, samples};
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

/// Names that the gateway gives to its own gauges.
const AUTOMATIC: [&str; 2] = ["push_time_seconds", "push_failure_time_seconds"];

const KINDS: [Kind; 6] = [
    Kind::Counter,
    Kind::Gauge,
    Kind::Summary,
    Kind::Histogram,
    Kind::Untyped,
    Kind::GaugeHistogram,
];

/// What most families say: where groups disagree the Pushgateway has to be
/// asked again and again until it shows each of its answers.
const USUAL_HELP: &str = "one";
const HELP: [&str; 7] = [
    "two",
    "",
    "  two  blanks ",
    "a \\\\ and a \\n",
    "a \\\" quote",
    "tab\there",
    "é",
];

/// The lines of a body.
pub(crate) fn lines(rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for _ in 0..rng.usize(0..=3) {
        lines.extend(family(rng));
    }
    if one_in(rng, 8) {
        let place = rng.usize(0..=lines.len());
        lines.insert(place, format!("{}\n", pick(rng, &ODD_LINES)).into_bytes());
    }
    if one_in(rng, 4) {
        mutate(rng, &mut lines);
    }
    lines
}

fn family(rng: &mut Rng) -> Vec<Vec<u8>> {
    let (mut name, mut kind) = pick(rng, &FAMILIES);
    if one_in(rng, 8) {
        kind = pick(rng, &KINDS);
    }
    if one_in(rng, 60) {
        name = pick(rng, &AUTOMATIC);
    }
    let mut lines = Vec::new();
    if !one_in(rng, 6) {
        let help = if one_in(rng, 6) {
            pick(rng, &HELP)
        } else {
            USUAL_HELP
        };
        lines.push(format!("# HELP {name} {help}\n"));
    }
    if !one_in(rng, 10) {
        let line = format!("# TYPE {name} {}\n", kind.name(rng));
        let place = rng.usize(0..=lines.len());
        lines.insert(place, line);
    }
    lines.extend(samples(rng, name, kind));
    lines.into_iter().map(String::into_bytes).collect()
}
