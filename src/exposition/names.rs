//! Which metric and label names are valid, and which units and samples go with them.

use super::model::MetricType;

/// The rule that names must follow.
///
/// The Pushgateway follows [`Legacy`](Self::Legacy) unless `--push.enable-utf8-names` is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameScheme {
    /// Metric names are `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names the same without `:`.
    #[default]
    Legacy,
    /// Every name that is not empty.
    Utf8,
}

impl NameScheme {
    /// Whether this may be the name of a metric.
    #[must_use]
    pub fn is_metric_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy(name, IN_METRIC_NAME),
            Self::Utf8 => !name.is_empty(),
        }
    }

    /// Whether this may be the name of a label.
    ///
    /// Names that begin with `__` are reserved in some places and not in others: that is not looked at here.
    #[must_use]
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy(name, IN_LABEL_NAME),
            Self::Utf8 => !name.is_empty(),
        }
    }
}

/// Whether a family that OpenMetrics calls this may have this unit: its name must end in it.
#[must_use]
pub fn ends_in_unit(name: &str, unit: &str) -> bool {
    let stem = name.strip_suffix(unit);
    !unit.is_empty() && stem.is_some_and(|stem| stem.ends_with('_'))
}

/// The same for a family as all other formats call it, in which counters end in `_total`. Prometheus refuses a scrape
/// with another unit.
#[must_use]
pub fn may_have_unit(name: &str, unit: &str) -> bool {
    ends_in_unit(name.strip_suffix("_total").unwrap_or(name), unit)
}

/// The suffixes of the names of a family's samples in the text format, the empty one for the name of the family itself.
#[must_use]
pub fn sample_suffixes(metric_type: MetricType) -> &'static [&'static str] {
    match metric_type {
        MetricType::Counter | MetricType::Gauge | MetricType::Untyped => &[""],
        MetricType::Summary => &["", "_sum", "_count"],
        MetricType::Histogram | MetricType::GaugeHistogram => &["", "_bucket", "_sum", "_count"],
    }
}

/// Whether a name is not empty, has only such bytes and does not start with a digit.
fn is_legacy(name: &str, class: u8) -> bool {
    name.bytes()
        .next()
        .is_some_and(|first| !first.is_ascii_digit())
        && name.bytes().all(|byte| is_in(byte, class))
}

/// Class of the bytes that may stand in a legacy metric name.
const IN_METRIC_NAME: u8 = 1;

/// Class of the bytes that may stand in a legacy label name.
const IN_LABEL_NAME: u8 = 2;

/// The classes of every byte: each byte of each name is looked at some times on its way, so that one look must do.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        classes[byte as usize] = match byte {
            b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => IN_METRIC_NAME | IN_LABEL_NAME,
            b':' => IN_METRIC_NAME,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn is_in(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Whether a byte may stand in a legacy metric name, if not always at its start.
#[must_use]
pub fn is_metric_byte(byte: u8) -> bool {
    is_in(byte, IN_METRIC_NAME)
}

/// Whether a byte may stand in a legacy label name, if not always at its start.
#[must_use]
pub fn is_label_byte(byte: u8) -> bool {
    is_in(byte, IN_LABEL_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_as_their_scheme_says() {
        // name, legacy metric, legacy label, UTF-8 metric and label
        let cases = [
            ("", false, false, false),
            ("a", true, true, true),
            ("A9_z", true, true, true),
            ("_", true, true, true),
            ("__x", true, true, true),
            ("a:b", true, false, true),
            (":", true, false, true),
            ("9a", false, false, true),
            ("a-b", false, false, true),
            ("a.b", false, false, true),
            ("a b", false, false, true),
            ("ä", false, false, true),
            ("a\0", false, false, true),
        ];
        for (name, metric, label, utf8) in cases {
            assert_eq!(NameScheme::Legacy.is_metric_name(name), metric, "{name:?}");
            assert_eq!(NameScheme::Legacy.is_label_name(name), label, "{name:?}");
            assert_eq!(NameScheme::Utf8.is_metric_name(name), utf8, "{name:?}");
            assert_eq!(NameScheme::Utf8.is_label_name(name), utf8, "{name:?}");
        }
    }

    #[test]
    fn units_are_what_names_end_in() {
        // name, unit, in OpenMetrics, elsewhere
        let cases = [
            ("a_seconds", "seconds", true, true),
            ("a_seconds_total", "seconds", false, true),
            ("a_seconds", "bytes", false, false),
            ("aseconds", "seconds", false, false),
            ("seconds", "seconds", false, false),
            ("a_", "", false, false),
        ];
        for (name, unit, in_openmetrics, elsewhere) in cases {
            assert_eq!(ends_in_unit(name, unit), in_openmetrics, "{name} {unit}");
            assert_eq!(may_have_unit(name, unit), elsewhere, "{name} {unit}");
        }
    }
}
