//! libFuzzer's way into the target `scp_document`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reeve_fuzz::scp_document(data));
