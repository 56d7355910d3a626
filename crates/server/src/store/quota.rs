//! Quotas, what was counted of them, and what was metered.

use mintmark_core::model::{EnvironmentName, Quota, QuotaKind, QuotaMode, QuotaSubject};
use mintmark_core::quota::{QUOTAS_MAX, QuotaCount, QuotaQuery, QuotaUse};
use mintmark_core::store::{Read, StoreError};
use mintmark_core::usage::{MeteredPlace, MeteredQuery, MeteredRow, UsageStep, WriterId};

use super::SqlStore;
use super::engine::{Query, Row, WriteError};
use super::fields::Fields;
use super::statements::{self, QUOTA_COUNTS};
use super::usage::write_rows;
use super::writes::{big, json};

impl SqlStore {
    pub(super) async fn read_quotas(&self) -> Read<Vec<Quota>> {
        Ok(super::rows::readable(&self.engine.rows(statements::QUOTAS.query()).await?, quota))
    }

    pub(super) async fn read_quotas_used(
        &self,
        query: &QuotaQuery,
        after: Option<&QuotaSubject>,
        limit: u32,
    ) -> Read<Vec<QuotaUse>> {
        let statement = if query.tenant.is_some() { statements::QUOTAS_USED_OF_TENANT } else { statements::QUOTAS_USED };
        // No kind is an empty word.
        let (kind, id) = after.map(|after| (after.kind().as_str(), after.id())).unwrap_or_default();
        let asked = statement.query().bind(query.environment.as_str()).bind(kind).bind(id);
        let asked = UsageStep::ALL.into_iter().fold(asked, |asked, step| asked.bind(step.period(query.at)));
        let asked = asked.bind(i64::from(limit));
        let asked = match query.tenant {
            Some(tenant) => asked.bind(tenant.to_string()),
            None => asked,
        };
        Ok(super::rows::readable(&self.engine.rows(asked).await?, quota_use))
    }

    pub(super) async fn read_quota(&self, environment: &EnvironmentName, subject: &QuotaSubject) -> Read<Option<Quota>> {
        let query = statements::QUOTA.query().bind(environment.as_str()).bind(subject.kind().as_str()).bind(subject.id());
        self.engine.row(query).await?.as_ref().map(quota).transpose()
    }

    /// All in one transaction. The rows are the writer's own, so nobody else waits for them.
    pub(super) async fn write_quota_counts(&self, writer: WriterId, counts: &[QuotaCount]) -> Read<()> {
        let written = self.engine.write(QUOTA_COUNTS.name, || async {
            let mut transaction = self.engine.begin_write().await?;
            let bind = |query: Query, count: &QuotaCount| {
                let query = query.bind(count.step.number()).bind(count.period).bind(count.environment.as_str());
                let query = query.bind(count.subject.kind().as_str()).bind(count.subject.id());
                query.bind(&writer.0[..]).bind(big(count.tokens))
            };
            write_rows(&mut transaction, QUOTA_COUNTS, counts, bind).await?;
            transaction.commit().await
        });
        written.await.map_err(WriteError::into_store_error)
    }

    pub(super) async fn read_quota_totals(
        &self,
        step: UsageStep,
        from: i64,
        without: Option<WriterId>,
    ) -> Read<Vec<QuotaCount>> {
        // No writer's name is empty.
        let writer = without.map(|writer| writer.0.to_vec()).unwrap_or_default();
        let query = statements::QUOTA_TOTALS.query().bind(step.number()).bind(from).bind(&writer[..]);
        let log = |error: &StoreError| tracing::error!(%error, "left out a count that cannot be read");
        let rows = self.engine.rows(query).await?;
        Ok(rows.iter().filter_map(|row| quota_count(row, step).inspect_err(log).ok()).collect())
    }

    pub(super) async fn read_quota_used(
        &self,
        environment: &EnvironmentName,
        subject: &QuotaSubject,
        (step, period): (UsageStep, i64),
    ) -> Read<u64> {
        let query = statements::QUOTA_USED.query().bind(step.number()).bind(period).bind(environment.as_str());
        let row = self.engine.row(query.bind(subject.kind().as_str()).bind(subject.id())).await?;
        row.map_or(Ok(0), |row| Fields::of(&row, "quota_count", "tokens").number("tokens"))
    }

