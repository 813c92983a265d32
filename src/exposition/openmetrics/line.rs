//! The grammar of one line.

use std::borrow::Cow;

use super::error::ErrorKind;
use super::time;
use crate::exposition::model::{Exemplar, Label, Timestamp};
use crate::exposition::names::NameScheme;
use crate::exposition::number::parse_float;

/// A line without its line feed.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// `# TYPE name type`
    Type {
        name: Cow<'a, str>,
        family_type: FamilyType,
    },
    /// `# HELP name text`
    Help {
        name: Cow<'a, str>,
        text: Cow<'a, str>,
    },
    /// `# UNIT name unit`
    Unit { name: Cow<'a, str>, unit: &'a str },
    /// `# EOF`
    Eof,
    /// All other lines.
    Sample(Sample<'a>),
}

/// `sample = metricname [labels] SP number [SP timestamp] [exemplar]`
#[derive(Debug)]
pub(super) struct Sample<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) labels: Vec<Label<'a>>,
    /// The text of the number, which is looked at by its meaning: a count, a time, or a float.
    pub(super) number: &'a str,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) exemplar: Option<Exemplar<'a>>,
}

/// The types of families that the specification has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FamilyType {
    #[default]
    Unknown,
    Gauge,
    Counter,
    StateSet,
    Info,
    Histogram,
    GaugeHistogram,
    Summary,
}

impl FamilyType {
    const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Gauge,
        Self::Counter,
        Self::StateSet,
        Self::Info,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
    ];

    /// What a TYPE line says.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::StateSet => "stateset",
            Self::Info => "info",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// Reads a line.
pub(super) fn parse(text: &str, scheme: NameScheme) -> Result<Line<'_>, ErrorKind> {
    let mut cursor = Cursor { rest: text, scheme };
    if text == "# EOF" {
        Ok(Line::Eof)
    } else if cursor.skip("# ") {
        cursor.metadata()
    } else {
        cursor.sample().map(Line::Sample)
    }
}

/// Reads the number of a sample.
pub(super) fn number(text: &str) -> Result<f64, ErrorKind> {
    parse_float(text).ok_or_else(|| ErrorKind::InvalidNumber(text.to_owned()))
}

struct Cursor<'a> {
    rest: &'a str,
    scheme: NameScheme,
}

