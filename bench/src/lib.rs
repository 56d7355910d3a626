//! What the programs that measure Mintmark have in common.

#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of a run fit into the 53 bits of a float")]

pub mod clock;
pub mod failure;
pub mod histogram;
pub mod rng;
