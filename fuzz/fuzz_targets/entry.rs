//! Entries: whatever stands in the store is read or skipped, and what is read is consistent.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::entry::check(input));
