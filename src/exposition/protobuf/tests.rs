//! Parsing and rendering together: real bytes, broken bytes, and round trips.

use proptest::prelude::*;

use super::wire::{put_delimited, put_double, put_message, put_string, put_uint};
use super::{
    parse, parse_metric, write_family, write_family_compact_text, write_family_text, write_metric,
};
use crate::exposition::generated::{families, family, same};
use crate::exposition::model::{Label, Metric, MetricFamily, MetricType, Timestamp, Value};
use crate::exposition::names::NameScheme;

const PUSHED: &[u8] = include_bytes!("../../../tests/fixtures/protobuf/pushed.pb");
const SCRAPED: &[u8] = include_bytes!("../../../tests/fixtures/protobuf/scraped.pb");
const SCRAPED_TEXT: &str = include_str!("../../../tests/fixtures/protobuf/scraped.text.txt");
const SCRAPED_COMPACT: &str = include_str!("../../../tests/fixtures/protobuf/scraped.compact.txt");

fn render(families: &[MetricFamily<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for family in families {
        write_family(&mut out, family);
    }
    out
}

#[test]
fn real_bytes_come_back_as_they_were() {
    for (name, bytes, count) in [("pushed", PUSHED, 5), ("scraped", SCRAPED, 10)] {
        let families = parse(bytes, NameScheme::Legacy).expect(name);
        assert_eq!(families.len(), count, "{name}");
        assert_eq!(render(&families), bytes, "{name}");
    }
}

#[test]
fn a_scrape_as_text_is_what_go_writes() {
    let families = parse(SCRAPED, NameScheme::Legacy).expect("the fixture");
    let mut text = String::new();
    let mut compact = String::new();
    for family in &families {
        write_family_text(&mut text, family);
        write_family_compact_text(&mut compact, family);
    }
    assert_eq!(text, SCRAPED_TEXT);
    assert_eq!(compact, SCRAPED_COMPACT);
}

#[test]
fn empty_messages_in_text_have_no_line_of_their_own() {
    let mut bytes = Vec::new();
    put_delimited(&mut bytes, |out| {
        put_string(out, 1, "h");
        put_uint(out, 3, 2);
        put_message(out, 4, |out| {
            put_message(out, 4, |out| put_message(out, 4, |_| {}));
        });
    });
    let families = parse(&bytes, NameScheme::Legacy).expect("a summary");
    let mut text = String::new();
    for family in &families {
        write_family_text(&mut text, family);
    }
    let want = "name: \"h\"\ntype: SUMMARY\nmetric: {\n  summary: {\n    sample_count: 0\n    \
                sample_sum: 0\n    created_timestamp: {}\n  }\n}\n\n";
    assert_eq!(text, want);
}

#[test]
fn a_push_by_a_real_client_is_understood() {
    let families = parse(PUSHED, NameScheme::Legacy).expect("the fixture");
    let [latency, floats, ages, jobs, _] = families.as_slice() else {
        panic!("expected five families, found {}", families.len());
    };
    assert_eq!(latency.unit.as_deref(), Some("seconds"));
    assert_eq!(ages.metric_type, MetricType::GaugeHistogram);
    assert_eq!(ages.help.as_deref(), Some(""));
    let Value::Histogram(histogram) = &latency.metrics[0].value else {
        panic!("expected a histogram");
    };
    let native = histogram.native.as_ref().expect("native buckets");
    assert_eq!(native.schema, -2);
    assert_eq!(native.positive.deltas, [1, 1, 0]);
    assert_eq!(native.negative.spans[0].offset, -3);
    let exemplar = histogram.buckets[0].exemplar.as_ref().expect("an exemplar");
    assert_eq!(
        exemplar.labels,
        [Label::new("trace_id", "4bf92f3577b34da6")]
    );
    assert_eq!(
        exemplar.timestamp,
        Some(Timestamp {
            seconds: 1_700_000_000,
            nanos: 5_000_000,
        })
    );
    let Value::Histogram(histogram) = &floats.metrics[0].value else {
        panic!("expected a histogram");
    };
    assert_eq!(histogram.sample_count_float, 4.5);
    let Value::Counter(counter) = &jobs.metrics[0].value else {
        panic!("expected a counter");
    };
    assert!(counter.exemplar.is_some() && counter.created.is_some());
}

/// A stream of one family: its own fields as `write` writes them.
fn stream(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put_delimited(&mut out, write);
    out
}

/// A stream of the gauge `m` whose only metric `write` writes.
fn gauge(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    stream(|out| {
        put_string(out, 1, "m");
        put_uint(out, 3, 1);
        put_message(out, 4, write);
    })
}

fn put_gauge_value(out: &mut Vec<u8>, value: f64) {
    put_message(out, 2, |out| put_double(out, 1, value));
}

fn put_label(out: &mut Vec<u8>, name: &str, value: &str) {
    put_message(out, 1, |out| {
        put_string(out, 1, name);
        put_string(out, 2, value);
    });
}

#[test]
fn broken_pushes_are_refused_with_their_place() {
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "a cut off length",
            vec![0x80],
            "unexpected EOF: in metric family 1",
        ),
        (
            "a length beyond the end",
            vec![0xff, 0xff, 0xff, 0xff, 0x7f, 0x0a],
            "unexpected EOF: in metric family 1",
        ),
        (
            "a length beyond 64 bits",
            vec![0xff; 10],
            "proto: variable length integer overflow: in metric family 1",
        ),
        (
            "text",
            b"some_metric 3.14\n".to_vec(),
            "unexpected EOF: in metric family 1",
        ),
        (
            "a broken field",
            vec![2, 0x0a, 9],
            "proto: cannot parse invalid wire-format data: in metric family 1",
        ),
        (
            "an empty message",
            vec![0],
            "expected a metric name, found none: in metric family 1",
        ),
        (
            "an empty name in the second family",
            [
                gauge(|out| put_gauge_value(out, 1.0)),
                stream(|out| put_string(out, 1, "")),
            ]
            .concat(),
            "expected a metric name, found none: in metric family 2 \"\"",
        ),
        (
            "a name that legacy rules refuse",
            stream(|out| put_string(out, 1, "a.b")),
            "invalid metric name \"a.b\": in metric family 1 \"a.b\"",
        ),
        (
            "a name that is not UTF-8",
            vec![3, 0x0a, 1, 0xff],
            "expected valid UTF-8: in metric family 1, field name",
        ),
        (
            "an unknown type",
            stream(|out| {
                put_string(out, 1, "m");
                put_uint(out, 3, 6);
            }),
            "unknown metric type 6: in metric family 1 \"m\"",
        ),
        (
            "a gauge without a type, which is a counter",
            stream(|out| {
                put_string(out, 1, "m");
                put_message(out, 4, |out| put_gauge_value(out, 1.0));
            }),
            "expected a COUNTER value, found gauge: in metric family 1 \"m\", metric 1",
        ),
        (
            "a metric without a value",
            gauge(|out| put_label(out, "a", "b")),
            "expected a GAUGE value, found none: in metric family 1 \"m\", metric 1",
        ),
        (
            "a bad label name in the second metric",
            stream(|out| {
                put_string(out, 1, "m");
                put_uint(out, 3, 1);
                put_message(out, 4, |out| put_gauge_value(out, 1.0));
                put_message(out, 4, |out| put_label(out, "a-b", "c"));
            }),
            "invalid label name \"a-b\": in metric family 1 \"m\", metric 2, field label.name",
        ),
        (
            "a label without a name",
            gauge(|out| put_message(out, 1, |out| put_string(out, 2, "v"))),
            "invalid label name \"\": in metric family 1 \"m\", metric 1, field label.name",
        ),
        (
            "a broken message deep inside",
            stream(|out| {
                put_string(out, 1, "h");
                put_uint(out, 3, 4);
                put_message(out, 4, |out| {
                    put_message(out, 7, |out| {
                        put_message(out, 3, |out| {
                            put_message(out, 3, |out| put_uint(out, 3, 5));
                            put_message(out, 3, |out| out.push(0x0a));
                        });
                    });
                });
            }),
            "proto: cannot parse invalid wire-format data: in metric family 1 \"h\", metric 1, \
             field histogram.bucket.exemplar",
        ),
        (
            "nanoseconds out of range",
            stream(|out| {
                put_string(out, 1, "c");
                put_message(out, 4, |out| {
                    put_message(out, 3, |out| {
                        put_message(out, 3, |out| put_uint(out, 2, 1_000_000_000));
                    });
                });
            }),
            "expected nanoseconds from 0 to 999999999, found 1000000000: in metric family 1 \
             \"c\", metric 1, field counter.created_timestamp.nanos",
        ),
        (
            "spans that announce more buckets than there are",
            stream(|out| {
                put_string(out, 1, "h");
                put_uint(out, 3, 4);
                put_message(out, 4, |out| {
                    put_message(out, 7, |out| {
                        put_message(out, 12, |out| put_uint(out, 2, u64::from(u32::MAX) / 2));
                    });
                });
            }),
            "expected 2147483647 buckets as the spans say, found 0: in metric family 1 \"h\", \
             metric 1, field histogram.positive_span",
        ),
        (
            "a sample count that the native buckets do not add up to",
            stream(|out| {
                put_string(out, 1, "h");
                put_uint(out, 3, 4);
                put_message(out, 4, |out| {
                    put_message(out, 7, |out| {
                        put_uint(out, 1, 2);
                        put_message(out, 12, |out| put_uint(out, 2, 1));
                        put_uint(out, 13, 2);
                    });
                });
            }),
            "expected 2 observations in native buckets as the sample count says, found 1: in \
             metric family 1 \"h\", metric 1, field histogram.sample_count",
        ),
        (
            "a broken exemplar of a counter",
            stream(|out| {
                put_string(out, 1, "c");
                put_message(out, 4, |out| {
                    put_message(out, 3, |out| put_message(out, 2, |out| out.push(0x0a)));
                });
            }),
            "proto: cannot parse invalid wire-format data: in metric family 1 \"c\", metric 1, \
             field counter.exemplar",
        ),
        (
            "a broken quantile",
            stream(|out| {
                put_string(out, 1, "s");
                put_uint(out, 3, 2);
                put_message(out, 4, |out| {
                    put_message(out, 4, |out| put_message(out, 3, |out| out.push(0x0a)));
                });
            }),
            "proto: cannot parse invalid wire-format data: in metric family 1 \"s\", metric 1, \
             field summary.quantile",
        ),
        (
            "bucket counts without a float count",
            stream(|out| {
                put_string(out, 1, "h");
                put_uint(out, 3, 4);
                put_message(out, 4, |out| {
                    put_message(out, 7, |out| {
                        put_uint(out, 1, 1);
                        put_message(out, 12, |out| put_uint(out, 2, 1));
                        put_double(out, 14, 1.0);
                    });
                });
            }),
            "expected bucket deltas, since neither sample_count_float nor zero_count_float is \
             above 0, found bucket counts: in metric family 1 \"h\", metric 1, field \
             histogram.positive_count",
        ),
    ];
    for (name, bytes, want) in cases {
        let got = parse(&bytes, NameScheme::Legacy).map_err(|error| error.to_string());
        assert_eq!(got, Err(want.to_owned()), "{name}");
    }
}

