//! libFuzzer's way into the target `request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::request(data));
