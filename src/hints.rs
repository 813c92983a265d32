//! What to do about an error, for the person who pushed: added below the Pushgateway's text.

use crate::exposition::text::{ErrorKind, ParseError};

/// An error text with a hint, if there is one, on a line of its own.
#[must_use]
pub fn add(text: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{text}\nhint: {hint}"),
        None => text.to_owned(),
    }
}

/// What to do about a text that cannot be parsed, where there is a usual cause.
#[must_use]
pub fn for_text(error: &ParseError, body: &[u8]) -> Option<&'static str> {
    if body.starts_with(b"--") {
        return Some(
            "the body looks like a form of several parts; \
             with curl, use --data-binary @file, since -F makes a form",
        );
    }
    if is_file_name(body) {
        return Some(
            "the body looks like the name of a file; did you forget the @ before it, \
             as in curl --data-binary @file?",
        );
    }
    match error.kind() {
        ErrorKind::UnexpectedEnd => Some(
            "every line must end with a line feed, the last one too; \
             with curl, use --data-binary, since -d strips line feeds",
        ),
        ErrorKind::ExpectedValue(found)
        | ErrorKind::ExpectedTimestamp(found)
        | ErrorKind::UnknownType(found)
            if found.ends_with(b"\r") =>
        {
            Some(CRLF)
        }
        ErrorKind::MissingMetricName { found: b'\r' } => Some(CRLF),
        ErrorKind::MissingMetricName { found: 0x1f } => Some(
            "the body looks compressed with gzip; send the header Content-Encoding: gzip with it",
        ),
        ErrorKind::MissingMetricName { found: 0xef } => {
            Some("the body begins with a byte order mark; remove it")
        }
        ErrorKind::MissingMetricName { found: b'{' }
        | ErrorKind::UnexpectedEndOfMetricName { found: b':' } => Some(
            "this is not JSON: push the text format, a line such as some_metric 3.14 for each sample",
        ),
        ErrorKind::ExpectedTimestamp(found) if found.is_empty() => {
            Some("remove the blank at the end of the line")
        }
        ErrorKind::ExpectedTimestamp(found) if found.starts_with(b"#") => {
            Some("exemplars are not part of the text format")
        }
        ErrorKind::ExpectedTimestamp(_) | ErrorKind::SpuriousAfterTimestamp(_) => Some(
            "nothing may follow the value; \
             if the body came from curl -d, use --data-binary, since -d strips line feeds",
        ),
        ErrorKind::ExpectedValue(_) => Some(
            "a sample is a name, labels in braces if any, and a number; \
             if the body came from curl -d, use --data-binary, since -d strips line feeds",
        ),
        _ => None,
    }
}

/// Whether a body is one word with a dot or slash in it, but not a number.
fn is_file_name(body: &[u8]) -> bool {
    let Ok(word) = str::from_utf8(body) else {
        return false;
    };
    let separators = ['.', '/', '\\'];
    word.contains(separators)
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || separators.contains(&c) || "_-~:".contains(c))
        && word.parse::<f64>().is_err()
}

const CRLF: &str = "lines must end with a line feed alone, without a carriage return; convert the body, \
                    for example with tr -d '\\r'";

/// What to do about timestamps.
pub const TIMESTAMPS: &str = "remove the timestamps: a scrape gives every sample its own time, \
                              and push_time_seconds tells when a group was pushed";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::names::NameScheme;
    use crate::exposition::text;

    #[test]
    fn usual_mistakes_have_a_hint() {
        let cases: [(&[u8], &str); 17] = [
            (b"{\"m\":1}\n", "not JSON"),
            (b"{}\n", "not JSON"),
            (b"m 1", "--data-binary"),
            (b"m 1\r\n", "carriage return"),
            (b"\r\n", "carriage return"),
            (b"# TYPE m counter\r\nm 1\r\n", "carriage return"),
            (b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
            (b"\xef\xbb\xbfm 1\n", "byte order mark"),
            (b"m 1 \n", "remove the blank"),
            (b"m 1 # {} 1\n", "exemplars"),
            (b"a 1b 2\n", "--data-binary"),
            (b"a 1 b 2\n", "nothing may follow the value"),
            (
                b"--------------------------d74496d6\r\nContent-Disposition: form-data; name=\"f\"\r\n",
                "-F makes a form",
            ),
            (b"m.txt", "forget the @"),
            (b"metrics/m", "forget the @"),
            (b"/tmp/a-b_c~1.prom", "forget the @"),
            (b"C:\\m.txt", "forget the @"),
        ];
        for (body, want) in cases {
            let error = text::parse(body, NameScheme::Legacy).expect_err("is refused");
            let hint = for_text(&error, body);
            assert!(
                hint.is_some_and(|hint| hint.contains(want)),
                "{error}: {hint:?}"
            );
        }
    }

    #[test]
    fn a_hint_stands_below_the_text() {
        assert_eq!(add("is wrong", None), "is wrong");
        assert_eq!(
            add("is wrong", Some("do better")),
            "is wrong\nhint: do better"
        );
    }

    #[test]
    fn not_every_word_is_a_file_name() {
        let bodies: [&[u8]; 6] = [b"m", b"3.14", b"m=1.5", b"m 1.5", b"a.b\n", b"{\"m\":1.5}"];
        for body in bodies {
            let error = text::parse(body, NameScheme::Legacy).expect_err("is refused");
            let hint = for_text(&error, body).unwrap_or_default();
            assert!(!hint.contains('@'), "{error}: {hint}");
        }
    }
}
