//! Talking to the Pushgateway and to the gateway.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ureq::Agent;
use ureq::http::Uri;

use super::{SourceGroup, Token};

/// How long one request may take: the answer may be all that a Pushgateway holds.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How large an answer may be.
const MAX_ANSWER_BYTES: u64 = 1 << 30;

/// Delimited protobuf, with names as they are; older Pushgateways pass over what they do not know.
const PROTOBUF: &str = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8";

/// A Pushgateway, real or ours.
#[derive(Debug)]
pub(super) struct Site {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

impl Site {
    /// Checks the URL. Nothing is sent yet.
    pub(super) fn new(url: &str, token: Option<&Token>) -> Result<Self> {
        let parsed: Uri = url.parse().with_context(|| format!("bad URL {url:?}"))?;
        ensure!(
            parsed.scheme_str() == Some("http"),
            "{url:?}: only http:// is supported; where it is HTTPS, go through a tunnel or a port-forward"
        );
        ensure!(
            parsed.query().is_none(),
            "{url:?}: a query has no meaning here"
        );
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A proxy of the environment is for the internet.
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            base: url.trim_end_matches('/').to_owned(),
            authorization: token.map(|token| format!("Bearer {}", token.0)),
        })
    }

    /// Everything, as delimited protobuf.
    pub(super) fn scrape(&self) -> Result<Vec<u8>> {
        self.get("/metrics", PROTOBUF)
    }

    /// The answer to a GET of this path below the base.
    pub(super) fn get(&self, path: &str, accept: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url).header("accept", accept);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.call().with_context(|| url.clone())?;
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_vec()
            .with_context(|| url.clone())?;
        if response.status() != 200 {
            bail!("{url}: {}: {}", response.status(), first_line(&body));
        }
        Ok(body)
    }

    /// Pushes a group: by PUT, or by POST onto what another group of the same labels has put.
    pub(super) fn push(&self, group: &SourceGroup, by_put: bool) -> Result<()> {
        let url = format!("{}{}", self.base, path(group));
        let request = if by_put {
            self.agent.put(&url)
        } else {
            self.agent.post(&url)
        };
        let mut request = request.header("content-type", PROTOBUF);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.send(&group.body[..])?;
        let body = response
            .body_mut()
            .with_config()
            .limit(1 << 20)
            .read_to_vec()?;
        // 202 where the consistency check is off.
        ensure!(
            matches!(response.status().as_u16(), 200 | 202),
            "{}: {}",
            response.status(),
            first_line(&body)
        );
        Ok(())
    }
}

/// The path of the group, `job` first, each value in base64, which can say all values.
fn path(group: &SourceGroup) -> String {
    let segment =
        |name: &str, value: &str| format!("/{name}@base64/{}", URL_SAFE_NO_PAD.encode(value));
    let job = group.key.get("job").unwrap_or_default();
    let others = group.key.labels().filter(|(name, _)| *name != "job");
    let others = others.map(|(name, value)| segment(name, value));
    format!(
        "/metrics{}{}",
        segment("job", job),
        others.collect::<String>()
    )
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spin_pushgateway::groups::key::GroupingKey;

    #[test]
    fn paths_name_the_job_first() {
        let key = GroupingKey::new([("a", "/"), ("job", "j"), ("instance", "")]);
        let group = SourceGroup {
            key: key.expect("has a job"),
            body: Vec::new(),
            was_pushed: true,
        };
        assert_eq!(path(&group), "/metrics/job@base64/ag/a@base64/Lw");
    }

    #[test]
    fn urls_that_cannot_work_are_refused() {
        for url in ["https://x", "x", "ftp://x", "http://x/?a=b", ""] {
            assert!(Site::new(url, None).is_err(), "{url}");
        }
        let site = Site::new("http://localhost:9091/prefix/", None).expect("a site");
        assert_eq!(site.base, "http://localhost:9091/prefix");
    }
}
