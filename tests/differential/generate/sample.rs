//! Samples: label sets, numbers, and the parts of histograms and summaries.

use fastrand::Rng;
use spin_pushgateway::exposition::model::MetricType;
use spin_pushgateway::exposition::names::NameScheme;

use super::{one_in, pick};

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Summary,
    Histogram,
    GaugeHistogram,
    Untyped,
}

impl Kind {
    /// Every type.
    pub(crate) const ALL: [Self; 6] = [
        Self::Counter,
        Self::Gauge,
        Self::Summary,
        Self::Histogram,
        Self::Untyped,
        Self::GaugeHistogram,
    ];

    /// The type in the model.
    pub(crate) fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Summary => MetricType::Summary,
            Self::Histogram => MetricType::Histogram,
            Self::GaugeHistogram => MetricType::GaugeHistogram,
            Self::Untyped => MetricType::Untyped,
        }
    }

    /// One of the spellings in a TYPE line.
    pub(crate) fn name(self, rng: &mut Rng) -> &'static str {
        match self {
            Self::Counter => pick(rng, &["counter", "counter", "Counter"]),
            Self::Gauge => pick(rng, &["gauge", "gauge", "GAUGE"]),
            Self::Summary => "summary",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => pick(rng, &["gauge_histogram", "gaugehistogram"]),
            Self::Untyped => "untyped",
        }
    }
}

const LABELS: [(&str, &str); 12] = [
    ("a", "x"),
    ("a", "x"),
    ("a", "y"),
    ("a", ""),
    ("b", "x"),
    ("b", "y"),
    ("z", "é"),
    ("z", "\\\\ \\n \\\""),
    ("instance", "x"),
    ("job", "x"),
    ("le", "1"),
    ("quantile", "0.5"),
];
/// Labels whose names are allowed as UTF-8 only.
const UTF8_LABELS: [(&str, &str); 4] = [("a.b", "x"), ("a.b", "y"), ("aé", "x"), ("1 x", "y")];
/// Labels that are refused: some by the parser, some by the check.
const REFUSED: [(&str, &str); 3] = [("__x", "1"), ("__name__", "m"), ("a", "\\t")];

const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-0",
    "+1",
    ".5",
    "5.",
    "1.7",
    "1e3",
    "100000",
    "1000000",
    "123456789",
    "0.0001",
    "0.00001",
    "1e-7",
    "1e21",
    "4.9e-324",
    "1e-400",
    "9007199254740993",
    "12345678901234567890",
    "NaN",
    "+Inf",
    "-inf",
    "Infinity",
];
const NO_NUMBERS: [&str; 9] = [
    "1e999", "-nan", "0x10", "1_0", "1e", "abc", "", "1,5", "--1",
];
const COUNTS: [&str; 12] = [
    "0", "1", "2", "3", "4", "10", "1.5", "1e6", "-0", "3.0", "1e21", "-1",
];
const BOUNDS: [&str; 12] = [
    "0.1", "0.5", "1", "1.0", "1e6", "+Inf", "+Inf", "Inf", "-Inf", "-0", "NaN", "x",
];

/// The lines of up to three label sets of a family.
pub(crate) fn samples(rng: &mut Rng, name: &str, kind: Kind, names: NameScheme) -> Vec<String> {
    (0..rng.usize(0..=3))
        .flat_map(|_| {
            let labels = label_set(rng, names);
            match kind {
                Kind::Histogram | Kind::GaugeHistogram => histogram(rng, name, &labels),
                Kind::Summary => summary(rng, name, &labels),
                Kind::Counter | Kind::Gauge | Kind::Untyped => {
                    let value = number(rng);
                    vec![line(rng, name, &labels, value)]
                }
            }
        })
        .collect()
}

pub(super) type Label = (&'static str, &'static str);

/// Up to two labels, their values as they are written in text.
pub(super) fn label_set(rng: &mut Rng, names: NameScheme) -> Vec<Label> {
    let mut labels = Vec::<Label>::new();
    for _ in 0..rng.usize(0..=2) {
        let label = if one_in(rng, 60) {
            pick(rng, &REFUSED)
        } else if names == NameScheme::Utf8 && one_in(rng, 3) {
            pick(rng, &UTF8_LABELS)
        } else {
            pick(rng, &LABELS)
        };
        // Twice the same name is refused; that is tried now and then.
        if labels.iter().all(|(name, _)| *name != label.0) || one_in(rng, 20) {
            labels.push(label);
        }
    }
    labels
}

