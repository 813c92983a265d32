//! Where samples are forwarded to.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    USER_AGENT,
};
use http::uri::Scheme;
use http::{Method, Request, Uri};

use crate::duration::Nanos;

/// The header that names the version of the protocol.
const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");

/// A receiver of remote write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Uri,
    /// Marked as sensitive: not printed.
    authorization: Option<HeaderValue>,
    /// How long forwarding a push may take, in nanoseconds.
    pub timeout: Nanos,
}

impl Target {
    /// A receiver without a token.
    #[must_use]
    pub fn new(url: Uri, timeout: Nanos) -> Self {
        Self {
            url,
            authorization: None,
            timeout,
        }
    }

    /// The same, with the token that it asks for. `None` for one that no header can hold.
    #[must_use]
    pub fn with_token(self, token: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        value.set_sensitive(true);
        Some(Self {
            authorization: Some(value),
            ..self
        })
    }

    /// The URL of a receiver: absolute, of HTTP or HTTPS, and without user and password, which would be in every page
    /// and message that tells it.
    #[must_use]
    pub fn parse_url(text: &str) -> Option<Uri> {
        let url: Uri = text.parse().ok()?;
        let is_http = [Scheme::HTTP, Scheme::HTTPS].contains(url.scheme()?);
        let authority = url.authority()?.as_str();
        (is_http && !authority.contains('@')).then_some(url)
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// Whether a token goes with each request.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// The request that carries this body.
    #[must_use]
    pub fn request(&self, body: Vec<u8>) -> Request<Vec<u8>> {
        let length = HeaderValue::from(body.len());
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let agent = concat!("spin-pushgateway/", env!("CARGO_PKG_VERSION"));
        let headers = [
            (
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-protobuf"),
            ),
            (CONTENT_ENCODING, HeaderValue::from_static("snappy")),
            (CONTENT_LENGTH, length),
            (VERSION, HeaderValue::from_static("0.1.0")),
            (USER_AGENT, HeaderValue::from_static(agent)),
        ];
        let authorization = self.authorization.clone();
        request.headers_mut().extend(headers);
        request
            .headers_mut()
            .extend(authorization.map(|value| (AUTHORIZATION, value)));
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_absolute_and_without_secrets() {
        for url in ["http://h", "https://h:1/a/b?c=d", "HTTP://[::1]:9090/x"] {
            assert!(Target::parse_url(url).is_some(), "{url}");
        }
        for url in [
            "",
            "h",
            "/x",
            "h:80",
            "ftp://h",
            "http://",
            "http://u:p@h",
            "http://h /",
        ] {
            assert!(Target::parse_url(url).is_none(), "{url}");
        }
    }

    #[test]
    fn a_request_has_what_the_protocol_asks_for_and_tells_no_token() {
        let url = Target::parse_url("https://h/write").expect("is valid");
        let target = Target::new(url, 1).with_token("hunter2").expect("is valid");
        let request = target.request(vec![1, 2, 3]);
        let want = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "snappy"),
            ("content-length", "3"),
            ("x-prometheus-remote-write-version", "0.1.0"),
            ("authorization", "Bearer hunter2"),
        ];
        for (name, value) in want {
            let have = request.headers().get(name);
            assert_eq!(have.and_then(|have| have.to_str().ok()), Some(value));
        }
        assert_eq!(
            (request.method(), request.uri().path()),
            (&Method::POST, "/write")
        );
        for debug in [format!("{target:?}"), format!("{request:?}")] {
            assert!(!debug.contains("hunter2"), "{debug}");
        }
        assert_eq!(target.with_token("a\nb"), None);
    }
}
