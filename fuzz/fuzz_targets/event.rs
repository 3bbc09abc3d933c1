//! libFuzzer's way into the target `event`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::event(data));
