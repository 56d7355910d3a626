//! A business as a node holds it.

use quick_cache::{Equivalent, Weighter};

use super::cache::Lookup;
use crate::model::{BusinessId, EnvironmentName, Status, TenantId};

/// What the cache takes for an entry: key, status and the list's links (80 bytes), the place in the hash table (6 to 12), and
/// half as much again for the memory of entries that were evicted. The entry owns nothing besides: the environment's name is
/// shared.
const ENTRY_BYTES: u64 = 150;

/// What a token request needs to know of a business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBusiness {
    /// Its identifier.
    pub id: BusinessId,
    /// No token is scoped to a disabled business.
    pub status: Status,
}

/// What a business is held under: its tenant too, so that another tenant's is another entry (rule S4).
pub(super) type BusinessKey = (EnvironmentName, TenantId, BusinessId);

/// A [`BusinessKey`] for asking. It hashes as the key does.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct BusinessLookup<'a> {
    pub(super) environment: &'a EnvironmentName,
    pub(super) tenant: TenantId,
    pub(super) id: BusinessId,
}

impl Equivalent<BusinessKey> for BusinessLookup<'_> {
    fn equivalent(&self, (environment, tenant, id): &BusinessKey) -> bool {
        self.id == *id && self.tenant == *tenant && self.environment == environment
    }
}

impl Lookup<BusinessKey> for BusinessLookup<'_> {
    fn to_key(&self) -> BusinessKey {
        (self.environment.clone(), self.tenant, self.id)
    }
}

/// What a business weighs: its status is all that is held of it.
#[derive(Clone, Debug)]
pub(super) struct BusinessWeighter;

impl Weighter<BusinessKey, Status> for BusinessWeighter {
    fn weight(&self, _key: &BusinessKey, _status: &Status) -> u64 {
        ENTRY_BYTES
    }
}
