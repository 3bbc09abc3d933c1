//! libFuzzer's way into the target `delivery`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::delivery(data));
