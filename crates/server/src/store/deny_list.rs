//! What is revoked now, as lists for people show it: the latest first.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{EnvironmentName, Position, RevocationKind};
use mintmark_core::store::{Read, StoredRevocation};

use super::SqlStore;
use super::rows::{self, readable};
use super::statements::REVOCATIONS_LATEST;
use super::writes::big;

/// A place in that list. One change can revoke several things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyPlace {
    /// The position of the change.
    pub position: Position,
    /// The word of what kind of thing was revoked.
    pub kind: String,
    /// Which one.
    pub id: String,
}

/// Which revocations are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyFilter<'a> {
    /// Of this kind alone.
    pub kind: Option<RevocationKind>,
    /// Those that count in this environment alone: a tenant's count in each.
    pub environment: Option<&'a EnvironmentName>,
}

impl SqlStore {
    /// Revocations that are not over at a moment, the latest first, after a place if one is given.
    pub async fn deny_list(
        &self,
        filter: DenyFilter<'_>,
        after: Option<&DenyPlace>,
        now: Timestamp,
        limit: u32,
    ) -> Read<Vec<StoredRevocation>> {
        let (position, kind, id) = after.map_or((i64::MAX, "", ""), |at| (big(at.position.0), &at.kind, &at.id));
        let query = REVOCATIONS_LATEST.query().bind(position).bind(kind).bind(id).bind(now.0);
        let query = query.bind(filter.kind.map_or("", RevocationKind::as_str));
        let query = query.bind(filter.environment.map_or("", EnvironmentName::as_str)).bind(i64::from(limit));
        Ok(readable(&self.engine.rows(query).await?, rows::revocation))
    }
}
