//! Method and path to what is to be done. Pure and total: every request has an answer.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::groups::path::JobEncoding;
use crate::ui::Page;

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
    /// Version, configuration and age, as JSON.
    ApiStatus,
    /// Everything that groups hold, as JSON.
    ApiMetrics,
    /// Which methods there are, for scripts of other sites: of the API's first two.
    ApiOptions(Allow),
    /// Which groups there are, as JSON.
    ListGroups,
    /// To delete all groups that a query selects.
    DeleteGroups,
    /// To delete everything.
    Wipe,
    /// A page for people.
    Ui(Page<'a>),
    /// A file of this name that pages refer to.
    UiAsset(&'a str),
    /// The page of groups, asked for without the slash that relative links need.
    UiRedirect,
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

/// The methods of the list of groups.
const GROUPS: Allow = "DELETE, GET, HEAD, OPTIONS";

/// The methods of the path that wipes everything.
const WIPE: Allow = "OPTIONS, PUT";

/// What a path leads to, whatever the method.
#[derive(Clone, Copy, Debug)]
enum Place {
    Group(JobEncoding),
    Healthy,
    Ready,
    Quit,
    ApiStatus,
    ApiMetrics,
    ApiGroups,
    ApiWipe,
    GroupsPage,
    StatusPage,
    GroupPage,
    UiAsset,
}

/// Every path there is below the prefix, but that of the scrape, which is configured. A name in braces, which is always
/// the last part, stands for any segment, and with dots for one or more.
const PLACES: [(&str, Place); 13] = [
    (
        "/metrics/job/{segments...}",
        Place::Group(JobEncoding::Plain),
    ),
    (
        "/metrics/job@base64/{segments...}",
        Place::Group(JobEncoding::Base64),
    ),
    ("/-/healthy", Place::Healthy),
    ("/-/ready", Place::Ready),
    ("/-/quit", Place::Quit),
    ("/api/v1/status", Place::ApiStatus),
    ("/api/v1/metrics", Place::ApiMetrics),
    ("/api/v1/groups", Place::ApiGroups),
    ("/api/v1/admin/wipe", Place::ApiWipe),
    ("/", Place::GroupsPage),
    ("/status", Place::StatusPage),
    ("/group/{id}", Place::GroupPage),
    ("/-/ui/{file}", Place::UiAsset),
];

/// The templates of every path below the prefix, but that of the scrape ([`Paths::telemetry`]): `{name}` stands for any
/// segment, `{name...}` for one or more. `docs/openapi.yaml` is held against them.
pub fn templates() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|(template, _)| *template)
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// What stands before every path: nothing, or a path without a slash at its end.
    prefix: String,
    /// The segments of the path of the scrape, below the prefix.
    telemetry: Vec<String>,
}

impl Paths {
    /// The paths for these values of the Pushgateway's flags. Empty ones stand for their defaults.
    ///
    /// The prefix is `route_prefix`, else the path of `external_url`. (Its `computeRoutePrefix`.)
    #[must_use]
    pub fn new(route_prefix: &str, external_url: &str, telemetry_path: &str) -> Self {
        let prefix = if route_prefix.is_empty() {
            path_of(external_url)
        } else {
            route_prefix
        };
        let telemetry = if telemetry_path.is_empty() {
            "metrics"
        } else {
            telemetry_path
        };
        Self {
            prefix: names_in(prefix).flat_map(|name| ["/", name]).collect(),
            telemetry: names_in(telemetry).map(str::to_owned).collect(),
        }
    }

    /// The prefix: nothing, or a path without a slash at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The path of the scrape, below the prefix.
    #[must_use]
    pub fn telemetry(&self) -> String {
        format!("/{}", self.telemetry.join("/"))
    }

    /// Whether these segments are the path of the scrape. A slash may follow: where the Pushgateway redirects to the
    /// path without it, which a scraper follows.
    fn is_telemetry(&self, segments: &[&str]) -> bool {
        let segments = segments.strip_suffix(&[""]).unwrap_or(segments);
        segments.len() == self.telemetry.len()
            && segments
                .iter()
                .zip(&self.telemetry)
                .all(|(segment, name)| decode(segment) == *name)
    }
}

