//! Compressed bodies: decoded within the limit or refused; and what was compressed comes out as it was.

use std::io::Write;

use snap::write::FrameEncoder;
use spin_pushgateway::exposition::encoding::{ContentEncoding, decode, gzip};

/// The largest body, in bytes.
const LIMIT: usize = 1 << 20;

/// Takes the bytes for a compressed body, and for one to compress: checksums are beyond a fuzzer.
pub fn check(body: &[u8]) {
    for encoding in [ContentEncoding::Gzip, ContentEncoding::Snappy] {
        if let Ok(decoded) = decode(encoding, body, LIMIT) {
            assert!(decoded.len() <= LIMIT);
        }
    }
    let (first, second) = body.split_at(body.len() / 2);
    for (encoding, compress) in [
        (ContentEncoding::Gzip, gzip as fn(&[u8]) -> Vec<u8>),
        (ContentEncoding::Snappy, frame),
    ] {
        let both = [compress(first), compress(second)].concat();
        let decoded = decode(encoding, &both, body.len()).expect("reads what was compressed");
        assert_eq!(decoded, body);
        if let Some(less) = body.len().checked_sub(1) {
            assert!(decode(encoding, &both, less).is_err());
        }
    }
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("a vector takes it");
    encoder.into_inner().expect("a vector takes it")
}
