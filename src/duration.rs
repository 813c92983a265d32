//! Durations as Prometheus writes them: `48h`, `1d12h`, `90s`.

/// A duration in nanoseconds.
pub type Nanos = u64;

/// The units, with their nanoseconds, the longest first. A year has 365 days, as in Prometheus.
const UNITS: [(&str, Nanos); 7] = [
    ("y", 365 * 86_400 * SECOND),
    ("w", 7 * 86_400 * SECOND),
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", 1_000_000),
];

const SECOND: Nanos = 1_000_000_000;

/// Reads a duration: numbers with units, longer units first. `None` for anything else, for no time at all, and for
/// what does not fit 64 bits of nanoseconds (584 years).
#[must_use]
pub fn parse(text: &str) -> Option<Nanos> {
    let mut total: Nanos = 0;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        // Each unit once, in this order: what is left of the list can still come.
        let (_, nanos) = units.find(|(name, _)| *name == unit)?;
        let part = number.parse::<Nanos>().ok()?.checked_mul(*nanos)?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    (total > 0).then_some(total)
}

/// Writes a duration as [`parse`] reads it. Parts of a millisecond are left out.
#[must_use]
pub fn format(duration: Nanos) -> String {
    let mut text = String::new();
    let mut rest = duration;
    for (unit, nanos) in UNITS {
        let count = rest / nanos;
        if count > 0 {
            rest -= count * nanos;
            text.push_str(&format!("{count}{unit}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_prometheus_writes_them() {
        for text in ["2d", "1d12h", "1w", "1y", "1h30m5s10ms", "90ms"] {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        assert_eq!(format(172_800 * SECOND + 1), "2d");
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let cases = [
            ("48h", Some(172_800 * SECOND)),
            ("1d12h", Some(129_600 * SECOND)),
            ("1w", Some(604_800 * SECOND)),
            ("1y", Some(31_536_000 * SECOND)),
            ("1h30m5s10ms", Some(5_405 * SECOND + 10_000_000)),
            ("500ms", Some(500_000_000)),
            ("", None),
            ("0s", None),
            ("48", None),
            ("h", None),
            ("1.5h", None),
            ("-1h", None),
            ("1h 30m", None),
            ("30m1h", None),
            ("1h1h", None),
            ("1H", None),
            ("600y", None),
            ("99999999999999999999s", None),
            ("1µs", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text), want, "{text}");
        }
    }
}
