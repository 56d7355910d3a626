//! The reads. What comes with a position is read in one transaction with it, so that it is neither older nor newer.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{
    Business, BusinessId, Client, ClientId, ClientRecord, Credential, Entitlement, EnvironmentName, Position, Quota,
    QuotaSubject, Tenant, TenantId,
};
use mintmark_core::quota::{QuotaCount, QuotaQuery, QuotaUse};
use mintmark_core::store::{
    AsOf, AuditFilter, AuditRecord, Change, CommitError, CredentialUse, EnvironmentRecord, FeedPage, Incarnation, Lease, Mark,
    OldUsage, Page, Read, Refusal, RevocationPage, Store, StoreError, UseDigest,
};
use mintmark_core::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, RefusalFilter, RefusedBefore, UsageAnswer, UsageBatch, UsageQuery, UsageStep,
    WriterId,
};

use super::SqlStore;
use super::engine::{Query, Row, Transaction, unavailable};
use super::fields::Fields;
use super::rows::{self, readable};
use super::statements::{
    BUSINESS, BUSINESSES_AFTER, BUSINESSES_BEFORE, BUSINESSES_CALLED, CLIENT, CLIENT_NAMES, CLIENT_OF_TENANT, CLIENTS_AFTER,
    CLIENTS_OF_TENANT_AFTER, CREDENTIALS, CREDENTIALS_BETWEEN, ENTITLEMENT, ENVIRONMENT_IS_THERE, ENVIRONMENTS, FEED,
    FEED_MARK, FEED_TRIM, RESOURCES, REVOCATION_EXPIRE, SIGNING_KEYS, SINGLE_USE_EXPIRE, SINGLE_USE_FIND, STORE, TENANT,
    TENANTS,
};
use super::writes::big;

impl Store for SqlStore {
    async fn client_record(&self, environment: &EnvironmentName, id: &ClientId) -> Read<AsOf<Option<ClientRecord>>> {
        self.engine.timed("client.record", self.read_client_record(environment, id)).await
    }

