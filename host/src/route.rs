//! The trigger's route: which paths belong to the component, and what Spin says about them.

use anyhow::{Result, ensure};

/// A route as the manifest writes it: `/...`, a prefix such as `/pgw/...`, or one exact path.
///
/// Spin's routes may also name path segments (`/:user`); those are refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    raw: String,
    /// The route without the wildcard and without slashes at its ends.
    path: String,
    wildcard: bool,
}

impl Route {
    /// Parses a route.
    pub(crate) fn parse(raw: &str) -> Result<Self> {
        ensure!(raw.starts_with('/'), "route {raw:?} must start with \"/\"");
        let (path, wildcard) = match raw.strip_suffix("/...") {
            Some(path) => (path, true),
            None => (raw, false),
        };
        ensure!(
            !path.contains([':', '*']) && !path.contains("..."),
            "route {raw:?} is not supported: only a path, or a path with \"/...\" at its end"
        );
        Ok(Self {
            raw: raw.to_owned(),
            path: path.trim_matches('/').to_owned(),
            wildcard,
        })
    }

    /// What the route leaves of a path (`spin-path-info`), or none if the path does not match.
    ///
    /// Slashes at the ends do not count in the match, as with Spin's router. So the remainder does
    /// not tell `/a` from `//a`: a component that must know reads the request's own URI.
    pub(crate) fn remainder(&self, path: &str) -> Option<String> {
        let rest = path.trim_matches('/').strip_prefix(&self.path)?;
        if !self.wildcard {
            return rest.is_empty().then(String::new);
        }
        let rest = match rest.strip_prefix('/') {
            Some(rest) => rest,
            None if rest.is_empty() || self.path.is_empty() => rest,
            None => return None,
        };
        let trailing = if path.ends_with('/') { "/" } else { "" };
        Some(if rest.is_empty() {
            trailing.to_owned()
        } else {
            format!("/{rest}{trailing}")
        })
    }

    /// The route as written (`spin-raw-component-route`).
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// The route without its wildcard (`spin-component-route`); empty for `/...`.
    pub(crate) fn prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }

    /// The route on the application's base path, which is always `/` (`spin-matched-route`).
    pub(crate) fn matched(&self) -> &str {
        self.raw.strip_suffix('/').unwrap_or(&self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn a_route_matches_its_paths() {
        let cases: [(&str, &str, Option<&str>); 16] = [
            ("/...", "/", Some("/")),
            ("/...", "/a/b", Some("/a/b")),
            ("/...", "/a/b/", Some("/a/b/")),
            ("/...", "//a", Some("/a")),
            ("/...", "*", Some("/*")),
            ("/pgw/...", "/pgw", Some("")),
            ("/pgw/...", "/pgw/", Some("/")),
            ("/pgw/...", "/pgw/a//b", Some("/a//b")),
            ("/pgw/...", "/pgw//a", Some("//a")),
            ("/pgw/...", "/pgwa", None),
            ("/pgw/...", "/", None),
            ("/pgw/...", "/a/pgw", None),
            ("/a", "/a", Some("")),
            ("/a", "/a/", Some("")),
            ("/a", "/a/b", None),
            ("/", "/a", None),
        ];
        for (route, path, want) in cases {
            let route = Route::parse(route).expect("a route");
            assert_eq!(route.remainder(path).as_deref(), want, "{route:?} {path}");
        }
    }

    #[test]
    fn a_route_has_the_spellings_of_spin_headers() {
        let cases = [
            ("/...", "", "/..."),
            ("/pgw/...", "/pgw", "/pgw/..."),
            ("/a/", "/a/", "/a"),
        ];
        for (raw, prefix, matched) in cases {
            let route = Route::parse(raw).expect("a route");
            assert_eq!(
                (route.raw(), route.prefix(), route.matched()),
                (raw, prefix, matched)
            );
        }
    }

    #[test]
    fn other_routes_are_refused() {
        for raw in ["", "a", "/:user/...", "/a/*", "/.../a"] {
            assert!(Route::parse(raw).is_err(), "{raw}");
        }
    }
}
