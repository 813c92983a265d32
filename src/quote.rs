//! Quoting of strangers' text in error messages.

use std::borrow::Cow;

/// Quotes as Go's `%q` does, which the Pushgateway's error texts are made with.
///
/// Bytes that are not UTF-8 become `\xNN`, control characters their escapes, everything printable stays as it is.
#[must_use]
pub fn quote(text: impl AsRef<[u8]>) -> String {
    let mut out = String::from("\"");
    for chunk in text.as_ref().utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, '"');
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// The text, cut short where it is longer than so many bytes.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(limit);
    let start = text.get(..end).unwrap_or_default();
    Cow::Owned(format!("{start}… ({} bytes in all)", text.len()))
}

/// Quotes one byte as Go's `%q` does a rune: `'-'`.
#[must_use]
pub fn quote_char(c: char) -> String {
    let mut out = String::from("'");
    push_escaped(&mut out, c, '\'');
    out.push('\'');
    out
}

fn push_escaped(out: &mut String, c: char, delimiter: char) {
    match c {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\\' => out.push_str("\\\\"),
        c if c == delimiter => {
            out.push('\\');
            out.push(c);
        }
        c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if !is_printable(c) => {
            let code = u32::from(c);
            let escape = if code < 0x1_0000 {
                format!("\\u{code:04x}")
            } else {
                format!("\\U{code:08x}")
            };
            out.push_str(&escape);
        }
        c => out.push(c),
    }
}

/// Whether Go prints this character as it is. Rust's Debug knows (Go's list differs in a few rare ones only); the
/// blank before it keeps it from escaping combining marks, which it does at the start of a text.
fn is_printable(c: char) -> bool {
    c.is_ascii() || format!(" {c}").escape_debug().eq([' ', c])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("aäb", 4), "aäb");
        assert_eq!(shorten("aäb", 3), "aä… (4 bytes in all)");
        assert_eq!(shorten("aäb", 2), "a… (4 bytes in all)");
    }

    #[test]
    fn quotes_as_go_does() {
        let cases: [(&[u8], &str); 10] = [
            (b"", r#""""#),
            (b"a-b", r#""a-b""#),
            (b"a\"b\\", r#""a\"b\\""#),
            (b"1\r", r#""1\r""#),
            (b"\x07\x08\x0b\x0c\n\t", r#""\a\b\v\f\n\t""#),
            (b" ~", r#"" ~""#),
            (b"\x00\x1b\x7f", r#""\x00\x1b\x7f""#),
            (b"\xff\xfea", r#""\xff\xfea""#),
            ("Πäe\u{301}".as_bytes(), "\"Πäe\u{301}\""),
            (
                "\u{200b}\u{feff}\u{e0001}".as_bytes(),
                r#""\u200b\ufeff\U000e0001""#,
            ),
        ];
        for (text, want) in cases {
            assert_eq!(quote(text), want);
        }
        assert_eq!(quote_char('-'), "'-'");
        assert_eq!(quote_char('\''), r"'\''");
        assert_eq!(quote_char('"'), "'\"'");
        assert_eq!(quote_char('\n'), r"'\n'");
    }
}
