//! Telling endpoints of what happened, by one node at a time, off the path of requests.
//!
//! | File | Owns |
//! |---|---|
//! | `courier` | which endpoints are told next, and how many at once |
//! | `trip` | the deliveries of one endpoint, one after the other |

mod courier;
mod trip;

pub use courier::Courier;
