//! Tests of the crate from the outside, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the answer; clippy.toml allows it in test functions only, not in what they call"
)]

mod fetch;
mod issuer;
mod server;
mod services;
mod tls;
mod tree;
mod wycheproof;