    pub(super) async fn read_metered(
        &self,
        query: &MeteredQuery,
        period: i64,
        after: Option<&MeteredPlace>,
        limit: u32,
    ) -> Read<Vec<MeteredRow>> {
        let statement = if query.tenant.is_some() { statements::METERED_OF_TENANT } else { statements::METERED };
        let asked = statement.query().bind(query.environment.as_str()).bind(query.step.number()).bind(period);
        let MeteredPlace([tenant, client, business, dialect]) = after.cloned().unwrap_or_default();
        let tenant = query.tenant.map_or(tenant, |id| id.to_string());
        let asked = asked.bind(tenant).bind(client).bind(business).bind(dialect).bind(i64::from(limit));
        // A row that cannot be read must not be missing from a bill in silence.
        self.engine.rows(asked).await?.iter().map(metered).collect()
    }
}

pub(super) fn insert(row: &Quota) -> Result<Query, WriteError> {
    Ok(values(statements::QUOTA_INSERT.query(), row)?.bind(i64::try_from(QUOTAS_MAX).unwrap_or(i64::MAX)))
}

pub(super) fn update(row: &Quota) -> Result<Query, WriteError> {
    values(statements::QUOTA_UPDATE.query(), row)
}

pub(super) fn delete(row: &Quota) -> Query {
    let query = statements::QUOTA_DELETE.query().bind(row.environment.as_str()).bind(row.subject.kind().as_str());
    query.bind(row.subject.id()).bind(big(row.version))
}

fn values(query: Query, row: &Quota) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.subject.kind().as_str()).bind(row.subject.id());
    let query = query.bind(row.tenant_id.to_string()).bind(json(&row.limits)?).bind(row.mode.as_str());
    Ok(query.bind(i64::from(row.headers)).bind(row.changed_at.0).bind(big(row.version)))
}

fn subject(fields: &Fields<'_>) -> Read<QuotaSubject> {
    let kind = fields.word("kind", QuotaKind::from_word)?;
    let subject = QuotaSubject::parse(kind, &fields.text("subject_id")?);
    subject.ok_or_else(|| fields.corrupt("subject_id", &"it is no identifier of its kind"))
}

/// A row of `quota`.
fn quota(row: &Row) -> Read<Quota> {
    let fields = Fields::of(row, "quota", "subject_id");
    Ok(Quota {
        environment: fields.parsed("environment")?,
        subject: subject(&fields)?,
        tenant_id: fields.parsed("tenant_id")?,
        limits: fields.json("limits")?,
        mode: fields.word("mode", QuotaMode::from_word)?,
        headers: fields.number::<i64>("headers")? != 0,
        changed_at: fields.time("changed_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `quota` with sums of rows of `quota_count`.
fn quota_use(row: &Row) -> Read<QuotaUse> {
    let fields = Fields::of(row, "quota_count", "subject_id");
    let tokens = [fields.number("used_minute")?, fields.number("used_hour")?, fields.number("used_day")?];
    Ok(QuotaUse { quota: quota(row)?, tokens })
}

/// A sum of rows of `quota_count`.
fn quota_count(row: &Row, step: UsageStep) -> Read<QuotaCount> {
    let fields = Fields::of(row, "quota_count", "subject_id");
    Ok(QuotaCount {
        environment: fields.parsed("environment")?,
        subject: subject(&fields)?,
        step,
        period: fields.number("period")?,
        tokens: fields.number("tokens")?,
    })
}

/// A sum of rows of `usage_key` with those of `usage_count`.
fn metered(row: &Row) -> Read<MeteredRow> {
    let fields = Fields::of(row, "usage_key", "client_id");
    let text = |column| fields.text(column);
    let place = MeteredPlace([text("tenant_id")?, text("client_id")?, text("business_id")?, text("dialect")?]);
    let row = place.row(fields.number("tokens")?, fields.number("refused")?);
    row.ok_or_else(|| fields.corrupt("client_id", &"an identifier is of no form that it could have"))
}
