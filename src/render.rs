//! The exposition of everything, in the format that was asked for.

use std::borrow::Cow;
use std::collections::TryReserveError;

use crate::exposition::escape::{EscapingScheme, NameMap, escape_family};
use crate::exposition::model::{Metric, MetricFamily, Value};
use crate::exposition::negotiate::{Format, FormatKind};
use crate::exposition::openmetrics::Clashes;
use crate::exposition::protobuf::native;
use crate::exposition::{openmetrics, protobuf, text};
use crate::groups::merge::{Merged, MergedFamily};
use crate::memory;

/// How much memory a series takes in full, at most and its own text aside, while its family is put together and sorted.
const SERIES_BYTES: usize = 640;

/// Writes all families in this format.
///
/// # Errors
///
/// There is no memory for that.
pub fn render(merged: &Merged<'_>, format: Format) -> Result<Vec<u8>, TryReserveError> {
    let renderer = Renderer {
        merged,
        format,
        names: names(merged, format.escaping),
    };
    if format.kind != FormatKind::Text {
        memory::require(room(merged))?;
    }
    Ok(match format.kind {
        FormatKind::Text => renderer.text()?,
        FormatKind::ProtobufDelimited => renderer.binary(),
        FormatKind::ProtobufText => renderer.each(protobuf::write_family_text),
        FormatKind::ProtobufCompactText => renderer.each(protobuf::write_family_compact_text),
        FormatKind::OpenMetrics | FormatKind::OpenMetricsDraft => renderer.openmetrics(),
    })
}

/// How much memory it takes, at most, to write families in another format than that in which they are stored: the largest
/// family in full, and what was written, which is copied when it outgrows its place.
fn room(merged: &Merged<'_>) -> usize {
    let texts = |family: &MergedFamily<'_>| family.pieces().map(<[u8]>::len).sum::<usize>();
    let families = merged.families.iter();
    let largest = families.map(|family| family.series_count * SERIES_BYTES + texts(family));
    let written = merged.families.iter().map(texts).sum::<usize>();
    largest.max().unwrap_or(0) + 3 * written
}

/// What the families' names become.
fn names(merged: &Merged<'_>, escaping: EscapingScheme) -> NameMap {
    if !merged.families.iter().any(|family| family.has_utf8_names) {
        return NameMap::default();
    }
    NameMap::of_families(
        merged
            .families
            .iter()
            .map(|family| (family.name, family.metric_type)),
        escaping,
    )
}

struct Renderer<'m, 'a> {
    merged: &'m Merged<'a>,
    format: Format,
    names: NameMap,
}

