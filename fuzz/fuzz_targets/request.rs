//! What stands in a request beside its body: path, query, matchers, headers. The first byte says which.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::request::check(input));
