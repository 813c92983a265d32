//! The parser of the text format.

use std::borrow::Cow;

use super::assemble::{Families, Sample, Target, special_label};
use super::cursor::Cursor;
use super::error::{ErrorKind, ParseError};
use super::labels::Labels;
use crate::exposition::model::{Label, Metric, MetricFamily, MetricType};
use crate::exposition::names::NameScheme;
use crate::exposition::number::parse_float;

/// Parses a text into the families that have metrics, in the order of their first appearance.
///
/// Samples of one family need not stand together. The first error ends it; there are no partial results.
/// Takes time in proportion to the length of the input.
///
/// # Errors
///
/// What the Pushgateway says, see [`ErrorKind`].
///
/// ```
/// # use spin_pushgateway::exposition::{names::NameScheme, text::parse};
/// let families = parse(b"# TYPE jobs counter\njobs{kind=\"a\"} 3\n", NameScheme::Legacy)?;
/// assert_eq!(families[0].metrics[0].labels[0].value, "a");
///
/// let error = parse(b"up 1", NameScheme::Legacy).unwrap_err();
/// assert_eq!(error.to_string(), "text format parsing error in line 1: unexpected end of input stream");
/// # Ok::<(), spin_pushgateway::exposition::text::ParseError>(())
/// ```
pub fn parse(input: &[u8], scheme: NameScheme) -> Result<Vec<MetricFamily<'_>>, ParseError> {
    Parser::new(input, scheme).run()
}

/// Parses the samples of one family of which name and type are known: what
/// [`write_metric`](super::write_metric) wrote for each of its metrics.
///
/// # Errors
///
/// The text holds something else.
pub fn parse_samples<'a>(
    name: &'a str,
    metric_type: MetricType,
    input: &'a [u8],
) -> Result<Vec<Metric<'a>>, ParseError> {
    let mut parser = Parser::new(input, NameScheme::Utf8);
    let target = parser.families.resolve(Cow::Borrowed(name));
    parser.families.set_type(target, metric_type);
    let families = parser.run()?;
    let own = families.into_iter().find(|family| family.name == name);
    Ok(own.map(|family| family.metrics).unwrap_or_default())
}

#[derive(Debug)]
struct Parser<'a> {
    cursor: Cursor<'a>,
    scheme: NameScheme,
    families: Families<'a>,
}

/// A sample whose name and labels are being read.
#[derive(Debug)]
struct Series<'a> {
    /// What the name stands for. Between braces the name may come after labels.
    target: Option<Target>,
    labels: Labels<'a>,
    /// The name of the label that is none of the metric's own, but tells samples of one metric apart.
    special_name: Option<&'static str>,
    /// That label's value. NaN if there is none.
    special: f64,
}

impl<'a> Parser<'a> {
    fn new(input: &'a [u8], scheme: NameScheme) -> Self {
        let families = Families::default();
        Self {
            cursor: Cursor::new(input),
            scheme,
            families,
        }
    }

