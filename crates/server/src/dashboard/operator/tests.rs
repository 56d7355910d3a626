//! The operator's pages, as somebody of each kind sees and uses them.

mod deny_list;
pub(in crate::dashboard) mod desk;
mod dialects;
mod keys;
mod resources;
mod tenants;