#[test]
fn pushes_without_a_family_are_empty() {
    assert_eq!(parse(&[], NameScheme::Legacy), Ok(vec![]));
    let empty = stream(|out| put_string(out, 1, "m"));
    assert_eq!(parse(&empty, NameScheme::Legacy), Ok(vec![]));
}

#[test]
fn utf8_names_are_allowed_by_their_scheme() {
    let bytes = stream(|out| {
        put_string(out, 1, "a.b");
        put_uint(out, 3, 1);
        put_message(out, 4, |out| {
            put_label(out, "ä ö", "");
            put_gauge_value(out, 1.0);
        });
    });
    assert!(parse(&bytes, NameScheme::Utf8).is_ok());
    assert!(parse(&bytes, NameScheme::Legacy).is_err());
}

#[test]
fn the_last_family_of_a_name_replaces_earlier_ones() {
    let named = |name: &'static str, value| {
        stream(move |out| {
            put_string(out, 1, name);
            put_uint(out, 3, 1);
            put_message(out, 4, |out| put_gauge_value(out, value));
        })
    };
    let empty = stream(|out| put_string(out, 1, "gone"));
    let bytes = [
        named("m", 1.0),
        named("gone", 2.0),
        named("n", 3.0),
        named("m", 4.0),
        empty,
    ]
    .concat();
    let families = parse(&bytes, NameScheme::Legacy).expect("three families");
    let got: Vec<_> = families
        .iter()
        .map(|family| (family.name.as_ref(), &family.metrics[0].value))
        .collect();
    assert_eq!(got, [("m", &Value::Gauge(4.0)), ("n", &Value::Gauge(3.0))]);
}

