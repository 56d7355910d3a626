//! Configuration as code: what an environment is told to be, read from the store, compared with a file, and brought to it.
//!
//! | File | Owns |
//! |---|---|
//! | `state` | all of an environment, read in pages |
//! | `parts` | the nouns as a file has them |
//! | `plan` | what has to change, checked by the rules of each noun before anything is changed |
//! | `resources`, `tenants`, `businesses`, `clients`, `credentials`, `quotas` | the plan of each noun |
//! | `apply` | the changes, committed many at a time |
//!
//! A file is all of an object that it names: a key that is left out has its default. An object that it does not name stays, unless it
//! is asked to be pruned.

mod apply;
mod businesses;
mod clients;
mod credentials;
mod parts;
mod plan;
mod quotas;
mod resources;
mod state;
mod tenants;

pub use apply::{ApplyFailure, CHANGES_AT_ONCE};
pub use plan::{ConfigurationPlan, NewSecret, PlanOptions, PlannedAction, PlannedChange};

use super::{Outcome, Registry};
use crate::configuration::{Configuration, DialectPart};
use crate::model::EnvironmentName;
use crate::store::Store;

impl<S: Store> Registry<S> {
    /// What an environment is, as a file says it. `dialects` are those of files.
    pub async fn configuration(&self, environment: &EnvironmentName, dialects: Vec<DialectPart>) -> Outcome<Configuration> {
        let state = self.configuration_state(environment).await?;
        Ok(parts::configuration(&state, dialects, self.clock.now()))
    }
}
