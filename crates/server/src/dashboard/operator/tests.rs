//! The operator's pages, as somebody of each kind sees and uses them.

mod desk;
mod keys;
mod tenants;
