//! Protobuf: read or refused, and what was read reads the same when it is written.

use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf;

/// Takes the bytes for a body in protobuf.
pub fn check(body: &[u8]) {
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
}
