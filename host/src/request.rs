//! What Spin does to a request before the component sees it.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use http::header::{HOST, HeaderName};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Uri};

use crate::route::Route;

/// The absolute URI of a request: `http://`, the `Host` header, and the path and query untouched.
///
/// A request without a host, or with two that differ, has no URI; nor has `CONNECT`.
pub(crate) fn absolute_uri(uri: &Uri, headers: &HeaderMap) -> Result<Uri> {
    let mut parts = uri.clone().into_parts();
    ensure!(parts.path_and_query.is_some(), "the request has no path");
    let host = headers.get(HOST).map(|host| {
        let host = host.to_str().context("the Host header is not text")?;
        let host = host.parse::<Authority>();
        host.context("the Host header is not a host")
    });
    let authority = match (host.transpose()?, parts.authority.take()) {
        (Some(host), Some(authority)) => {
            ensure!(host == authority, "the Host header differs from the URI");
            host
        }
        (Some(host), None) => host,
        (None, Some(authority)) => authority,
        (None, None) => anyhow::bail!("the request has no Host header"),
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    Ok(Uri::from_parts(parts)?)
}

/// Appends Spin's headers. Those of the client stay, even ones that pretend to be Spin's, so a
/// component must not trust them. Headers that are not UTF-8 are an error.
pub(crate) fn append_spin_headers(
    headers: &mut HeaderMap,
    uri: &Uri,
    route: &Route,
    remainder: &str,
    client: SocketAddr,
) -> Result<()> {
    for (name, value) in headers.iter() {
        std::str::from_utf8(value.as_bytes()).with_context(|| format!("header {name}"))?;
    }
    let host = match headers.get(HOST) {
        Some(host) => host.to_str()?,
        None => "localhost",
    };
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let full_url = format!("http://{host}{path}");
    let client = client.to_string();
    let values = [
        ("spin-path-info", remainder),
        ("spin-full-url", &full_url),
        ("spin-matched-route", route.matched()),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", route.raw()),
        ("spin-component-route", route.prefix()),
        ("spin-client-addr", &client),
    ];
    for (name, value) in values {
        let value = HeaderValue::from_bytes(value.as_bytes())?;
        headers.append(HeaderName::from_static(name), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::absolute_uri;
    use http::{HeaderMap, HeaderValue, Uri, header::HOST};

    #[test]
    fn the_uri_is_absolute_and_its_path_untouched() {
        let cases: [(&str, Option<&str>, Option<&str>); 9] = [
            ("/", Some("a:1"), Some("http://a:1/")),
            (
                "//a/%2F/./../b?c=%20d",
                Some("a"),
                Some("http://a//a/%2F/./../b?c=%20d"),
            ),
            ("http://a/b", None, Some("http://a/b")),
            ("http://a/b", Some("a"), Some("http://a/b")),
            ("http://a/b", Some("c"), None),
            ("/b", None, None),
            ("/b", Some("a b"), None),
            ("/b", Some("é"), None),
            ("a:443", Some("a:443"), None),
        ];
        for (uri, host, want) in cases {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                let host = HeaderValue::from_bytes(host.as_bytes()).expect("a value");
                headers.insert(HOST, host);
            }
            let got = absolute_uri(&uri.parse::<Uri>().expect("a uri"), &headers);
            let got = got.ok().map(|uri| uri.to_string());
            assert_eq!(got.as_deref(), want, "{uri} {host:?}");
        }
    }
}
