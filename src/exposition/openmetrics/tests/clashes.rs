//! Families of clashing names, rendered and read again.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::expressible;
use crate::exposition::generated::family;
use crate::exposition::model::MetricFamily;
use crate::exposition::names::{NameScheme, sample_suffixes};
use crate::exposition::openmetrics::{
    Clashes, parse, write_clashing_family, write_eof, write_family,
};
use crate::exposition::text;

/// As a scrape renders them.
fn render(families: &[MetricFamily<'_>]) -> String {
    let names = families.iter();
    let clashes = Clashes::of(names.map(|family| (&*family.name, family.metric_type)));
    let mut out = String::new();
    for family in families {
        match clashes.has(&family.name) {
            true => write_clashing_family(&mut out, family),
            false => write_family(&mut out, family),
        }
    }
    write_eof(&mut out);
    out
}

/// The series of families in the text format, each with its value.
fn series(families: &[MetricFamily<'_>]) -> BTreeSet<String> {
    let mut lines = String::new();
    for family in families {
        for metric in &family.metrics {
            text::write_metric(&mut lines, &family.name, metric);
        }
    }
    // Bounds of a family that lost its type are labels like others, in the form that they have in OpenMetrics.
    let lines = lines.lines().map(|line| line.replace(".0\"} ", "\"} "));
    lines.collect()
}

/// Families that a scrape may hold together: none has a name that another one has in the text format.
fn families() -> impl Strategy<Value = Vec<MetricFamily<'static>>> {
    let name = "a(_created|_gcount|_gsum|_bucket|_count)?(_created|_total)?";
    prop::collection::vec((name, family()), 1..8).prop_map(|families| {
        let mut taken = BTreeSet::new();
        let mut kept = Vec::new();
        for (name, family) in families {
            let family = MetricFamily {
                name: name.into(),
                ..without_unit(family)
            };
            let suffixes = sample_suffixes(family.metric_type).iter();
            let names: Vec<_> = suffixes
                .map(|suffix| format!("{}{suffix}", family.name))
                .collect();
            if names.iter().all(|name| !taken.contains(name)) {
                taken.extend(names);
                kept.push(family);
            }
        }
        kept
    })
}

fn without_unit(mut family: MetricFamily<'static>) -> MetricFamily<'static> {
    family.unit = None;
    expressible(family)
}

proptest! {
    #[test]
    fn families_of_any_names_are_valid_and_whole_together(families in families()) {
        let rendered = render(&families);
        let parsed = parse(rendered.as_bytes(), NameScheme::Legacy);
        prop_assert!(parsed.is_ok(), "{parsed:?}\n{rendered}");
        let shown = series(&parsed.expect("checked"));
        prop_assert_eq!(&shown, &series(&families), "{}", rendered);
    }
}
