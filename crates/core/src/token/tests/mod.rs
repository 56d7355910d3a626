//! One token request, from the bytes of a client to the claims that a resource server reads.

mod business;
mod denials;
mod limits;
mod outage;
mod property;
mod renewal;
mod secrecy;
mod success;
