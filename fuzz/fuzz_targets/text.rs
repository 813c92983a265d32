//! The text format: read or refused, and what was read reads the same when it is written.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::text::check(input));
