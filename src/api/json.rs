//! JSON as Go's `encoding/json` writes it, and numbers as its `fmt` does.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::exposition::number::write_float;

/// The API's envelope of what was asked for.
#[derive(Debug, Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
}

/// The API's envelope of a failure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    status: &'static str,
    error_type: &'a str,
    error: &'a str,
}

/// The body that says this.
pub(super) fn success(data: impl Serialize) -> Vec<u8> {
    let status = "success";
    write(&Success { status, data })
}

/// The body that says what went wrong. `error_type` is one of those that the Pushgateway's API has.
pub(super) fn failure(error_type: &str, error: &str) -> Vec<u8> {
    write(&Failure {
        status: "error",
        error_type,
        error,
    })
}

/// Writes compact JSON without a line feed at the end.
fn write(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    // Memory takes every write, and all keys of the API are strings: nothing is left that could fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, GoEscapes));
    out
}

/// Escapes in strings what Go escapes beyond JSON's own rules, so that the text may stand in HTML and in JavaScript.
struct GoEscapes;

fn is_escaped(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

impl Formatter for GoEscapes {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(is_escaped) {
            match piece.char_indices().next_back() {
                Some((at, last)) if is_escaped(last) => {
                    out.write_all(piece.get(..at).unwrap_or_default().as_bytes())?;
                    write!(out, "\\u{:04x}", u32::from(last))?;
                }
                _ => out.write_all(piece.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// A float as the API has it: in a string, as in the text format, but that a negative zero keeps its sign.
///
/// (Integers, such as most counts, are written with all their digits.)
pub(super) fn float(value: f64) -> String {
    let mut text = String::new();
    if value == 0.0 && value.is_sign_negative() {
        text.push('-');
    }
    write_float(&mut text, value);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn strings_and_keys_are_escaped_as_go_escapes_them() {
        let cases = [
            ("", r#""""#),
            ("plain ä 𝄞 /'", r#""plain ä 𝄞 /'""#),
            ("\"\\", r#""\"\\""#),
            ("\n\r\t\u{8}\u{c}", r#""\n\r\t\b\f""#),
            (
                "\0\u{1}\u{1f}\u{7f}\u{85}",
                "\"\\u0000\\u0001\\u001f\u{7f}\u{85}\"",
            ),
            ("<a>&", r#""\u003ca\u003e\u0026""#),
            ("<<", r#""\u003c\u003c""#),
            (
                "x\u{2028}y\u{2029}z\u{202a}",
                "\"x\\u2028y\\u2029z\u{202a}\"",
            ),
            ("\u{fffd}", "\"\u{fffd}\""),
        ];
        for (text, want) in cases {
            let text_of = |json| String::from_utf8(json).expect("is UTF-8");
            assert_eq!(text_of(write(&text)), want);
            let map = BTreeMap::from([(text, 1)]);
            assert_eq!(text_of(write(&map)), format!("{{{want}:1}}"));
        }
    }

    #[test]
    fn envelopes_are_those_of_the_pushgateway() {
        assert_eq!(success([0; 0]), br#"{"status":"success","data":[]}"#);
        assert_eq!(
            failure("internal", "a \"b\""),
            br#"{"status":"error","errorType":"internal","error":"a \"b\""}"#
        );
    }

    #[test]
    fn floats_are_written_as_go_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (-0.5, "-0.5"),
            (1e-5, "1e-05"),
            (1e21, "1e+21"),
            (1_795_405_820.386_308_4, "1.7954058203863084e+09"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, want) in cases {
            assert_eq!(float(value), want);
        }
    }
}
