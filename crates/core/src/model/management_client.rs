use serde::Serialize;

use super::{CredentialId, ManagementClientId, Status, StoredSecret, TenantId};
use crate::clock::Timestamp;
use crate::management::{Authority, Principal, Reach, Role};

/// A program that uses the management API. It is no client of an environment, and has no part in their tokens (rule S1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManagementClient {
    /// Its identifier.
    pub id: ManagementClientId,
    /// The tenant that it belongs to; none for the operator's own.
    pub tenant_id: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// A disabled one gets no tokens, and those that it has are dead.
    pub status: Status,
    /// Names its secret; a rotation gives another.
    pub secret_id: CredentialId,
    /// Its secret.
    #[serde(skip)]
    pub secret: StoredSecret,
    /// What people tell the secret by: its last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}

impl ManagementClient {
    /// What it may do; nothing if it is disabled, or if its role is not one of where it belongs.
    pub fn authority(&self) -> Option<Authority> {
        let reach = self.tenant_id.map_or(Reach::Operator, Reach::Tenant);
        let authority = Authority::new(Principal::Client(self.id), self.role, reach);
        authority.filter(|_| self.status == Status::Active)
    }
}
