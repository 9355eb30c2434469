//! In the place of `cluster.rs` where the program is built without the feature `opensearch`.

use gcm_search::engine::{ErrorKind, Place};

use super::failure::Failure;
use super::settings::{Global, Surroundings};

pub fn place(_: &Global, address: &str, _: &Surroundings<'_>) -> Result<Place, Failure> {
    Err(Failure::new(format!("this gcm-search was built without OpenSearch and cannot use {address}"))
        .hint("build it with: cargo build --release --features opensearch"))
}

pub fn hint(_: &Place, _: ErrorKind) -> Option<String> {
    None
}

pub fn with_shards(place: &Place, shards: Option<u32>) -> Result<Place, Failure> {
    match shards {
        None => Ok(place.clone()),
        Some(_) => Err(Failure::new("--shards is for an index on a cluster")),
    }
}
