//! How long what a push brings is shown.
//!
//! The Pushgateway shows everything until it is deleted, and so does this gateway until one of two variables is set:
//! `group_ttl` for pushes that do not say, `max_group_ttl` for all. A push says with a header or, where headers are
//! hard to set, in the query of its URL.

use std::fmt;

use http::request::Parts;

use crate::duration::{self, Nanos};
use crate::quote::quote;

/// The header of a push that says how long it is to be shown.
pub const HEADER: &str = "X-Pushgateway-TTL";

/// The parameter that says the same in the query of the URL. The header has precedence.
pub const PARAMETER: &str = "ttl";

/// What is configured. While neither is set, nothing expires, whatever pushes say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long pushes are shown that do not say, in nanoseconds.
    pub group_ttl: Option<Nanos>,
    /// How long any push is shown at most, in nanoseconds.
    pub max_group_ttl: Option<Nanos>,
}

/// A push that asks for a lifetime in words that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifetimeError {
    place: &'static str,
    text: String,
}

impl fmt::Display for LifetimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, text } = self;
        let text = quote(text);
        write!(
            f,
            "{place} is {text}: expected a duration above zero, such as 90m, 48h or 1d12h"
        )
    }
}

impl std::error::Error for LifetimeError {}

impl Lifetimes {
    /// How long what this push brings is to be shown, in nanoseconds; `None` is for ever.
    ///
    /// # Errors
    ///
    /// The push says so in words that make no sense. They are not looked at while nothing expires.
    pub fn of_push(&self, request: &Parts) -> Result<Option<Nanos>, LifetimeError> {
        if *self == Self::default() {
            return Ok(None);
        }
        let asked = match asked(request) {
            Some((place, text)) => match duration::parse(&text) {
                Some(ttl) => Some(ttl),
                None => return Err(LifetimeError { place, text }),
            },
            None => self.group_ttl,
        };
        let limit = self.max_group_ttl;
        Ok(asked.map_or(limit, |ttl| Some(limit.map_or(ttl, |limit| ttl.min(limit)))))
    }
}

/// What the push says of its lifetime, and where.
fn asked(request: &Parts) -> Option<(&'static str, String)> {
    if let Some(value) = request.headers.get(HEADER) {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        return Some((HEADER, text));
    }
    let query = request.uri.query()?;
    let (_, text) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PARAMETER)?;
    Some((PARAMETER, text.into_owned()))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const HOUR: Nanos = 3_600_000_000_000;

    fn request(uri: &str, header: Option<&[u8]>) -> Parts {
        let mut request = Request::put(uri);
        if let Some(header) = header {
            request = request.header(HEADER, header);
        }
        request.body(()).expect("a valid request").into_parts().0
    }

    #[test]
    fn the_push_says_else_the_variable_and_never_beyond_the_limit() {
        let cases = [
            // (group_ttl, max_group_ttl, URI, header, lifetime), in hours
            (None, None, "/?ttl=nonsense", Some("2h"), None),
            (Some(5), None, "/", None, Some(5)),
            (Some(5), None, "/", Some("2h"), Some(2)),
            (Some(5), None, "/?ttl=3h", None, Some(3)),
            (Some(5), None, "/?ttl=3h", Some("2h"), Some(2)),
            (Some(5), None, "/?x=1&ttl=1d", None, Some(24)),
            (Some(5), Some(10), "/", Some("11h"), Some(10)),
            (Some(5), Some(4), "/", None, Some(4)),
            (None, Some(10), "/", None, Some(10)),
            (None, Some(10), "/", Some("9h"), Some(9)),
        ];
        for (group_ttl, max_group_ttl, uri, header, want) in cases {
            let hours = |hours: Option<u64>| hours.map(|hours| hours * HOUR);
            let lifetimes = Lifetimes {
                group_ttl: hours(group_ttl),
                max_group_ttl: hours(max_group_ttl),
            };
            let got = lifetimes.of_push(&request(uri, header.map(str::as_bytes)));
            assert_eq!(got, Ok(hours(want)), "{lifetimes:?} {uri} {header:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_where_it_stands() {
        let lifetimes = Lifetimes {
            group_ttl: Some(HOUR),
            max_group_ttl: None,
        };
        let cases: [(&str, Option<&[u8]>, &str); 4] = [
            ("/?ttl=0s", None, "ttl is \"0s\""),
            ("/?ttl=", None, "ttl is \"\""),
            ("/?ttl=1h", Some(b"48"), "X-Pushgateway-TTL is \"48\""),
            ("/", Some(b"\xff"), "X-Pushgateway-TTL is \"\u{fffd}\""),
        ];
        for (uri, header, want) in cases {
            let error = lifetimes.of_push(&request(uri, header));
            let error = error.expect_err("is no duration").to_string();
            let want = format!("{want}: expected a duration above zero, such as 90m, 48h or 1d12h");
            assert_eq!(error, want);
        }
    }
}
