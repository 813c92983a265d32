//! The text forms of protobuf, read field by field.
//!
//! Go's writer adds blanks at random, so that the forms cannot be compared byte
//! by byte. What is compared is the fields in their order, without those that
//! say nothing: numbers that are zero and texts that are empty, which were
//! pushed or not, since the gateway does not tell the two apart.

use super::exposition::{Exposition, Family, TIMES, is_own};
use super::ties::by_labels;

/// A field with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// The name; the number of a field that the schema does not know.
    pub(crate) name: String,
    /// The value.
    pub(crate) value: Value,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A number, a name, or a text with its quotes.
    Scalar(String),
    /// A message.
    Message(Vec<Field>),
}

impl Field {
    /// The number or text, if the value is none of a message.
    fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            Value::Message(_) => None,
        }
    }

    /// Whether this says what its absence says, too.
    fn is_default(&self) -> bool {
        let is_of_a_list = self.name.starts_with("positive_") || self.name.starts_with("negative_");
        !is_of_a_list && matches!(self.scalar(), Some("0" | "-0" | "\"\""))
    }
}

/// The exposition that the text holds: families one after the other.
///
/// Fields for which `omit` says so are left out.
pub(crate) fn parse(text: &str, omit: &mut dyn FnMut(&Field) -> bool) -> Option<Exposition> {
    let mut parser = Parser { rest: text };
    let fields = parser.fields()?;
    if !parser.rest.is_empty() {
        return None;
    }
    let mut exposition = Exposition::default();
    let mut rest = fields.as_slice();
    while let Some((name, after)) = rest.split_first() {
        let length = after
            .iter()
            .position(|field| field.name == "name")
            .unwrap_or(after.len());
        let (family, others) = after.split_at(length);
        rest = others;
        let name = unquoted(name.scalar().filter(|_| name.name == "name")?)?;
        add(&mut exposition, name, family, omit);
    }
    Some(exposition)
}

fn add(
    exposition: &mut Exposition,
    name: String,
    fields: &[Field],
    omit: &mut dyn FnMut(&Field) -> bool,
) {
    // A type that is not there is the first one.
    let mut family = Family {
        kind: Some("COUNTER".to_owned()),
        ..Family::default()
    };
    let mut metrics = Vec::new();
    for field in fields {
        match (field.name.as_str(), &field.value) {
            _ if omit(field) => {}
            ("help", Value::Scalar(help)) if !is_own(&name) => {
                let help = unquoted(help).unwrap_or_else(|| help.clone());
                let help = help.replace('\\', "\\\\").replace('\n', "\\n");
                family.help = Some(format!("# HELP {name} {help}"));
            }
            ("help", _) => {}
            ("type", Value::Scalar(kind)) => family.kind = Some(kind.clone()),
            ("metric", Value::Message(metric)) => {
                let mut metric = metric.clone();
                if TIMES.contains(&name.as_str()) {
                    without_time(&mut metric);
                }
                metrics.push(metric);
            }
            _ => metrics.push(vec![field.clone()]),
        }
    }
    metrics.retain(|metric| !is_own(&name) || labels(metric).iter().any(|(name, _)| name == "job"));
    if is_own(&name) && metrics.is_empty() {
        return;
    }
    family.samples = by_labels(metrics, |metric| labels(metric))
        .iter()
        .map(|metric| rendered(metric, omit))
        .collect();
    exposition.order.push(name.clone());
    exposition.families.insert(name, family);
}

/// The labels of a metric, not unescaped.
fn labels(metric: &[Field]) -> Vec<(String, String)> {
    let text = |fields: &[Field], name: &str| {
        let field = fields.iter().find(|field| field.name == name);
        let text = field.and_then(Field::scalar).unwrap_or_default();
        text.trim_matches('"').to_owned()
    };
    metric
        .iter()
        .filter_map(|field| match &field.value {
            Value::Message(fields) if field.name == "label" => {
                Some((text(fields, "name"), text(fields, "value")))
            }
            Value::Message(_) | Value::Scalar(_) => None,
        })
        .collect()
}

/// The metric with any value but zero replaced.
fn without_time(metric: &mut [Field]) {
    for field in metric {
        match &mut field.value {
            Value::Message(fields) if field.name == "gauge" => without_time(fields),
            Value::Scalar(text) if field.name == "value" && text != "0" => {
                *text = "<a time>".to_owned();
            }
            Value::Message(_) | Value::Scalar(_) => {}
        }
    }
}

