//! Pushes of many families, as text and as protobuf, and protobuf whose lengths lie.

use crate::{Case, Request, parts};

/// The inputs. 100,000 families are the largest of the first.
pub(crate) const CASES: [Case; 10] = [
    Case {
        name: "many families",
        size: 25_000,
        request: |n| Request::push(parts(n, |n| format!("m{n} 1\n"))),
        status: 200,
    },
    Case {
        name: "many families, by POST",
        size: 10_000,
        request: |n| Request {
            method: "POST",
            ..Request::push(parts(n, |n| format!("m{n} 1\n")))
        },
        status: 200,
    },
    Case {
        name: "two families in turns",
        size: 10_000,
        request: |n| {
            Request::push(parts(n, |n| {
                format!("a{{l=\"{n}\"}} 1\nb{{l=\"{n}\"}} 1\n")
            }))
        },
        status: 200,
    },
    Case {
        name: "families whose names collide",
        size: 5_000,
        request: |n| {
            let gauges = parts(n, |n| format!("h{n}_count 1\n"));
            let summaries = parts(n, |n| format!("# TYPE h{n} summary\nh{n}_sum 1\n"));
            Request::push(gauges + &summaries)
        },
        status: 400,
    },
    Case {
        name: "many families of no metric",
        size: 20_000,
        request: |n| Request::push(parts(n, |n| format!("# HELP m{n} x\n# TYPE m{n} gauge\n"))),
        status: 200,
    },
    Case {
        name: "protobuf: many families",
        size: 10_000,
        request: |n| {
            let families = (0..n).map(|n| family(&format!("m{n}"), &[gauge(&[])]));
            protobuf(families.flatten().collect())
        },
        status: 200,
    },
    Case {
        name: "protobuf: the same family many times",
        size: 10_000,
        request: |n| protobuf(family("m", &[gauge(&[])]).repeat(n)),
        status: 200,
    },
    Case {
        name: "protobuf: the same label many times",
        size: 10_000,
        request: |n| protobuf(family("m", &[gauge(&vec![label("l", "x"); n])])),
        status: 400,
    },
    Case {
        name: "protobuf: fields that nobody knows",
        size: 20_000,
        request: |n| {
            let unknown = field(2_000, b"x").repeat(n);
            protobuf(family("m", &[[unknown, gauge(&[])].concat()]))
        },
        status: 200,
    },
    Case {
        name: "protobuf: a length that lies",
        size: 10_000,
        request: |n| {
            let mut body = family("m", &[gauge(&[])]).repeat(n);
            // A family that announces two gigabytes.
            body.extend([0xff, 0xff, 0xff, 0xff, 0x07, 0x0a]);
            protobuf(body)
        },
        status: 400,
    },
];

fn protobuf(body: Vec<u8>) -> Request {
    let message = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily";
    Request::push(body).with("Content-Type", format!("{message}; encoding=delimited"))
}

/// A family of gauges, with its length before it.
pub(crate) fn family(name: &str, metrics: &[Vec<u8>]) -> Vec<u8> {
    let mut family = field(1, name.as_bytes());
    // The type: a gauge.
    family.extend([3 << 3, 1]);
    family.extend(metrics.iter().flat_map(|metric| field(4, metric)));
    [varint(family.len()), family].concat()
}

/// A gauge with these labels.
pub(crate) fn gauge(labels: &[Vec<u8>]) -> Vec<u8> {
    let mut metric: Vec<u8> = labels.iter().flat_map(|label| field(1, label)).collect();
    let value = [&[(1 << 3) | 1][..], &1_f64.to_le_bytes()].concat();
    metric.extend(field(2, &value));
    metric
}

/// A label.
pub(crate) fn label(name: &str, value: &str) -> Vec<u8> {
    [field(1, name.as_bytes()), field(2, value.as_bytes())].concat()
}

/// A field of bytes, by its number.
fn field(number: usize, bytes: &[u8]) -> Vec<u8> {
    let (tag, length) = (varint((number << 3) | 2), varint(bytes.len()));
    [&tag, &length, bytes].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
