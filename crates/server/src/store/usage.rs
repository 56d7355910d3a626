//! Counts of token requests, and refusals that are kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use mintmark_core::store::{Lease, OldUsage, Read, Refusal, StoreError, USAGE_ROWS_MAX};
use mintmark_core::usage::{
    OutcomeClass, REFUSALS_OF_CLIENT, REFUSALS_OF_TENANT, REFUSALS_OF_UNKNOWN, RefusalFilter, RefusedBefore, RefusedClient,
    StoredUsage, UsageAnswer, UsageBatch, UsageKey, UsageLevel, UsageQuery, UsageStep, add_up, sums,
};

use super::SqlStore;
use super::engine::{Query, Row, Transaction, WriteError};
use super::fields::Fields;
use super::statements::{self, ManyRows, REFUSALS_INSERT, Statement, USAGE_COUNTS, USAGE_KEYS};
use super::writes::big;

/// How many rows one statement writes: as many as there are of the first, then of the next.
const AT_ONCE: [usize; 3] = [50, 10, 1];

impl SqlStore {
    /// Adds a batch in one transaction, unless it was added before.
    pub(super) async fn write_usage(&self, batch: &UsageBatch) -> Read<()> {
        let written = self.engine.write(USAGE_COUNTS.name, || self.try_write_usage(batch)).await;
        written.map_err(WriteError::into_store_error)
    }

    async fn try_write_usage(&self, batch: &UsageBatch) -> Result<(), WriteError> {
        let mut transaction = self.engine.begin_write().await?;
        let writer = &batch.writer.0[..];
        statements::USAGE_WRITER_INSERT.query().bind(writer).bind(batch.at.0).execute(&mut transaction).await?;
        let advance = statements::USAGE_WRITER_ADVANCE.query().bind(writer).bind(big(batch.sequence)).bind(batch.at.0);
        if advance.execute(&mut transaction).await? == 1 {
            add_counts(&mut transaction, batch).await?;
            keep_refusals(&mut transaction, &batch.refusals).await?;
        }
        transaction.commit().await
    }

    pub(super) async fn read_usage(&self, query: &UsageQuery) -> Read<UsageAnswer> {
        let (first, end) = query.periods();
        let text = |id: Option<String>| id.unwrap_or_default();
        let asked = usage_statement(query).query().bind(query.environment.as_str()).bind(query.level().number());
        let asked = asked.bind(text(query.tenant.map(|id| id.to_string())));
        let asked = asked.bind(text(query.client.as_ref().map(ToString::to_string)));
        let asked = asked.bind(text(query.last_client().map(ToString::to_string)));
        let asked = asked.bind(text(query.credential.map(|id| id.to_string())));
        let asked = asked.bind(text(query.business.map(|id| id.to_string())));
        let asked = asked.bind(query.step.number()).bind(first).bind(end);
        // One more than are added up, to know whether there are more.
        let rows = self.engine.rows(asked.bind(i64::from(USAGE_ROWS_MAX) + 1)).await?;
        let most = usize::try_from(USAGE_ROWS_MAX).unwrap_or(usize::MAX);
        let stored = rows.iter().take(most).filter_map(|row| {
            let log = |error: &StoreError| tracing::error!(%error, "left out a row that cannot be read");
            stored_usage(row, query.each_step).inspect_err(log).ok()
        });
        let added = add_up(query, stored.filter(|stored| stored.requests > 0));
        Ok(UsageAnswer { rows: added, is_cut: rows.len() > most })
    }

    pub(super) async fn read_refusal(&self, request_id: &str) -> Read<Option<Refusal>> {
        let row = self.engine.row(statements::REFUSAL.query().bind(request_id)).await?;
        row.as_ref().map(refusal).transpose()
    }

