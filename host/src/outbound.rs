//! The hosts that the component may send requests to: `allowed_outbound_hosts`, as Spin reads it.
//!
//! An entry is `SCHEME://HOST[:PORT]`. The scheme may be `*`, the host `*` or `*.DOMAIN`, the port `*` or a range
//! `FIRST..END`; without a port it is the scheme's own. Spin knows networks (`10.0.0.0/8`) and `self` too, which are
//! refused here.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use http::Uri;

/// Which requests may leave.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AllowedHosts(Vec<Entry>);

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// `None` for any.
    scheme: Option<String>,
    host: Host,
    /// `None` for any.
    ports: Option<Range<u16>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Host {
    Any,
    /// A name's end, from its dot on.
    Below(String),
    Exactly(String),
}

impl AllowedHosts {
    /// Reads the entries, whose templates are filled in already.
    pub(crate) fn parse(entries: impl IntoIterator<Item = String>) -> Result<Self> {
        let parse = |entry: String| {
            Entry::parse(entry.trim())
                .with_context(|| format!("allowed_outbound_hosts: {entry:?} is not supported"))
        };
        Ok(Self(entries.into_iter().map(parse).collect::<Result<_>>()?))
    }

    /// Whether a request to this URL may leave.
    pub(crate) fn allow(&self, url: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else {
            return false;
        };
        let port = url.port_u16().or_else(|| own_port(scheme));
        self.0.iter().any(|entry| {
            let is_scheme = entry.scheme.as_ref().is_none_or(|own| own == scheme);
            let is_host = match &entry.host {
                Host::Any => true,
                Host::Below(end) => host.ends_with(end),
                Host::Exactly(name) => host == name,
            };
            let is_port = match &entry.ports {
                None => true,
                Some(ports) => port.is_some_and(|port| ports.contains(&port)),
            };
            is_scheme && is_host && is_port
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").context("it has no scheme")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(!rest.contains('/'), "it has a path, or is a network");
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        ensure!(
            scheme == "*" || scheme.bytes().all(|byte| byte.is_ascii_alphabetic()),
            "its scheme is none"
        );
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host: Host::parse(host)?,
            ports: match port {
                None => {
                    let port = own_port(scheme).context("its scheme has no port of its own")?;
                    Some(one(port)?)
                }
                Some("*") => None,
                Some(port) => Some(ports(port).context("its port is no number")?),
            },
        })
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self> {
        let name = text.strip_prefix('*').unwrap_or(text);
        if text == "*" {
            return Ok(Self::Any);
        }
        ensure!(
            !text.is_empty() && !name.contains(['*', '{', '}']),
            "its host is none"
        );
        ensure!(
            !["self", "self.alt"].contains(&text),
            "the component's own routes"
        );
        if name == text {
            Ok(Self::Exactly(name.to_owned()))
        } else if name.starts_with('.') {
            Ok(Self::Below(name.to_owned()))
        } else {
            bail!("a wildcard stands for whole names");
        }
    }
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn ports(text: &str) -> Result<Range<u16>> {
    match text.split_once("..") {
        Some((first, end)) => Ok(first.parse()?..end.parse()?),
        None => one(text.parse()?),
    }
}

fn one(port: u16) -> Result<Range<u16>> {
    Ok(port..port.checked_add(1).context("the last port")?)
}

#[cfg(test)]
mod tests {
    use super::AllowedHosts;

    fn allow(entry: &str, url: &str) -> Option<bool> {
        let hosts = AllowedHosts::parse([entry.to_owned()]).ok()?;
        Some(hosts.allow(&url.parse().expect(url)))
    }

    #[test]
    fn entries_allow_what_they_name() {
        let cases = [
            ("https://a.example", "https://a.example/x", true),
            ("https://a.example/", "https://a.example:443/x", true),
            ("https://a.example", "https://a.example:8443/", false),
            ("https://a.example", "http://a.example/", false),
            ("https://a.example", "https://b.a.example/", false),
            ("https://*.example", "https://b.a.example/", true),
            ("https://*.example", "https://example/", false),
            ("http://127.0.0.1:9090", "http://127.0.0.1:9090/", true),
            ("http://127.0.0.1:9090", "http://127.0.0.1:9091/", false),
            ("http://[::1]:9090", "http://[::1]:9090/", true),
            ("http://h:8000..8002", "http://h:8001/", true),
            ("http://h:8000..8002", "http://h:8002/", false),
            ("*://*:*", "http://h:1/", true),
        ];
        for (entry, url, want) in cases {
            assert_eq!(allow(entry, url), Some(want), "{entry} {url}");
        }
        let nothing = AllowedHosts::default();
        assert!(!nothing.allow(&"http://h/".parse().expect("a URL")));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for entry in [
            "",
            "*",
            "a.example",
            "https://",
            "https://a/b",
            "https://a*",
            "https://*a",
            "https://{a,b}",
            "http://10.0.0.0/8",
            "http://self",
            "*://h",
            "http://h:x",
            "h3://h:1",
        ] {
            assert_eq!(allow(entry, "http://h/"), None, "{entry}");
        }
    }
}
