//! The exposition of everything, in the format that was asked for.

use std::borrow::Cow;

use crate::exposition::escape::{EscapingScheme, NameMap, escape_family};
use crate::exposition::model::MetricFamily;
use crate::exposition::negotiate::{Format, FormatKind};
use crate::exposition::{openmetrics, protobuf, text};
use crate::groups::merge::{Merged, MergedFamily};

/// Writes all families in this format.
#[must_use]
pub fn render(merged: &Merged<'_>, format: Format) -> Vec<u8> {
    let renderer = Renderer {
        merged,
        format,
        names: names(merged, format.escaping),
    };
    match format.kind {
        FormatKind::Text => renderer.text(),
        FormatKind::ProtobufDelimited => renderer.binary(),
        FormatKind::ProtobufText => renderer.each(protobuf::write_family_text),
        FormatKind::ProtobufCompactText => renderer.each(protobuf::write_family_compact_text),
        FormatKind::OpenMetrics | FormatKind::OpenMetricsDraft => renderer.openmetrics(),
    }
}

/// What the families' names become.
fn names(merged: &Merged<'_>, escaping: EscapingScheme) -> NameMap {
    NameMap::of_families(
        merged
            .families
            .iter()
            .map(|(name, family)| (*name, family.metric_type)),
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
    fn text(&self) -> Vec<u8> {
        let mut own = String::new();
        // For each family its header and, if it was rendered anew, its series: where in `own` they end.
        let mut parts = Vec::with_capacity(self.merged.families.len());
        for (name, family) in &self.merged.families {
            let is_stored =
                self.format.escaping == EscapingScheme::AllowUtf8 || !family.has_utf8_names();
            if is_stored {
                text::write_family_header(&mut own, name, family.help, family.metric_type);
                parts.push((own.len(), family.pieces.as_slice()));
            } else {
                write_text(&mut own, &self.escaped(name, family));
                parts.push((own.len(), &[]));
            }
        }
        let stored = parts
            .iter()
            .flat_map(|(_, pieces)| *pieces)
            .map(|piece| piece.len())
            .sum::<usize>();
        let mut body = Vec::with_capacity(own.len() + stored);
        let mut start = 0;
        for (end, pieces) in parts {
            body.extend_from_slice(own.as_bytes().get(start..end).unwrap_or_default());
            for piece in pieces {
                body.extend_from_slice(piece);
            }
            start = end;
        }
        body
    }

    fn binary(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, family) in &self.merged.families {
            protobuf::write_family(&mut body, &self.escaped(name, family));
        }
        body
    }

    fn each(&self, write: impl Fn(&mut String, &MetricFamily<'_>)) -> Vec<u8> {
        let mut body = String::new();
        for (name, family) in &self.merged.families {
            write(&mut body, &self.escaped(name, family));
        }
        body.into_bytes()
    }

    fn openmetrics(&self) -> Vec<u8> {
        let mut body = self.each(openmetrics::write_family);
        let mut end = String::new();
        openmetrics::write_eof(&mut end);
        body.extend_from_slice(end.as_bytes());
        body
    }

    /// A family in full, with the names that the reader understands.
    fn escaped(&self, name: &'a str, family: &MergedFamily<'a>) -> MetricFamily<'a> {
        let family = family.family(name);
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
