//! What a scrape asks for, and the exposition in whatever form it comes.

use std::io::Read as _;

use spin_pushgateway::exposition::model::{MetricFamily, MetricType};
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::{protobuf, text};
use spin_pushgateway::groups::series;

use super::exposition::Exposition;
use super::prototext::{self, Field};
use super::support::client::Response;

/// The headers of a scrape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scrape {
    /// The Accept header.
    pub(crate) accept: Option<&'static str>,
    /// The Accept-Encoding header.
    pub(crate) accept_encoding: Option<&'static str>,
}

impl Scrape {
    /// The headers.
    pub(crate) fn headers(self) -> Vec<(&'static str, &'static str)> {
        let accept = self.accept.map(|value| ("Accept", value));
        let encoding = self.accept_encoding.map(|value| ("Accept-Encoding", value));
        accept.into_iter().chain(encoding).collect()
    }
}

/// The exposition that is the answer to a scrape.
///
/// Fields for which `omit` says so are left out of protobuf.
///
/// # Errors
///
/// The answer is not in the form that its headers say.
pub(crate) fn read(
    response: &Response,
    omit: &mut dyn FnMut(&Field) -> bool,
) -> Result<Exposition, String> {
    let body = decoded(response)?;
    let content_type = response.header("content-type").unwrap_or_default();
    let utf8 = || str::from_utf8(&body).map_err(|error| error.to_string());
    if !content_type.starts_with("application/vnd.google.protobuf;") {
        text::parse(&body, NameScheme::Utf8).map_err(|error| error.to_string())?;
        // The Pushgateway's HELP texts may be no UTF-8.
        return Ok(Exposition::parse(&String::from_utf8_lossy(&body)));
    }
    let mut delimited = String::new();
    let text = if content_type.contains("encoding=delimited") {
        let families =
            protobuf::parse(&body, NameScheme::Utf8).map_err(|error| error.to_string())?;
        for family in &joined(families) {
            protobuf::write_family_compact_text(&mut delimited, family);
        }
        delimited.as_str()
    } else {
        utf8()?
    };
    prototext::parse(text, omit).ok_or_else(|| format!("not in the text form of protobuf: {text}"))
}

/// Families of histograms that come apart, the native ones before the others, as one: an intended difference.
fn joined(families: Vec<MetricFamily<'_>>) -> Vec<MetricFamily<'_>> {
    let mut joined: Vec<MetricFamily<'_>> = Vec::new();
    for family in families {
        let is_histogram = matches!(
            family.metric_type,
            MetricType::Histogram | MetricType::GaugeHistogram
        );
        match joined.last_mut() {
            Some(last) if is_histogram && last.name == family.name => {
                last.metrics.extend(family.metrics);
                last.metrics
                    .sort_by_cached_key(|metric| series::sort_key(&metric.labels));
            }
            _ => joined.push(family),
        }
    }
    joined
}

fn decoded(response: &Response) -> Result<Vec<u8>, String> {
    match response.header("content-encoding") {
        None => Ok(response.body.clone()),
        Some("gzip") => {
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(response.body.as_slice())
                .read_to_end(&mut body)
                .map_err(|error| format!("not in gzip: {error}"))?;
            Ok(body)
        }
        Some(other) => Err(format!("encoded in {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::delivery::{Coding, PROTOBUF};
    use super::*;

    fn response(content_type: &str, encoding: Option<&str>, body: Vec<u8>) -> Response {
        let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
        headers.extend(encoding.map(|value| ("content-encoding".to_owned(), value.to_owned())));
        Response {
            status: 200,
            headers,
            body,
        }
    }

    #[test]
    fn histograms_that_come_apart_are_joined_and_nothing_else_is() {
        let family = |kind: &str, labels: &[&str]| {
            let metrics = labels.iter().map(|label| {
                let suffix = if kind == "histogram" { "_count" } else { "" };
                format!("m{suffix}{{a=\"{label}\"}} 1\n")
            });
            format!("# TYPE m {kind}\n{}", metrics.collect::<String>())
        };
        let cases = [
            ("histogram", vec!["m"], "123"),
            ("gauge", vec!["m", "m"], "213"),
        ];
        for (kind, names, labels) in cases {
            let (first, second) = (family(kind, &["2"]), family(kind, &["1", "3"]));
            let parse = |text| text::parse(text, NameScheme::Legacy).expect("families");
            let mut families = parse(first.as_bytes());
            families.extend(parse(second.as_bytes()));
            let joined = joined(families);
            let have: Vec<&str> = joined.iter().map(|family| &*family.name).collect();
            assert_eq!(have, names, "{kind}");
            let metrics = joined.iter().flat_map(|family| &family.metrics);
            let have: String = metrics.map(|metric| &*metric.labels[0].value).collect();
            assert_eq!(have, labels, "{kind}");
        }
    }

    #[test]
    fn each_form_is_read_and_what_is_not_in_its_form_is_refused() {
        let text = "# TYPE m untyped\nm{a=\"x\"} 1\n";
        let compact =
            "name:\"m\" type:UNTYPED metric:{label:{name:\"a\" value:\"x\"} untyped:{value:1}}\n";
        let mut delimited = Vec::new();
        for family in text::parse(text.as_bytes(), NameScheme::Legacy).expect("families") {
            protobuf::write_family(&mut delimited, &family);
        }
        let gzipped = Coding::Gzip.encode(text.as_bytes());
        let compact_type = PROTOBUF.replace("delimited", "compact-text");
        let plain = "text/plain; version=0.0.4";
        let right = [
            response(plain, None, text.into()),
            response(plain, Some("gzip"), gzipped.clone()),
            response(PROTOBUF, None, delimited.clone()),
            response(&compact_type, None, compact.into()),
        ];
        for response in right {
            let exposition = read(&response, &mut |_| false).expect("an exposition");
            assert_eq!(exposition.order, ["m"], "{response:?}");
            assert_eq!(exposition.families["m"].samples.len(), 1, "{response:?}");
        }
        let wrong = [
            response(plain, None, gzipped),
            response(plain, Some("gzip"), text.into()),
            response(plain, Some("br"), text.into()),
            response(PROTOBUF, None, text.into()),
            response(&compact_type, None, text.into()),
        ];
        for response in wrong {
            assert!(read(&response, &mut |_| false).is_err(), "{response:?}");
        }
    }
}
