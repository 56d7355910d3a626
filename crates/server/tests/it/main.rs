//! The integration tests, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in a test a panic is the answer; clippy.toml allows it in test functions only, not in what they call"
)]

mod admin;
mod cli;
mod configuration;
mod corruption;
mod crash;
mod documented;
mod fixture;
mod foreign;
mod gateways;
mod golden;
mod http;
mod logs;
mod outage;
mod outgoing;
mod standards;
mod store;
mod tls;
