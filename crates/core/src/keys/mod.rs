//! Signing keys: the ring of an environment, and the key set that verifiers fetch.

mod ring;

pub use ring::{ActiveKey, KeyRing, new_signing_key};
