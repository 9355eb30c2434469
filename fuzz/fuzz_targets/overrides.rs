//! Corrections by hand.
#![no_main]

#[path = "../../examples/fuzz/inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|text: &str| inputs::overrides(text));