    pub(super) async fn read_refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<&RefusedBefore>,
        limit: u32,
    ) -> Read<Vec<Refusal>> {
        let tenant = filter.tenant.map(|id| id.to_string());
        let client = match &filter.client {
            RefusedClient::Any => None,
            RefusedClient::Unknown => Some(String::new()),
            RefusedClient::Only(client) => Some(client.to_string()),
        };
        let (statement, of, tenant) = match (client, tenant) {
            (None, None) => (statements::REFUSALS, String::new(), None),
            (None, Some(tenant)) => (statements::REFUSALS_OF_TENANT, tenant, None),
            (Some(client), None) => (statements::REFUSALS_OF_CLIENT, client, None),
            (Some(client), Some(tenant)) => (statements::REFUSALS_OF_TENANTS_CLIENT, client, Some(tenant)),
        };
        let (at, request_id) = before.map_or((i64::MAX, ""), |before| (before.at.0, before.request_id.as_str()));
        let query = statement.query().bind(filter.environment.as_str()).bind(of);
        let query = query.bind(filter.code.as_deref().unwrap_or_default()).bind(at).bind(request_id).bind(i64::from(limit));
        let query = match tenant {
            Some(tenant) => query.bind(tenant),
            None => query,
        };
        Ok(super::rows::readable(&self.engine.rows(query).await?, refusal))
    }

    pub(super) async fn forget_old_usage(&self, lease: &Lease, old: OldUsage, limit: u32) -> Read<Option<u64>> {
        let limit = i64::from(limit);
        let (statement, values) = match old {
            OldUsage::Counts(step, before) => (statements::USAGE_COUNTS_EXPIRE, vec![step.number(), before, limit]),
            OldUsage::Keys(before) => (statements::USAGE_KEYS_EXPIRE, vec![UsageStep::Day.period(before), limit]),
            OldUsage::Writers(before) => (statements::USAGE_WRITERS_EXPIRE, vec![before.0, limit]),
            OldUsage::QuotaCounts(step, before) => (statements::QUOTA_COUNTS_EXPIRE, vec![step.number(), before, limit]),
            OldUsage::Refusals(before) => (statements::REFUSALS_EXPIRE, vec![before.0, limit]),
        };
        let query = || values.iter().fold(statement.query(), |query, value| query.bind(*value));
        self.under_lease(lease, statement.name, query).await
    }
}

/// The statement that begins with the most selective index.
fn usage_statement(query: &UsageQuery) -> Statement {
    let (series, sums) = if query.client.is_some() {
        (statements::USAGE_SERIES_OF_CLIENTS, statements::USAGE_SUMS_OF_CLIENTS)
    } else if query.credential.is_some() {
        (statements::USAGE_SERIES_OF_CREDENTIAL, statements::USAGE_SUMS_OF_CREDENTIAL)
    } else if query.business.is_some() {
        (statements::USAGE_SERIES_OF_BUSINESS, statements::USAGE_SUMS_OF_BUSINESS)
    } else if query.tenant.is_some() {
        (statements::USAGE_SERIES_OF_TENANT, statements::USAGE_SUMS_OF_TENANT)
    } else {
        (statements::USAGE_SERIES, statements::USAGE_SUMS)
    };
    if query.each_step { series } else { sums }
}

/// In the order of the primary keys, so that two nodes lock rows in one order.
async fn add_counts(transaction: &mut Transaction, batch: &UsageBatch) -> Result<(), WriteError> {
    let mut all: Vec<_> = sums(&batch.counts).into_iter().map(|(key, periods)| (key.number(), key, periods)).collect();
    all.sort_unstable_by_key(|(number, ..)| *number);
    let days = |(step, period): &(UsageStep, i64)| (*step == UsageStep::Day).then_some(*period);
    let bind_key = |query: Query, (number, key, periods): &(i64, UsageKey, BTreeMap<(UsageStep, i64), u64>)| {
        let seen = periods.keys().filter_map(days).max().unwrap_or_default();
        bind_key(query.bind(*number), key).bind(seen)
    };
    write_rows(transaction, USAGE_KEYS, &all, bind_key).await?;
    let counts = all.iter().flat_map(|(number, _, periods)| {
        periods.iter().map(|((step, period), requests)| (*number, step.number(), *period, big(*requests)))
    });
    let bind_count = |query: Query, (number, step, period, requests): &(i64, i64, i64, i64)| {
        query.bind(*number).bind(*step).bind(*period).bind(*requests)
    };
    write_rows(transaction, USAGE_COUNTS, &counts.collect::<Vec<_>>(), bind_count).await
}

fn bind_key(query: Query, key: &UsageKey) -> Query {
    let text = |id: Option<String>| id.unwrap_or_default();
    let query = query.bind(key.environment.as_str()).bind(key.level.number());
    let query = query.bind(text(key.tenant_id.map(|id| id.to_string())));
    let query = query.bind(text(key.client_id.as_ref().map(ToString::to_string)));
    let query = query.bind(text(key.credential_id.map(|id| id.to_string())));
    let query = query.bind(text(key.business_id.map(|id| id.to_string())));
    let dialect = key.dialect.as_ref().map(ToString::to_string);
    query.bind(key.outcome.as_str()).bind(&*key.code).bind(text(dialect))
}

