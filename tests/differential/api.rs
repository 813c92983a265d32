//! The JSON API's view of the groups, without what two runs never share.
//!
//! Not compared, too, is what the gateway gives up on purpose by storing what
//! it serves: the order in which the metrics of a family were pushed (it has
//! that of the exposition) and the sign of a zero (the exposition has none).
//! Nor are the values of gauge histograms, for which the Pushgateway shows 0.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exposition::TIMES;

/// The groups by their labels, each as the API shows it but without times.
#[derive(Debug, PartialEq)]
pub(crate) struct Groups(BTreeMap<String, Value>);

impl Groups {
    /// Reads the answer; nothing if it is not one with groups in it.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        let groups = answer.get_mut("data")?.as_array_mut()?;
        let groups = groups.iter_mut().map(|group| {
            let labels = group["labels"].to_string();
            for (name, family) in group.as_object_mut().into_iter().flatten() {
                settle(name, family);
            }
            (labels, group.take())
        });
        Some(Self(groups.collect()))
    }

    /// The first group that is not the same: as it is here, and there.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, String)> {
        let all = self.0.keys().chain(other.0.keys());
        let labels = all
            .into_iter()
            .find(|labels| self.0.get(*labels) != other.0.get(*labels))?;
        let show = |groups: &Self| {
            groups.0.get(labels).map_or_else(
                || format!("no group {labels}"),
                |group| format!("{group:#}"),
            )
        };
        Some((show(self), show(other)))
    }
}

fn settle(name: &str, family: &mut Value) {
    let Some(family) = family.as_object_mut() else {
        return;
    };
    family.remove("time_stamp");
    let kind = family.get("type").cloned().unwrap_or_default();
    let Some(metrics) = family.get_mut("metrics").and_then(Value::as_array_mut) else {
        return;
    };
    for metric in metrics.iter_mut() {
        if kind == "GAUGE_HISTOGRAM" {
            *metric = metric["labels"].take();
            continue;
        }
        if TIMES.contains(&name) && metric["value"] != "0" {
            metric["value"] = "a time".into();
        }
        without_minus_zero(metric);
    }
    metrics.sort_by_cached_key(Value::to_string);
}

fn without_minus_zero(value: &mut Value) {
    match value {
        Value::String(text) if text == "-0" => *text = "0".to_owned(),
        Value::Object(fields) => {
            // The bound of a bucket.
            if let Some(bucket) = fields.remove("-0") {
                fields.insert("0".to_owned(), bucket);
            }
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "labels")
                .for_each(|(_, field)| without_minus_zero(field));
        }
        Value::Array(items) => items.iter_mut().for_each(without_minus_zero),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str) -> Groups {
        let body = format!(r#"{{"status":"success","data":[{text}]}}"#);
        Groups::parse(body.as_bytes()).expect("groups")
    }

    #[test]
    fn the_order_of_metrics_and_the_sign_of_zero_do_not_count() {
        let family = |first: &str, second: &str| {
            let metrics = format!(
                r#"[{{"labels":{{"a":"{first}"}},"value":"-0"}},{{"labels":{{"a":"{second}"}},"value":"0"}}]"#
            );
            groups(&format!(r#"{{"labels":{{}},"m":{{"metrics":{metrics}}}}}"#))
        };
        assert_eq!(family("x", "y").difference(&family("y", "x")), None);
        assert!(family("-0", "y").difference(&family("0", "y")).is_some());
    }

    #[test]
    fn order_and_times_do_not_count_and_everything_else_does() {
        let family = |time: &str, value: &str| {
            format!(
                r#"{{"time_stamp":"{time}","type":"GAUGE","metrics":[{{"labels":{{}},"value":"{value}"}}]}}"#
            )
        };
        let group = |job: &str, m: &str, pushed: &str| {
            format!(r#"{{"labels":{{"job":"{job}"}},"m":{m},"push_time_seconds":{pushed}}}"#)
        };
        let (m, pushed) = (family("t", "1"), family("t", "1.7e+09"));
        let here = groups(&[group("a", &m, &pushed), group("b", &m, &pushed)].join(","));
        let later = family("later", "1.8e+09");
        let there = group("b", &family("later", "1"), &later) + "," + &group("a", &m, &later);
        assert_eq!(here.difference(&groups(&there)), None);
        for other in [
            group("a", &m, &pushed),
            group("a", &m, &pushed) + "," + &group("b", &family("t", "2"), &pushed),
            group("a", &m, &pushed) + "," + &group("b", &m, &family("t", "0")),
        ] {
            assert!(here.difference(&groups(&other)).is_some(), "{other}");
        }
        assert!(Groups::parse(b"404 page not found").is_none());
    }
}
