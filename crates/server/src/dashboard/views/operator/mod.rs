//! The operator's pages.

mod keys;
mod tenant;
mod tenants;

pub(crate) use keys::{KeyDialog, KeyGroup, KeyListPage, KeyPage, KeyRow, KeyStatus};
pub(crate) use tenant::{BeyondRow, CheckRow, EntitlementForm, TenantPage};
pub(crate) use tenants::{TenantFormPage, TenantListPage, TenantRow};
