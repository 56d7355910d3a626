//! Why a request was refused, in words that help; what one would get, without sending it; what a token is worth, and why.

mod catalogue;
mod code;
mod debug;
mod dry_run;
mod ended;
mod exchange;
mod plan;
mod report;
mod signature;
mod steps;
mod wire;
mod words;

pub use catalogue::{CATALOGUE, CatalogueEntry, catalogue_entry};
pub use dry_run::{DryRun, PlannedToken};
pub use exchange::{ConsoleExchange, ConsoleRequest};
pub(super) use plan::Supposed;
pub use plan::{PlannedRequest, SupposedBinding, Unaskable};
pub use report::{EndedBy, LineVerdict, ReportLine, TokenReport, TokenStanding};
pub use steps::{DryRunStep, StepVerdict};
pub use words::Explanation;

#[cfg(test)]
mod tests;