    fn run(mut self) -> Result<Vec<MetricFamily<'a>>, ParseError> {
        let mut number = 0;
        loop {
            number += 1;
            self.cursor.skip_blanks();
            if self.cursor.is_at_end() {
                return Ok(self.families.finish());
            }
            self.line().map_err(|kind| ParseError::new(number, kind))?;
        }
    }

    /// `line = blanks ( LF | comment | sample )`, after the blanks.
    fn line(&mut self) -> Result<(), ErrorKind> {
        match self.cursor.peek()? {
            b'\n' => self.cursor.next().map(drop),
            b'#' => self.comment(),
            _ => self.sample(),
        }
    }

    /// `comment = "#" blanks ( "HELP" about | "TYPE" about | any other word rest | LF )`,
    /// `about = blanks [ metric_name [ blank blanks [ help | type ] ] ] LF`.
    fn comment(&mut self) -> Result<(), ErrorKind> {
        self.cursor.next()?;
        self.cursor.skip_blanks();
        let read = match self.cursor.word()? {
            b"HELP" => Self::help,
            b"TYPE" => Self::metric_type,
            _ => return self.cursor.skip_line(),
        };
        self.cursor.skip_blanks();
        let name = self.cursor.metric_name()?;
        match self.cursor.peek()? {
            b'\n' => return self.cursor.skip_line(),
            b' ' | b'\t' => {}
            _ => return Err(ErrorKind::InvalidMetricNameInComment),
        }
        let target = self.target(name)?;
        self.cursor.skip_blanks();
        match self.cursor.peek()? {
            b'\n' => self.cursor.skip_line(),
            _ => read(self, target),
        }
    }

    /// `help = { escape | any byte but LF and "\" }`, and the LF.
    fn help(&mut self, target: Target) -> Result<(), ErrorKind> {
        if self.families.has_help(target) {
            let metric = self.name(Some(target));
            return Err(ErrorKind::SecondHelp { metric });
        }
        let help = self.cursor.escaped_rest()?;
        self.families.set_help(target, lossy(help));
        Ok(())
    }

    /// `type = "counter" | "gauge" | "summary" | "untyped" | "histogram" | "gauge_histogram" | "gaugehistogram"`
    /// in upper or lower case, and the LF directly after it.
    fn metric_type(&mut self, target: Target) -> Result<(), ErrorKind> {
        if self.families.has_type(target) {
            let metric = self.name(Some(target));
            return Err(ErrorKind::SecondType { metric });
        }
        let found = self.cursor.plain_rest()?;
        let known = [
            (MetricType::Counter, "counter"),
            (MetricType::Gauge, "gauge"),
            (MetricType::Summary, "summary"),
            (MetricType::Untyped, "untyped"),
            (MetricType::Histogram, "histogram"),
            (MetricType::GaugeHistogram, "gauge_histogram"),
            (MetricType::GaugeHistogram, "gaugehistogram"),
        ];
        let metric_type = known
            .into_iter()
            .find(|(_, name)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(metric_type, _)| metric_type)
            .ok_or_else(|| ErrorKind::UnknownType(found.into_owned()))?;
        self.families.set_type(target, metric_type);
        Ok(())
    }

    /// `sample = series blanks value [ timestamp ] LF`,
    /// `series = "{" labels | metric_name blanks [ "{" labels ]`.
    fn sample(&mut self) -> Result<(), ErrorKind> {
        let first = self.cursor.peek()?;
        let mut series = Series {
            target: None,
            labels: Labels::default(),
            special_name: None,
            special: f64::NAN,
        };
        let is_name_inside = first == b'{';
        if !is_name_inside {
            let name = self.cursor.metric_name()?;
            if name.is_empty() {
                return Err(ErrorKind::MissingMetricName { found: first });
            }
            self.set_name(&mut series, name)?;
            self.cursor.skip_blanks();
        }
        if self.cursor.peek()? == b'{' {
            self.cursor.next()?;
            self.labels(&mut series, is_name_inside)?;
            self.cursor.skip_blanks();
        }
        match series.target {
            Some(target) => self.value(target, series.labels.into_vec(), series.special),
            None => Err(ErrorKind::MissingMetricName { found: first }),
        }
    }

    /// `labels = blanks { ( label | metric_name ) "," blanks } [ label | metric_name ] "}"`.
    ///
    /// The metric name may be here, once and anywhere, if it does not stand before the braces. It is spelled like a
    /// label name.
    fn labels(&mut self, series: &mut Series<'a>, is_name_inside: bool) -> Result<(), ErrorKind> {
        loop {
            self.cursor.skip_blanks();
            if self.cursor.peek()? == b'}' {
                return self.cursor.next().map(drop);
            }
            let name = self.cursor.label_name()?;
            if name.is_empty() {
                let metric = self.name(series.target);
                return Err(ErrorKind::MissingLabelName { metric });
            }
            self.cursor.skip_blanks();
            match self.cursor.peek()? {
                b'=' => {
                    self.cursor.next()?;
                    self.label(series, name)?;
                    if self.cursor.next()? == b'}' {
                        return Ok(());
                    }
                }
                found if !is_name_inside => return Err(ErrorKind::ExpectedEquals { found }),
                _ if series.target.is_some() => {
                    let metric = self.name(series.target);
                    return Err(ErrorKind::MultipleMetricNames { metric });
                }
                b',' => {
                    self.cursor.next()?;
                    self.set_name(series, name)?;
                }
                b'}' => {
                    self.cursor.next()?;
                    return self.set_name(series, name);
                }
                found => return Err(ErrorKind::UnexpectedEndOfMetricName { found }),
            }
        }
    }

    /// `label = label_name blanks "=" blanks label_value blanks`, after the `=`. What follows must be `,` or `}`, and
    /// stays.
    fn label(&mut self, series: &mut Series<'a>, name: Cow<'a, [u8]>) -> Result<(), ErrorKind> {
        if *name == *b"__name__" {
            return Err(ErrorKind::ReservedLabelName);
        }
        let name = valid(name, |name| self.scheme.is_label_name(name))
            .map_err(ErrorKind::InvalidLabelName)?;
        let is_special = series.special_name.is_some_and(|special| special == name);
        if !is_special && series.labels.contains(&name) {
            let metric = self.name(series.target);
            return Err(ErrorKind::DuplicateLabelNames { metric });
        }
        self.cursor.skip_blanks();
        let value = self.cursor.label_value()?;
        let value = utf8(value).map_err(ErrorKind::InvalidLabelValue)?;
        if is_special {
            series.special = special_value(&name, &value)?;
        }
        self.cursor.skip_blanks();
        if !matches!(self.cursor.peek()?, b',' | b'}') {
            return Err(ErrorKind::UnexpectedEndOfLabelValue(into_bytes(value)));
        }
        if !is_special {
            series.labels.push(Label { name, value });
        }
        Ok(())
    }

    /// `value = word`, which must be a float, and the rest of the line.
    fn value(
        &mut self,
        target: Target,
        labels: Vec<Label<'a>>,
        special: f64,
    ) -> Result<(), ErrorKind> {
        let word = self.cursor.word()?;
        let expected = || ErrorKind::ExpectedValue(word.to_owned());
        let text = std::str::from_utf8(word).map_err(|_| expected())?;
        let sample = Sample {
            labels,
            special,
            value: parse_float(text).ok_or_else(expected)?,
            text,
        };
        let metric = self.families.add(target, sample)?;
        if self.cursor.next()? != b'\n' {
            metric.timestamp_ms = Some(timestamp(&mut self.cursor)?);
        }
        Ok(())
    }

    /// Gives a series its name.
    fn set_name(&mut self, series: &mut Series<'a>, name: Cow<'a, [u8]>) -> Result<(), ErrorKind> {
        let target = self.target(name)?;
        series.target = Some(target);
        series.special_name = special_label(self.families.metric_type(target));
        // Labels before the name were read without knowing whether one of them is special.
        if let Some(special) = series.special_name
            && let Some(value) = series.labels.remove(special)
        {
            series.special = special_value(special, &value)?;
        }
        Ok(())
    }

    /// What a metric name, which must be valid, stands for.
    fn target(&mut self, name: Cow<'a, [u8]>) -> Result<Target, ErrorKind> {
        // Most names come many times in a row.
        if let Some(target) = self.families.last_named(&name) {
            return Ok(target);
        }
        let name = valid(name, |name| self.scheme.is_metric_name(name))
            .map_err(ErrorKind::InvalidMetricName)?;
        Ok(self.families.resolve(name))
    }

    /// The name of a family for an error message. Empty if there is no family yet.
    fn name(&self, target: Option<Target>) -> String {
        target
            .map(|target| self.families.name(target).to_owned())
            .unwrap_or_default()
    }
}