impl<'a> Renderer<'_, 'a> {
    /// Text, which was rendered when it was pushed: families are copied, but for those with names to be escaped.
    fn text(&self) -> Result<Vec<u8>, TryReserveError> {
        let mut own = String::new();
        // For each family its header and, if it was rendered anew, its series: where in `own` they end.
        let mut parts = Vec::with_capacity(self.merged.families.len());
        let mut stored = 0;
        for family in &self.merged.families {
            let (name, help, metric_type) = (family.name, family.help, family.metric_type);
            let is_stored = if !family.has_utf8_names {
                text::write_legacy_family_header(&mut own, name, help, metric_type);
                true
            } else if self.format.escaping == EscapingScheme::AllowUtf8 {
                text::write_family_header(&mut own, name, help, metric_type);
                true
            } else {
                write_text(&mut own, &self.escaped(family));
                false
            };
            let family = Some(family).filter(|_| is_stored);
            stored += family.map_or(0, |family| family.pieces().map(<[u8]>::len).sum());
            parts.push((own.len(), family));
        }
        let mut body = Vec::new();
        body.try_reserve_exact(own.len() + stored)?;
        let mut start = 0;
        for (end, family) in parts {
            body.extend_from_slice(own.as_bytes().get(start..end).unwrap_or_default());
            for piece in family.into_iter().flat_map(MergedFamily::pieces) {
                body.extend_from_slice(piece);
            }
            start = end;
        }
        Ok(body)
    }

    fn binary(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for family in &self.merged.families {
            for part in by_kind(self.escaped(family)) {
                protobuf::write_family(&mut body, &part);
            }
        }
        body
    }

    fn each(&self, write: impl Fn(&mut String, &MetricFamily<'_>)) -> Vec<u8> {
        let mut body = String::new();
        for family in &self.merged.families {
            write(&mut body, &self.escaped(family));
        }
        body.into_bytes()
    }

    fn openmetrics(&self) -> Vec<u8> {
        let families = self.merged.families.iter();
        let clashes = Clashes::of(families.map(|family| {
            let name = self.names.get(family.name).unwrap_or(family.name);
            (name, family.metric_type)
        }));
        let mut body = self.each(|body, family| match clashes.has(&family.name) {
            true => openmetrics::write_clashing_family(body, family),
            false => openmetrics::write_family(body, family),
        });
        let mut end = String::new();
        openmetrics::write_eof(&mut end);
        body.extend_from_slice(end.as_bytes());
        body
    }

    /// A family in full, with the names that the reader understands.
    fn escaped(&self, family: &MergedFamily<'a>) -> MetricFamily<'a> {
        let family = family.family();
        let labels = family
            .metrics
            .iter()
            .flat_map(|metric| &metric.labels)
            .map(|label| &*label.name);
        let labels = NameMap::of_labels(labels, self.format.escaping);
        match escape_family(&family, &self.names, &labels) {
            Cow::Owned(escaped) => escaped,
            Cow::Borrowed(_) => family,
        }
    }
}

/// A family of histograms of which some are native and some are not as two families of the same name.
///
/// Prometheus (up to 3.5 at least) takes all histograms of a family for what the first one is: with native ones first
/// it finds no observations in the others and gives the whole scrape up, otherwise it loses the native ones. It does
/// not mind a family that comes twice.
fn by_kind(family: MetricFamily<'_>) -> Vec<MetricFamily<'_>> {
    let is_mixed = family.metrics.iter().any(is_native) && !family.metrics.iter().all(is_native);
    if !is_mixed {
        return vec![family];
    }
    let (native, classic) = family.metrics.into_iter().partition(is_native);
    let family = MetricFamily {
        metrics: native,
        ..family
    };
    let others = MetricFamily {
        metrics: classic,
        ..family.clone()
    };
    vec![family, others]
}

fn is_native(metric: &Metric<'_>) -> bool {
    match &metric.value {
        Value::Histogram(histogram) => histogram.native.as_ref().is_some_and(native::is_native),
        Value::Counter(_) | Value::Gauge(_) | Value::Summary(_) | Value::Untyped(_) => false,
    }
}

fn write_text(out: &mut String, family: &MetricFamily<'_>) {
    text::write_family_header(
        out,
        &family.name,
        family.help.as_deref(),
        family.metric_type,
    );
    for metric in &family.metrics {
        text::write_metric(out, &family.name, metric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::{Histogram, MetricType, NativeHistogram};

    fn histogram(native: Option<NativeHistogram>) -> Metric<'static> {
        Metric {
            labels: Vec::new(),
            value: Value::Histogram(Box::new(Histogram {
                native,
                ..Histogram::default()
            })),
            timestamp_ms: None,
        }
    }

    #[test]
    fn native_histograms_come_apart_from_others_of_the_family() {
        let native = || {
            histogram(Some(NativeHistogram {
                zero_threshold: 0.1,
                ..NativeHistogram::default()
            }))
        };
        let classic = || histogram(None);
        // Prometheus takes one with neither buckets nor a zero bucket for a classic one.
        let nearly = || histogram(Some(NativeHistogram::default()));
        let cases = [
            (vec![], vec![vec![]]),
            (vec![classic(), nearly()], vec![vec![classic(), nearly()]]),
            (vec![native(), native()], vec![vec![native(), native()]]),
            (
                vec![classic(), native(), nearly()],
                vec![vec![native()], vec![classic(), nearly()]],
            ),
        ];
        for (metrics, want) in cases {
            let family = MetricFamily {
                name: "h".into(),
                help: Some("Help.".into()),
                metric_type: MetricType::Histogram,
                unit: None,
                metrics,
            };
            let parts = by_kind(family.clone());
            for part in &parts {
                assert_eq!((&part.name, &part.help), (&family.name, &family.help));
            }
            let metrics: Vec<_> = parts.into_iter().map(|part| part.metrics).collect();
            assert_eq!(metrics, want);
        }
    }
}