/// The path of a URL, without query and fragment.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest
        .find('/')
        .and_then(|at| rest.get(at..))
        .unwrap_or_default();
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The names between slashes.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// What a request asks for. `path` is the path as it was sent, without the query.
#[must_use]
pub fn route<'a>(method: &Method, path: &'a str, paths: &Paths) -> Route<'a> {
    let Some(path) = path.strip_prefix(&*paths.prefix) else {
        return Route::NotFound;
    };
    let Some(path) = path.strip_prefix('/') else {
        return match path {
            "" if !paths.prefix.is_empty() => read(method, Route::UiRedirect),
            _ => Route::NotFound,
        };
    };
    // Split before decoding, so that an encoded slash is part of a segment.
    let segments: Vec<&str> = path.split('/').collect();
    if paths.is_telemetry(&segments) {
        return read(method, Route::Scrape);
    }
    let Some((place, named)) = find(&segments) else {
        return Route::NotFound;
    };
    let name = named.first().copied().unwrap_or_default();
    match place {
        Place::Group(job) => group(method, job, named),
        Place::Healthy => read(method, Route::Healthy),
        Place::Ready => read(method, Route::Ready),
        Place::Quit => quit(method),
        Place::ApiStatus => api(method, Route::ApiStatus),
        Place::ApiMetrics => api(method, Route::ApiMetrics),
        Place::ApiGroups => groups(method),
        Place::ApiWipe => wipe(method),
        Place::GroupsPage => read(method, Route::Ui(Page::Groups)),
        Place::StatusPage => read(method, Route::Ui(Page::Status)),
        Place::GroupPage => read(method, Route::Ui(Page::Group(name))),
        Place::UiAsset => read(method, Route::UiAsset(name)),
    }
}

/// What these segments lead to, and those of them that the template only names.
fn find<'s, 'a>(segments: &'s [&'a str]) -> Option<(Place, &'s [&'a str])> {
    PLACES
        .iter()
        .find_map(|(template, place)| Some((*place, named_by(template, segments)?)))
}

/// Those of the segments that the template only names, if they fit to it.
fn named_by<'s, 'a>(template: &str, segments: &'s [&'a str]) -> Option<&'s [&'a str]> {
    let mut rest = segments;
    for part in template.split('/').skip(1) {
        if part.starts_with('{') {
            let fits = if part.ends_with("...}") {
                !rest.is_empty()
            } else {
                rest.len() == 1
            };
            return fits.then_some(rest);
        }
        let (segment, after) = rest.split_first()?;
        if decode(segment) != part {
            return None;
        }
        rest = after;
    }
    rest.is_empty().then_some(rest)
}

fn read<'a>(method: &Method, route: Route<'a>) -> Route<'a> {
    match *method {
        Method::GET | Method::HEAD => route,
        Method::OPTIONS => Route::Options(GET),
        _ => Route::MethodNotAllowed(GET),
    }
}

