use serde::{Deserialize, Serialize};

use super::{Attributes, Status, TenantId};
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
    /// What a dialect may copy into the tokens of its clients.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}
