//! libFuzzer's way into the target `gate_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::gate_file(data));
