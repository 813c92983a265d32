//! Points in time as seconds, which OpenMetrics writes as decimal numbers. Exactly, where a float would round.

use crate::exposition::model::Timestamp;
use crate::exposition::number::parse_float;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Reads seconds since the epoch, down to nanoseconds. `None` if it is no number or none that can be kept.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let nanos = match parse_decimal(text) {
        Some(nanos) => nanos,
        None => {
            let nanos = parse_float(text)? * 1e9;
            // Beyond this range, the conversion would not be exact or make no sense.
            if !(-1e27..=1e27).contains(&nanos) {
                return None;
            }
            nanos.round() as i128
        }
    };
    Some(Timestamp {
        seconds: i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).ok()?,
        nanos: i32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).ok()?,
    })
}

/// `decimal = ["-" / "+"] 1*DIGIT ["." 1*9DIGIT]`, as nanoseconds.
fn parse_decimal(text: &str) -> Option<i128> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_decimal = (1..=20).contains(&whole.len())
        && (1..=9).contains(&fraction.len())
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit());
    if !is_decimal {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (whole * NANOS_PER_SECOND + fraction))
}

/// Writes seconds with a decimal point and no more digits than it needs.
pub(super) fn write(out: &mut String, timestamp: Timestamp) {
    let nanos = i128::from(timestamp.seconds) * NANOS_PER_SECOND + i128::from(timestamp.nanos);
    if nanos < 0 {
        out.push('-');
    }
    let nanos = nanos.abs();
    let text = format!(
        "{}.{:09}",
        nanos / NANOS_PER_SECOND,
        nanos % NANOS_PER_SECOND
    );
    let text = text.trim_end_matches('0');
    out.push_str(text);
    if text.ends_with('.') {
        out.push('0');
    }
}

/// A point in time from milliseconds.
pub(super) fn of_millis(millis: i64) -> Timestamp {
    Timestamp {
        seconds: millis.div_euclid(1000),
        // Less than a second.
        nanos: millis.rem_euclid(1000) as i32 * 1_000_000,
    }
}

/// A point in time as milliseconds, if there are so many.
pub(super) fn to_millis(timestamp: Timestamp) -> Option<i64> {
    let whole = timestamp.seconds.checked_mul(1000)?;
    whole.checked_add(i64::from(timestamp.nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_read_exactly() {
        let cases = [
            ("0", Some((0, 0))),
            ("1520430000.123", Some((1_520_430_000, 123_000_000))),
            ("1604676851.123456789", Some((1_604_676_851, 123_456_789))),
            ("1.5e9", Some((1_500_000_000, 0))),
            ("-0.5", Some((-1, 500_000_000))),
            ("+1", Some((1, 0))),
            ("1.", Some((1, 0))),
            (".25", Some((0, 250_000_000))),
            ("1.00000000049", Some((1, 0))),
            ("9223372036854775807", Some((i64::MAX, 0))),
            ("9223372036854775808", None),
            ("1e300", None),
            ("NaN", None),
            ("+Inf", None),
            ("", None),
            ("soon", None),
            ("1:2", None),
        ];
        for (text, want) in cases {
            let want = want.map(|(seconds, nanos)| Timestamp { seconds, nanos });
            assert_eq!(parse(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_timestamp_comes_back(seconds: i64, nanos in 0..1_000_000_000i32) {
            let timestamp = Timestamp { seconds, nanos };
            let mut text = String::new();
            write(&mut text, timestamp);
            prop_assert_eq!(parse(&text), Some(timestamp), "{}", text);
        }

        #[test]
        fn any_milliseconds_come_back(millis: i64) {
            prop_assert_eq!(to_millis(of_millis(millis)), Some(millis));
        }
    }
}
