use serde::{Deserialize, Serialize};

use super::{BusinessId, EnvironmentName, Status, TenantId};
use crate::clock::Timestamp;

/// A company that a tenant acts for; a token can be scoped to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// Its identifier.
    pub id: BusinessId,
    /// The environment it exists in.
    pub environment: EnvironmentName,
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// The tenant's own name for it.
    pub external_id: Option<String>,
    /// No token is scoped to a disabled business.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}
