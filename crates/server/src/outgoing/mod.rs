//! Requests that the server makes itself, all through one guarded client (rule S21), and what is had by them.
//!
//! | File | Owns |
//! |---|---|
//! | `address` | which addresses are on no public network |
//! | `target` | which URLs are fetched from |
//! | `resolver` | names to addresses |
//! | `tls` | whom the client believes to be who they say |
//! | `client` | one request, with its limits |
//! | `remote_keys` | key sets that others publish, held in memory |
//!
//! A URL here is somebody else's choice. So it is a way to make the server talk to whom its network lets it talk to, unless each
//! step is looked at: the text of the URL, every address that its name stands for, and where an answer points to.

mod address;
mod client;
mod remote_keys;
mod resolver;
mod target;
mod tls;

pub use address::{Reach, reach};
pub use client::{FetchError, FetchLimits, Fetched, GuardedClient};
pub use remote_keys::RemoteKeyCache;
pub use resolver::{Resolve, Resolved, SystemResolver};
pub use target::{ChosenBy, Rules, Target};
