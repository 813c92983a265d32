//! Numbers as the Pushgateway reads and writes them, which is as Go's `strconv` does.
//!
//! Sample values, bucket bounds, quantiles and counts all go through here, in the text formats and in the JSON API.

/// From here on not every integer has a float of its own (2^53).
const INTEGERS_END: f64 = 9_007_199_254_740_992.0;

/// How many digits an integer has at most to be written without an exponent.
const PLAIN_DIGITS: usize = 6;

/// Reads a float as Go's `strconv.ParseFloat` does, without the hexadecimal and `_` forms, which the Pushgateway
/// refuses.
///
/// - decimal digits with at most one point, of which at least one digit, and an optional exponent: `.5`, `5.`, `+1e-3`;
/// - `inf` and `infinity` in any case with an optional sign; `nan` in any case without a sign;
/// - `None` for everything else, numbers out of range (`1e999`) among it. Numbers too small to express become 0.
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    if let Some(value) = parse_short_integer(text) {
        return Some(value);
    }
    let value: f64 = text.parse().ok()?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_word = unsigned.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_signed_nan = value.is_nan() && unsigned.len() != text.len();
    let is_out_of_range = value.is_infinite() && !is_word;
    (!is_signed_nan && !is_out_of_range).then_some(value)
}

/// Reads up to 15 plain digits, the commonest kind of value, faster than the general way does. All such integers
/// are floats.
fn parse_short_integer(text: &str) -> Option<f64> {
    if !(1..=15).contains(&text.len()) {
        return None;
    }
    let mut value = 0_u64;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(value as f64)
}

/// Writes a float as Go's format `g` does: the fewest digits that read back as the same float, with an exponent of at
/// least two digits if the number is below 1e-4 or from 1e6 on.
///
/// `NaN`, `+Inf`, `-Inf`; a negative zero is written `0`.
///
/// ```
/// # use spin_pushgateway::exposition::number::write_float;
/// let mut out = String::new();
/// write_float(&mut out, 1234567.0);
/// assert_eq!(out, "1.234567e+06");
/// ```
pub fn write_float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    if value < 0.0 {
        out.push('-');
    }
    let magnitude = value.abs();
    if magnitude < INTEGERS_END && magnitude.fract() == 0.0 {
        write_integer(out, magnitude as u64);
    } else {
        write_shortest(out, magnitude);
    }
}

/// Writes an integer below 2^53. All its digits but the zeros at the end are the shortest form: another integer with
/// fewer digits would be another float.
fn write_integer(out: &mut String, value: u64) {
    let mut digits = Digits::default();
    digits.push_integer(value);
    if digits.len <= PLAIN_DIGITS {
        out.push_str(digits.as_str());
        return;
    }
    let exponent = digits.len as i32 - 1;
    digits.trim_zeros();
    write_scientific(out, &digits, exponent);
}

/// Writes a float that is above zero and finite.
fn write_shortest(out: &mut String, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let (digits, exponent) = Digits::of(buffer.format_finite(value));
    match exponent {
        0..=5 => {
            let places = exponent.unsigned_abs() as usize + 1;
            let (whole, rest) = digits.split(places);
            out.push_str(whole);
            out.extend(std::iter::repeat_n('0', places - whole.len()));
            if !rest.is_empty() {
                out.push('.');
                out.push_str(rest);
            }
        }
        -4..0 => {
            out.push_str("0.");
            out.extend((exponent..-1).map(|_| '0'));
            out.push_str(digits.as_str());
        }
        _ => write_scientific(out, &digits, exponent),
    }
}

/// Writes digits of which the first one counts this power of ten.
fn write_scientific(out: &mut String, digits: &Digits, exponent: i32) {
    let (lead, rest) = digits.split(1);
    out.push_str(lead);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    let mut digits = Digits::default();
    digits.push_integer(exponent.unsigned_abs().into());
    if digits.len < 2 {
        out.push('0');
    }
    out.push_str(digits.as_str());
}

/// The digits of a number, without a point.
#[derive(Default)]
struct Digits {
    /// More than any float has, or an integer of 64 bits.
    bytes: [u8; 24],
    len: usize,
}

impl Digits {
    /// The digits that count of a decimal number above zero, such as `0.0120`, `12.0` or `1.2e-7`, and the power of ten
    /// that the first of them counts.
    fn of(text: &str) -> (Self, i32) {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut exponent: i32 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = Self::default();
        for digit in whole.bytes() {
            digits.push(digit);
        }
        exponent += digits.len as i32 - 1;
        for digit in fraction.bytes() {
            digits.push(digit);
            if digits.len == 0 {
                exponent -= 1;
            }
        }
        digits.trim_zeros();
        (digits, exponent)
    }

    /// Adds a digit. Zeros at the start count nothing.
    fn push(&mut self, digit: u8) {
        if let Some(free) = self.bytes.get_mut(self.len)
            && (digit != b'0' || self.len > 0)
        {
            *free = digit;
            self.len += 1;
        }
    }

