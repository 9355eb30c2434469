//! A query, from parsing to planning.
#![no_main]

#[path = "../../examples/fuzz/inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|text: &str| inputs::query(text));