fn histogram(rng: &mut Rng, name: &str, labels: &[Label]) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..rng.usize(0..=3) {
        let mut bound = pick(rng, &BOUNDS);
        if one_in(rng, 2) {
            bound = pick(rng, &["0.1", "1", "+Inf"]);
        }
        let labels = extended(rng, labels, ("le", bound));
        let count = count(rng);
        lines.push(part(rng, &format!("{name}_bucket"), &labels, count));
    }
    rest(rng, name, labels, &mut lines);
    lines
}

fn summary(rng: &mut Rng, name: &str, labels: &[Label]) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..rng.usize(0..=2) {
        let quantile = pick(
            rng,
            &["0.5", "0.5", "0.99", "0.990", "1", "NaN", "1e-5", "x"],
        );
        let labels = extended(rng, labels, ("quantile", quantile));
        let value = number(rng);
        lines.push(part(rng, name, &labels, value));
    }
    rest(rng, name, labels, &mut lines);
    lines
}

/// `_sum`, `_count`, and seldom a sample of the bare name.
fn rest(rng: &mut Rng, name: &str, labels: &[Label], lines: &mut Vec<String>) {
    if !one_in(rng, 5) {
        let sum = number(rng);
        lines.push(part(rng, &format!("{name}_sum"), labels, sum));
    }
    if !one_in(rng, 5) {
        let count = count(rng);
        lines.push(part(rng, &format!("{name}_count"), labels, count));
    }
    if one_in(rng, 12) {
        lines.push(part(rng, name, labels, "1"));
    }
}

fn extended(rng: &mut Rng, labels: &[Label], label: Label) -> Vec<Label> {
    let mut labels = labels.to_vec();
    let place = rng.usize(0..=labels.len());
    labels.insert(place, label);
    labels
}

fn number(rng: &mut Rng) -> &'static str {
    if one_in(rng, 60) {
        pick(rng, &NO_NUMBERS)
    } else {
        pick(rng, &NUMBERS)
    }
}

fn count(rng: &mut Rng) -> &'static str {
    if one_in(rng, 3) {
        pick(rng, &COUNTS)
    } else {
        pick(rng, &["1", "2", "3"])
    }
}

/// The name as it has to be written: with quotes where it needs them.
pub(super) fn written(name: &str) -> String {
    if NameScheme::Legacy.is_metric_name(name) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// One sample line in one of its spellings.
fn line(rng: &mut Rng, name: &str, labels: &[Label], value: &str) -> String {
    let inside = one_in(rng, 30);
    spelled(rng, name, labels, value, inside)
}

/// A line of a histogram or a summary. Its name is in front: parsers of the
/// Pushgateway are known to fail on these with the name inside the braces.
fn part(rng: &mut Rng, name: &str, labels: &[Label], value: &str) -> String {
    spelled(rng, name, labels, value, false)
}

fn spelled(rng: &mut Rng, name: &str, labels: &[Label], value: &str, inside: bool) -> String {
    let blank = |rng: &mut Rng| {
        if one_in(rng, 12) {
            pick(rng, &[" ", "\t", "  "])
        } else {
            ""
        }
    };
    let quoted = one_in(rng, 30);
    let mut parts = Vec::new();
    if inside {
        parts.push(format!("\"{name}\""));
    }
    for (label, text) in labels {
        let label = if quoted {
            format!("\"{label}\"")
        } else {
            written(label)
        };
        let (before, after) = (blank(rng), blank(rng));
        parts.push(format!("{before}{label}{after}=\"{text}\""));
    }
    let mut line = match (inside, quoted) {
        (true, _) => String::new(),
        (false, true) => format!("\"{name}\""),
        (false, false) => written(name),
    };
    line.push_str(blank(rng));
    if !parts.is_empty() || one_in(rng, 20) {
        let comma = if one_in(rng, 20) { "," } else { "" };
        line.push_str(&format!("{{{}{comma}}}", parts.join(",")));
    }
    let space = if one_in(rng, 20) { "\t " } else { " " };
    line.push_str(space);
    line.push_str(value);
    match rng.u8(0..150) {
        0 => line.push_str(" 1700000000000"),
        1 => line.push_str(" 0"),
        2 => line.push(' '),
        _ => {}
    }
    line.push('\n');
    line
}
