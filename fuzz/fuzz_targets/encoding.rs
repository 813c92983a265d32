//! Compressed bodies: decoded within the limit or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spin_pushgateway::exposition::encoding::{ContentEncoding, decode};

const LIMIT: usize = 1 << 20;

fuzz_target!(|body: &[u8]| {
    for encoding in [ContentEncoding::Gzip, ContentEncoding::Snappy] {
        if let Ok(decoded) = decode(encoding, body, LIMIT) {
            assert!(decoded.len() <= LIMIT);
        }
    }
});