    async fn business_of(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Read<AsOf<Option<Business>>> {
        self.engine.timed("business.of", self.read_business_of(environment, tenant, id)).await
    }

    async fn environments(&self) -> Read<AsOf<Vec<EnvironmentRecord>>> {
        self.engine.timed("environment.records", self.read_environments()).await
    }

    async fn feed(&self, after: Position, limit: u32) -> Read<FeedPage> {
        self.engine.timed("feed.page", self.read_feed(after, limit)).await
    }

    async fn revocations(&self, after: Position, limit: u32) -> Read<RevocationPage> {
        self.engine.timed("revocation.page", self.read_revocations(after, limit)).await
    }

    async fn revoked_tokens(&self, environment: &EnvironmentName, client: &ClientId, now: Timestamp, limit: u32) -> Read<u64> {
        self.count_revoked_tokens(environment, client, now, limit).await
    }

    async fn commit(&self, change: &Change) -> Result<Position, CommitError> {
        self.commit_change(change).await
    }

    async fn commit_all(&self, changes: &[Change]) -> Result<Position, CommitError> {
        self.commit_changes(changes).await
    }

    async fn record_uses(&self, uses: &[CredentialUse]) -> Read<()> {
        self.write_uses(uses).await
    }

    async fn record_usage(&self, batch: &UsageBatch) -> Read<()> {
        self.write_usage(batch).await
    }

    async fn usage(&self, query: &UsageQuery) -> Read<UsageAnswer> {
        self.read_usage(query).await
    }

    async fn metered(
        &self,
        query: &MeteredQuery,
        period: i64,
        after: Option<&MeteredPlace>,
        limit: u32,
    ) -> Read<Vec<MeteredRow>> {
        self.read_metered(query, period, after, limit).await
    }

    async fn quotas(&self) -> Read<Vec<Quota>> {
        self.read_quotas().await
    }

    async fn quotas_used(&self, query: &QuotaQuery, after: Option<&QuotaSubject>, limit: u32) -> Read<Vec<QuotaUse>> {
        self.read_quotas_used(query, after, limit).await
    }

    async fn quota(&self, environment: &EnvironmentName, subject: &QuotaSubject) -> Read<Option<Quota>> {
        self.read_quota(environment, subject).await
    }

    async fn record_quota_counts(&self, writer: WriterId, counts: &[QuotaCount]) -> Read<()> {
        self.write_quota_counts(writer, counts).await
    }

    async fn quota_totals(&self, step: UsageStep, from: i64, without: Option<WriterId>) -> Read<Vec<QuotaCount>> {
        self.read_quota_totals(step, from, without).await
    }

    async fn quota_used(&self, environment: &EnvironmentName, subject: &QuotaSubject, window: (UsageStep, i64)) -> Read<u64> {
        self.read_quota_used(environment, subject, window).await
    }

    async fn refusal(&self, request_id: &str) -> Read<Option<Refusal>> {
        self.read_refusal(request_id).await
    }

    async fn refusals(&self, filter: &RefusalFilter, before: Option<&RefusedBefore>, limit: u32) -> Read<Vec<Refusal>> {
        self.read_refusals(filter, before, limit).await
    }

    async fn forget_usage(&self, lease: &Lease, old: OldUsage, limit: u32) -> Read<Option<u64>> {
        self.forget_old_usage(lease, old, limit).await
    }

    async fn use_once(&self, digest: &UseDigest, expires_at: Timestamp) -> Read<bool> {
        self.insert_use(digest, expires_at).await
    }

    async fn was_used(&self, digest: &UseDigest) -> Read<bool> {
        Ok(self.engine.row(SINGLE_USE_FIND.query().bind(&digest.0[..])).await?.is_some())
    }

    async fn take_lease(&self, name: &'static str, holder: &str, now: Timestamp, expires_at: Timestamp) -> Read<Option<Lease>> {
        self.take_or_renew_lease(name, holder, now, expires_at).await
    }

    async fn forget_uses(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let expire = || SINGLE_USE_EXPIRE.query().bind(before.0).bind(i64::from(limit));
        self.under_lease(lease, SINGLE_USE_EXPIRE.name, expire).await
    }

    async fn forget_revocations(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let expire = || REVOCATION_EXPIRE.query().bind(before.0).bind(i64::from(limit));
        self.under_lease(lease, REVOCATION_EXPIRE.name, expire).await
    }

    async fn trim_feed(&self, lease: &Lease, to: Position, limit: u32) -> Read<Option<u64>> {
        let trim = || FEED_TRIM.query().bind(big(to.0)).bind(i64::from(limit));
        self.under_lease(lease, FEED_TRIM.name, trim).await
    }

    async fn tenant(&self, id: TenantId) -> Read<Option<Tenant>> {
        let row = self.engine.row(TENANT.query().bind(id.to_string())).await?;
        row.as_ref().map(rows::tenant).transpose()
    }

    async fn tenants(&self, page: Page<'_, TenantId>) -> Read<Vec<Tenant>> {
        let query = |after: &str, limit| TENANTS.query().bind(after).bind(limit);
        self.listing(start(page.after), page.limit, query, rows::tenant).await
    }

    async fn entitlement(&self, environment: &EnvironmentName, tenant: TenantId) -> Read<Option<Entitlement>> {
        let query = ENTITLEMENT.query().bind(environment.as_str()).bind(tenant.to_string());
        self.engine.row(query).await?.as_ref().map(rows::entitlement).transpose()
    }

    async fn businesses(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        page: Page<'_, BusinessId>,
    ) -> Read<Vec<Business>> {
        let of_tenant = || BUSINESSES_AFTER.query().bind(environment.as_str()).bind(tenant.to_string());
        let query = |after: &str, limit| of_tenant().bind(after).bind(limit);
        self.listing(start(page.after), page.limit, query, rows::business).await
    }

    async fn businesses_called(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        external_id: &str,
        limit: u32,
    ) -> Read<Vec<Business>> {
        let query = BUSINESSES_CALLED.query().bind(environment.as_str()).bind(tenant.to_string());
        let found = self.engine.rows(query.bind(external_id).bind(i64::from(limit))).await?;
        Ok(readable(&found, rows::business))
    }

    async fn businesses_before(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        before: BusinessId,
        limit: u32,
    ) -> Read<Vec<Business>> {
        let of_tenant = || BUSINESSES_BEFORE.query().bind(environment.as_str()).bind(tenant.to_string());
        let query = |before: &str, limit| of_tenant().bind(before).bind(limit);
        let mut page = self.listing(before.to_string(), limit, query, rows::business).await?;
        page.reverse();
        Ok(page)
    }

    async fn clients(
        &self,
        environment: &EnvironmentName,
        tenant: Option<TenantId>,
        page: Page<'_, ClientId>,
    ) -> Read<Vec<Client>> {
        let query = |after: &str, limit| match tenant {
            None => CLIENTS_AFTER.query().bind(environment.as_str()).bind(after).bind(limit),
            Some(tenant) => {
                let of_tenant = CLIENTS_OF_TENANT_AFTER.query().bind(environment.as_str()).bind(tenant.to_string());
                of_tenant.bind(after).bind(limit)
            }
        };
        self.listing(start(page.after), page.limit, query, rows::client).await
    }

    async fn clients_among(&self, environment: &EnvironmentName, ids: &[ClientId]) -> Read<Vec<ClientId>> {
        self.read_clients_among(environment, ids).await
    }

    async fn client_names(&self, page: Page<'_, (EnvironmentName, ClientId)>) -> Read<AsOf<Vec<(EnvironmentName, ClientId)>>> {
        self.engine.timed("client.names_page", self.read_client_names(page)).await
    }

    async fn credentials(&self, environment: &EnvironmentName, client: &ClientId) -> Read<Vec<Credential>> {
        let found = self.engine.rows(CREDENTIALS.query().bind(environment.as_str()).bind(client.as_str())).await?;
        Ok(readable(&found, rows::credential))
    }

    async fn credentials_between(
        &self,
        environment: &EnvironmentName,
        (first, last): (&ClientId, &ClientId),
    ) -> Read<Vec<Credential>> {
        let query = CREDENTIALS_BETWEEN.query().bind(environment.as_str()).bind(first.as_str()).bind(last.as_str());
        Ok(readable(&self.engine.rows(query).await?, rows::credential))
    }

    async fn audit(&self, filter: &AuditFilter, before: Option<Position>, limit: u32) -> Read<Vec<AuditRecord>> {
        Box::pin(self.read_audit(filter, before, limit)).await
    }
}

impl SqlStore {
    /// Whether there is an environment: all that it holds is not read for that.
    pub async fn has_environment(&self, name: &EnvironmentName) -> Read<bool> {
        Ok(self.engine.row(ENVIRONMENT_IS_THERE.query().bind(name.as_str())).await?.is_some())
    }

