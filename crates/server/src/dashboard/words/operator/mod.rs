//! What the operator's pages say.

pub(crate) mod deny_list;
pub(crate) mod dialects;
pub(crate) mod keys;
pub(crate) mod node;
pub(crate) mod resources;
pub(crate) mod tenants;

/// What every form says of a field that is not of its form.
pub(crate) fn expected(what: &str) -> String {
    format!("Expected {what}.")
}

pub(crate) const CHANGED: &str = "Somebody else has changed this since you opened it. Nothing was saved; what you see now is how it is. Make your change again.";
pub(crate) const CONFIRMATION: &str = "What you typed is something else. Nothing was changed.";
pub(crate) const ENVIRONMENTS: &str = "Environments";
pub(crate) const API: &str = "The same by the API";
pub(crate) const NONE: &str = "None";
