//! A metric family: type, HELP and values; histograms and summaries as charts with their numbers.

use maud::{Markup, html};

use super::Context;
use super::chart::{Bar, bars};
use super::group::{badges, more};
use super::words::{float, time};
use crate::api::histogram::{Buckets, count};
use crate::exposition::model::{Histogram, Label, Metric, Summary, Value};
use crate::exposition::number::parse_float;
use crate::groups::entry::StoredFamily;

/// How many series of a family are shown in full.
const MAX_SERIES: usize = 100;

/// How many of them, if they have charts.
const MAX_CHARTS: usize = 12;

/// How many numbers stand beside a chart.
const MAX_NUMBERS: usize = 200;

/// A family of the group with these labels.
pub(super) fn render(
    context: &Context<'_>,
    group: &[(&str, &str)],
    stored: &StoredFamily<'_>,
) -> Markup {
    html! {
        section.family {
            h3 {
                code { (stored.name) }
                span.type { (stored.metric_type.text_name()) }
                span.quiet { (time(Some(stored.time), context.now)) }
            }
            @if let Some(help) = stored.help { p.help { (help) } }
            @match stored.family() {
                Some(family) => (metrics(group, &family.metrics)),
                None => p.bad { "Cannot be read: what is stored is damaged." },
            }
        }
    }
}

fn metrics(group: &[(&str, &str)], metrics: &[Metric<'_>]) -> Markup {
    let is_charted =
        |metric: &&Metric<'_>| matches!(metric.value, Value::Summary(_) | Value::Histogram(_));
    let (charted, plain): (Vec<_>, Vec<_>) = metrics.iter().partition(is_charted);
    html! {
        @if !plain.is_empty() {
            table.values {
                thead { tr { th { "Labels" } th.number { "Value" } } }
                tbody {
                    @for metric in plain.iter().take(MAX_SERIES) {
                        tr { td { (labels(group, metric)) } td.number { (value(metric)) } }
                    }
                }
            }
            (more(plain.len(), MAX_SERIES))
        }
        @for metric in charted.iter().take(MAX_CHARTS) {
            div.charted {
                (labels(group, metric))
                @match &metric.value {
                    Value::Histogram(histogram) => (histogram_chart(histogram)),
                    Value::Summary(summary) => (summary_chart(summary)),
                    Value::Counter(_) | Value::Gauge(_) | Value::Untyped(_) => {},
                }
            }
        }
        (more(charted.len(), MAX_CHARTS))
    }
}

fn value(metric: &Metric<'_>) -> String {
    match &metric.value {
        Value::Counter(counter) => float(counter.value),
        Value::Gauge(value) | Value::Untyped(value) => float(*value),
        Value::Summary(_) | Value::Histogram(_) => String::new(),
    }
}

/// The labels that the group does not have anyway.
fn labels(group: &[(&str, &str)], metric: &Metric<'_>) -> Markup {
    let is_own = |label: &&Label<'_>| {
        !label.value.is_empty() && !group.contains(&(&label.name, &label.value))
    };
    let own = metric.labels.iter().filter(is_own);
    let own: Vec<(&str, &str)> = own.map(|label| (&*label.name, &*label.value)).collect();
    html! { @if !own.is_empty() { p { (badges(&own)) } } }
}

fn histogram_chart(histogram: &Histogram<'_>) -> Markup {
    let (unit, buckets) = match Buckets::of(histogram) {
        Buckets::Classic(cumulative) => ("≤", classic(cumulative)),
        Buckets::Native(native) => {
            let bars = native.into_iter().map(|bucket| {
                let value = parse_float(bucket.count()).unwrap_or_default();
                Bar {
                    label: bucket.range(short),
                    value,
                    text: bucket.count().to_owned(),
                }
            });
            ("in", bars.collect())
        }
    };
    let name = format!(
        "Histogram of {} observations in {} buckets",
        count(histogram),
        buckets.len()
    );
    chart(
        &name,
        "Bucket",
        "Observations",
        unit,
        &buckets,
        &count(histogram),
        histogram.sample_sum,
    )
}

/// A bound with as many digits as can be read: those of native buckets are powers of roots of two.
fn short(bound: &str) -> String {
    let (mantissa, exponent) = match bound.find('e') {
        Some(at) => bound.split_at_checked(at).unwrap_or((bound, "")),
        None => (bound, ""),
    };
    // All before the point, and a few behind it.
    let whole = mantissa.find('.').unwrap_or(mantissa.len());
    let digits: String = mantissa.chars().take(whole.max(8)).collect();
    digits + exponent
}

/// The observations in each bucket alone, from the lowest bound on.
fn classic(cumulative: impl IntoIterator<Item = (String, String)>) -> Vec<Bar> {
    let parsed = cumulative
        .into_iter()
        .filter_map(|(bound, count)| Some((parse_float(&bound)?, bound, parse_float(&count)?)));
    let mut buckets: Vec<(f64, String, f64)> = parsed.collect();
    buckets.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let mut below = 0.0;
    let bars = buckets.into_iter().map(|(_, label, count)| {
        let value = count - below;
        below = count;
        let text = float(value);
        Bar { label, value, text }
    });
    bars.collect()
}

fn summary_chart(summary: &Summary) -> Markup {
    let quantiles = summary.quantiles.iter().map(|quantile| Bar {
        label: float(quantile.quantile),
        value: quantile.value,
        text: float(quantile.value),
    });
    let quantiles: Vec<Bar> = quantiles.collect();
    let name = format!(
        "Summary of {} observations with {} quantiles",
        summary.sample_count,
        quantiles.len()
    );
    chart(
        &name,
        "Quantile",
        "Value",
        "",
        &quantiles,
        &summary.sample_count.to_string(),
        summary.sample_sum,
    )
}

/// A chart with its numbers beside it.
fn chart(
    name: &str,
    of: &str,
    value: &str,
    unit: &str,
    shown: &[Bar],
    count: &str,
    sum: f64,
) -> Markup {
    html! {
        div.beside {
            @if !shown.is_empty() {
                (bars(name, shown))
                div.scroll tabindex="0" role="group" aria-label={(of) "s"} {
                    table.values {
                        thead { tr { th { (of) } th.number { (value) } } }
                        tbody {
                            @for bar in shown.iter().take(MAX_NUMBERS) {
                                tr { td { (unit) " " (bar.label) } td.number { (bar.text) } }
                            }
                        }
                    }
                    (more(shown.len(), MAX_NUMBERS))
                }
            }
            dl.sums {
                div { dt { "Count" } dd { (count) } }
                div { dt { "Sum" } dd { (float(sum)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_cut_without_changing_their_size() {
        let cases = [
            ("0.011048543456039804", "0.011048"),
            ("1.7976931348623157e+308", "1.797693e+308"),
            ("-12345678.5", "-12345678"),
            ("+Inf", "+Inf"),
            ("0.5", "0.5"),
        ];
        for (bound, want) in cases {
            assert_eq!(short(bound), want);
        }
    }

    #[test]
    fn classic_buckets_are_told_apart() {
        let pair = |(bound, count): (&str, &str)| (bound.to_owned(), count.to_owned());
        let cumulative = [("+Inf", "10"), ("0.5", "1"), ("1e+06", "9.5"), ("5", "1")].map(pair);
        let bars = classic(cumulative);
        let told: Vec<_> = bars.iter().map(|bar| (&*bar.label, &*bar.text)).collect();
        assert_eq!(
            told,
            [("0.5", "1"), ("5", "0"), ("1e+06", "8.5"), ("+Inf", "0.5")]
        );
    }
}
