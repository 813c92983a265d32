//! The headers of pushes and scrapes, right ones and odd ones, and encodings.

use fastrand::Rng;

use super::super::delivery::{Coding, Delivery, PROTOBUF};
use super::super::scrape::Scrape;
use super::{one_in, pick};

/// Headers that say protobuf in an unusual way.
const ODD_PROTOBUF: [&str; 5] = [
    "APPLICATION/VND.google.protobuf; Proto=io.prometheus.client.MetricFamily; ENCODING=delimited",
    "application/vnd.google.protobuf;encoding=\"delimited\";proto=io.prometheus.client.MetricFamily;",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; \
     escaping=values",
    "application/vnd.google.protobuf ; encoding=delimited ; x=\"a;b\" ; \
     proto=io.prometheus.client.MetricFamily",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
     encoding=delimited; encoding=delimited",
];

/// Headers that say text, all in all.
const TEXT: [&str; 14] = [
    "text/plain; version=0.0.4; charset=utf-8",
    "text/plain; version=0.0.4; charset=utf-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json",
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "nonsense",
    "",
    "application/vnd.google.protobuf",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=Delimited",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text",
    "application/vnd.google.protobuf; proto=io.prometheus.client.Metric; encoding=delimited",
    "application/vnd.google.protobuf; encoding=delimited; \
     proto=io.prometheus.client.MetricFamily; encoding=text",
    "application/vnd.google.protobuf, proto=io.prometheus.client.MetricFamily; encoding=delimited",
];

/// Codings with the header that fits.
const RIGHT: [(Coding, &str); 8] = [
    (Coding::Gzip, "gzip"),
    (Coding::Gzip, "gzip"),
    (Coding::Gzip, "GZip"),
    (Coding::GzipMembers, "gzip"),
    (Coding::Snappy, "snappy"),
    (Coding::SnappyStreams, "Snappy"),
    (Coding::Plain, "identity"),
    (Coding::Plain, "deflate"),
];

/// Codings with a header that they do not fit, or that are broken.
const WRONG: [(Coding, &str); 15] = [
    (Coding::Plain, "gzip"),
    (Coding::Plain, "snappy"),
    (Coding::Gzip, "x-gzip"),
    (Coding::Gzip, "gzip, identity"),
    (Coding::Gzip, ""),
    (Coding::Gzip, "snappy"),
    (Coding::GzipCut, "gzip"),
    (Coding::GzipMagic, "gzip"),
    (Coding::GzipChecksum, "gzip"),
    (Coding::GzipDamaged, "gzip"),
    (Coding::GzipTrailing, "gzip"),
    (Coding::Snappy, "gzip"),
    (Coding::SnappyCut, "snappy"),
    (Coding::SnappyDamaged, "snappy"),
    (Coding::SnappyBlock, "snappy"),
];

/// How text is sent: mostly without any header.
pub(super) fn of_text(rng: &mut Rng) -> Delivery {
    let content_type = match rng.u8(..20) {
        0 => Some(PROTOBUF),
        1..=5 => Some(pick(rng, &TEXT)),
        _ => None,
    };
    encoded(rng, content_type)
}

/// How protobuf is sent: mostly as such.
pub(super) fn of_protobuf(rng: &mut Rng) -> Delivery {
    let content_type = match rng.u8(..30) {
        0 => None,
        1 => Some(pick(rng, &TEXT)),
        2..=5 => Some(pick(rng, &ODD_PROTOBUF)),
        _ => Some(PROTOBUF),
    };
    encoded(rng, content_type)
}

fn encoded(rng: &mut Rng, content_type: Option<&'static str>) -> Delivery {
    let (coding, content_encoding) = match rng.u8(..30) {
        0 => {
            let (coding, header) = pick(rng, &WRONG);
            (coding, Some(header))
        }
        1..=5 => {
            let (coding, header) = pick(rng, &RIGHT);
            (coding, Some(header))
        }
        _ => (Coding::Plain, None),
    };
    Delivery {
        content_type,
        content_encoding,
        coding,
        chunked: one_in(rng, 8),
    }
}

const DELIMITED: &str = "application/vnd.google.protobuf; \
                         proto=io.prometheus.client.MetricFamily; encoding=delimited";

const ACCEPT: [&str; 30] = [
    "*/*",
    "text/plain",
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0",
    "application/json",
    "application/openmetrics-text;version=1.0.0",
    DELIMITED,
    DELIMITED,
    DELIMITED,
    DELIMITED,
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;\
     escaping=allow-utf-8",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;\
     escaping=values",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
     encoding=compact-text;escaping=dots",
    "application/vnd.google.protobuf;proto=io.prometheus.client.Metric;encoding=delimited",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=json",
    "application/vnd.google.protobuf",
    "text/plain;escaping=allow-utf-8",
    "text/plain;escaping=dots",
    "text/plain;escaping=values",
    "text/plain;escaping=nonsense",
    "*/*;escaping=values",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.2,\
     text/plain;version=0.0.4;escaping=dots;q=0.8",
    "text/plain;q=0.1,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
     encoding=delimited;q=0.9",
    "text/plain;q=x,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
     encoding=delimited",
    // Prometheus 3, without and with native histograms.
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=0.0.1;q=0.5,\
     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
     application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
     application/openmetrics-text;version=0.0.1;q=0.4,\
     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
];

const ACCEPT_ENCODING: [&str; 16] = [
    "gzip",
    "gzip",
    "gzip",
    "GZIP",
    "identity",
    "identity, gzip",
    "gzip, identity",
    "gzip;q=0.5, identity;q=0.4",
    "gzip;q=0.5, identity;q=0.6",
    "gzip;q=0",
    "*",
    "*;q=0",
    "gzip, deflate, br, zstd",
    "zstd, gzip;q=0.9",
    "gzip;x=1",
    "",
];

/// How the sides are scraped: half of the time without any header.
pub(super) fn scrape(rng: &mut Rng) -> Scrape {
    Scrape {
        accept: one_in(rng, 2).then(|| pick(rng, &ACCEPT)),
        accept_encoding: one_in(rng, 4).then(|| pick(rng, &ACCEPT_ENCODING)),
    }
}
