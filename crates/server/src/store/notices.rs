//! Notices: what people are told about without asking.

use std::sync::atomic::{AtomicU64, Ordering};

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{CredentialId, Delivery, EnvironmentName, TenantId, Webhook, WebhookId};
use mintmark_core::notice::{Expiring, Notice};
use mintmark_core::store::{Backlog, Handed, Lease, NoticeFilter, NoticePlace, NoticeStore, NoticesOf, Page, Read, StoreError};

use super::SqlStore;
use super::engine::{Query, Row, WriteError};
use super::fields::Fields;
use super::rows::readable;
use super::statements::{
    CREDENTIALS_TO_TELL, DELIVERIES_FORGET, NOTICE_FORGET, NOTICES, NOTICES_INSERT, NOTICES_OF_TENANT, NOTICES_TO_SPREAD,
};
use super::writes::json;

/// How many rows one statement inserts.
const AT_ONCE: usize = 50;
/// Behind every identifier.
pub(super) const LAST_ID: &str = "~";

impl NoticeStore for SqlStore {
    async fn add_notices(&self, notices: &[Notice]) -> Read<u64> {
        let mut added = 0;
        // In one order everywhere, so that two nodes that add the same wait for each other and not in a circle.
        let mut sorted: Vec<&Notice> = notices.iter().collect();
        sorted.sort_by_cached_key(|notice| notice.key());
        for part in sorted.chunks(AT_ONCE) {
            let insert = async || {
                let query = part.iter().try_fold(NOTICES_INSERT.query(part.len()), |query, notice| bind(query, notice))?;
                self.engine.execute(query).await
            };
            added += self.engine.write(NOTICES_INSERT.name, insert).await.map_err(WriteError::into_store_error)?;
        }
        Ok(added)
    }

    async fn notices(&self, filter: &NoticeFilter, before: Option<NoticePlace>, limit: u32) -> Read<Vec<Notice>> {
        let statement = if filter.tenant.is_some() { NOTICES_OF_TENANT } else { NOTICES };
        let (at, id) = before.map_or((i64::MAX, LAST_ID.to_owned()), |(at, id)| (at.0, id.to_string()));
        let query = statement.query().bind(filter.environment.as_str()).bind(at).bind(id).bind(i64::from(limit));
        let query = filter.tenant.into_iter().fold(query, |query, tenant| query.bind(tenant_column(tenant)));
        Ok(readable(&self.engine.rows(query).await?, notice))
    }

    async fn forget_notices(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let forget = || NOTICE_FORGET.query().bind(before.0).bind(i64::from(limit));
        self.under_lease(lease, NOTICE_FORGET.name, forget).await
    }

    async fn expiring(
        &self,
        environment: &EnvironmentName,
        (from, after): (Timestamp, Option<CredentialId>),
        until: Timestamp,
        limit: u32,
    ) -> Read<Vec<Expiring>> {
        let after = after.map_or_else(|| LAST_ID.to_owned(), |id| id.to_string());
        let query = CREDENTIALS_TO_TELL.query().bind(environment.as_str()).bind(from.0).bind(after);
        Ok(readable(&self.engine.rows(query.bind(until.0).bind(i64::from(limit))).await?, expiring))
    }

    async fn webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Read<Option<Webhook>> {
        self.read_webhook(environment, id).await
    }

    async fn webhooks(&self, environment: &EnvironmentName, of: NoticesOf, page: Page<'_, WebhookId>) -> Read<Vec<Webhook>> {
        self.list_webhooks(environment, of, page).await
    }

    async fn notices_to_spread(&self, limit: u32) -> Read<Vec<Notice>> {
        let (mut place, mut unreadable) = ((i64::MIN, String::new()), PassedOver::default());
        loop {
            let query = NOTICES_TO_SPREAD.query().bind(place.0).bind(place.1.as_str()).bind(i64::from(limit));
            let rows = self.engine.rows(query).await?;
            let found: Vec<Notice> = rows.iter().filter_map(|row| unreadable.or_note(notice(row))).collect();
            let last = rows.last().map(|row| Fields::of(row, "notice", "id")).filter(|_| rows.len() as u64 >= u64::from(limit));
            let Some(last) = last.filter(|_| found.is_empty()) else {
                self.unreadable_notices.note(unreadable);
                return Ok(found);
            };
            place = (last.time("made_at")?.0, last.text("id")?);
        }
    }

