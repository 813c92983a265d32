//! OpenMetrics: read or refused, and whatever was read can be written.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::openmetrics::check(input));
