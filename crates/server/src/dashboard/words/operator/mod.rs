//! What the operator's pages say.

pub(crate) mod deny_list;
pub(crate) mod dialects;
pub(crate) mod keys;
pub(crate) mod node;
pub(crate) mod resources;
pub(crate) mod tenants;

/// What every form says of a field that is not of its form.
pub(crate) const CONFIRMATION: &str = "What you typed is something else. Nothing was changed.";
pub(crate) const ENVIRONMENTS: &str = "Environments";
pub(crate) const API: &str = "The same by the API";
pub(crate) const NONE: &str = "None";