fn api<'a>(method: &Method, route: Route<'a>) -> Route<'a> {
    match read(method, route) {
        Route::Options(allow) => Route::ApiOptions(allow),
        route => route,
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

fn groups<'a>(method: &Method) -> Route<'a> {
    match *method {
        Method::GET | Method::HEAD => Route::ListGroups,
        Method::DELETE => Route::DeleteGroups,
        Method::OPTIONS => Route::Options(GROUPS),
        _ => Route::MethodNotAllowed(GROUPS),
    }
}

fn wipe<'a>(method: &Method) -> Route<'a> {
    match *method {
        Method::PUT => Route::Wipe,
        Method::OPTIONS => Route::Options(WIPE),
        _ => Route::MethodNotAllowed(WIPE),
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
            (Method::GET, "/%2D/he%61lthy", Route::Healthy),
            (Method::GET, "/api/v1/%73tatus", Route::ApiStatus),
            (Method::GET, "/api%2Fv1/status", Route::NotFound),
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
            (Method::OPTIONS, "/-/quit", Route::Options(QUIT)),
            (Method::GET, "/api/v1/status", Route::ApiStatus),
            (Method::HEAD, "/api/v1/metrics", Route::ApiMetrics),
            (Method::PUT, "/api/v1/metrics", Route::MethodNotAllowed(GET)),
            (Method::OPTIONS, "/api/v1/metrics", Route::ApiOptions(GET)),
            (Method::OPTIONS, "/api/v1/status", Route::ApiOptions(GET)),
            (Method::OPTIONS, "/api/v1/admin/wipe", Route::Options(WIPE)),
            (Method::GET, "/api/v1/", Route::NotFound),
            (Method::OPTIONS, "/api/v1/", Route::NotFound),
            (Method::OPTIONS, "/api/v1/other", Route::NotFound),
            (Method::GET, "/api/v1/metrics/", Route::NotFound),
            (Method::GET, "/api/v1/groups", Route::ListGroups),
            (Method::DELETE, "/api/v1/groups", Route::DeleteGroups),
            (Method::OPTIONS, "/api/v1/groups", Route::Options(GROUPS)),
            (
                Method::PUT,
                "/api/v1/groups",
                Route::MethodNotAllowed(GROUPS),
            ),
            (Method::PUT, "/api/v1/admin/wipe", Route::Wipe),
            (
                Method::POST,
                "/api/v1/admin/wipe",
                Route::MethodNotAllowed(WIPE),
            ),
            (Method::GET, "/", Route::Ui(Page::Groups)),
            (Method::HEAD, "/status", Route::Ui(Page::Status)),
            (Method::GET, "/group/1f", Route::Ui(Page::Group("1f"))),
            (Method::POST, "/", Route::MethodNotAllowed(GET)),
            (Method::GET, "/group", Route::NotFound),
            (Method::GET, "/status/", Route::NotFound),
            (Method::GET, "/-/ui/ui.css", Route::UiAsset("ui.css")),
            (Method::GET, "/-/ui", Route::NotFound),
            (Method::GET, "", Route::NotFound),
            (Method::OPTIONS, "/nothing", Route::NotFound),
        ];
        for (method, path, want) in cases {
            assert_eq!(
                route(&method, path, &Paths::new("", "", "")),
                want,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn paths_follow_the_flags_of_the_pushgateway() {
        let cases = [
            // route prefix, external URL, telemetry path: prefix, path of the scrape
            ("", "", "", "", "/metrics"),
            ("/", "http://host/ignored", "", "", "/metrics"),
            ("pgw", "", "", "/pgw", "/metrics"),
            ("/pgw/", "", "/m", "/pgw", "/m"),
            ("", "http://host:1/a/b/?q", "", "/a/b", "/metrics"),
            ("", "http://host", "m/n/", "", "/m/n"),
        ];
        for (prefix, url, telemetry, want_prefix, want_telemetry) in cases {
            let paths = Paths::new(prefix, url, telemetry);
            assert_eq!(
                (paths.prefix(), &*paths.telemetry()),
                (want_prefix, want_telemetry),
                "{prefix} {url}"
            );
        }
    }

    #[test]
    fn everything_is_below_the_prefix() {
        let paths = Paths::new("/pgw", "", "/m");
        let cases = [
            (Method::GET, "/pgw/m", Route::Scrape),
            (Method::GET, "/pgw/m/", Route::Scrape),
            (Method::GET, "/pgw/metrics", Route::NotFound),
            (Method::GET, "/m", Route::NotFound),
            (Method::GET, "/pgw", Route::UiRedirect),
            (Method::PUT, "/pgw", Route::MethodNotAllowed(GET)),
            (Method::GET, "/pgw/", Route::Ui(Page::Groups)),
            (Method::GET, "/", Route::NotFound),
            (Method::GET, "/pgwm", Route::NotFound),
            (Method::GET, "/pgw/-/healthy", Route::Healthy),
            (Method::GET, "/-/healthy", Route::NotFound),
            (Method::OPTIONS, "/pgw/metrics/job/a", Route::Options(GROUP)),
            (Method::OPTIONS, "/metrics/job/a", Route::NotFound),
        ];
        for (method, path, want) in cases {
            assert_eq!(route(&method, path, &paths), want, "{method} {path}");
        }
    }

    #[test]
    fn methods_are_listed_in_order() {
        for allow in [GET, GROUP, GROUPS, QUIT, WIPE] {
            assert!(allow.split(", ").is_sorted(), "{allow}");
        }
    }
}
