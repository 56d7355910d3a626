//! One token request, from the bytes of a client to the claims that a resource server reads.

mod assertions;
mod business;
mod certificates;
mod credential_limits;
mod denials;
mod dpop;
mod federation;
mod formats;
mod herd;
mod imported;
pub(in crate::token) mod key_holder;
mod limits;
mod lock_outs;
mod outage;
mod property;
mod quotas;
mod renewal;
mod secrecy;
mod standards;
mod success;
