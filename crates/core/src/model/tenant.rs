use serde::{Deserialize, Serialize};

use super::{Status, TenantId};
use crate::clock::Timestamp;

/// A customer organisation, present in every environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// A disabled tenant's clients get no tokens.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}
