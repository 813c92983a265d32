//! Which format a push is in, by its `Content-Type`.

use super::openmetrics::Support;

/// The format of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushFormat {
    /// The text format 0.0.4, and whatever nobody says.
    Text,
    /// Delimited protobuf.
    Protobuf,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl PushFormat {
    /// The format that a `Content-Type` header says, as the Pushgateway takes it.
    ///
    /// Protobuf must be said exactly: the type and the names of parameters in any case, the values of `proto` and
    /// `encoding` as they are, any other parameters beside them. Everything else is text, without a header and with
    /// nonsense in it, since clients send all kinds of things. OpenMetrics is recognised only if it is supported.
    #[must_use]
    pub fn of_header(value: Option<&[u8]>, openmetrics: Support) -> Self {
        let media_type = value
            .and_then(|value| std::str::from_utf8(value).ok())
            .and_then(MediaType::parse);
        match media_type {
            Some(media_type) if media_type.is_protobuf() => Self::Protobuf,
            Some(media_type) if openmetrics == Support::On && media_type.is_openmetrics() => {
                Self::OpenMetrics
            }
            _ => Self::Text,
        }
    }
}

/// A media type with its parameters.
///
/// Parsed as Go's `mime.ParseMediaType` does, but that the pieces of RFC 2231 (`name*0=`) are not put together.
#[derive(Debug)]
struct MediaType {
    /// In lower case.
    name: String,
    /// The names in lower case.
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// ```text
    /// media-type = token ["/" token] *(ws ";" ws token ws "=" ws (token / quoted-string)) ws [";" ws]
    /// ```
    fn parse(text: &str) -> Option<Self> {
        let end = text.find(';').unwrap_or(text.len());
        let (name, mut rest) = text.split_at_checked(end)?;
        let name = name.trim().to_ascii_lowercase();
        let is_valid = match name.split_once('/') {
            Some((kind, subtype)) => is_token(kind) && is_token(subtype),
            None => is_token(&name),
        };
        if !is_valid {
            return None;
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.trim_end() == ";" {
                return Some(Self { name, parameters });
            }
            let (key, value, after) = parameter(rest)?;
            rest = after;
            match parameters.iter().find(|(earlier, _)| *earlier == key) {
                Some((_, earlier)) if *earlier != value => return None,
                Some(_) => {}
                None => parameters.push((key, value)),
            }
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    fn is_protobuf(&self) -> bool {
        self.name == "application/vnd.google.protobuf"
            && self.parameter("encoding") == Some("delimited")
            && self.parameter("proto") == Some("io.prometheus.client.MetricFamily")
    }

    /// 0.0.1 is the draft of 1.0.0, and what is meant without a version.
    fn is_openmetrics(&self) -> bool {
        self.name == "application/openmetrics-text"
            && matches!(
                self.parameter("version"),
                None | Some("0.0.1") | Some("1.0.0")
            )
    }
}

/// One parameter from its semicolon on, and what follows it.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let text = text.strip_prefix(';')?.trim_start();
    let (name, text) = token(text)?;
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let (value, text) = match text.strip_prefix('"') {
        Some(text) => quoted_string(text)?,
        None => token(text).map(|(value, text)| (value.to_owned(), text))?,
    };
    Some((name.to_ascii_lowercase(), value, text))
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c| !is_token_char(c)).unwrap_or(text.len());
    text.split_at_checked(end)
        .filter(|(token, _)| !token.is_empty())
}

/// A quoted string after its opening quote. Backslashes escape what needs it, and else are ones.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.clone().next() {
                Some(escaped) if is_special(escaped) => {
                    chars.next();
                    value.push(escaped);
                }
                _ => value.push('\\'),
            },
            '\r' | '\n' => return None,
            c => value.push(c),
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_graphic() && !is_special(c)
}

/// `tspecials` of RFC 2045.
fn is_special(c: char) -> bool {
    r#"()<>@,;:\"/[]?="#.contains(c)
}

#[cfg(test)]
mod tests {
    use super::PushFormat::{OpenMetrics, Protobuf, Text};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn protobuf_is_said_exactly() {
        let cases: &[(&str, PushFormat)] = &[
            (
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited",
                Protobuf,
            ),
            (
                "APPLICATION/VND.google.protobuf;ENCODING=delimited;\
                 Proto=io.prometheus.client.MetricFamily",
                Protobuf,
            ),
            (
                "application/vnd.google.protobuf; proto=\"io.prometheus.client.MetricFamily\"; \
                 encoding=\"delimited\"; escaping=values",
                Protobuf,
            ),
            (
                " application/vnd.google.protobuf ; proto = io.prometheus.client.MetricFamily \
                 ;\tencoding=delimited ; ",
                Protobuf,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;encoding=delimited;",
                Protobuf,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=\"de\\limited\"",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;note=\"a \\\"b\\\" c\"",
                Protobuf,
            ),
            (
                "application/vnd.google.protobuf;proto=\"io.prometheus.client.MetricFamily\\\"\";\
                 encoding=delimited",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;note=\"a\nb\"",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;note=\"a",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;encoding=text",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=Delimited",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=text",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;;",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited; x",
                Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited, text/plain",
                Text,
            ),
            (
                "application/x-protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
                Text,
            ),
            ("application/vnd.google.protobuf", Text),
            ("text/plain; version=0.0.4; charset=utf-8", Text),
            ("application/x-www-form-urlencoded", Text),
            ("application/json", Text),
            ("application/openmetrics-text", Text),
            ("", Text),
            ("/", Text),
            ("a/b/c", Text),
            ("nonsense; \"", Text),
        ];
        for (header, want) in cases {
            let got = PushFormat::of_header(Some(header.as_bytes()), Support::Off);
            assert_eq!(got, *want, "{header}");
        }
        assert_eq!(PushFormat::of_header(None, Support::On), Text);
        assert_eq!(PushFormat::of_header(Some(b"\xff"), Support::On), Text);
    }

    #[test]
    fn openmetrics_is_recognised_where_it_is_supported() {
        let cases: &[(&str, PushFormat)] = &[
            (
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=\"0.0.1\"",
                OpenMetrics,
            ),
            ("Application/OpenMetrics-Text", OpenMetrics),
            ("application/openmetrics-text; version=2.0.0", Text),
            ("text/plain", Text),
        ];
        for (header, want) in cases {
            let got = |support| PushFormat::of_header(Some(header.as_bytes()), support);
            assert_eq!(got(Support::On), *want, "{header}");
            assert_eq!(got(Support::Off), Text, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_says_something(header: Vec<u8>, text in "[a-z/;=\"\\\\ ]{0,40}") {
            let _ = PushFormat::of_header(Some(&header), Support::On);
            let _ = PushFormat::of_header(Some(text.as_bytes()), Support::On);
        }
    }
}