    /// Adds the digits of an integer: one, if that is zero.
    fn push_integer(&mut self, value: u64) {
        let start = self.len;
        let mut rest = value;
        while let Some(free) = self.bytes.get_mut(self.len) {
            // A digit fits a byte.
            *free = b'0' + (rest % 10) as u8;
            self.len += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if let Some(digits) = self.bytes.get_mut(start..self.len) {
            digits.reverse();
        }
    }

    fn trim_zeros(&mut self) {
        self.len = self.as_str().trim_end_matches('0').len();
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The first so many digits, and those behind them.
    fn split(&self, at: usize) -> (&str, &str) {
        let digits = self.as_str();
        digits.split_at_checked(at).unwrap_or((digits, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f64) -> String {
        let mut out = String::new();
        write_float(&mut out, value);
        out
    }

    #[test]
    fn reads_what_go_reads() {
        let cases = [
            ("0", 0.0),
            ("-0", -0.0),
            ("1", 1.0),
            ("+1", 1.0),
            ("-1", -1.0),
            ("007", 7.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.5", -0.5),
            ("3.25", 3.25),
            ("1e3", 1000.0),
            ("1E3", 1000.0),
            ("1e+3", 1000.0),
            ("1.e-3", 0.001),
            ("999999999999999", 999_999_999_999_999.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("12345678901234567890", 12_345_678_901_234_567_000.0),
            ("1.7976931348623157e308", f64::MAX),
            ("4.9e-324", 5e-324),
            ("1e-400", 0.0),
            ("0e99999999999", 0.0),
            ("1e-99999999999", 0.0),
            ("inf", f64::INFINITY),
            ("Inf", f64::INFINITY),
            ("+INF", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("infinity", f64::INFINITY),
            ("+Infinity", f64::INFINITY),
            ("-iNfInItY", f64::NEG_INFINITY),
        ];
        for (text, want) in cases {
            let value = parse_float(text).expect(text);
            assert_eq!(value.to_bits(), want.to_bits(), "{text}");
        }
        for text in ["nan", "NaN", "NAN", "nAn"] {
            assert!(parse_float(text).is_some_and(f64::is_nan), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        let cases = [
            "",
            " ",
            "+",
            "-",
            ".",
            "+.",
            "e",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "1e1.5",
            "1.2.3",
            "--1",
            "+-1",
            "1 ",
            " 1",
            "1\r",
            "1f",
            "1,5",
            "1_000",
            "0x1",
            "0x1p-3",
            "0X1P-3",
            "0b1",
            "0o7",
            "1p3",
            "+nan",
            "-nan",
            "-NaN",
            "in",
            "infi",
            "infinit",
            "infinityy",
            "n",
            "nanx",
            "1e999",
            "-1e999",
            "1e99999999999",
            "1.8e308",
            "\u{663}",
            "abc",
        ];
        for text in cases {
            assert_eq!(parse_float(text), None, "{text:?}");
        }
    }

    #[test]
    fn writes_what_the_pushgateway_writes() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (42.0, "42"),
            (100_000.0, "100000"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (-1_000_000.0, "-1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1_795_405_820.386_308_4, "1.7954058203863084e+09"),
            (9_007_199_254_740_991.0, "9.007199254740991e+15"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (18_446_744_073_709_551_615.0, "1.8446744073709552e+19"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (1e21, "1e+21"),
            (1e22, "1e+22"),
            (1e23, "1e+23"),
            (1e100, "1e+100"),
            // Ends in .125, just between ...12 and ...13.
            (196_733_374_468_394.12, "1.9673337446839412e+14"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (0.1, "0.1"),
            (0.25, "0.25"),
            (-2.5, "-2.5"),
            (123_456.789, "123456.789"),
            (999_999.5, "999999.5"),
            (1_000_000.5, "1.0000005e+06"),
            (100_000.25, "100000.25"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.000_123_4, "0.0001234"),
            (0.000_099_9, "9.99e-05"),
            (0.000_01, "1e-05"),
            (1e-7, "1e-07"),
            (1.5e-10, "1.5e-10"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, want) in cases {
            assert_eq!(written(value), want);
        }
    }

    /// Whether a text is what Go's format `g` prescribes, judged by the exponent and the number of digits that Rust's own
    /// formatting finds. (The last digit is another where two are equally near: Go takes the even one.)
    fn has_go_shape(value: f64, text: &str) -> bool {
        let scientific = format!("{:e}", value.abs());
        let (mantissa, exponent) = scientific.split_once('e').expect("exponent form");
        let exponent: i32 = exponent.parse().expect("exponent");
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let want = if (-4..6).contains(&exponent) {
            value.abs().to_string()
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        };
        let without_last_digit = |text: &str| {
            let end = text.find('e').unwrap_or(text.len());
            let (digits, exponent) = text.split_at(end);
            let last = digits.len().saturating_sub(1);
            (digits[..last].to_owned(), exponent.to_owned())
        };
        let is_whole = !unsigned.contains(['.', 'e']);
        unsigned == want || !is_whole && without_last_digit(unsigned) == without_last_digit(&want)
    }

    proptest! {
        #[test]
        fn every_float_survives_writing_and_reading(bits: u64) {
            let value = f64::from_bits(bits);
            let text = written(value);
            let back = parse_float(&text).expect("written numbers can be read");
            if value.is_nan() {
                prop_assert!(back.is_nan());
            } else {
                prop_assert_eq!(back, value);
            }
            if value.is_finite() && value != 0.0 {
                prop_assert!(has_go_shape(value, &text), "{}", text);
            }
        }

        #[test]
        fn everyday_numbers_have_the_shape_of_go(digits: u64, shift in 0_u32..20, scale in -9_i32..12) {
            let whole = (digits >> shift) as f64;
            let scaled = (digits >> (44 + shift)) as f64 * 10_f64.powi(scale);
            for value in [whole, scaled].into_iter().filter(|value| *value != 0.0) {
                let text = written(value);
                prop_assert!(has_go_shape(value, &text), "{}", text);
                prop_assert_eq!(parse_float(&text), Some(value));
            }
        }

        #[test]
        fn short_integers_read_as_by_the_general_way(text in "[0-9]{1,17}") {
            let want: f64 = text.parse().expect("digits");
            prop_assert_eq!(parse_float(&text), Some(want));
        }
    }
}
