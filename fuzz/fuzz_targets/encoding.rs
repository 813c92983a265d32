//! Compressed bodies: decoded within the limit or refused; and what was compressed comes out as it was.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::encoding::check(input));
