//! Medians and spreads, and how they are written.

use std::fmt;
use std::time::Duration;

/// What some rounds of one measurement brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn add_time(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1e3);
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The median, and the least and the greatest.
impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("–"),
            [only] => f.write_str(&number(*only)),
            [least, .., greatest] => write!(
                f,
                "{} ({}–{})",
                number(self.median()),
                number(*least),
                number(*greatest)
            ),
        }
    }
}

/// Three digits that count, thousands set apart.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if magnitude < 0.995 {
        return format!("{value:.2}");
    }
    if magnitude < 9.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many times `b` goes into `a`.
pub(crate) fn ratio(a: &Rounds, b: &Rounds) -> String {
    if a.is_empty() || b.is_empty() {
        return "–".to_owned();
    }
    format!("{}x", number(a.median() / b.median()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.123, "0.12"),
            (0.999, "1.0"),
            (3.21, "3.2"),
            (9.96, "10"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-123_456.0, "-123,456"),
            (f64::NAN, "–"),
        ];
        for (value, want) in cases {
            assert_eq!(number(value), want);
        }
    }

    #[test]
    fn rounds_are_their_median_and_their_spread() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.to_string(), "–");
        for value in [30.0, 10.0, 20.0] {
            rounds.add(value);
        }
        assert_eq!(rounds.to_string(), "20 (10–30)");
        let mut other = Rounds::default();
        other.add(10.0);
        assert_eq!(ratio(&rounds, &other), "2.0x");
        assert_eq!(ratio(&rounds, &Rounds::default()), "–");
    }
}
