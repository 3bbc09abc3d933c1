//! libFuzzer's way into the target `pattern`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::pattern(data));
