//! Lines of `logfmt`, read strictly: `key=value key="value with \"escapes\""`.

/// The pairs of a line, the quotes and escapes of values as they stand; `None` if it is not exactly such pairs, one
/// blank between them, without control characters.
pub(super) fn parse(line: &str) -> Option<Vec<(&str, &str)>> {
    if line.chars().any(char::is_control) {
        return None;
    }
    let mut pairs = Vec::new();
    let mut rest = line;
    loop {
        let (key, value) = rest.split_once('=')?;
        let letters = |c: char| c.is_ascii_lowercase() || c == '_';
        if key.is_empty() || !key.chars().all(letters) {
            return None;
        }
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_at_checked(end_of_quoted(quoted)?)?,
            None => value.split_at(value.find(' ').unwrap_or(value.len())),
        };
        pairs.push((key, value));
        rest = match after.strip_prefix('"').unwrap_or(after) {
            "" => return Some(pairs),
            more => more.strip_prefix(' ')?,
        };
    }
}

/// Where the quote is that ends the value.
fn end_of_quoted(quoted: &str) -> Option<usize> {
    let mut is_escaped = false;
    quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

#[test]
fn lines_are_read_strictly() {
    let good = r#"level=warn msg="a b" detail="\"x\\" n="""#;
    let pairs = [
        ("level", "warn"),
        ("msg", "a b"),
        ("detail", r#"\"x\\"#),
        ("n", ""),
    ];
    assert_eq!(parse(good).as_deref(), Some(&pairs[..]));
    let bad = [
        "",
        "level",
        "level=warn ",
        "level=warn  msg=x",
        "level=warn msg=\"x",
        "level=warn msg=\"x\"y=z",
        "level=warn msg=\"x\\\"",
        "=warn",
        "level=\u{1b}[31m",
        "request failed: something=x",
    ];
    for line in bad {
        assert_eq!(parse(line), None, "{line:?}");
    }
}
