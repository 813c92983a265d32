//! Which format a scrape is answered in, by its `Accept`.
//!
//! The Pushgateway's choice has odd rules, which scrapers rely on without knowing: they are kept. Only OpenMetrics is
//! more, if it is [supported](super::openmetrics::Support).

use super::escape::EscapingScheme;
use super::number::parse_float;
use super::openmetrics::Support;

/// What a scrape is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// The exposition format.
    pub kind: FormatKind,
    /// How names that are not legacy ones are written.
    pub escaping: EscapingScheme,
}

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormatKind {
    /// The text format 0.0.4.
    #[default]
    Text,
    /// Protobuf messages, each with its length before it.
    ProtobufDelimited,
    /// Protobuf as text, a field a line.
    ProtobufText,
    /// Protobuf as text, a family a line.
    ProtobufCompactText,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// The draft of OpenMetrics 1.0.0, which old versions of Prometheus ask for. It looks the same.
    OpenMetricsDraft,
}

impl Format {
    /// The format for a scrape with this `Accept` header, the first one if there are several.
    ///
    /// Nothing is ever refused: where nothing fits, the answer is text. The entries are gone through by falling `q`. An
    /// `escaping` parameter of any of them counts, up to the one that decides the format, whether that entry fits or
    /// not. An entry without a version means text 0.0.4, or the draft of OpenMetrics. `q=0` does not exclude.
    #[must_use]
    pub fn negotiate(accept: Option<&str>, openmetrics: Support) -> Self {
        let mut escaping = EscapingScheme::default();
        for entry in entries(accept.unwrap_or_default()) {
            if let Some(scheme) = entry
                .parameter("escaping")
                .and_then(EscapingScheme::of_name)
            {
                escaping = scheme;
            }
            if let Some(kind) = entry.kind(openmetrics) {
                return Self { kind, escaping };
            }
        }
        Self {
            kind: FormatKind::Text,
            escaping,
        }
    }

    /// The `Content-Type` of an answer in this format.
    #[must_use]
    pub fn content_type(self) -> String {
        let kind = match self.kind {
            FormatKind::Text => "text/plain; version=0.0.4; charset=utf-8",
            FormatKind::ProtobufDelimited => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
            FormatKind::ProtobufText => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=text"
            }
            FormatKind::ProtobufCompactText => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=compact-text"
            }
            FormatKind::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            FormatKind::OpenMetricsDraft => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
        };
        format!("{kind}; escaping={}", self.escaping.name())
    }
}