/// Adds refusals, and removes those that are one too many now.
async fn keep_refusals(transaction: &mut Transaction, refusals: &[Refusal]) -> Result<(), WriteError> {
    write_rows(transaction, REFUSALS_INSERT, refusals, bind_refusal).await?;
    let (mut clients, mut tenants) = (BTreeSet::new(), BTreeSet::new());
    for refusal in refusals {
        clients.insert((&refusal.environment, &refusal.client_id, &refusal.code));
        tenants.extend(refusal.tenant_id.map(|tenant| (&refusal.environment, tenant)));
    }
    for (environment, client, code) in clients {
        let limit = if client.is_some() { REFUSALS_OF_CLIENT } else { REFUSALS_OF_UNKNOWN };
        let client = client.as_ref().map(ToString::to_string).unwrap_or_default();
        let over = statements::REFUSALS_OVER_OF_CLIENT.query().bind(environment.as_str()).bind(i64::from(limit));
        over.bind(client).bind(code.as_str()).execute(transaction).await?;
    }
    for (environment, tenant) in tenants {
        let over = statements::REFUSALS_OVER_OF_TENANT.query().bind(environment.as_str()).bind(i64::from(REFUSALS_OF_TENANT));
        over.bind(tenant.to_string()).execute(transaction).await?;
    }
    Ok(())
}

fn bind_refusal(query: Query, refusal: &Refusal) -> Query {
    let text = |id: Option<String>| id.unwrap_or_default();
    let query = query.bind(refusal.request_id.as_str()).bind(refusal.at.0);
    let query = query.bind(refusal.environment.as_str()).bind(refusal.dialect.as_str());
    let query = query.bind(text(refusal.client_id.as_ref().map(ToString::to_string)));
    let query = query.bind(text(refusal.tenant_id.map(|id| id.to_string())));
    let query = query.bind(text(refusal.credential_id.map(|id| id.to_string())));
    let query = query.bind(text(refusal.business_id.map(|id| id.to_string())));
    query.bind(refusal.source.to_string()).bind(refusal.code.as_str()).bind(refusal.detail.as_str())
}

/// Writes rows with statements of a few sizes, so that the database knows their texts.
pub(super) async fn write_rows<T>(
    transaction: &mut Transaction,
    statement: ManyRows,
    mut rows: &[T],
    bind: impl Fn(Query, &T) -> Query,
) -> Result<(), WriteError> {
    for size in AT_ONCE {
        while let Some((part, rest)) = rows.split_at_checked(size) {
            part.iter().fold(statement.query(size), &bind).execute(transaction).await?;
            rows = rest;
        }
    }
    Ok(())
}

/// A text of some grammar; none if it is empty.
fn present<T: FromStr<Err: Display>>(fields: &Fields<'_>, column: &str) -> Read<Option<T>> {
    if fields.text(column)?.is_empty() { Ok(None) } else { fields.parsed(column).map(Some) }
}

/// A row of `usage_key` with one of `usage_count`, or with the sum of some.
fn stored_usage(row: &Row, each_step: bool) -> Read<StoredUsage> {
    let fields = Fields::of(row, "usage_key", "client_id");
    let level = UsageLevel::from_number(fields.number("level")?);
    let key = UsageKey {
        level: level.ok_or_else(|| fields.corrupt("level", &"the number is not known"))?,
        environment: fields.parsed("environment")?,
        tenant_id: present(&fields, "tenant_id")?,
        client_id: present(&fields, "client_id")?,
        credential_id: present(&fields, "credential_id")?,
        business_id: present(&fields, "business_id")?,
        outcome: fields.word("outcome", OutcomeClass::from_word)?,
        code: Cow::Owned(fields.text("code")?),
        dialect: present(&fields, "dialect")?,
    };
    let period = if each_step { Some(fields.number("period")?) } else { None };
    Ok(StoredUsage { key, period, requests: fields.number("requests")? })
}

