//! Groups from a persistence file.

use anyhow::Result;
use spin_pushgateway::exposition::model::{MetricFamily, Value};
use spin_pushgateway::exposition::protobuf;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::groups::own::{self, PUSH_TIME};

use super::series;
use super::{Holdings, SourceGroup, gob};

/// Reads a persistence file.
pub(super) fn read(file: &[u8]) -> Result<Holdings> {
    let mut holdings = Holdings::default();
    for group in gob::groups(file)? {
        let Some(key) = GroupingKey::new(group.labels.iter().cloned()) else {
            let text = format!("{:?}: no group without a job", group.labels);
            holdings.unreadable.push(text);
            continue;
        };
        let mut read = SourceGroup {
            key,
            body: Vec::new(),
            was_pushed: true,
        };
        for (name, message) in &group.families {
            let delimited = delimited(message);
            match series::families(&delimited) {
                Ok(families) => families.iter().for_each(|family| read.add(family)),
                Err(error) => {
                    let text = format!("{}: family {name}: {error}", read.key);
                    holdings.unreadable.push(text);
                }
            }
        }
        holdings.groups.push(read);
    }
    holdings.groups.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(holdings)
}

impl SourceGroup {
    /// Adds a family. Of the automatic gauges it is only noted whether a push was ever accepted.
    pub(super) fn add(&mut self, family: &MetricFamily<'_>) {
        if !own::is_automatic(&family.name) {
            protobuf::write_family(&mut self.body, family);
        } else if family.name == PUSH_TIME {
            let mut metrics = family.metrics.iter();
            self.was_pushed = !metrics.any(|metric| metric.value == Value::Gauge(0.0));
        }
    }
}

/// The message with its length before it: seven bits a byte, the lowest first.
fn delimited(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len().saturating_add(10));
    let mut length = message.len();
    while length >= 0x80 {
        out.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(message);
    out
}
