//! Mintmark's authorization server without sockets, SQL or a clock of its own.
//!
//! One token request reads top to bottom in [`token`]: decode, authenticate, authorize, mint, encode. [`dialect`] turns bytes
//! into a request and an answer into bytes, as a file describes. [`registry`] holds the rules for changes made by people.

pub mod audit;
mod base64url;
pub mod clock;
pub mod configuration;
pub mod crypto;
pub mod dialect;
pub mod directory;
pub mod document;
pub mod json;
pub mod keys;
pub mod management;
pub mod model;
pub mod notice;
pub mod quota;
pub mod random;
pub mod registry;
pub mod store;
pub mod token;
pub mod upkeep;
pub mod usage;

#[cfg(test)]
mod fixture;