    async fn backlog(&self) -> Read<Backlog> {
        self.read_backlog().await
    }

    async fn spread_notice(&self, lease: &Lease, notice: &Notice, to: &[WebhookId]) -> Read<bool> {
        self.spread(lease, notice, to).await
    }

    async fn add_notice_for(&self, notice: &Notice, to: WebhookId) -> Read<Handed> {
        self.insert_notice_for(notice, to).await
    }

    async fn due_webhooks(&self, now: Timestamp, limit: u32) -> Read<Vec<Webhook>> {
        self.read_due_webhooks(now, limit).await
    }

    async fn due_deliveries(&self, webhook: WebhookId, now: Timestamp, limit: u32) -> Read<Vec<(Delivery, Notice)>> {
        self.read_due_deliveries(webhook, now, limit).await
    }

    async fn note_delivery(&self, lease: &Lease, after: &Delivery) -> Read<bool> {
        self.write_try(lease, after).await
    }

    async fn postpone_deliveries(&self, lease: &Lease, webhook: WebhookId, to: Timestamp) -> Read<bool> {
        self.postpone(lease, webhook, to).await
    }

    async fn deliveries(&self, webhook: WebhookId, before: Option<NoticePlace>, limit: u32) -> Read<Vec<Delivery>> {
        self.list_deliveries(webhook, before, limit).await
    }

    async fn forget_deliveries(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let forget = || DELIVERIES_FORGET.query().bind(before.0).bind(i64::from(limit));
        self.under_lease(lease, DELIVERIES_FORGET.name, forget).await
    }
}

/// Notices that a look passes over, since they cannot be read. They stay: a newer version may read them.
#[derive(Debug, Default)]
struct PassedOver {
    rows: u64,
    first: Option<String>,
}

impl PassedOver {
    fn or_note(&mut self, read: Read<Notice>) -> Option<Notice> {
        read.inspect_err(|error| {
            self.rows += 1;
            self.first.get_or_insert_with(|| error.to_string());
        })
        .ok()
    }
}

/// How many notices were passed over: at the last look, and at all of them.
#[derive(Debug, Default)]
pub(super) struct UnreadableNotices {
    last: AtomicU64,
    total: AtomicU64,
}

impl UnreadableNotices {
    /// Says so once, and again when there are more: a look comes every two seconds.
    fn note(&self, PassedOver { rows, first }: PassedOver) {
        self.total.fetch_add(rows, Ordering::Relaxed);
        let last = self.last.swap(rows, Ordering::Relaxed);
        if let Some(first) = first.filter(|_| rows > last) {
            tracing::error!(rows, first, "notices that cannot be read are passed over: endpoints are not told of them");
        }
    }

    /// At all looks together.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

fn expiring(row: &Row) -> Read<Expiring> {
    let fields = Fields::of(row, "credential", "id");
    Ok(Expiring {
        tenant_id: fields.parsed("tenant_id")?,
        client_id: fields.parsed("client_id")?,
        credential_id: fields.parsed("id")?,
        hint: fields.text("hint")?,
        expires_at: fields.time("expires_at")?,
    })
}

/// The insert of one notice of a change.
pub(super) fn insert(notice: &Notice) -> Result<Query, WriteError> {
    bind(NOTICES_INSERT.query(1), notice)
}

fn bind(query: Query, notice: &Notice) -> Result<Query, WriteError> {
    let query = query.bind(notice.id.to_string()).bind(notice.environment.as_str()).bind(tenant_column(notice.tenant_id));
    let query = query.bind(notice.kind().as_str()).bind(notice.at.0).bind(notice.key());
    Ok(query.bind(json(&notice.event)?))
}

/// What concerns the operator alone has no tenant.
pub(super) fn tenant_column(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(String::new, |id| id.to_string())
}

/// The tenant of a row, as [`tenant_column`] wrote it.
pub(super) fn tenant_of(fields: &Fields<'_>) -> Result<Option<TenantId>, StoreError> {
    if fields.text("tenant_id")?.is_empty() { Ok(None) } else { fields.parsed("tenant_id").map(Some) }
}

/// A row of `notice`.
pub(super) fn notice(row: &Row) -> Read<Notice> {
    let fields = Fields::of(row, "notice", "id");
    Ok(Notice {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        tenant_id: tenant_of(&fields)?,
        at: fields.time("made_at")?,
        event: fields.json("event")?,
    })
}