#[test]
fn repeated_fields_merge_as_in_protobuf() {
    // The type after its metrics; a gauge in two pieces, the last of which counts; a value of another type beside it;
    // a field that is not in the schema; a known field of another wire type.
    let bytes = stream(|out| {
        put_message(out, 4, |out| {
            put_gauge_value(out, 1.0);
            put_message(out, 3, |out| put_double(out, 1, 9.0));
            put_gauge_value(out, 2.0);
            put_string(out, 99, "unknown");
            put_uint(out, 1, 7);
            put_uint(out, 6, 0);
        });
        put_string(out, 1, "old");
        put_string(out, 1, "m");
        put_uint(out, 3, 1);
    });
    let families = parse(&bytes, NameScheme::Legacy).expect("one gauge");
    assert_eq!(families[0].name, "m");
    assert_eq!(families[0].metrics[0].value, Value::Gauge(2.0));
    assert_eq!(families[0].metrics[0].timestamp_ms, Some(0));
}

#[test]
fn packed_lists_are_read_too() {
    let bytes = stream(|out| {
        put_string(out, 1, "h");
        put_uint(out, 3, 4);
        put_message(out, 4, |out| {
            put_message(out, 7, |out| {
                put_uint(out, 1, 6);
                put_message(out, 12, |out| put_uint(out, 2, 3));
                put_message(out, 13, |out| out.extend([2, 4, 1]));
            });
        });
    });
    let families = parse(&bytes, NameScheme::Legacy).expect("a native histogram");
    let Value::Histogram(histogram) = &families[0].metrics[0].value else {
        panic!("expected a histogram");
    };
    let native = histogram.native.as_ref().expect("native buckets");
    assert_eq!(native.positive.deltas, [1, 2, -1]);
}

