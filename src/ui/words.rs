//! Times, sizes and numbers as people read them.

use maud::{Markup, html};

use crate::api::time::Time;
use crate::duration::Nanos;
use crate::exposition::number::write_float;
use crate::groups::entry::UnixNanos;

const SECOND: Nanos = 1_000_000_000;

/// Units of time with their seconds, the longest first.
const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// How long ago a time is. `never` if there is none.
pub(super) fn age(time: Option<UnixNanos>, now: UnixNanos) -> String {
    let Some(time) = time else {
        return String::from("never");
    };
    // Clocks differ: a push that seems to come from the future came just now.
    let seconds = now.saturating_sub(time) / SECOND;
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || String::from("just now"),
        |(length, unit)| format!("{} {unit} ago", seconds / length),
    )
}

/// How long it is until a time that is still to come.
pub(super) fn until(time: UnixNanos, now: UnixNanos) -> String {
    let seconds = time.saturating_sub(now) / SECOND;
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || String::from("now"),
        |(length, unit)| format!("in {} {unit}", seconds / length),
    )
}

/// A time to the second, in UTC: `2026-11-23 03:50:20 UTC`.
pub(super) fn exact(time: UnixNanos) -> String {
    let mut text = iso(time).replace('T', " ");
    text.pop();
    text + " UTC"
}

fn iso(time: UnixNanos) -> String {
    Time(time - time % SECOND).to_string()
}

/// How long ago a time is. The script adds when exactly, in the time zone of the reader.
pub(super) fn time(time: Option<UnixNanos>, now: UnixNanos) -> Markup {
    html! {
        @if let Some(at) = time {
            time datetime=(iso(at)) { (age(time, now)) }
        } @else {
            "never"
        }
    }
}

/// When something ends. `never` if it does not.
pub(super) fn end(time: Option<UnixNanos>, now: UnixNanos) -> Markup {
    html! {
        @if let Some(at) = time {
            time datetime=(iso(at)) { (until(at, now)) }
        } @else {
            "never"
        }
    }
}

/// A number of bytes: `1.2 kB`.
pub(super) fn size(bytes: usize) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut tenths = bytes;
    let mut unit = "B";
    for next in UNITS {
        if tenths < 1_000 {
            break;
        }
        // From here on in tenths of the unit.
        tenths = if unit == "B" {
            tenths / 100
        } else {
            tenths / 1_000
        };
        unit = next;
        if tenths < 10_000 {
            break;
        }
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{}.{} {unit}", count(tenths / 10), tenths % 10)
    }
}

/// A whole number in groups of three digits: `12,345`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 group`, `2 groups`.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A value as in the text format.
pub(super) fn float(value: f64) -> String {
    let mut text = String::new();
    write_float(&mut text, value);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_largest_unit() {
        let now = 1_000_000 * SECOND;
        let cases = [
            (0, "just now"),
            (1, "1 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (3_599, "59 min ago"),
            (3_600, "1 h ago"),
            (86_399, "23 h ago"),
            (86_400 * 9, "9 d ago"),
        ];
        for (seconds, want) in cases {
            assert_eq!(age(Some(now - seconds * SECOND), now), want);
        }
        assert_eq!(age(Some(now + SECOND), now), "just now");
        assert_eq!(age(None, now), "never");
        assert_eq!(until(now + 3_600 * SECOND, now), "in 1 h");
        assert_eq!(until(now + 1, now), "now");
        assert_eq!(exact(1_795_405_820_386_308_476), "2026-11-23 03:50:20 UTC");
    }

    #[test]
    fn sizes_and_counts_are_short() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_250, "1.2 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1.0 MB"),
            (12_345_678_901, "12.3 GB"),
            (1_234_567_890_123_456, "1,234.5 TB"),
        ];
        for (bytes, want) in cases {
            assert_eq!(size(bytes), want);
        }
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(counted(1, "group", "groups"), "1 group");
        assert_eq!(counted(1_000, "group", "groups"), "1,000 groups");
    }
}
