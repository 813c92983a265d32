//! Remote write: whatever is pushed, what is forwarded of it is what the protocol asks for, and all of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spin_pushgateway_fuzz::forward::check(input));