    /// A client, of one tenant or of any. One of another tenant is not found, by the same query (rule S4).
    pub async fn client_of(
        &self,
        environment: &EnvironmentName,
        tenant: Option<TenantId>,
        id: &ClientId,
    ) -> Read<Option<Client>> {
        let query = match tenant {
            None => CLIENT.query().bind(environment.as_str()).bind(id.as_str()),
            Some(tenant) => CLIENT_OF_TENANT.query().bind(environment.as_str()).bind(id.as_str()).bind(tenant.to_string()),
        };
        self.engine.row(query).await?.as_ref().map(rows::client).transpose()
    }

    async fn read_client_record(&self, environment: &EnvironmentName, id: &ClientId) -> Read<AsOf<Option<ClientRecord>>> {
        let mut transaction = self.engine.begin_read().await?;
        let position = head(&mut transaction).await?.position;
        let value = find_client_record(&mut transaction, environment, id).await?;
        transaction.end_read().await?;
        Ok(AsOf { value, position })
    }

    async fn read_business_of(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Read<AsOf<Option<Business>>> {
        let mut transaction = self.engine.begin_read().await?;
        let position = head(&mut transaction).await?.position;
        let query = BUSINESS.query().bind(environment.as_str()).bind(id.to_string()).bind(tenant.to_string());
        let row = query.row(&mut transaction).await.map_err(unavailable)?;
        transaction.end_read().await?;
        Ok(AsOf { value: row.as_ref().map(rows::business).transpose()?, position })
    }

    /// Names that cannot be read are left out, since nobody can ask for them either; others take their place, so that a short
    /// page means that there is no more.
    async fn read_client_names(
        &self,
        page: Page<'_, (EnvironmentName, ClientId)>,
    ) -> Read<AsOf<Vec<(EnvironmentName, ClientId)>>> {
        let mut transaction = self.engine.begin_read().await?;
        let position = head(&mut transaction).await?.position;
        let mut from = page.after.map(|(name, id)| (name.to_string(), id.to_string())).unwrap_or_default();
        let mut value = Vec::new();
        loop {
            let wanted = (page.limit as usize).saturating_sub(value.len());
            let query = CLIENT_NAMES.query().bind(from.0.as_str()).bind(from.1.as_str());
            let query = query.bind(i64::try_from(wanted).unwrap_or(i64::MAX));
            let found = query.rows(&mut transaction).await.map_err(unavailable)?;
            value.extend(readable(&found, rows::client_name));
            match found.last() {
                Some(last) if found.len() == wanted && value.len() < page.limit as usize => {
                    let fields = Fields::of(last, "client", "id");
                    from = (fields.text("environment")?, fields.text("id")?);
                }
                _ => break,
            }
        }
        transaction.end_read().await?;
        Ok(AsOf { value, position })
    }

    async fn read_environments(&self) -> Read<AsOf<Vec<EnvironmentRecord>>> {
        let mut transaction = self.engine.begin_read().await?;
        let position = head(&mut transaction).await?.position;
        let environments = all(&mut transaction, ENVIRONMENTS.query(), rows::environment).await?;
        let resources = all(&mut transaction, RESOURCES.query(), rows::resource).await?;
        let keys = all(&mut transaction, SIGNING_KEYS.query(), rows::signing_key).await?;
        transaction.end_read().await?;
        let value = environments.into_iter().map(|environment| EnvironmentRecord {
            resources: resources.iter().filter(|resource| resource.environment == environment.name).cloned().collect(),
            keys: keys.iter().filter(|key| key.environment == environment.name).cloned().collect(),
            environment,
        });
        Ok(AsOf { value: value.collect(), position })
    }

    /// A feed row that cannot be read fails the page: left out, its change would never be heard of.
    async fn read_feed(&self, after: Position, limit: u32) -> Read<FeedPage> {
        let mut transaction = self.engine.begin_read().await?;
        let head = head(&mut transaction).await?;
        let mark_asked_for = match FEED_MARK.query().bind(big(after.0)).row(&mut transaction).await.map_err(unavailable)? {
            _ if after == head.position => Some(head.mark),
            Some(row) => Some(Mark(Fields::of(&row, "feed", "position").number("mark")?)),
            None => None,
        };
        let query = FEED.query().bind(big(after.0)).bind(i64::from(limit));
        let found = query.rows(&mut transaction).await.map_err(unavailable)?;
        transaction.end_read().await?;
        let entries = found.iter().map(rows::feed_entry).collect::<Read<_>>()?;
        let Head { incarnation, position, mark, first, is_unconfirmed } = head;
        Ok(FeedPage { incarnation, head: position, mark, mark_asked_for, entries, first, is_unconfirmed })
    }

    /// One page of a listing. Rows that cannot be read are left out and others take their place, so that a short page still
    /// means that there is no more.
    pub(super) async fn listing<T>(
        &self,
        mut from: String,
        limit: u32,
        query: impl Fn(&str, i64) -> Query,
        parse: fn(&Row) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut page = Vec::new();
        loop {
            let wanted = (limit as usize).saturating_sub(page.len());
            let found = self.engine.rows(query(&from, i64::try_from(wanted).unwrap_or(i64::MAX))).await?;
            page.extend(readable(&found, parse));
            match found.last() {
                Some(last) if found.len() == wanted && page.len() < limit as usize => {
                    from = Fields::of(last, "list", "id").text("id")?;
                }
                _ => return Ok(page),
            }
        }
    }
}

/// Before the first identifier; none is empty.
pub(super) fn start<I: ToString>(after: Option<&I>) -> String {
    after.map(ToString::to_string).unwrap_or_default()
}

pub(super) struct Head {
    pub(super) incarnation: Incarnation,
    pub(super) position: Position,
    mark: Mark,
    pub(super) first: Position,
    is_unconfirmed: bool,
}

/// Where the feed stands. As the first read of a transaction it fixes what the others see.
pub(super) async fn head(transaction: &mut Transaction) -> Read<Head> {
    let row = STORE.query().row(transaction).await.map_err(unavailable)?;
    let row = row.ok_or_else(|| StoreError::Corrupt("the store's own row is missing".to_owned()))?;
    let fields = Fields::of(&row, "store", "incarnation");
    Ok(Head {
        incarnation: Incarnation(fields.text("incarnation")?),
        position: Position(fields.number("position")?),
        mark: Mark(fields.number("mark")?),
        first: Position(fields.number("first_position")?),
        is_unconfirmed: fields.number::<u8>("unconfirmed")? != 0,
    })
}

async fn find_client_record(
    transaction: &mut Transaction,
    environment: &EnvironmentName,
    id: &ClientId,
) -> Read<Option<ClientRecord>> {
    let query = CLIENT.query().bind(environment.as_str()).bind(id.as_str());
    let Some(row) = query.row(transaction).await.map_err(unavailable)? else { return Ok(None) };
    let client = rows::client(&row)?;
    let row = TENANT.query().bind(client.tenant_id.to_string()).row(transaction).await.map_err(unavailable)?;
    let no_tenant = || StoreError::Corrupt(format!("client {id} in {environment}: its tenant is missing"));
    let tenant = rows::tenant(&row.ok_or_else(no_tenant)?)?;
    let query = CREDENTIALS.query().bind(environment.as_str()).bind(id.as_str());
    let credentials = all(transaction, query, rows::credential).await?;
    Ok(Some(ClientRecord { client, tenant, credentials }))
}

/// All rows that can be read, within a transaction.
async fn all<T>(transaction: &mut Transaction, query: Query, parse: fn(&Row) -> Read<T>) -> Read<Vec<T>> {
    Ok(readable(&query.rows(transaction).await.map_err(unavailable)?, parse))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mintmark_core::clock::FakeClock;
    use mintmark_core::random::SeededRandom;
    use sqlx::Row as _;

    use super::*;
    use crate::store::{OpenOptions, StorePlace};

    #[tokio::test]
    async fn names_of_clients_are_read_from_the_keys_index_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
        let options = OpenOptions { create: true, kind: None, clock, random };
        let store = SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap();
        let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", CLIENT_NAMES.sql));
        let steps = sqlx::query(plan).bind("a").bind("b").bind(10).fetch_all(&mut *transaction).await.unwrap();
        assert_eq!(steps.len(), 1, "nothing is sorted");
        let step: String = steps[0].get("detail");
        assert!(step.starts_with("SEARCH client USING COVERING INDEX"), "{step}");
    }
}
