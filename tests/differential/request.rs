//! One request of a test sequence, in pieces that can be translated and shrunk.

use percent_encoding::percent_decode_str;
use spin_pushgateway::exposition::content_type::PushFormat;
use spin_pushgateway::exposition::openmetrics::Support;

use super::delivery::Delivery;
use super::scrape::Scrape;

/// What is done to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Replace the group.
    Put,
    /// Replace families of the group.
    Post,
    /// Delete the group.
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A push path. Every part is kept as it appears on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    /// `job` or `job@base64`.
    pub(crate) job_name: String,
    /// The segment after it.
    pub(crate) job: String,
    /// The label names and values.
    pub(crate) pairs: Vec<(String, String)>,
    /// What follows the last value, with its slash; usually nothing.
    pub(crate) tail: String,
}

impl Path {
    /// The request target.
    pub(crate) fn target(&self) -> String {
        let mut target = format!("/metrics/{}/{}", self.job_name, self.job);
        for (name, value) in &self.pairs {
            target.extend(["/", name, "/", value]);
        }
        target + &self.tail
    }

    /// Whether every byte of the path, once decoded, is part of valid UTF-8.
    pub(crate) fn is_utf8(&self) -> bool {
        let base64 = |name: &str, value: &str| {
            name.ends_with("@base64")
                .then(|| decode_base64(value))
                .flatten()
        };
        let valid = |name: &str, value: &str| {
            let bytes = base64(name, value).unwrap_or_else(|| percent_decode_str(value).collect());
            std::str::from_utf8(&bytes).is_ok()
        };
        valid(&self.job_name, &self.job)
            && self.pairs.iter().all(|(name, value)| valid(name, value))
    }
}

/// Decodes as the Pushgateway does: URL alphabet, padding as one likes.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    use base64::alphabet::URL_SAFE;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    let text: Vec<u8> = percent_decode_str(text).collect();
    let end = text
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |last| last + 1);
    GeneralPurpose::new(&URL_SAFE, config)
        .decode(text.get(..end)?)
        .ok()
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// What is done.
    pub(crate) method: Method,
    /// To which group.
    pub(crate) path: Path,
    /// What is pushed, in pieces: lines of text, each with its line end if it
    /// has one, or families in protobuf, each with its length.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// How that is sent.
    pub(crate) delivery: Delivery,
    /// How both sides are scraped afterwards.
    pub(crate) scrape: Scrape,
}

impl Request {
    /// A request with a body without any header, and a plain scrape after it.
    pub(crate) fn plain(method: Method, path: Path, pieces: Vec<Vec<u8>>) -> Self {
        Self {
            method,
            path,
            pieces,
            delivery: Delivery::PLAIN,
            scrape: Scrape::default(),
        }
    }

    /// What is pushed, before any encoding.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// The body as it is sent.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.delivery.coding.encode(&self.content())
    }

    /// Whether the headers say that it is delimited protobuf.
    pub(crate) fn is_protobuf(&self) -> bool {
        let header = self.delivery.content_type.map(str::as_bytes);
        PushFormat::of_header(header, Support::Off) == PushFormat::Protobuf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_made_of_the_parts_as_they_are() {
        let path = Path {
            job_name: "job@base64".to_owned(),
            job: "=".to_owned(),
            pairs: vec![
                ("a".to_owned(), "%2F".to_owned()),
                ("b".to_owned(), String::new()),
            ],
            tail: "/".to_owned(),
        };
        assert_eq!(path.target(), "/metrics/job@base64/=/a/%2F/b//");
        assert!(path.is_utf8());
    }

    #[test]
    fn paths_that_are_not_utf8_are_known() {
        let path = |name: &str, value: &str| Path {
            job_name: "job".to_owned(),
            job: "a".to_owned(),
            pairs: vec![(name.to_owned(), value.to_owned())],
            tail: String::new(),
        };
        for (name, value, want) in [
            ("a", "%c3%a9", true),
            ("a", "%ff", false),
            ("a@base64", "w6k", true),
            ("a@base64", "_w==", false),
            ("a@base64", "_w", false),
            ("a@base64", "x.y", true),
        ] {
            assert_eq!(path(name, value).is_utf8(), want, "{name}/{value}");
        }
    }
}
