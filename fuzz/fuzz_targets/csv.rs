//! The extractor of this format, with any bytes.
#![no_main]

use gcm_search::extract::{ExtractLimits, Format, extract};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = extract(Format::Csv, "file", bytes, &ExtractLimits::default(), &mut |_| ());
});