fn rendered(fields: &[Field], omit: &mut dyn FnMut(&Field) -> bool) -> String {
    let mut parts = Vec::new();
    for field in fields {
        if field.is_default() || omit(field) {
            continue;
        }
        parts.push(match &field.value {
            Value::Scalar(text) => format!("{}:{text}", field.name),
            Value::Message(fields) => format!("{}:{{{}}}", field.name, rendered(fields, omit)),
        });
    }
    parts.join(" ")
}

/// The text between the quotes, unescaped.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            },
            c => c,
        });
    }
    Some(plain)
}

/// The grammar: `fields = *(name ":" (scalar / "{" fields "}"))`, blanks anywhere.
struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn fields(&mut self) -> Option<Vec<Field>> {
        let mut fields = Vec::new();
        loop {
            self.skip_blanks();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                return Some(fields);
            }
            let name = self.until(|c| c == ':' || c == '{')?.trim_end().to_owned();
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
            self.skip_blanks();
            let value = if let Some(rest) = self.rest.strip_prefix('{') {
                self.rest = rest;
                let message = self.fields()?;
                self.rest = self.rest.strip_prefix('}')?;
                Value::Message(message)
            } else if self.rest.starts_with('"') {
                Value::Scalar(self.quoted()?.to_owned())
            } else {
                let end = |c: char| c.is_whitespace() || c == '}';
                Value::Scalar(self.until(end).unwrap_or_default().to_owned())
            };
            fields.push(Field { name, value });
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> Option<&'t str> {
        let (text, rest) = self.rest.split_at_checked(self.rest.find(end)?)?;
        self.rest = rest;
        Some(text)
    }

    fn quoted(&mut self) -> Option<&'t str> {
        let mut escaped = true;
        let end = self.rest.bytes().position(|byte| {
            let end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            end
        })?;
        let (text, rest) = self.rest.split_at_checked(end + 1)?;
        self.rest = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Exposition {
        parse(text, &mut |_| false).expect("the text form of protobuf")
    }

    #[test]
    fn blanks_lines_and_defaults_do_not_count() {
        let lines = "name: \"m\"\nhelp:  \"a \\\"b\\\\\"\ntype: GAUGE\nmetric: {\n  label: {\n    \
                     name: \"a}\"\n    value:  \"\"\n  }\n  gauge: {\n    value: 1.5\n  }\n}\n\n";
        let compact = "name:\"m\"  help:\"a \\\"b\\\\\" type:GAUGE metric:{label:{name:\"a}\"} \
                       gauge:{value:1.5}}\n";
        assert_eq!(read(lines), read(compact));
        let family = &read(compact).families["m"];
        assert_eq!(family.help.as_deref(), Some("# HELP m a \"b\\\\"));
        assert_eq!(family.kind.as_deref(), Some("GAUGE"));
        assert_eq!(
            family.samples,
            ["label:{name:\"a}\"} gauge:{value:1.5}".to_owned()]
        );
        for other in ["1.6", "0"] {
            assert_ne!(read(compact), read(&compact.replace("1.5", other)));
        }
    }

    #[test]
    fn own_series_and_times_are_left_out() {
        let text = "name:\"go_threads\" type:GAUGE metric:{gauge:{value:8}}\n\
                    name:\"go_info\" help:\"x\" type:GAUGE metric:{gauge:{value:1}} \
                    metric:{label:{name:\"job\" value:\"a\"} gauge:{value:2}}\n\
                    name:\"push_time_seconds\" type:GAUGE metric:{gauge:{value:1.7e+09}} \
                    metric:{gauge:{value:0}}\n";
        let exposition = read(text);
        assert_eq!(exposition.order, ["go_info", "push_time_seconds"]);
        assert_eq!(exposition.families["go_info"].help, None);
        assert_eq!(exposition.families["go_info"].samples.len(), 1);
        assert_eq!(
            exposition.families["push_time_seconds"].samples,
            ["gauge:{value:<a time>}", "gauge:{}"]
        );
    }

    #[test]
    fn fields_can_be_omitted_and_what_is_no_text_form_is_known() {
        let text = "name:\"m\" type:COUNTER metric:{counter:{value:1 99:5}} unit:\"s\"\n";
        let mut omitted = 0;
        let exposition = parse(text, &mut |field| {
            let omit = matches!(field.name.as_str(), "99" | "unit");
            omitted += usize::from(omit);
            omit
        });
        let samples = exposition.expect("families").families["m"].samples.clone();
        assert_eq!(
            (samples.as_slice(), omitted),
            (["counter:{value:1}".to_owned()].as_slice(), 2)
        );
        for wrong in ["m 1\n", "name:\"m\" metric:{", "name:\"m", "type:GAUGE"] {
            assert_eq!(parse(wrong, &mut |_| false), None, "{wrong}");
        }
    }
}
