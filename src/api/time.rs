//! Points in time as Go's `time.Time` is written in JSON.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::groups::entry::UnixNanos;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// A point in time, written in UTC: RFC 3339 with as many of nine fractional digits as are needed.
///
/// 0 stands for never and is written as Go's zero time, `0001-01-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) UnixNanos);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0001-01-01T00:00:00Z");
        }
        let seconds = self.0 / NANOS_PER_SECOND;
        let (year, month, day) = date(seconds / SECONDS_PER_DAY);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        let nanos = self.0 % NANOS_PER_SECOND;
        if nanos > 0 {
            let digits = format!("{nanos:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Year, month and day of the month, that many days after 1 January 1970.
///
/// Years are counted from March here, so that a leap day is the last day of its year, and in eras of 400 years, after
/// which the calendar repeats. (Howard Hinnant's `civil_from_days`.) A date library would bring a hundred times the
/// code for this one function.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    // From 1 March of the year 0.
    let days = days + 719_468;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months in a row, from March or August on, have 153 days.
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let (month, next_year) = if months_from_march < 10 {
        (months_from_march + 3, 0)
    } else {
        (months_from_march - 9, 1)
    };
    (era * 400 + year_of_era + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        let cases = [
            (0, "0001-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:00.000000001Z"),
            (86_399_999_999_999, "1970-01-01T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
            (1_795_405_820_386_308_476, "2026-11-23T03:50:20.386308476Z"),
            (1_795_405_820_380_000_000, "2026-11-23T03:50:20.38Z"),
            (1_795_405_820_000_000_700, "2026-11-23T03:50:20.0000007Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ];
        for (nanos, want) in cases {
            assert_eq!(Time(nanos).to_string(), want, "{nanos}");
        }
    }

    #[test]
    fn every_day_is_followed_by_the_next_in_the_calendar() {
        let is_leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=u64::MAX / NANOS_PER_SECOND / SECONDS_PER_DAY {
            assert_eq!(date(days), (year, month, day), "day {days}");
            let length = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
