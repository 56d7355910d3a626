//! Why a request was refused, in words that help; what one would get, without sending it.

mod catalogue;
mod code;
mod dry_run;
mod plan;
mod steps;
mod wire;
mod words;

pub use catalogue::{CATALOGUE, CatalogueEntry, catalogue_entry};
pub use dry_run::{DryRun, PlannedToken};
pub(super) use plan::Supposed;
pub use plan::{PlannedRequest, SupposedBinding, Unaskable};
pub use steps::{DryRunStep, StepVerdict};
pub use words::Explanation;

#[cfg(test)]
mod tests;
