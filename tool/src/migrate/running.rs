//! Groups from a running Pushgateway.
//!
//! Its JSON API says which groups there are and which series each holds, but not all of a series (no
//! exemplars, native histograms as text). A scrape as protobuf says all of a series, but not which
//! group holds it: `m{job="a",instance="b"}` may be of the group `{job="a"}` too. So both are read,
//! and series looked up in the scrape by what the API says.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use spin_pushgateway::exposition::model::MetricFamily;
use spin_pushgateway::groups::key::GroupingKey;

use super::http::Site;
use super::series::{self, Index};
use super::{Holdings, SourceGroup};

/// How often both are read where they do not fit together, since pushes came between.
const ATTEMPTS: usize = 5;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Family {
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Reads everything that the Pushgateway holds.
pub(super) fn read(site: &Site) -> Result<Holdings> {
    for _ in 0..ATTEMPTS {
        let listed = site.get("/api/v1/metrics", "application/json")?;
        let scraped = site.scrape()?;
        if let Some(holdings) = combine(&listed, &scraped)? {
            return Ok(holdings);
        }
    }
    bail!(
        "its groups changed between the reads, {ATTEMPTS} times: use the persistence file, or stop pushing"
    )
}

/// Puts both together; `None` where the scrape lacks a series that the API has.
fn combine(listed: &[u8], scraped: &[u8]) -> Result<Option<Holdings>> {
    let answer: Answer = serde_json::from_slice(listed)
        .context("expected the answer of a Pushgateway's /api/v1/metrics")?;
    let index = series::index(scraped)?;
    let mut holdings = Holdings::default();
    for group in answer.data {
        match group_of(group, &index) {
            Ok(Some(group)) => holdings.groups.push(group),
            Ok(None) => return Ok(None),
            Err(error) => holdings.unreadable.push(format!("{error:#}")),
        }
    }
    holdings.groups.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Some(holdings))
}

fn group_of(mut group: Map<String, Value>, index: &Index<'_>) -> Result<Option<SourceGroup>> {
    let labels = group.remove("labels").unwrap_or_default();
    // A family called `labels` takes the place of the labels; so does `last_push_successful`.
    let labels: BTreeMap<String, String> = serde_json::from_value(labels)
        .context("a group holds a family called \"labels\", so that its API cannot say which it is: use the persistence file")?;
    let key = GroupingKey::new(labels).context("a group without a job")?;
    if group
        .get("last_push_successful")
        .is_some_and(Value::is_boolean)
    {
        group.remove("last_push_successful");
    }
    let mut read = SourceGroup {
        key,
        body: Vec::new(),
        was_pushed: true,
    };
    for (name, family) in group {
        let family: Family = serde_json::from_value(family)
            .with_context(|| format!("{}: family {name}", read.key))?;
        let mut whole: Option<MetricFamily<'_>> = None;
        for metric in family.metrics {
            let Some(found) = index.get(&series::id_of(&name, metric.labels.into_iter())) else {
                return Ok(None);
            };
            let whole = whole.get_or_insert_with(|| MetricFamily {
                name: name.as_str().into(),
                help: family.help.as_deref().map(Into::into),
                metric_type: found.metric_type,
                unit: found.unit.as_deref().map(Into::into),
                metrics: Vec::new(),
            });
            whole.metrics.push(found.metric.clone());
        }
        if let Some(whole) = &whole {
            read.add(whole);
        }
    }
    Ok(Some(read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spin_pushgateway::exposition::names::NameScheme;
    use spin_pushgateway::exposition::{protobuf, text};

    fn scraped(exposition: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for family in text::parse(exposition.as_bytes(), NameScheme::Utf8).expect("parses") {
            protobuf::write_family(&mut body, &family);
        }
        body
    }

    const SCRAPE: &str = "# HELP m one\n# TYPE m counter\nm{job=\"j\",instance=\"\"} 1\n\
        m{job=\"j\",instance=\"i\"} 2\nm{job=\"j\",instance=\"k\"} 3\ngo_threads 5\n";

    #[test]
    fn series_come_to_the_group_that_the_api_says() {
        let listed = r#"{"status":"success","data":[
            {"labels":{"job":"j"},"last_push_successful":true,"m":{"type":"COUNTER","help":"other",
                "metrics":[{"labels":{"job":"j","instance":""},"value":"1"},
                           {"labels":{"job":"j","instance":"k"},"value":"3"}]}},
            {"labels":{"job":"j","instance":"i"},"m":{"type":"COUNTER",
                "metrics":[{"labels":{"job":"j","instance":"i"},"value":"2"}]}}]}"#;
        let body = scraped(SCRAPE);
        let holdings = combine(listed.as_bytes(), &body)
            .expect("reads")
            .expect("fits");
        let groups: Vec<_> = holdings
            .groups
            .iter()
            .map(|group| {
                let families = series::families(&group.body).expect("reads");
                let values: Vec<_> = families
                    .iter()
                    .flat_map(|family| &family.metrics)
                    .map(|metric| format!("{:?}", metric.value))
                    .collect();
                (
                    group.key.to_string(),
                    families[0].help.clone().map(String::from),
                    values.len(),
                )
            })
            .collect();
        assert_eq!(
            groups,
            [
                (r#"{instance="i",job="j"}"#.to_owned(), None, 1),
                (r#"{job="j"}"#.to_owned(), Some("other".to_owned()), 2),
            ]
        );
    }

    #[test]
    fn a_series_that_the_scrape_lacks_asks_for_another_look() {
        let listed =
            r#"{"data":[{"labels":{"job":"j"},"m":{"metrics":[{"labels":{"job":"x"}}]}}]}"#;
        assert!(
            combine(listed.as_bytes(), &scraped(SCRAPE))
                .expect("reads")
                .is_none()
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(combine(b"<html>", b"").is_err());
        let listed = r#"{"data":[{"labels":{"type":"GAUGE","metrics":[]}}]}"#;
        let holdings = combine(listed.as_bytes(), b"")
            .expect("reads")
            .expect("fits");
        assert_eq!(holdings.unreadable.len(), 1);
    }
}
