//! What was found, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::group::Facts;

/// How many of the largest groups are named.
const LARGEST: usize = 10;

/// How many notices the text lists.
const LISTED: usize = 50;

/// What was found in a store.
#[derive(Debug, Default)]
pub(super) struct Report {
    damage: Vec<Finding>,
    notices: Vec<Finding>,
    sizes: Sizes,
}

/// Something found, and under which key.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Finding {
    /// The key.
    pub(super) key: String,
    /// What is the matter.
    pub(super) what: String,
}

#[derive(Debug, Default, Serialize)]
struct Sizes {
    groups: usize,
    entries: usize,
    families: usize,
    series: usize,
    keys: usize,
    bytes: usize,
    largest_groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    labels: BTreeMap<String, String>,
    bytes: usize,
    entries: usize,
    series: usize,
}

#[derive(Serialize)]
struct Document<'a> {
    store: &'a str,
    damage: &'a [Finding],
    notices: &'a [Finding],
    sizes: &'a Sizes,
}

impl Report {
    /// Notes something that the gateway cannot read, and leaves out.
    pub(super) fn damage(&mut self, key: &str, what: &str) {
        self.damage.push(Finding::new(key, what));
    }

    /// Notes something that is left over, or that this program cannot judge.
    pub(super) fn notice(&mut self, key: &str, what: &str) {
        self.notices.push(Finding::new(key, what));
    }

    /// Counts a key and the bytes that it takes with its value.
    pub(super) fn count_key(&mut self, bytes: usize) {
        self.sizes.keys += 1;
        self.sizes.bytes += bytes;
    }

    /// Adds up the groups.
    pub(super) fn measure(&mut self, groups: &BTreeMap<String, Facts>) {
        let sizes = &mut self.sizes;
        sizes.groups = groups
            .values()
            .filter(|facts| facts.exists || facts.failed)
            .count();
        sizes.entries = groups.values().map(|facts| facts.entries).sum();
        sizes.series = groups.values().map(|facts| facts.series).sum();
        let mut families: Vec<_> = groups.values().flat_map(|facts| &facts.families).collect();
        families.sort_unstable();
        families.dedup();
        sizes.families = families.len();
        let mut largest: Vec<_> = groups.values().collect();
        largest.sort_by_key(|facts| std::cmp::Reverse(facts.bytes));
        sizes.largest_groups = largest
            .into_iter()
            .take(LARGEST)
            .map(|facts| Group {
                labels: facts.labels.clone(),
                bytes: facts.bytes,
                entries: facts.entries,
                series: facts.series,
            })
            .collect();
    }

    /// Whether something is damaged.
    pub(super) fn has_damage(&self) -> bool {
        !self.damage.is_empty()
    }

    /// As one JSON document.
    pub(super) fn json(&self, store: &str) -> String {
        let document = Document {
            store,
            damage: &self.damage,
            notices: &self.notices,
            sizes: &self.sizes,
        };
        // Texts and numbers only: there is nothing that JSON could not say.
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// For people.
    pub(super) fn text(&self, store: &str) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out, store);
        out
    }

    fn write(&self, out: &mut String, store: &str) -> std::fmt::Result {
        let sizes = &self.sizes;
        writeln!(out, "{store}")?;
        writeln!(
            out,
            "{} groups, {} entries, {} families, {} series, {} keys, {} bytes",
            sizes.groups, sizes.entries, sizes.families, sizes.series, sizes.keys, sizes.bytes
        )?;
        if !sizes.largest_groups.is_empty() {
            writeln!(out, "\nlargest groups:")?;
        }
        for group in &sizes.largest_groups {
            let labels = group.labels.iter();
            let labels = label_text(labels.map(|(name, value)| (name.as_str(), value.as_str())));
            writeln!(
                out,
                "  {:>10} bytes {:>4} entries {:>7} series  {labels}",
                group.bytes, group.entries, group.series
            )?;
        }
        for (title, findings, listed) in [
            ("damaged", &self.damage, usize::MAX),
            ("notices, which no scrape shows", &self.notices, LISTED),
        ] {
            writeln!(out, "\n{title}: {}", findings.len())?;
            for finding in findings.iter().take(listed) {
                writeln!(out, "  {}: {}", finding.key, finding.what)?;
            }
            if findings.len() > listed {
                let more = findings.len() - listed;
                writeln!(out, "  and {more} more, which --json lists")?;
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn findings(&self) -> [&[Finding]; 2] {
        [&self.damage, &self.notices]
    }
}

impl Finding {
    fn new(key: &str, what: &str) -> Self {
        Self {
            key: printable(key),
            what: printable(what),
        }
    }
}

/// The text with what is not printable escaped: of damaged keys and names anything may be part, such as
/// a terminal's commands.
fn printable(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\'' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
        out
    })
}

/// A label set as Prometheus writes one.
pub(super) fn label_text<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let labels: Vec<_> = labels
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{{{}}}", labels.join(","))
}
