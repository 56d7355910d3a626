//! Telling endpoints of what happened, by one node at a time, off the path of requests.
//!
//! | File | Owns |
//! |---|---|
//! | `courier` | which endpoints are told next, and how many at once |
//! | `out` | who is being told, each by a task of its own |
//! | `trip` | the deliveries of one endpoint, one after the other |

mod courier;
mod out;
mod trip;

pub use courier::Courier;
