//! Notices: what people are told about without asking.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::TenantId;
use mintmark_core::notice::Notice;
use mintmark_core::store::{Lease, NoticeFilter, NoticePlace, NoticeStore, Read, StoreError};

use super::SqlStore;
use super::engine::{Query, Row, WriteError};
use super::fields::Fields;
use super::rows::readable;
use super::statements::{NOTICE_FORGET, NOTICES, NOTICES_INSERT, NOTICES_OF_TENANT};
use super::writes::json;

/// How many rows one statement inserts.
const AT_ONCE: usize = 50;
/// Behind every identifier.
const LAST_ID: &str = "~";

impl NoticeStore for SqlStore {
    async fn add_notices(&self, notices: &[Notice]) -> Read<u64> {
        let mut added = 0;
        for part in notices.chunks(AT_ONCE) {
            let insert = async || {
                let query = part.iter().try_fold(NOTICES_INSERT.query(part.len()), bind)?;
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
