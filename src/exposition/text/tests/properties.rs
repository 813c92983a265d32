//! What holds for every input.

use std::borrow::Cow;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::parse;
use super::{parsed, render};
use crate::exposition::generated::families;
use crate::exposition::model::{Histogram, Label, Metric, MetricFamily, MetricType, Value};
use crate::exposition::names::NameScheme::{self, Legacy, Utf8};

/// The families without what this format cannot say, and with names that suit the scheme.
fn without_the_unspeakable(
    mut families: Vec<MetricFamily<'static>>,
    scheme: NameScheme,
) -> Vec<MetricFamily<'static>> {
    for family in &mut families {
        suit(&mut family.name, scheme);
        family.unit = None;
        let help = family.help.take().unwrap_or_default();
        let help = help.trim_start_matches([' ', '\t']);
        family.help = (!help.is_empty()).then(|| Cow::Owned(help.to_owned()));
        if family.metric_type == MetricType::GaugeHistogram {
            family.metric_type = MetricType::Histogram;
        }
        for (number, metric) in family.metrics.iter_mut().enumerate() {
            simplify(metric, number, scheme);
        }
    }
    families
}

fn suit(name: &mut Cow<'static, str>, scheme: NameScheme) {
    if scheme == Utf8 && name.len().is_multiple_of(2) {
        name.to_mut().push_str(".\"\\\n é");
    }
}

fn simplify(metric: &mut Metric<'static>, number: usize, scheme: NameScheme) {
    for label in &mut metric.labels {
        if matches!(&*label.name, "le" | "quantile") {
            label.name.to_mut().push('_');
        }
        suit(&mut label.name, scheme);
    }
    // Lines of equal labels would become one metric.
    metric.labels.push(Label::new("number", number.to_string()));
    match &mut metric.value {
        Value::Counter(counter) => {
            counter.exemplar = None;
            counter.created = None;
        }
        Value::Gauge(_) | Value::Untyped(_) => {}
        Value::Summary(summary) => {
            summary.created = None;
            summary.sample_count >>= 11;
        }
        Value::Histogram(histogram) => simplify_histogram(histogram),
    }
}

fn simplify_histogram(histogram: &mut Histogram<'static>) {
    let is_float = histogram.sample_count_float != 0.0;
    let simplify_count = |integer: &mut u64, float: &mut f64| {
        *integer >>= 11;
        *float = 0.0;
        if is_float {
            *float = (*integer >> 32) as f64 + 0.5;
            *integer = 0;
        }
    };
    simplify_count(
        &mut histogram.sample_count,
        &mut histogram.sample_count_float,
    );
    if let Some(last) = histogram.buckets.last_mut() {
        last.upper_bound = f64::INFINITY;
    } else {
        histogram.buckets.push(Default::default());
        histogram.buckets[0].upper_bound = f64::INFINITY;
    }
    for bucket in &mut histogram.buckets {
        simplify_count(
            &mut bucket.cumulative_count,
            &mut bucket.cumulative_count_float,
        );
        bucket.exemplar = None;
    }
    histogram.native = None;
    histogram.exemplars.clear();
    histogram.created = None;
}

/// One change of a text: at this place (in 1/65536 of its length) remove that many bytes and insert these.
type Change = (u16, usize, String);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let inserted = "[ \t\n\\\\\"{}=,#0-9a-z_.:+-]{0,3}";
    vec((any::<u16>(), 0..4_usize, inserted), 1..6)
}

fn change(text: &str, changes: Vec<Change>) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, removed, inserted) in changes {
        let start = bytes.len() * usize::from(place) / 0x1_0000;
        let end = bytes.len().min(start + removed);
        bytes.splice(start..end, inserted.into_bytes());
    }
    bytes
}

proptest! {
    #[test]
    fn what_is_rendered_is_parsed_as_it_was(families in families()) {
        for scheme in [Legacy, Utf8] {
            let families = without_the_unspeakable(families.clone(), scheme);
            let text = render(&families);
            prop_assert_eq!(parsed(text.as_bytes(), scheme), families);
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        for scheme in [Legacy, Utf8] {
            let _ = parse(&bytes, scheme).map_err(|error| error.to_string());
        }
    }

    #[test]
    fn damaged_texts_are_refused_or_mean_what_their_rendering_means(
        families in families(),
        changes in changes(),
    ) {
        let families = without_the_unspeakable(families, Utf8);
        let damaged = change(&render(&families), changes);
        if let Ok(understood) = parse(&damaged, Utf8) {
            let text = render(&understood);
            prop_assert_eq!(render(&parsed(text.as_bytes(), Utf8)), text);
        }
    }

    #[test]
    fn errors_are_in_a_line_of_the_input(families in families(), changes in changes()) {
        let damaged = change(&render(&families), changes);
        if let Err(error) = parse(&damaged, Legacy) {
            let lines = damaged.iter().filter(|byte| **byte == b'\n').count() + 1;
            prop_assert!((1..=lines).contains(&error.line()), "{}", error);
        }
    }
}

/// Each of these would take minutes if time grew with the square of the size.
#[test]
fn large_inputs_take_no_more_than_their_share_of_time() {
    const MANY: usize = 100_000;

    let mut labels = String::from("m{");
    let mut names_inside = String::from("{");
    let mut names = String::new();
    let mut histograms = String::from("# TYPE h histogram\n");
    for number in 0..MANY {
        let _ = write!(labels, "l{number}=\"\",");
        let _ = write!(names_inside, "l{number}=\"\",");
        let _ = writeln!(names, "m{number} 1");
        let _ = writeln!(histograms, "h_count{{n=\"{number}\"}} 1");
    }
    for number in 0..MANY {
        let _ = writeln!(histograms, "h_bucket{{le=\"1\",n=\"{number}\"}} 1");
    }
    labels.push_str("} 1\n");
    names_inside.push_str("m} 1\n");
    let escapes = format!("m{{a=\"{0}\"}} 1\n# HELP m {0}\n", r"\\".repeat(MANY));
    let blanks = format!("{0}m{0}{{{0}}}{0}1{0}2\n{0}", " \t".repeat(MANY));

    let cases = [
        (labels, 1, 1),
        (names_inside, 1, 1),
        (names, MANY, MANY),
        (histograms, 1, MANY),
        (escapes, 1, 1),
        (blanks, 1, 1),
    ];
    for (input, families, metrics) in cases {
        let parsed = parsed(input.as_bytes(), Legacy);
        assert_eq!(parsed.len(), families);
        let found: usize = parsed.iter().map(|family| family.metrics.len()).sum();
        assert_eq!(found, metrics);
        assert!(!render(&parsed).is_empty());
    }
}
