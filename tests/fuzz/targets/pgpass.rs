//! Password files, against what libpq would find.
#![no_main]

#[allow(dead_code, reason = "each target holds one of the laws")]
#[path = "../../properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str)| {
    laws::password_file(input.0, input.1, input.2);
});
