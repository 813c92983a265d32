//! Prometheus' label matchers, on grouping labels: `{job="backup",instance=~"db-.*"}`.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The longest selector that is read, in bytes.
const MAX_LENGTH: usize = 4096;

/// How large a regular expression may become when it is compiled, in bytes. Counted repetitions multiply.
const MAX_REGEX_BYTES: usize = 64 << 10;

/// A selector: all of its matchers must match. It has at least one.
#[derive(Clone, Debug)]
pub struct Selector {
    matchers: Vec<Matcher>,
}

/// One matcher.
#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    /// Whether the value must match, or must not.
    wanted: bool,
    pattern: Pattern,
}

#[derive(Clone, Debug)]
enum Pattern {
    Equal(String),
    Regex(Regex),
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorError {
    /// There is no matcher in it.
    Empty,
    /// It is longer than any that makes sense.
    TooLong,
    /// Something else was expected at this byte.
    Expected(&'static str, usize),
    /// A regular expression that is none.
    Regex(String),
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("selector has no matcher"),
            Self::TooLong => write!(f, "selector is longer than {MAX_LENGTH} bytes"),
            Self::Expected(what, at) => write!(f, "expected {what} at byte {at} of the selector"),
            Self::Regex(error) => write!(f, "invalid regular expression: {error}"),
        }
    }
}

impl std::error::Error for SelectorError {}

impl Selector {
    /// Reads a selector: matchers between braces, which may be left out.
    ///
    /// `selector = [ "{" ] matcher { "," matcher } [ "," ] [ "}" ]`,
    /// `matcher = label ( "=" | "!=" | "=~" | "!~" ) string`, with blanks between.
    /// Regular expressions match the whole value. Labels that a group does not have match as empty.
    ///
    /// # Errors
    ///
    /// It is no selector, has no matcher, or names a metric, which groups do not have.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.len() > MAX_LENGTH {
            return Err(SelectorError::TooLong);
        }
        let mut cursor = Cursor { text, at: 0 };
        let in_braces = cursor.take("{");
        let mut matchers = Vec::new();
        while !(cursor.is_at_end() || in_braces && cursor.peek() == Some('}')) {
            matchers.push(cursor.matcher()?);
            if !cursor.take(",") {
                break;
            }
        }
        if in_braces && !cursor.take("}") {
            return Err(cursor.expected("a comma or a closing brace"));
        }
        if !cursor.is_at_end() {
            return Err(cursor.expected("the end"));
        }
        if matchers.is_empty() {
            return Err(SelectorError::Empty);
        }
        Ok(Self { matchers })
    }

    /// Whether a group with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &[(&str, &str)]) -> bool {
        self.matchers.iter().all(|matcher| {
            let value = labels.iter().find(|(name, _)| *name == matcher.label);
            let value = value.map(|(_, value)| *value).unwrap_or_default();
            let is_match = match &matcher.pattern {
                Pattern::Equal(wanted) => value == wanted,
                Pattern::Regex(regex) => regex.is_match(value),
            };
            is_match == matcher.wanted
        })
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &'static str) -> SelectorError {
        SelectorError::Expected(what, self.at)
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest().is_empty()
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest().chars().next()
    }

    /// Takes this, after blanks, if it is there.
    fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    fn matcher(&mut self) -> Result<Matcher, SelectorError> {
        let label = self.label()?;
        // The longer operators first, of which "=" is a part.
        let operators = [
            ("=~", true, true),
            ("!~", true, false),
            ("!=", false, false),
            ("=", false, true),
        ];
        let found = operators
            .into_iter()
            .find(|(operator, ..)| self.take(operator));
        let (_, is_regex, wanted) = found.ok_or_else(|| self.expected("=, !=, =~ or !~"))?;
        let value = self.string()?;
        let pattern = if is_regex {
            Pattern::Regex(regex(&value)?)
        } else {
            Pattern::Equal(value)
        };
        Ok(Matcher {
            label,
            wanted,
            pattern,
        })
    }

    /// A name of the traditional alphabet, or any other in quotes.
    fn label(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), Some('"' | '\'' | '`')) {
            return self.string();
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self
            .rest()
            .find(|c| !is_part(c))
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or_default().to_owned();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.expected("a label name"));
        }
        self.at += length;
        Ok(name)
    }

    /// A string in double quotes, single quotes, or backquotes, where a backslash is nothing special.
    fn string(&mut self) -> Result<String, SelectorError> {
        let quote = self.peek().filter(|c| matches!(c, '"' | '\'' | '`'));
        let quote = quote.ok_or_else(|| self.expected("a quoted value"))?;
        self.at += 1;
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((offset, c)) = characters.next() {
            match c {
                c if c == quote => {
                    self.at += offset + 1;
                    return Ok(value);
                }
                '\\' if quote != '`' => match characters.next().map(|(_, c)| c) {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('r') => value.push('\r'),
                    Some(c @ ('\\' | '"' | '\'')) => value.push(c),
                    _ => {
                        return Err(SelectorError::Expected(
                            "an escape sequence",
                            self.at + offset,
                        ));
                    }
                },
                c => value.push(c),
            }
        }
        self.at = self.text.len();
        Err(self.expected("a closing quote"))
    }
}

