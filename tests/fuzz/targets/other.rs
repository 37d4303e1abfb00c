//! Calibrations, lines of sample files, answers of Prometheus.
#![no_main]

#[allow(dead_code, reason = "each target holds one of the laws")]
#[path = "../../properties/laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    laws::calibration(bytes);
    laws::sample_line(bytes);
    laws::prometheus_answer(bytes);
});