impl<'a> Cursor<'a> {
    /// `metadata = ("TYPE" SP metricname SP type) / ("HELP" SP metricname SP text) / ("UNIT" SP metricname SP unit)`
    fn metadata(&mut self) -> Result<Line<'a>, ErrorKind> {
        const EXPECTED: &str = "TYPE, HELP, UNIT or EOF and a name";
        let keyword = self.take_while(|c| c.is_ascii_uppercase());
        self.expect(" ", EXPECTED)?;
        let name = self.metric_name()?;
        self.expect(" ", "a blank after the name")?;
        let text = std::mem::take(&mut self.rest);
        match keyword {
            "TYPE" => match FamilyType::of_name(text) {
                Some(family_type) => Ok(Line::Type { name, family_type }),
                None => Err(ErrorKind::UnknownType(text.to_owned())),
            },
            "HELP" => Ok(Line::Help {
                name,
                text: unescape(text),
            }),
            "UNIT" => Ok(Line::Unit { name, unit: text }),
            _ => Err(ErrorKind::Syntax {
                expected: EXPECTED,
                found: keyword.to_owned(),
            }),
        }
    }

    fn sample(&mut self) -> Result<Sample<'a>, ErrorKind> {
        let mut name = match self.rest.starts_with('{') {
            true => None,
            false => Some(self.metric_name()?),
        };
        let labels = match self.rest.starts_with('{') {
            true => self.labels(&mut name)?,
            false => Vec::new(),
        };
        let name = name.ok_or_else(|| self.syntax("a metric name"))?;
        self.expect(" ", "labels or a blank after the name")?;
        let number = self.word();
        let mut timestamp = None;
        if !self.rest.starts_with(" #") && self.skip(" ") {
            timestamp = Some(self.timestamp()?);
        }
        let mut exemplar = None;
        if self.skip(" # ") {
            exemplar = Some(self.exemplar()?);
        }
        if !self.rest.is_empty() {
            return Err(self.syntax("the end of the line"));
        }
        Ok(Sample {
            name,
            labels,
            number,
            timestamp,
            exemplar,
        })
    }

    /// `exemplar = labels SP number [SP timestamp]`, after the hash.
    fn exemplar(&mut self) -> Result<Exemplar<'a>, ErrorKind> {
        let labels = self.labels(&mut Some(Cow::Borrowed("")))?;
        self.expect(" ", "a blank after the labels")?;
        let value = number(self.word())?;
        let timestamp = match self.skip(" ") {
            true => Some(self.timestamp()?),
            false => None,
        };
        Ok(Exemplar {
            labels,
            value,
            timestamp,
        })
    }

    fn timestamp(&mut self) -> Result<Timestamp, ErrorKind> {
        let text = self.word();
        time::parse(text).ok_or_else(|| ErrorKind::InvalidTimestamp(text.to_owned()))
    }

    /// `labels = "{" [item *("," item)] "}"`, `item = label / quoted`, where a quoted text alone is the name of the
    /// metric, if that is not known yet.
    fn labels(&mut self, name: &mut Option<Cow<'a, str>>) -> Result<Vec<Label<'a>>, ErrorKind> {
        let mut labels = Vec::new();
        self.expect("{", "labels")?;
        if self.skip("}") {
            return Ok(labels);
        }
        loop {
            let is_quoted = self.rest.starts_with('"');
            let text = match is_quoted {
                true => self.quoted()?,
                false => Cow::Borrowed(self.take_while(is_name_char)),
            };
            if is_quoted && name.is_none() && !self.rest.starts_with('=') {
                *name = Some(self.checked_metric_name(text)?);
            } else {
                labels.push(self.label(text)?);
            }
            if self.skip("}") {
                return Ok(labels);
            }
            self.expect(",", "a comma or a closing brace")?;
        }
    }

    /// `label = label-name "=" quoted`, after the name.
    fn label(&mut self, name: Cow<'a, str>) -> Result<Label<'a>, ErrorKind> {
        if !self.scheme.is_label_name(&name) {
            return Err(ErrorKind::InvalidLabelName(name.into_owned()));
        }
        self.expect("=", "an equals sign after the label name")?;
        let value = self.quoted()?;
        Ok(Label { name, value })
    }

    /// `metricname = 1*(ALPHA / DIGIT / "_" / ":") / quoted`, as far as the scheme allows it.
    fn metric_name(&mut self) -> Result<Cow<'a, str>, ErrorKind> {
        let name = match self.rest.starts_with('"') {
            true => self.quoted()?,
            false => Cow::Borrowed(self.take_while(|c| is_name_char(c) || c == ':')),
        };
        self.checked_metric_name(name)
    }

    fn checked_metric_name(&self, name: Cow<'a, str>) -> Result<Cow<'a, str>, ErrorKind> {
        match name.as_ref() {
            "" => Err(self.syntax("a metric name")),
            text if self.scheme.is_metric_name(text) => Ok(name),
            text => Err(ErrorKind::InvalidName(text.to_owned())),
        }
    }

    /// `quoted = DQUOTE *(normal-char / "\" any-char) DQUOTE`
    fn quoted(&mut self) -> Result<Cow<'a, str>, ErrorKind> {
        self.expect("\"", "a quoted text")?;
        let mut is_escaped = false;
        let end = self.rest.find(|c| match c {
            _ if is_escaped => {
                is_escaped = false;
                false
            }
            '\\' => {
                is_escaped = true;
                false
            }
            c => c == '"',
        });
        let Some((text, rest)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return Err(self.syntax("a closing quote"));
        };
        self.rest = rest;
        self.expect("\"", "a closing quote")?;
        Ok(unescape(text))
    }

    fn word(&mut self) -> &'a str {
        self.take_while(|c| c != ' ')
    }

    fn take_while(&mut self, allows: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !allows(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str, expected: &'static str) -> Result<(), ErrorKind> {
        match self.skip(text) {
            true => Ok(()),
            false => Err(self.syntax(expected)),
        }
    }

    /// The error that something else should stand here.
    fn syntax(&self, expected: &'static str) -> ErrorKind {
        const ENOUGH: usize = 40;
        ErrorKind::Syntax {
            expected,
            found: self.rest.chars().take(ENOUGH).collect(),
        }
    }
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// Undoes `\\`, `\n` and `\"`. Before all else a backslash is one.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            unescaped.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => unescaped.push('\n'),
            Some(c @ ('"' | '\\')) => unescaped.push(c),
            other => {
                unescaped.push('\\');
                unescaped.extend(other);
            }
        }
    }
    Cow::Owned(unescaped)
}
