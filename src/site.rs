//! Requests that a browser sends on behalf of another site.
//!
//! A page anywhere can make the browser of whoever looks at it send requests here: from inside the network that the
//! gateway is in, and with the password that its user has typed in. What such a request answers, the page cannot read;
//! what it changes would be changed. So whatever can change something is refused if the browser says that another
//! site is behind it. Programs that are no browsers say nothing of that, and are not affected.

use std::fmt;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{Method, Uri};

/// How a browser says which site is behind a request (Fetch Metadata). Sent to `https` URLs and to this very machine.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Another site is behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSite {
    /// `Sec-Fetch-Site` says so.
    FetchSite,
    /// `Origin` says so.
    Origin,
}

impl fmt::Display for OtherSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changes on behalf of other sites are refused: ")?;
        f.write_str(match self {
            Self::FetchSite => "Sec-Fetch-Site says that a page elsewhere is behind this request",
            Self::Origin => "Origin is not the host that this request is for",
        })
    }
}

impl std::error::Error for OtherSite {}

/// Refuses what can change something and that a browser sends for a page of another site.
///
/// Where a header comes several times, all of them must be harmless.
///
/// # Errors
///
/// Another site is behind the request.
pub fn check(request: &Parts) -> Result<(), OtherSite> {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let mut fetch_sites = request.headers.get_all(SEC_FETCH_SITE).iter().peekable();
    if fetch_sites.peek().is_some() {
        // `none`: the user did it, not a page. Sites of one domain can be of many people, so `same-site` is another.
        let is_own = fetch_sites.all(|value| value == "same-origin" || value == "none");
        return if is_own {
            Ok(())
        } else {
            Err(OtherSite::FetchSite)
        };
    }
    let own = own_authority(request);
    let is_own = request.headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.parse::<Uri>().ok());
        origin
            .zip(own.as_ref())
            .is_some_and(|(origin, own)| is_origin_of(&origin, own))
    });
    if is_own {
        Ok(())
    } else {
        Err(OtherSite::Origin)
    }
}

/// The host, and port if it is said, that the request is for.
fn own_authority(request: &Parts) -> Option<Authority> {
    request.uri.authority().cloned().or_else(|| {
        let host = request.headers.get(HOST)?;
        host.to_str().ok()?.parse().ok()
    })
}

/// Whether a page of this origin is one of ours. The scheme is not compared: what ends TLS stands before the gateway.
fn is_origin_of(origin: &Uri, own: &Authority) -> bool {
    let default = if origin.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    origin.scheme().is_some()
        && origin
            .host()
            .is_some_and(|host| host.eq_ignore_ascii_case(own.host()))
        && origin.port_u16().unwrap_or(default) == own.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// Names and values.
    type Headers<'a> = &'a [(&'a str, &'a str)];

    fn checked(method: &str, host: &str, headers: Headers<'_>) -> Result<(), OtherSite> {
        let mut request = Request::builder().method(method).uri("/metrics/job/j");
        if !host.is_empty() {
            request = request.header(HOST, host);
        }
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        check(&request.body(()).expect("a request").into_parts().0)
    }

    const FETCH: &str = "Sec-Fetch-Site";
    const HOSTILE: (&str, &str) = ("Origin", "https://evil.example");

    #[test]
    fn the_browser_says_which_site_is_behind_a_request() {
        let cases: [(Headers<'_>, Result<(), OtherSite>); 12] = [
            (&[], Ok(())),
            (&[(FETCH, "same-origin")], Ok(())),
            (&[(FETCH, "none")], Ok(())),
            (&[(FETCH, "cross-site")], Err(OtherSite::FetchSite)),
            (&[(FETCH, "same-site")], Err(OtherSite::FetchSite)),
            (&[(FETCH, "")], Err(OtherSite::FetchSite)),
            (&[(FETCH, "SAME-ORIGIN")], Err(OtherSite::FetchSite)),
            (&[(FETCH, "same-origin, none")], Err(OtherSite::FetchSite)),
            (&[(FETCH, "sömewhere")], Err(OtherSite::FetchSite)),
            (
                &[(FETCH, "same-origin"), (FETCH, "cross-site")],
                Err(OtherSite::FetchSite),
            ),
            // It has the last word: behind a proxy that changes the host, Origin can only be another.
            (&[(FETCH, "same-origin"), HOSTILE], Ok(())),
            (&[HOSTILE], Err(OtherSite::Origin)),
        ];
        for (headers, want) in cases {
            assert_eq!(checked("POST", "gw.example", headers), want, "{headers:?}");
        }
    }

    #[test]
    fn without_that_the_origin_must_be_the_host() {
        let cases = [
            ("gw.example", "http://gw.example", true),
            ("gw.example", "https://gw.example", true),
            ("GW.example", "https://gw.Example", true),
            ("gw.example:9091", "http://gw.example:9091", true),
            ("gw.example:80", "http://gw.example", true),
            ("gw.example", "https://gw.example:443", true),
            ("[::1]:9091", "http://[::1]:9091", true),
            ("gw.example", "https://gw.example:8443", false),
            ("gw.example:9091", "http://gw.example", false),
            ("gw.example:9091", "http://gw.example:9092", false),
            ("gw.example", "https://evil.example", false),
            ("gw.example", "https://gw.example.evil.example", false),
            ("gw.example", "https://evil.gw.example", false),
            ("gw.example", "https://gw.example@evil.example", false),
            ("gw.example", "null", false),
            ("null", "null", false),
            ("gw.example", "gw.example", false),
            ("gw.example", "", false),
            ("gw.example", "/", false),
            ("gw.example", "https://", false),
            ("gw.example", "file:///", false),
            (
                "gw.example",
                "https://gw.example https://evil.example",
                false,
            ),
            ("gw.example", "https://gw\u{e9}.example", false),
            ("", "https://gw.example", false),
            ("no host", "https://gw.example", false),
        ];
        for (host, origin, is_own) in cases {
            let want = if is_own {
                Ok(())
            } else {
                Err(OtherSite::Origin)
            };
            assert_eq!(
                checked("PUT", host, &[("Origin", origin)]),
                want,
                "{host} {origin}"
            );
        }
        let both = [("Origin", "https://gw.example"), HOSTILE];
        assert_eq!(checked("PUT", "gw.example", &both), Err(OtherSite::Origin));
    }

    #[test]
    fn the_authority_of_the_request_counts_before_the_header() {
        let request = Request::put("http://gw.example:9091/metrics/job/j")
            .header(HOST, "evil.example")
            .header(ORIGIN, "http://evil.example")
            .body(())
            .expect("a request");
        assert_eq!(check(&request.into_parts().0), Err(OtherSite::Origin));
    }

    #[test]
    fn who_is_refused_is_told_by_which_header() {
        assert_eq!(
            OtherSite::FetchSite.to_string(),
            "changes on behalf of other sites are refused: \
             Sec-Fetch-Site says that a page elsewhere is behind this request"
        );
        assert_eq!(
            OtherSite::Origin.to_string(),
            "changes on behalf of other sites are refused: \
             Origin is not the host that this request is for"
        );
    }

    #[test]
    fn all_that_can_change_something_is_looked_at() {
        for method in ["PUT", "POST", "DELETE", "PATCH", "put", "SEARCH"] {
            assert_eq!(
                checked(method, "gw.example", &[HOSTILE]),
                Err(OtherSite::Origin),
                "{method}"
            );
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            let headers = [HOSTILE, (FETCH, "cross-site")];
            assert_eq!(checked(method, "gw.example", &headers), Ok(()), "{method}");
        }
    }
}
