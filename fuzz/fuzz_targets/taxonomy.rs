//! A taxonomy of the user's own.
#![no_main]

#[path = "../../examples/fuzz/inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|text: &str| inputs::taxonomy(text));
