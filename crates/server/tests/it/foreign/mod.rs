//! Clients that nobody here wrote, against the real program: `mintmark dev` in a process of its own, talked to over HTTP.
//!
//! The Python and Node programs are in `tests/clients/`; each runs as one test. `scripts/test` installs what they need.

mod curl;
mod dev_server;
mod judges;
mod node;
mod oauth2_crate;
mod ports;
mod python;
mod resource;
mod secured;
pub(crate) mod tools;