/// `timestamp = blanks word LF`, after the first blank. The word must be an integer.
fn timestamp(cursor: &mut Cursor<'_>) -> Result<i64, ErrorKind> {
    cursor.skip_blanks();
    let word = cursor.word()?;
    let timestamp = std::str::from_utf8(word)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ErrorKind::ExpectedTimestamp(word.to_owned()))?;
    let rest = cursor.plain_rest()?;
    if rest.is_empty() {
        Ok(timestamp)
    } else {
        Err(ErrorKind::SpuriousAfterTimestamp(rest.into_owned()))
    }
}

/// The value of an `le` or `quantile` label.
fn special_value(name: &str, value: &str) -> Result<f64, ErrorKind> {
    let expected = || match name {
        "quantile" => ErrorKind::ExpectedQuantile(value.to_owned()),
        _ => ErrorKind::ExpectedBound(value.to_owned()),
    };
    parse_float(value).ok_or_else(expected)
}

/// The name, or its bytes if they are not UTF-8 or no valid name.
fn valid(
    name: Cow<'_, [u8]>,
    is_valid: impl FnOnce(&str) -> bool,
) -> Result<Cow<'_, str>, Vec<u8>> {
    let name = utf8(name)?;
    if is_valid(&name) {
        Ok(name)
    } else {
        Err(into_bytes(name))
    }
}

/// The text, or the bytes if they are not UTF-8.
fn utf8(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Vec<u8>> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| bytes.to_owned()),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(std::string::FromUtf8Error::into_bytes),
    }
}

/// The text, with U+FFFD in place of what is not UTF-8.
fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn into_bytes(text: Cow<'_, str>) -> Vec<u8> {
    text.into_owned().into_bytes()
}
