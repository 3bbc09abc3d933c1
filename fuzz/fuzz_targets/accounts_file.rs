//! libFuzzer's way into the target `accounts_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::accounts_file(data));
