//! Endpoints that are told notices, and deliveries.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Delivery, DeliveryState, EnvironmentName, Status, Webhook, WebhookId};
use mintmark_core::notice::{DELIVERIES_LISTED_MAX, Notice, NoticeKind, has_room};
use mintmark_core::registry::MAX_WEBHOOKS;
use mintmark_core::store::{Backlog, Handed, Lease, NoticePlace, NoticesOf, Page, Read, StoreError};

use super::SqlStore;
use super::engine::{Query, Row, Transaction, WriteError};
use super::fields::Fields;
use super::notices::{self, LAST_ID, tenant_column, tenant_of};
use super::reads::start;
use super::rows::readable;
use super::statements::{
    DELIVERIES, DELIVERIES_BACKLOG, DELIVERIES_CUT, DELIVERIES_DELETE, DELIVERIES_DUE, DELIVERIES_FAIL, DELIVERIES_POSTPONE,
    DELIVERIES_WAITING, DELIVERY_INSERT, DELIVERY_TRIED, LEASE_HOLD, NOTICE_SPREAD, NOTICES_BACKLOG, WEBHOOK, WEBHOOK_DELETE,
    WEBHOOK_DROPPED, WEBHOOK_HOLD, WEBHOOK_INSERT, WEBHOOK_UPDATE, WEBHOOKS, WEBHOOKS_DUE, WEBHOOKS_OF_TENANT,
};
use super::writes::{big, json};

impl SqlStore {
    pub(super) async fn read_webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Read<Option<Webhook>> {
        let query = WEBHOOK.query().bind(environment.as_str()).bind(id.to_string());
        self.engine.row(query).await?.as_ref().map(webhook).transpose()
    }

    pub(super) async fn list_webhooks(
        &self,
        environment: &EnvironmentName,
        of: NoticesOf,
        page: Page<'_, WebhookId>,
    ) -> Read<Vec<Webhook>> {
        let statement = if of.is_some() { WEBHOOKS_OF_TENANT } else { WEBHOOKS };
        let query = |after: &str, limit| {
            let query = statement.query().bind(environment.as_str()).bind(after).bind(limit);
            of.into_iter().fold(query, |query, tenant| query.bind(tenant_column(tenant)))
        };
        self.listing(start(page.after), page.limit, query, webhook).await
    }

    pub(super) async fn spread(&self, lease: &Lease, notice: &Notice, to: &[WebhookId]) -> Read<bool> {
        let work = async || {
            let mut transaction = self.engine.begin_write().await?;
            if !is_held(&mut transaction, lease).await? {
                return Ok(false);
            }
            if NOTICE_SPREAD.query().bind(notice.id.to_string()).execute(&mut transaction).await? == 1 {
                for id in to {
                    if deliver(&mut transaction, notice, *id).await? == Handed::Full {
                        let query = WEBHOOK_DROPPED.query().bind(notice.environment.as_str()).bind(id.to_string());
                        query.execute(&mut transaction).await?;
                    }
                }
            }
            transaction.commit().await?;
            Ok(true)
        };
        self.engine.write(NOTICE_SPREAD.name, work).await.map_err(WriteError::into_store_error)
    }

    pub(super) async fn insert_notice_for(&self, notice: &Notice, to: WebhookId) -> Read<Handed> {
        let work = async || {
            let mut transaction = self.engine.begin_write().await?;
            let handed = deliver(&mut transaction, notice, to).await?;
            if handed == Handed::Over {
                notices::insert(notice)?.execute(&mut transaction).await?;
                NOTICE_SPREAD.query().bind(notice.id.to_string()).execute(&mut transaction).await?;
                transaction.commit().await?;
            }
            Ok(handed)
        };
        self.engine.write(DELIVERY_INSERT.name, work).await.map_err(WriteError::into_store_error)
    }

