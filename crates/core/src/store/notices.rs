//! What is stored of notices. Those of a change go through [`super::Store::commit`] with it.

use std::future::Future;

use super::{Lease, Read};
use crate::clock::Timestamp;
use crate::model::{EnvironmentName, NoticeId, TenantId};
use crate::notice::Notice;

/// Which notices are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Where.
    pub environment: EnvironmentName,
    /// Whom they concern: a tenant, or, for `Some(None)`, the operator alone; all where it is none.
    pub tenant: Option<Option<TenantId>>,
}

/// Where a page of notices begins: before one of them.
pub type NoticePlace = (Timestamp, NoticeId);

/// The part of a store that holds notices.
pub trait NoticeStore: Send + Sync + 'static {
    /// Adds notices that belong to no change. One of a key that is there already is left out, whoever added that. Gives how many were
    /// new. It is no change: it has no position.
    fn add_notices(&self, notices: &[Notice]) -> impl Future<Output = Read<u64>> + Send;

    /// Notices, latest first, before one if it is given.
    fn notices(
        &self,
        filter: &NoticeFilter,
        before: Option<NoticePlace>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Notice>>> + Send;

    /// Forgets at most `limit` notices from before a moment. Returns how many; none if the lease is another's now.
    fn forget_notices(&self, lease: &Lease, before: Timestamp, limit: u32) -> impl Future<Output = Read<Option<u64>>> + Send;
}
