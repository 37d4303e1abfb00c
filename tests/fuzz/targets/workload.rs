//! `workload.json`.
#![no_main]

#[allow(dead_code, reason = "each target holds one of the laws")]
#[path = "../../properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    laws::workload(bytes);
});
