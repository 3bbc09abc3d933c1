//! libFuzzer's way into the target `dns_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::dns_name(data));