/// A regular expression that matches whole values, as in Prometheus.
fn regex(pattern: &str) -> Result<Regex, SelectorError> {
    let compiled = |pattern: &str| {
        RegexBuilder::new(pattern)
            .dot_matches_new_line(true)
            .size_limit(MAX_REGEX_BYTES)
            .build()
            .map_err(|error| SelectorError::Regex(error.to_string()))
    };
    // By itself first: one that closes a group which it has not opened would leave the anchors.
    compiled(pattern)?;
    compiled(&format!("^(?:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELS: &[(&str, &str)] = &[
        ("instance", "db-1\n"),
        ("job", "back\"up"),
        ("tabs", "a\tb\rc"),
        ("zone.eu", "a"),
    ];

    #[test]
    fn selectors_match_as_in_prometheus() {
        let cases = [
            (r#"{job="back\"up"}"#, true),
            (r#"job='back"up'"#, true),
            (r#" { job = `back"up` , } "#, true),
            (r#"{job=`back\up`}"#, false),
            (r#"{job="back"}"#, false),
            (r#"{job!="back"}"#, true),
            (r#"{job=~"back.*",instance=~"db-.+"}"#, true),
            (r#"{job=~"back"}"#, false),
            (r#"{job=~"ack"}"#, false),
            (r#"{job=~"x|back.up"}"#, true),
            (r#"{job!~"x|y"}"#, true),
            (r#"{job=~"(?i)BACK.UP|x"}"#, true),
            (r#"{job=~"back|up|(?m)back.u$"}"#, false),
            (r#"{instance="db-1\n"}"#, true),
            (r#"{instance="db-1\t"}"#, false),
            (r#"{tabs="a\tb\rc"}"#, true),
            (r#"{"zone.eu"="a"}"#, true),
            (r#"{absent=""}"#, true),
            (r#"{absent!=""}"#, false),
            (r#"{absent=~".*"}"#, true),
            (r#"{absent=~".+"}"#, false),
        ];
        for (text, want) in cases {
            let selector = Selector::parse(text).expect(text);
            assert_eq!(selector.matches(LABELS), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused_with_its_place() {
        let cases = [
            ("", "selector has no matcher"),
            (" {} ", "selector has no matcher"),
            ("up", "expected =, !=, =~ or !~ at byte 2 of the selector"),
            (
                r#"up{job="a"}"#,
                "expected =, !=, =~ or !~ at byte 2 of the selector",
            ),
            (
                r#"{job}"#,
                "expected =, !=, =~ or !~ at byte 4 of the selector",
            ),
            (
                r#"{job=a}"#,
                "expected a quoted value at byte 5 of the selector",
            ),
            (
                r#"{job="a"#,
                "expected a closing quote at byte 7 of the selector",
            ),
            (
                r#"{job="\x"}"#,
                "expected an escape sequence at byte 6 of the selector",
            ),
            (
                r#"{job="ab\x"}"#,
                "expected an escape sequence at byte 8 of the selector",
            ),
            (
                r#"{job="a""#,
                "expected a comma or a closing brace at byte 8 of the selector",
            ),
            (
                r#"{job="a"} x"#,
                "expected the end at byte 10 of the selector",
            ),
            (
                r#"{1="a"}"#,
                "expected a label name at byte 1 of the selector",
            ),
            (r#"{,}"#, "expected a label name at byte 1 of the selector"),
        ];
        for (text, want) in cases {
            let error = Selector::parse(text).map(|_| ()).expect_err(text);
            assert_eq!(error.to_string(), want, "{text}");
        }
        let of_length = |length| {
            let text = format!("job=\"{}\"", "x".repeat(length - 6));
            assert_eq!(text.len(), length);
            Selector::parse(&text).map(|_| ())
        };
        assert_eq!(of_length(MAX_LENGTH), Ok(()));
        let error = of_length(MAX_LENGTH + 1).expect_err("is too long");
        let want = format!("selector is longer than {MAX_LENGTH} bytes");
        assert_eq!(error.to_string(), want);
    }

    #[test]
    fn what_is_no_regular_expression_by_itself_is_refused() {
        let patterns = ["(", "*", "a)|(?:b", "a)|(b", "(?x)a #", ")(", r"a\"];
        for pattern in patterns {
            for operator in ["=~", "!~"] {
                let text = format!("{{job{operator}`{pattern}`}}");
                let error = Selector::parse(&text).map(|_| ()).expect_err(&text);
                assert!(matches!(error, SelectorError::Regex(_)), "{text}: {error}");
                let error = error.to_string();
                assert!(error.starts_with("invalid regular expression: "), "{error}");
            }
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in r#"[{}a-c=!~"'`\\, .*+(|)\[\]é]{0,24}"#) {
            if let Ok(selector) = Selector::parse(&text) {
                let _ = selector.matches(LABELS);
            }
        }
    }
}
