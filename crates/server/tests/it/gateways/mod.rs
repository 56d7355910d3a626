//! The recipes of `docs/gateways/` and `docs/verifying/`, as they are printed there: each is run with the real program in front of a
//! small service, and asked with good and bad tokens.
//!
//! [`issuer`] has the tokens and [`cases`] what must come of them, the same for all. [`recipe`] reads the files out of the pages,
//! [`guard`] starts a program on them. [`verify_endpoint`] is what the sub-request gateways ask, and [`dpop`] what must come of bound
//! tokens there.

mod caddy;
mod cases;
mod dpop;
mod envoy;
mod guard;
mod haproxy;
mod issuer;
mod languages;
mod nginx;
mod outage;
mod recipe;
mod resource_server;
mod rotation;
mod upstream;
mod verify_endpoint;