/// One entry of an `Accept` header.
#[derive(Debug)]
struct Entry<'a> {
    media_type: &'a str,
    subtype: &'a str,
    q: f32,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Entry<'a> {
    /// `entry = type "/" subtype *(";" name "=" value)`, with blanks around all but the value of `q`, and `*` for
    /// `*/*`. Parameters of another form are left out.
    fn parse(text: &'a str) -> Option<Self> {
        let (types, parameters) = text.split_once(';').unwrap_or((text, ""));
        let (media_type, subtype) = match types.split_once('/') {
            Some((media_type, subtype)) if !subtype.is_empty() => (blank_trim(media_type), subtype),
            _ if blank_trim(types) == "*" => ("*", "*"),
            _ => return None,
        };
        if subtype.contains('/') {
            return None;
        }
        let mut entry = Self {
            media_type,
            subtype: blank_trim(subtype),
            q: 1.0,
            parameters: Vec::new(),
        };
        for parameter in parameters.split(';') {
            match parameter.split_once('=') {
                Some((_, value)) if value.is_empty() || value.contains('=') => {}
                Some((name, value)) if blank_trim(name) == "q" => {
                    entry.q = parse_float(value).unwrap_or(0.0) as f32;
                }
                Some((name, value)) => {
                    entry.parameters.push((blank_trim(name), blank_trim(value)));
                }
                None => {}
            }
        }
        Some(entry)
    }

    /// The value of a parameter, the last one if there are several, or none if it is empty.
    fn parameter(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.parameters.iter().rfind(|(key, _)| *key == name)?;
        Some(*value).filter(|value| !value.is_empty())
    }

    /// The format that this entry stands for, if it stands for one. Wildcards do not.
    fn kind(&self, openmetrics: Support) -> Option<FormatKind> {
        match (self.media_type, self.subtype, self.parameter("version")) {
            ("application", "vnd.google.protobuf", _)
                if self.parameter("proto") == Some("io.prometheus.client.MetricFamily") =>
            {
                match self.parameter("encoding")? {
                    "delimited" => Some(FormatKind::ProtobufDelimited),
                    "text" => Some(FormatKind::ProtobufText),
                    "compact-text" => Some(FormatKind::ProtobufCompactText),
                    _ => None,
                }
            }
            ("text", "plain", None | Some("0.0.4")) => Some(FormatKind::Text),
            ("application", "openmetrics-text", version) if openmetrics == Support::On => {
                match version {
                    Some("1.0.0") => Some(FormatKind::OpenMetrics),
                    None | Some("0.0.1") => Some(FormatKind::OpenMetricsDraft),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }

    /// Whether this entry comes before another. Not an order in the mathematical sense, but the one that Go's
    /// implementation has: a wildcard with a high `q` and an entry with a low one each come before the other.
    fn comes_before(&self, other: &Self) -> bool {
        self.q > other.q
            || (self.media_type != "*" && other.media_type == "*")
            || (self.subtype != "*" && other.subtype == "*")
    }
}

/// How many entries Go sorts by insertion.
const FEW: usize = 12;

/// The entries of a header in the order in which they count.
fn entries(accept: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<_> = accept
        .split(',')
        .filter_map(|text| Entry::parse(blank_trim(text)))
        .collect();
    if entries.len() > FEW {
        // Nobody sends so many. With a real order, so that sorting takes no longer than it should.
        entries.sort_by(|left, right| right.q.total_cmp(&left.q));
        return entries;
    }
    for sorted in 1..entries.len() {
        for at in (1..=sorted).rev() {
            match entries.get(at - 1..=at) {
                Some([before, entry]) if entry.comes_before(before) => entries.swap(at - 1, at),
                _ => break,
            }
        }
    }
    entries
}

/// Tabs count as text here.
fn blank_trim(text: &str) -> &str {
    text.trim_matches(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROTOBUF: &str =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=";

    fn negotiate(accept: &str, openmetrics: Support) -> String {
        Format::negotiate(Some(accept), openmetrics).content_type()
    }

    #[test]
    fn content_types_are_those_of_the_pushgateway() {
        const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=";
        const DELIMITED: &str = "application/vnd.google.protobuf; \
            proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=";
        let text = |escaping| format!("{TEXT}{escaping}");
        let delimited = |escaping| format!("{DELIMITED}{escaping}");
        let cases: Vec<(String, String)> = vec![
            ("".into(), text("underscores")),
            ("*/*".into(), text("underscores")),
            ("*".into(), text("underscores")),
            ("nonsense".into(), text("underscores")),
            ("text/plain".into(), text("underscores")),
            ("text/plain;version=1.0.0".into(), text("underscores")),
            ("application/json".into(), text("underscores")),
            (
                "application/openmetrics-text;version=1.0.0".into(),
                text("underscores"),
            ),
            ("text/plain;escaping=dots".into(), text("dots")),
            ("text/plain; escaping=values".into(), text("values")),
            ("text/plain; escaping = values".into(), text("values")),
            (
                "text/plain;escaping=allow-utf-8".into(),
                text("allow-utf-8"),
            ),
            (
                "text/plain;escaping=UNDERSCORES".into(),
                text("underscores"),
            ),
            ("text/plain;escaping=none".into(), text("underscores")),
            // Prometheus 3 without and with native histograms.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
                    .into(),
                text("allow-utf-8"),
            ),
            (
                format!(
                    "{PROTOBUF}delimited;q=0.6,\
                     application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                     application/openmetrics-text;version=0.0.1;q=0.4,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                     text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
                ),
                delimited("underscores"),
            ),
            (
                format!("{PROTOBUF}text"),
                delimited("underscores").replace("delimited", "text"),
            ),
            (
                format!("{PROTOBUF}compact-text"),
                delimited("underscores").replace("delimited", "compact-text"),
            ),
            (format!("{PROTOBUF}Delimited"), text("underscores")),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily".into(),
                text("underscores"),
            ),
            (
                "application/vnd.google.protobuf;encoding=delimited".into(),
                text("underscores"),
            ),
            (
                "application/vnd.google.protobuf;proto=\"io.prometheus.client.MetricFamily\";\
                 encoding=delimited"
                    .into(),
                text("underscores"),
            ),
            (
                format!("text/plain,{PROTOBUF}delimited"),
                text("underscores"),
            ),
            (
                format!("text/plain;q=0.5,{PROTOBUF}delimited"),
                delimited("underscores"),
            ),
            // Not even q=0 keeps a format from being used.
            (format!("{PROTOBUF}delimited;q=0"), delimited("underscores")),
            (
                format!("{PROTOBUF}delimited;q=zero,text/plain;q=0.1"),
                text("underscores"),
            ),
            (
                format!("{PROTOBUF}delimited;q= 1,text/plain;q=0.1"),
                text("underscores"),
            ),
            // The escaping of an entry that does not fit counts if it comes first.
            (
                format!("application/json;escaping=dots,{PROTOBUF}delimited;q=0.5"),
                delimited("dots"),
            ),
            (
                format!("application/json;escaping=dots;q=0.1,{PROTOBUF}delimited;q=0.5"),
                delimited("underscores"),
            ),
            ("*/*;escaping=dots".into(), text("dots")),
            ("*;escaping=dots".into(), text("dots")),
            // Where there is no type, or no subtype, there is no entry.
            ("nonsense;escaping=dots".into(), text("underscores")),
            ("text/;escaping=dots".into(), text("underscores")),
            ("text/plain/x;escaping=dots".into(), text("underscores")),
            // Parameters without a value, or with two, do not count.
            (
                format!("text/plain;version=1.0.0;version=,{PROTOBUF}delimited;q=0.5"),
                delimited("underscores"),
            ),
            (
                format!("text/plain;version=1=0,{PROTOBUF}delimited;q=0.5"),
                text("underscores"),
            ),
            // Wildcards come last, whatever their q.
            (
                "*/*;escaping=dots;q=1,text/plain;q=0.1".into(),
                text("underscores"),
            ),
            (
                "*/plain;escaping=dots;q=1,text/plain;q=0.1".into(),
                text("underscores"),
            ),
            (
                "text/*;escaping=dots;q=1,text/plain;q=0.1".into(),
                text("underscores"),
            ),
            (
                "text/plain;q=0.1,*/*;escaping=dots;q=1".into(),
                text("dots"),
            ),
        ];
        for (accept, want) in cases {
            assert_eq!(negotiate(&accept, Support::Off), want, "{accept}");
        }
        assert_eq!(
            Format::negotiate(None, Support::On).content_type(),
            text("underscores")
        );
    }

    #[test]
    fn openmetrics_is_used_where_it_is_supported() {
        let cases: &[(&str, FormatKind)] = &[
            (
                "application/openmetrics-text; version=1.0.0",
                FormatKind::OpenMetrics,
            ),
            (
                "application/openmetrics-text; version=0.0.1",
                FormatKind::OpenMetricsDraft,
            ),
            ("application/openmetrics-text", FormatKind::OpenMetricsDraft),
            (
                "application/openmetrics-text; version=2.0.0",
                FormatKind::Text,
            ),
            (
                "application/openmetrics-text; version=1.0.0; q=0.5, text/plain",
                FormatKind::Text,
            ),
        ];
        for (accept, want) in cases {
            let kind = |support| Format::negotiate(Some(accept), support).kind;
            assert_eq!(kind(Support::On), *want, "{accept}");
            assert_eq!(kind(Support::Off), FormatKind::Text, "{accept}");
        }
        for version in ["1.0.0", "0.0.1"] {
            let start = format!("application/openmetrics-text; version={version}; ");
            assert_eq!(
                negotiate(&format!("{start}escaping=dots"), Support::On),
                format!("{start}charset=utf-8; escaping=dots")
            );
        }
    }

    #[test]
    fn long_headers_are_ordered_by_q_too() {
        let accept = format!(
            "{}text/plain;q=0.1,{PROTOBUF}delimited;q=0.2",
            "a/b,".repeat(30)
        );
        let format = Format::negotiate(Some(&accept), Support::Off);
        assert_eq!(format.kind, FormatKind::ProtobufDelimited);
    }

    #[test]
    fn in_long_headers_wildcards_are_ordered_by_q_alone() {
        for (others, want) in [(FEW - 2, "underscores"), (FEW - 1, "dots")] {
            let accept = format!(
                "{}*/*;escaping=dots;q=0.9,text/plain;q=0.1",
                "a/b,".repeat(others)
            );
            let want = format!("text/plain; version=0.0.4; charset=utf-8; escaping={want}");
            assert_eq!(negotiate(&accept, Support::Off), want, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn any_header_gets_a_format(accept: String, likely in "[a-z*/;,=q.0-9 ]{0,60}") {
            let _ = negotiate(&accept, Support::On);
            let _ = negotiate(&likely, Support::On);
        }
    }
}
