//! Signing keys: the ring of an environment, the key set that verifiers fetch, and when a key may do what.

mod ring;
mod schedule;
mod times;

pub use ring::{ActiveKey, KeyRing, new_signing_key};
pub(crate) use ring::{check_key, verifying_key};
pub use schedule::{Due, algorithms_of, due, overdue, scheduled_lead};
pub use times::{CLOCK_ALLOWANCE, MAX_PUBLISHED, MAX_STALENESS, PUBLISHED_BEFORE_USE, REMOVED_KEPT, UNREACHABLE_ALLOWANCE};
