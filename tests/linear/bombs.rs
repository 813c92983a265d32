//! Compressed bodies: what comes out of them counts, not beyond the limit, and not for nothing.

use spin_pushgateway::exposition::encoding::gzip;

use crate::{Case, Request};

/// The inputs: sizes are megabytes where nothing else is said. The limit is 16 megabytes by default.
pub(crate) const CASES: [Case; 5] = [
    Case {
        name: "gzip: comments",
        size: 2,
        request: |n| compressed("gzip", gzip(&megabytes(n))),
        status: 200,
    },
    Case {
        name: "gzip: a bomb beyond the limit",
        size: 20,
        request: |n| compressed("gzip", gzip(&megabytes(n))),
        status: 413,
    },
    Case {
        name: "gzip: many members of nothing",
        size: 2_000,
        request: |n| compressed("gzip", gzip(b"").repeat(n)),
        status: 200,
    },
    Case {
        name: "snappy: many chunks that are skipped",
        size: 20_000,
        request: |n| compressed("snappy", framed(&[0x80, 0, 0, 0].repeat(n))),
        status: 200,
    },
    Case {
        name: "snappy: many chunks of one byte",
        size: 20_000,
        request: |n| {
            // Not compressed: the length, a checksum that is wrong, a byte.
            compressed("snappy", framed(&[1, 5, 0, 0, 0, 0, 0, 0, b'#'].repeat(n)))
        },
        status: 400,
    },
];

fn compressed(encoding: &str, body: Vec<u8>) -> Request {
    Request::push(body).with("Content-Encoding", encoding)
}

/// So many megabytes of comments.
fn megabytes(count: usize) -> Vec<u8> {
    "# nothing here\n\n".repeat(count << 16).into_bytes()
}

/// Chunks behind the identifier of Snappy's framing format.
fn framed(chunks: &[u8]) -> Vec<u8> {
    [b"\xff\x06\x00\x00sNaPpY", chunks].concat()
}