    pub(super) async fn read_backlog(&self) -> Read<Backlog> {
        let notices = self.engine.row(NOTICES_BACKLOG.query()).await?.ok_or_else(no_count)?;
        let deliveries = self.engine.row(DELIVERIES_BACKLOG.query()).await?.ok_or_else(no_count)?;
        let (notices, deliveries) = (Fields::of(&notices, "notice", "found"), Fields::of(&deliveries, "delivery", "found"));
        let (fresh, waiting): (u64, u64) = (notices.number("found")?, deliveries.number("found")?);
        Ok(Backlog {
            notices: fresh,
            oldest_notice: (fresh > 0).then(|| notices.time("oldest")).transpose()?,
            deliveries: waiting,
            oldest_delivery: (waiting > 0).then(|| deliveries.time("oldest")).transpose()?,
            due: (waiting > 0).then(|| deliveries.time("due")).transpose()?,
        })
    }

    pub(super) async fn read_due_webhooks(&self, now: Timestamp, limit: u32) -> Read<Vec<Webhook>> {
        let rows = self.engine.rows(WEBHOOKS_DUE.query().bind(now.0).bind(i64::from(limit))).await?;
        Ok(readable(&rows, webhook))
    }

    pub(super) async fn read_due_deliveries(
        &self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Read<Vec<(Delivery, Notice)>> {
        let mut passed_over = 0;
        loop {
            let query = DELIVERIES_DUE.query().bind(webhook.to_string()).bind(now.0).bind(i64::from(limit));
            let rows = self.engine.rows(query.bind(passed_over)).await?;
            let found = readable(&rows, |row: &Row| Ok((delivery(row)?, notices::notice(row)?)));
            // What cannot be read, since a newer version made it, holds up nothing behind it.
            if rows.is_empty() || !found.is_empty() {
                return Ok(found);
            }
            passed_over += i64::from(limit);
        }
    }

    pub(super) async fn write_try(&self, lease: &Lease, after: &Delivery) -> Read<bool> {
        let work = async || {
            let mut transaction = self.engine.begin_write().await?;
            if !is_held(&mut transaction, lease).await? {
                return Ok(false);
            }
            let (webhook, kept) = (after.webhook_id.to_string(), i64::from(DELIVERIES_LISTED_MAX));
            let query = DELIVERY_TRIED.query().bind(webhook.as_str()).bind(after.notice_id.to_string());
            let query = query.bind(after.state.as_str()).bind(i64::from(after.tries)).bind(after.next_at.0);
            let query = query.bind(after.last_at.map(|at| at.0)).bind(after.answer.map(i64::from));
            query.execute(&mut transaction).await?;
            if after.state != DeliveryState::Waiting {
                DELIVERIES_CUT.query().bind(webhook.as_str()).bind(kept).execute(&mut transaction).await?;
            }
            transaction.commit().await?;
            Ok(true)
        };
        self.engine.write(DELIVERY_TRIED.name, work).await.map_err(WriteError::into_store_error)
    }

    pub(super) async fn postpone(&self, lease: &Lease, webhook: WebhookId, to: Timestamp) -> Read<bool> {
        let postpone = || DELIVERIES_POSTPONE.query().bind(webhook.to_string()).bind(to.0);
        Ok(self.under_lease(lease, DELIVERIES_POSTPONE.name, postpone).await?.is_some())
    }

    pub(super) async fn list_deliveries(
        &self,
        webhook: WebhookId,
        before: Option<NoticePlace>,
        limit: u32,
    ) -> Read<Vec<Delivery>> {
        let (at, id) = before.map_or((i64::MAX, LAST_ID.to_owned()), |(at, id)| (at.0, id.to_string()));
        let query = DELIVERIES.query().bind(webhook.to_string()).bind(at).bind(id).bind(i64::from(limit));
        Ok(readable(&self.engine.rows(query).await?, delivery))
    }
}

async fn is_held(transaction: &mut Transaction, lease: &Lease) -> Result<bool, WriteError> {
    let hold = LEASE_HOLD.query().bind(lease.name).bind(big(lease.fence));
    Ok(hold.execute(transaction).await? == 1)
}

fn no_count() -> StoreError {
    StoreError::Corrupt("a count gave no row".to_owned())
}

/// A delivery of a notice.
async fn deliver(transaction: &mut Transaction, notice: &Notice, to: WebhookId) -> Result<Handed, WriteError> {
    let failed = |error: StoreError| WriteError::Failed(error.to_string());
    let hold = WEBHOOK_HOLD.query().bind(notice.environment.as_str()).bind(to.to_string());
    if hold.execute(transaction).await? == 0 {
        return Ok(Handed::Off);
    }
    let row = DELIVERIES_WAITING.query().bind(to.to_string()).row(transaction).await?;
    let row = row.ok_or_else(|| failed(no_count()))?;
    let fields = Fields::of(&row, "delivery", "found");
    if !has_room(notice.kind(), fields.number("found").map_err(failed)?) {
        return Ok(Handed::Full);
    }
    // A pause is the whole endpoint's: what comes in it waits for its end.
    let next_at = fields.time("due").map_err(failed)?.max(notice.at);
    let query = DELIVERY_INSERT.query().bind(to.to_string()).bind(notice.id.to_string());
    query.bind(notice.environment.as_str()).bind(notice.at.0).bind(next_at.0).execute(transaction).await?;
    Ok(Handed::Over)
}

/// Inserts nothing where the owner has as many as there may be: changes come one after the other, so none is counted too late.
pub(super) fn insert(row: &Webhook) -> Result<Query, WriteError> {
    let query = bind(WEBHOOK_INSERT.query(), row)?.bind(row.created_at.0).bind(big(row.version));
    Ok(query.bind(i64::from(MAX_WEBHOOKS)))
}

pub(super) fn update(row: &Webhook) -> Result<Query, WriteError> {
    Ok(bind(WEBHOOK_UPDATE.query(), row)?.bind(big(row.version)))
}

pub(super) fn delete(row: &Webhook) -> Query {
    WEBHOOK_DELETE.query().bind(row.environment.as_str()).bind(row.id.to_string()).bind(big(row.version))
}

/// What waits for an endpoint that is turned off is tried no more: otherwise it would be looked at again and again.
pub(super) async fn end_waiting(transaction: &mut Transaction, row: &Webhook) -> Result<(), WriteError> {
    if row.status == Status::Disabled {
        DELIVERIES_FAIL.query().bind(row.id.to_string()).execute(transaction).await?;
    }
    Ok(())
}

pub(super) async fn delete_deliveries(transaction: &mut Transaction, row: &Webhook) -> Result<(), WriteError> {
    DELIVERIES_DELETE.query().bind(row.id.to_string()).execute(transaction).await.map(|_| ())
}

fn bind(query: Query, row: &Webhook) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.id.to_string()).bind(tenant_column(row.tenant_id));
    Ok(query.bind(row.url.as_str()).bind(json(&row.kinds)?).bind(row.status.as_str()))
}

/// A row of `webhook`.
fn webhook(row: &Row) -> Read<Webhook> {
    let fields = Fields::of(row, "webhook", "id");
    Ok(Webhook {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        tenant_id: tenant_of(&fields)?,
        url: fields.text("url")?,
        kinds: fields.json("kinds")?,
        status: fields.word("status", Status::from_word)?,
        created_at: fields.time("created_at")?,
        dropped: fields.number("dropped")?,
        version: fields.number("version")?,
    })
}

/// A row of `delivery` with its notice.
fn delivery(row: &Row) -> Read<Delivery> {
    let fields = Fields::of(row, "delivery", "notice_id");
    Ok(Delivery {
        webhook_id: fields.parsed("webhook_id")?,
        notice_id: fields.parsed("notice_id")?,
        kind: fields.word("kind", NoticeKind::from_word)?,
        state: fields.word("state", DeliveryState::from_word)?,
        made_at: fields.time("made_at")?,
        tries: fields.number("tries")?,
        next_at: fields.time("next_at")?,
        last_at: fields.optional_time("last_at")?,
        answer: fields.optional_number("answer")?,
    })
}