#[test]
fn packed_lists_of_floats_are_read_too() {
    let bytes = stream(|out| {
        put_string(out, 1, "h");
        put_uint(out, 3, 4);
        put_message(out, 4, |out| {
            put_message(out, 7, |out| {
                put_double(out, 4, 4.0);
                put_message(out, 9, |out| put_uint(out, 2, 2));
                let counts = [1.5_f64, 2.5].map(f64::to_le_bytes).concat();
                put_message(out, 11, |out| out.extend(counts));
            });
        });
    });
    let families = parse(&bytes, NameScheme::Legacy).expect("a native histogram");
    let Value::Histogram(histogram) = &families[0].metrics[0].value else {
        panic!("expected a histogram");
    };
    let native = histogram.native.as_ref().expect("native buckets");
    assert_eq!(native.negative.counts, [1.5, 2.5]);
}

#[test]
fn fields_that_are_not_known_are_skipped_in_every_message() {
    let unknown = |out: &mut Vec<u8>| put_uint(out, 99, 1);
    let bytes = [
        stream(|out| {
            put_string(out, 1, "c");
            put_message(out, 4, |out| {
                put_message(out, 3, |out| {
                    unknown(out);
                    put_double(out, 1, 1.0);
                    put_message(out, 3, |out| {
                        unknown(out);
                        put_uint(out, 1, 5);
                    });
                });
            });
        }),
        stream(|out| {
            put_string(out, 1, "s");
            put_uint(out, 3, 2);
            put_message(out, 4, |out| {
                put_message(out, 4, |out| {
                    unknown(out);
                    put_message(out, 3, |out| {
                        unknown(out);
                        put_double(out, 1, 0.5);
                    });
                });
            });
        }),
        stream(|out| {
            put_string(out, 1, "h");
            put_uint(out, 3, 4);
            put_message(out, 4, |out| {
                put_message(out, 7, |out| {
                    unknown(out);
                    put_uint(out, 1, 1);
                    put_message(out, 12, |out| {
                        unknown(out);
                        put_uint(out, 2, 1);
                    });
                    put_uint(out, 13, 2);
                });
            });
        }),
    ]
    .concat();
    let families = parse(&bytes, NameScheme::Legacy).expect("three families");
    let [counter, summary, histogram] = families.as_slice() else {
        panic!("three families: {families:?}")
    };
    match (
        &counter.metrics[0].value,
        &summary.metrics[0].value,
        &histogram.metrics[0].value,
    ) {
        (Value::Counter(counter), Value::Summary(summary), Value::Histogram(histogram)) => {
            let seconds = counter.created.map(|created| created.seconds);
            assert_eq!((counter.value, seconds), (1.0, Some(5)));
            assert_eq!(summary.quantiles[0].quantile, 0.5);
            let native = histogram.native.as_ref().expect("native buckets");
            assert_eq!(native.positive.deltas, [1]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_of_a_metric_alone_have_no_family() {
    let error = parse_metric(&[0x0a, 1], MetricType::Gauge, NameScheme::Legacy);
    let error = error.expect_err("is cut off").to_string();
    assert_eq!(error, "proto: cannot parse invalid wire-format data");
}

#[test]
fn the_compact_text_has_every_field_of_a_metric() {
    let family = MetricFamily {
        name: "m_seconds".into(),
        help: None,
        metric_type: MetricType::Gauge,
        unit: Some("seconds".into()),
        metrics: vec![Metric {
            labels: vec![Label::new("a", "\r\n\t\u{1}\u{7f}\u{80}\"")],
            value: Value::Gauge(1.0),
            timestamp_ms: Some(-5),
        }],
    };
    let mut text = String::new();
    write_family_compact_text(&mut text, &family);
    assert_eq!(
        text.trim_end(),
        r#"name:"m_seconds" type:GAUGE metric:{label:{name:"a" value:"\r\n\t\x01\x7f\u0080\""} gauge:{value:1} timestamp_ms:-5} unit:"seconds""#
    );
}

#[test]
fn strings_are_borrowed_from_the_body() {
    use std::borrow::Cow;
    let families = parse(PUSHED, NameScheme::Legacy).expect("the fixture");
    let family = &families[0];
    let label = &family.metrics[0].labels[0];
    for string in [&family.name, &label.name, &label.value] {
        assert!(matches!(string, Cow::Borrowed(_)), "{string}");
    }
}

proptest! {
    #[test]
    fn any_families_come_back_as_they_were(families in families()) {
        let bytes = render(&families);
        let parsed = parse(&bytes, NameScheme::Legacy).expect("what was rendered");
        prop_assert!(same(&parsed, &families), "{parsed:?}\n{families:?}");
    }

    #[test]
    fn any_metric_comes_back_as_it_was(family in family()) {
        for metric in &family.metrics {
            let mut bytes = Vec::new();
            write_metric(&mut bytes, metric);
            let parsed = parse_metric(&bytes, family.metric_type, NameScheme::Legacy)
                .expect("what was rendered");
            prop_assert!(same(&parsed, metric), "{parsed:?}\n{metric:?}");
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes, NameScheme::Utf8);
    }

    /// Closer to the real thing than random bytes: real ones with some changed or missing.
    #[test]
    fn damaged_pushes_are_parsed_or_refused(
        changes in prop::collection::vec((0..PUSHED.len(), any::<u8>()), 0..8),
        length in 0..=PUSHED.len(),
    ) {
        let mut bytes = PUSHED.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(length);
        if let Ok(families) = parse(&bytes, NameScheme::Utf8) {
            let again = render(&families);
            let reparsed = parse(&again, NameScheme::Utf8).expect("what was rendered");
            prop_assert!(same(&reparsed, &families));
        }
    }
}
