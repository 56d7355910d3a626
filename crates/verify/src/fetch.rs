//! An issuer, followed over HTTPS: its keys, and its revocations where it publishes them.
//!
//! ```no_run
//! # async fn example() -> Result<(), mintmark_verify::fetch::FetchError> {
//! use mintmark_verify::fetch::Issuer;
//!
//! let issuer = Issuer::follow("https://auth.example").await?;
//! let verifier = issuer.verifier("https://api.example");
//! # let _ = verifier;
//! # Ok(())
//! # }
//! ```
//!
//! [`Issuer::follow`] reads the issuer's metadata (RFC 8414) and has keys and revocations when it returns. From then on
//! two background tasks keep them up, and end when the issuer and all verifiers made from it are dropped. They need a
//! tokio runtime with time enabled. No token waits for the network.
//!
//! # Keys
//!
//! They are fetched again when the issuer's `max-age` is nearly over; one below ten seconds counts as ten, one above an hour
//! as an hour. So a key is never unknown here that is published for that long before it signs. A token that names an
//! unknown key has the keys fetched at once, but at most every 30 seconds, however many such tokens come: anyone can invent
//! key names. While the issuer cannot be reached, or answers nonsense, the keys that are held go on verifying for 24 hours,
//! unless [`IssuerBuilder::max_key_age`] says otherwise.
//!
//! # Revocations
//!
//! The task holds a request open that the issuer answers as soon as something is revoked. Without a good answer for 300
//! seconds, unless [`IssuerBuilder::grace_seconds`] says otherwise, tokens are refused with
//! [`TokenError::RevocationsUnknown`](crate::TokenError::RevocationsUnknown).
//!
//! # The network
//!
//! Addresses are `https`. Redirects are not followed, proxies in the environment are not used, and answers have limits in
//! size and time. Requests go through [`HttpsTransport`], or through a [`Transport`] of your own.

mod address;
mod error;
mod feed;
mod https;
mod issuer;
mod jwks;
mod keys;
mod metadata;
mod timing;
mod transport;

pub use error::FetchError;
pub use https::HttpsTransport;
pub use issuer::{Issuer, IssuerBuilder, Status};
pub use keys::IssuerKeys;
pub use transport::{Answer, Get, Transport};

#[cfg(test)]
mod script;
