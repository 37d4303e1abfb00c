//! Service files.
#![no_main]

#[allow(dead_code, reason = "each target holds one of the laws")]
#[path = "../../properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| {
    laws::service_file(text);
});