/// A row of `refusal`.
fn refusal(row: &Row) -> Read<Refusal> {
    let fields = Fields::of(row, "refusal", "request_id");
    Ok(Refusal {
        request_id: fields.text("request_id")?,
        at: fields.time("refused_at")?,
        environment: fields.parsed("environment")?,
        dialect: fields.parsed("dialect")?,
        client_id: present(&fields, "client_id")?,
        tenant_id: present(&fields, "tenant_id")?,
        credential_id: present(&fields, "credential_id")?,
        business_id: present(&fields, "business_id")?,
        source: fields.parsed("source")?,
        code: fields.text("code")?,
        detail: fields.text("detail")?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mintmark_core::clock::FakeClock;
    use mintmark_core::random::SeededRandom;
    use sqlx::Row as _;

    use super::*;
    use crate::store::{OpenOptions, StorePlace};

    const SERIES: &[Statement] = &[
        statements::USAGE_SERIES,
        statements::USAGE_SERIES_OF_TENANT,
        statements::USAGE_SERIES_OF_CLIENTS,
        statements::USAGE_SERIES_OF_CREDENTIAL,
        statements::USAGE_SERIES_OF_BUSINESS,
    ];
    const SUMS: &[Statement] = &[
        statements::USAGE_SUMS,
        statements::USAGE_SUMS_OF_TENANT,
        statements::USAGE_SUMS_OF_CLIENTS,
        statements::USAGE_SUMS_OF_CREDENTIAL,
        statements::USAGE_SUMS_OF_BUSINESS,
    ];
    /// By which index the keys are found, in the order of the statements.
    const INDEXES: &[&str] = &[
        "(environment=? AND level=?",
        "(environment=? AND level=? AND tenant_id=?",
        "(environment=? AND level=? AND client_id>? AND client_id<?",
        "(environment=? AND level=? AND credential_id=?",
        "(environment=? AND level=? AND business_id=?",
    ];

    async fn plan(transaction: &mut Transaction, sql: &str) -> Vec<String> {
        let Transaction::Sqlite(transaction) = transaction else { panic!("it is a file") };
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps = sqlx::query(explain).fetch_all(&mut **transaction).await.unwrap();
        steps.iter().map(|step| step.get("detail")).collect()
    }

    #[tokio::test]
    async fn usage_is_read_by_key_and_then_by_period_and_lists_are_read_from_their_place_on() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
        let options = OpenOptions { create: true, kind: None, clock, random };
        let store = SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap();
        let mut transaction = store.engine.begin_read().await.unwrap();
        for statement in SERIES.iter().chain(SUMS) {
            let steps = plan(&mut transaction, statement.sql).await.join("; ");
            let at = SERIES.iter().chain(SUMS).position(|other| other.name == statement.name).unwrap() % 5;
            assert!(
                steps.contains(&format!(
                    "SEARCH k USING INDEX usage_key_by_{}",
                    ["", "tenant", "client", "credential", "business"][at]
                )),
                "{steps}"
            );
            assert!(steps.contains(INDEXES[at]), "{}: {steps}", statement.name);
            let counts = "SEARCH u USING PRIMARY KEY (key_id=? AND step=? AND period>? AND period<?)";
            assert!(steps.contains(counts), "{}: {steps}", statement.name);
        }
        let counts = "(step=? AND period=? AND environment=? AND kind=? AND subject_id=?)";
        for (statement, index) in [
            (
                statements::METERED,
                "usage_key_metered (environment=? AND level=? AND (tenant_id,client_id,business_id,dialect)>(?,?,?,?))",
            ),
            (
                statements::METERED_OF_TENANT,
                "usage_key_metered (environment=? AND level=? AND tenant_id=? AND (client_id,business_id,dialect)>(?,?,?))",
            ),
            (statements::QUOTAS_USED, "(environment=? AND (kind,subject_id)>(?,?))"),
            (statements::QUOTAS_USED_OF_TENANT, "(environment=? AND (kind,subject_id)>(?,?))"),
            (statements::QUOTAS_USED, counts),
            (statements::QUOTAS_USED_OF_TENANT, counts),
            (statements::REFUSALS, "refusal_by_time (environment=? AND (refused_at,request_id)<(?,?))"),
            (
                statements::REFUSALS_OF_TENANT,
                "refusal_by_tenant (environment=? AND tenant_id=? AND (refused_at,request_id)<(?,?))",
            ),
            (statements::REFUSALS_OF_CLIENT, "refusal_by_client (environment=? AND client_id=?"),
        ] {
            let steps = plan(&mut transaction, statement.sql).await.join("; ");
            assert!(steps.contains(index), "{}: {steps}", statement.name);
            assert!(!steps.contains("TEMP B-TREE") && !steps.contains("SCAN"), "{}: {steps}", statement.name);
        }
    }
}
