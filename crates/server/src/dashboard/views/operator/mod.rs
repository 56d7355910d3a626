//! The operator's pages.

mod deny_list;
mod dialects;
mod keys;
mod resources;
mod tenant;
mod tenants;

pub(crate) use deny_list::{DeniedRow, DenyListPage, DenyTyped};
pub(crate) use dialects::{DialectListPage, DialectPage, DialectRow, NodePage};
pub(crate) use keys::{KeyDialog, KeyGroup, KeyListPage, KeyPage, KeyRow, KeyStatus};
pub(crate) use resources::{HolderRow, ResourceFormPage, ResourceListPage, ResourcePage, ResourceRow, ResourceTyped};
pub(crate) use tenant::{BeyondRow, CheckRow, EntitlementForm, TenantPage};
pub(crate) use tenants::{TenantFormPage, TenantListPage, TenantRow};
