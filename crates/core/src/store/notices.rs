//! What is stored of notices. Those of a change go through [`super::Store::commit`] with it.

use std::future::Future;

use super::{Lease, Page, Read};
use crate::clock::Timestamp;
use crate::model::{CredentialId, Delivery, EnvironmentName, NoticeId, TenantId, Webhook, WebhookId};
use crate::notice::{Expiring, Notice};

/// Which notices are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Where.
    pub environment: EnvironmentName,
    /// Whom they concern.
    pub tenant: NoticesOf,
}

/// Whose notices or endpoints are asked for: a tenant's, or, for `Some(None)`, the operator's own; all where it is none.
pub type NoticesOf = Option<Option<TenantId>>;

/// Where a page of notices begins: before one of them.
pub type NoticePlace = (Timestamp, NoticeId);

/// What became of a notice that is for one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// There is a delivery of it.
    Over,
    /// Too many others wait for the endpoint.
    Full,
    /// The endpoint is turned off, or gone.
    Off,
}

/// What endpoints are still to be told, all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Notices for which nobody has made deliveries yet.
    pub notices: u64,
    /// When the oldest of them was made.
    pub oldest_notice: Option<Timestamp>,
    /// Deliveries that wait for their first or next try.
    pub deliveries: u64,
    /// When there was something to tell, of the oldest of them.
    pub oldest_delivery: Option<Timestamp>,
    /// When the first of them is due, or was.
    pub due: Option<Timestamp>,
}

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

    /// The credentials that are in force, expire after one place and up to a moment, and are not being rotated, by when they expire.
    fn expiring(
        &self,
        environment: &EnvironmentName,
        after: (Timestamp, Option<CredentialId>),
        until: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Expiring>>> + Send;

    /// An endpoint.
    fn webhook(&self, environment: &EnvironmentName, id: WebhookId) -> impl Future<Output = Read<Option<Webhook>>> + Send;

    /// Endpoints of an environment, by identifier.
    fn webhooks(
        &self,
        environment: &EnvironmentName,
        of: NoticesOf,
        page: Page<'_, WebhookId>,
    ) -> impl Future<Output = Read<Vec<Webhook>>> + Send;

    /// Notices for which nobody has made deliveries yet, the oldest first. What cannot be read is passed over, however much of it is
    /// in the way.
    fn notices_to_spread(&self, limit: u32) -> impl Future<Output = Read<Vec<Notice>>> + Send;

    /// Makes a delivery of a notice for each of some endpoints, once; for one that too many wait for, it counts that the notice was
    /// dropped, and one that is turned off by then gets none. `false` if the lease is another's now.
    fn spread_notice(&self, lease: &Lease, notice: &Notice, to: &[WebhookId]) -> impl Future<Output = Read<bool>> + Send;

    /// Adds a notice that one endpoint alone is told, with its delivery, if that can be handed over.
    fn add_notice_for(&self, notice: &Notice, to: WebhookId) -> impl Future<Output = Read<Handed>> + Send;

    /// What endpoints are still to be told.
    fn backlog(&self) -> impl Future<Output = Read<Backlog>> + Send;

    /// The endpoints that are turned on and have deliveries that are due, the longest due first.
    fn due_webhooks(&self, now: Timestamp, limit: u32) -> impl Future<Output = Read<Vec<Webhook>>> + Send;

    /// The deliveries of an endpoint that are due, the oldest first, with what is to be told.
    fn due_deliveries(
        &self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<(Delivery, Notice)>>> + Send;

    /// Notes what came of a try, unless the delivery is over. Of those of the endpoint that are over the last ones are kept. `false` if
    /// the lease is another's now.
    fn note_delivery(&self, lease: &Lease, after: &Delivery) -> impl Future<Output = Read<bool>> + Send;

    /// Puts all deliveries of an endpoint off that wait, to no sooner than a moment. `false` if the lease is another's now.
    fn postpone_deliveries(&self, lease: &Lease, webhook: WebhookId, to: Timestamp) -> impl Future<Output = Read<bool>> + Send;

    /// Deliveries of an endpoint, latest first, before one if it is given.
    fn deliveries(
        &self,
        webhook: WebhookId,
        before: Option<NoticePlace>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Delivery>>> + Send;

    /// Forgets at most `limit` deliveries from before a moment. Returns how many; none if the lease is another's now.
    fn forget_deliveries(&self, lease: &Lease, before: Timestamp, limit: u32)
    -> impl Future<Output = Read<Option<u64>>> + Send;
}
