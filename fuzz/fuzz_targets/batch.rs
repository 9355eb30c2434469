//! A batch of queries, in any form.
#![no_main]

#[path = "../../examples/fuzz/inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::batch(bytes));
