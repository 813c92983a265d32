//! Method and path to what is to be done. Pure and total: every request has an answer.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::groups::path::JobEncoding;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// The exposition of everything.
    Scrape,
    /// To change a group.
    Group {
        /// How.
        change: Change,
        /// How the job is encoded.
        job: JobEncoding,
        /// The path segments from the job on, as they were sent.
        segments: Vec<&'a str>,
    },
    /// Whether the gateway runs.
    Healthy,
    /// Whether the gateway can do its work.
    Ready,
    /// To stop the gateway, which no request can.
    Quit,
    /// Which methods there are.
    Options(Allow),
    /// A method that there is not.
    MethodNotAllowed(Allow),
    /// Nothing is there.
    NotFound,
}

/// How a group is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// All its families are replaced.
    Put,
    /// Families of the same names are replaced.
    Post,
    /// It goes.
    Delete,
}

/// The value of an `Allow` header: the methods of a path, sorted.
pub type Allow = &'static str;

/// The methods of what can be read.
const GET: Allow = "GET, HEAD, OPTIONS";

/// The methods of a group.
const GROUP: Allow = "DELETE, OPTIONS, POST, PUT";

/// The methods of the path that stops the Pushgateway.
const QUIT: Allow = "GET, HEAD, OPTIONS, POST, PUT";

/// What a request asks for. `path` is the path as it was sent, without the query.
#[must_use]
pub fn route<'a>(method: &Method, path: &'a str) -> Route<'a> {
    // Split before decoding, so that an encoded slash is part of a segment.
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let decoded: Vec<Cow<'_, str>> = segments
        .iter()
        .take(2)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    let decoded: Vec<&str> = decoded.iter().map(AsRef::as_ref).collect();
    match (decoded.as_slice(), segments.get(2..).unwrap_or_default()) {
        (["metrics"] | ["metrics", ""], []) => read(method, Route::Scrape),
        (["metrics", "job"], labels @ [_, ..]) => group(method, JobEncoding::Plain, labels),
        (["metrics", "job@base64"], labels @ [_, ..]) => group(method, JobEncoding::Base64, labels),
        (["-", "healthy"], []) => read(method, Route::Healthy),
        (["-", "ready"], []) => read(method, Route::Ready),
        (["-", "quit"], []) => quit(method),
        _ => Route::NotFound,
    }
}

fn read<'a>(method: &Method, route: Route<'a>) -> Route<'a> {
    match *method {
        Method::GET | Method::HEAD => route,
        Method::OPTIONS => Route::Options(GET),
        _ => Route::MethodNotAllowed(GET),
    }
}

fn group<'a>(method: &Method, job: JobEncoding, segments: &[&'a str]) -> Route<'a> {
    let change = match *method {
        Method::PUT => Change::Put,
        Method::POST => Change::Post,
        Method::DELETE => Change::Delete,
        Method::OPTIONS => return Route::Options(GROUP),
        _ => return Route::MethodNotAllowed(GROUP),
    };
    Route::Group {
        change,
        job,
        segments: segments.to_vec(),
    }
}

fn quit<'a>(method: &Method) -> Route<'a> {
    match *method {
        Method::PUT | Method::POST | Method::GET | Method::HEAD => Route::Quit,
        Method::OPTIONS => Route::Options(QUIT),
        _ => Route::MethodNotAllowed(QUIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_route() {
        let group = |segments: &[&'static str]| Route::Group {
            change: Change::Put,
            job: JobEncoding::Plain,
            segments: segments.to_vec(),
        };
        let base64 = Route::Group {
            change: Change::Put,
            job: JobEncoding::Base64,
            segments: vec!["Zm9v"],
        };
        let cases = [
            (Method::GET, "/metrics", Route::Scrape),
            (Method::HEAD, "/metrics", Route::Scrape),
            (Method::GET, "/metrics/", Route::Scrape),
            (Method::GET, "/%6Detrics", Route::Scrape),
            (Method::POST, "/metrics", Route::MethodNotAllowed(GET)),
            (Method::OPTIONS, "/metrics", Route::Options(GET)),
            (Method::GET, "/METRICS", Route::NotFound),
            (Method::GET, "/metrics//", Route::NotFound),
            (Method::GET, "//metrics", Route::NotFound),
            (Method::PUT, "/metrics/job/a", group(&["a"])),
            (Method::PUT, "/metrics/job/a/", group(&["a", ""])),
            (Method::PUT, "/metrics/job//a/b", group(&["", "a", "b"])),
            (
                Method::PUT,
                "/metrics/job/a%2Fb//c",
                group(&["a%2Fb", "", "c"]),
            ),
            (Method::PUT, "/metrics/job/", group(&[""])),
            (Method::PUT, "/metrics/job@base64/Zm9v", base64.clone()),
            (Method::PUT, "/metrics/job%40base64/Zm9v", base64),
            (Method::PUT, "/metrics/job", Route::NotFound),
            (Method::PUT, "/metrics/Job/a", Route::NotFound),
            (Method::PUT, "/metrics/job@Base64/a", Route::NotFound),
            (Method::PUT, "/metrics/jobs/a", Route::NotFound),
            (Method::PUT, "/metrics/instance/a/job/b", Route::NotFound),
            (Method::PUT, "/metrics%2Fjob%2Fa", Route::NotFound),
            (
                Method::GET,
                "/metrics/job/a",
                Route::MethodNotAllowed(GROUP),
            ),
            (
                Method::PATCH,
                "/metrics/job/a",
                Route::MethodNotAllowed(GROUP),
            ),
            (Method::OPTIONS, "/metrics/job/a", Route::Options(GROUP)),
            (Method::GET, "/-/healthy", Route::Healthy),
            (Method::HEAD, "/-/ready", Route::Ready),
            (Method::PUT, "/-/ready", Route::MethodNotAllowed(GET)),
            (Method::PUT, "/-/quit", Route::Quit),
            (Method::GET, "/-/quit", Route::Quit),
            (Method::DELETE, "/-/quit", Route::MethodNotAllowed(QUIT)),
            (Method::GET, "/", Route::NotFound),
            (Method::GET, "", Route::NotFound),
            (Method::OPTIONS, "/nothing", Route::NotFound),
        ];
        for (method, path, want) in cases {
            assert_eq!(route(&method, path), want, "{method} {path}");
        }
    }

    #[test]
    fn methods_are_listed_in_order() {
        for allow in [GET, GROUP, QUIT] {
            assert!(allow.split(", ").is_sorted(), "{allow}");
        }
    }
}
