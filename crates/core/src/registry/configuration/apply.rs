//! The changes of a plan, committed many at a time: each has its audit row and its position, all of a transaction are made or none.

use std::fmt;

use super::plan::ConfigurationPlan;
use crate::registry::{Registry, RegistryError};
use crate::store::{CommitError, Store};

/// A transaction has at most so many changes: a plan of no more is applied as a whole or not at all.
pub const CHANGES_AT_ONCE: usize = 500;

/// Why a plan was not applied to its end.
#[derive(Debug)]
pub struct ApplyFailure {
    /// How many changes were made before.
    pub made: usize,
    /// How many there were to make.
    pub of: usize,
    /// Why the next were not.
    pub error: RegistryError,
}

impl fmt::Display for ApplyFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, of, error } = self;
        match (made, error) {
            (0, error) => error.fmt(out),
            (made, error) => {
                write!(out, "{made} of {of} changes were made, then: {error}; applied again, it goes on from there")
            }
        }
    }
}

impl std::error::Error for ApplyFailure {}

impl<S: Store> Registry<S> {
    /// Makes the changes of a plan, in its order. Returns how many transactions that took; none where there was nothing to do. An object
    /// that somebody changed since the plan was made is a conflict.
    pub async fn apply_configuration(&self, plan: ConfigurationPlan) -> Result<usize, ApplyFailure> {
        let of = plan.changes.iter().map(|change| change.deed.count()).sum();
        let mut changes = plan.changes.into_iter().peekable();
        let (mut made, mut transactions) = (0, 0);
        while changes.peek().is_some() {
            let mut part = Vec::new();
            // What belongs to one object is never cut: a new client is not in force without its quota.
            while let Some(change) =
                changes.next_if(|change| part.is_empty() || part.len() + change.deed.count() <= CHANGES_AT_ONCE)
            {
                part.extend(change.deed.drafts().into_iter().map(|draft| self.audited_change(draft)));
            }
            if part.is_empty() {
                continue;
            }
            if let Err(error) = self.store.commit_all(&part).await {
                return Err(ApplyFailure { made, of, error: refused(error) });
            }
            made += part.len();
            transactions += 1;
        }
        Ok(transactions)
    }
}

fn refused(error: CommitError) -> RegistryError {
    match error {
        CommitError::Conflict => RegistryError::Conflict,
        CommitError::Exists => RegistryError::Exists("an object of the same name or identifier, made meanwhile".to_owned()),
        CommitError::Store(error) => RegistryError::Store(error),
        CommitError::Unknown(cause) => RegistryError::Unknown(cause),
    }
}
