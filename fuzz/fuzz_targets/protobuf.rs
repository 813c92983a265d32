//! Protobuf: read or refused, and what was read reads the same when it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf;

fuzz_target!(|body: &[u8]| {
    for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
        for family in protobuf::parse(body, scheme).unwrap_or_default() {
            let mut written = Vec::new();
            protobuf::write_family(&mut written, &family);
            let again = protobuf::parse(&written, scheme).expect("reads what it wrote");
            let mut rewritten = Vec::new();
            protobuf::write_family(&mut rewritten, &again[0]);
            assert_eq!(written, rewritten);
        }
    }
});
