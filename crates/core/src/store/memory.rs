//! A store in memory, for tests. It keeps the promises of [`Store`] that the SQL store keeps, checked by the same suite, and
//! can be made to fail, to hold reads and to go back.

mod leaks;
mod notices;
mod people;
mod quota;
mod tables;
mod usage;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use self::quota::QuotaTables;
use self::tables::{Row, Tables};
use self::usage::UsageTables;
use super::{
    AsOf, AuditFilter, AuditRecord, Change, CommitError, CredentialUse, EnvironmentRecord, FeedEntry, FeedPage, Incarnation,
    Lease, Mark, OldUsage, Page, Read, Refusal, RevocationPage, Store, StoreError, StoredRevocation, UseDigest, Write,
};
use crate::clock::Timestamp;
use crate::model::{
    Business, BusinessId, Client, ClientId, ClientRecord, Credential, Entitlement, EnvironmentName, Position, Quota,
    QuotaSubject, Tenant, TenantId,
};
use crate::quota::{QuotaCount, QuotaQuery, QuotaUse};
use crate::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, RefusalFilter, RefusedBefore, UsageAnswer, UsageBatch, UsageQuery, UsageStep,
    WriterId,
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tables: Tables,
    position: Position,
    feed: BTreeMap<Position, FeedEntry>,
    audit: BTreeMap<Position, AuditRecord>,
    uses: BTreeMap<UseDigest, Timestamp>,
    usage: UsageTables,
    quotas: QuotaTables,
    leases: BTreeMap<&'static str, HeldLease>,
    incarnation: u64,
    first: Position,
    is_unconfirmed: bool,
    /// Never taken back, also where positions are.
    marks: i64,
    is_failing: bool,
    faults: Faults,
    reads: u64,
    pause: Option<Pause>,
}

/// What fails of a store that works otherwise.
#[derive(Debug, Default)]
struct Faults {
    environments: bool,
    revocations: bool,
    /// Of commits that were made.
    answers: bool,
    /// After so many calls, one.
    call: Option<u32>,
}

#[derive(Debug)]
struct HeldLease {
    holder: String,
    fence: u64,
    expires_at: Timestamp,
}

impl State {
    /// A change whose rows are written: its position, its feed entry and its audit row.
    fn note(&mut self, change: &Change) {
        let position = Position(self.position.0 + 1);
        self.position = position;
        if change.writes.iter().any(|write| matches!(write, Write::ConfirmRestore)) {
            self.is_unconfirmed = false;
        }
        self.marks += 1;
        let mark = Mark(self.marks);
        self.feed.insert(position, FeedEntry { position, subject: change.feed_subject(), mark });
        let audit = change.audit.clone();
        let before = self.audit.values().filter(|record| record.tenant == audit.tenant).count() as u64;
        let record = AuditRecord {
            position,
            tenant: audit.tenant,
            sequence: Some(before + 1),
            at: audit.at,
            actor: audit.actor,
            source: audit.source,
            request_id: audit.request_id,
            action: audit.action.to_owned(),
            subject: audit.subject,
            before: audit.before,
            after: audit.after,
        };
        self.audit.insert(position, record);
    }

    fn is_held(&self, lease: &Lease) -> bool {
        self.leases.get(lease.name).is_some_and(|held| held.fence == lease.fence)
    }
}

/// What a read that is to be held needs to know.
#[derive(Clone, Debug)]
struct Pause {
    released: watch::Receiver<()>,
    held: watch::Sender<usize>,
}

/// Holds reads back while it lives: see [`MemoryStore::pause_reads`].
#[derive(Debug)]
pub struct PausedReads {
    _release: watch::Sender<()>,
    held: watch::Receiver<usize>,
}

impl PausedReads {
    /// Waits until `count` reads have their values and are held.
    pub async fn holding(&mut self, count: usize) {
        // The other end lives as long as a read does that waits, so there is no error to hear of.
        let _ = self.held.wait_for(|held| *held >= count).await;
    }

    /// Lets the reads go on, and all later ones.
    pub fn release(self) {}
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call fails, or no call does.
    pub fn fail(&self, is_failing: bool) {
        self.locked().is_failing = is_failing;
    }

    /// From now on [`Store::environments`] alone fails, or does not: for what breaks off half way.
    pub fn fail_environments(&self, is_failing: bool) {
        self.locked().faults.environments = is_failing;
    }

    /// From now on [`Store::revocations`] alone fails, or does not.
    pub fn fail_revocations(&self, is_failing: bool) {
        self.locked().faults.revocations = is_failing;
    }

    /// Of the calls from now on the one after `number` others fails, and no other. Gives whether an earlier such call came.
    pub fn fail_call(&self, number: u32) -> bool {
        self.locked().faults.call.replace(number).is_none()
    }

    /// From now on changes are committed, and usage is recorded, and the answer is lost, or not: [`CommitError::Unknown`].
    pub fn lose_commits(&self, is_losing: bool) {
        self.locked().faults.answers = is_losing;
    }

    /// From now on [`Store::client_record`], [`Store::business_of`] and [`Store::client_names`] read, and do not return before the
    /// handle is released or dropped: as a cache fill that began before a change and ends after it (rule S12).
    #[must_use]
    pub fn pause_reads(&self) -> PausedReads {
        let (release, released) = watch::channel(());
        let (held, holding) = watch::channel(0);
        self.locked().pause = Some(Pause { released, held });
        PausedReads { _release: release, held: holding }
    }

    /// Takes the feed and the audit log back to `position`, as the restoring of a backup does. The rows stay.
    pub fn rewind(&self, position: Position) {
        let mut state = self.locked();
        state.position = position;
        state.feed.retain(|at, _| *at <= position);
        state.audit.retain(|at, _| *at <= position);
    }

    /// Becomes another history, as after a restore: positions begin anew above all of the old, and nobody has confirmed.
    pub fn restore(&self) {
        let mut state = self.locked();
        state.incarnation += 1;
        state.position = Position(state.position.0 + 1_000_000);
        state.first = state.position;
        state.is_unconfirmed = true;
    }

    /// Starts another history.
    pub fn new_incarnation(&self) {
        self.locked().incarnation += 1;
    }

    /// How often [`Store::client_record`], [`Store::business_of`] and [`Store::client_names`] were called.
    pub fn reads(&self) -> u64 {
        self.locked().reads
    }

    /// The state, also after a test's panic.
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless the store is to fail.
    fn usable(&self) -> Read<MutexGuard<'_, State>> {
        let mut state = self.locked();
        let left = state.faults.call;
        state.faults.call = left.and_then(|left| left.checked_sub(1));
        let is_failing = state.is_failing || left == Some(0);
        if is_failing { Err(StoreError::Unavailable("it was told to fail".to_owned())) } else { Ok(state) }
    }

    /// Counts a read, makes it, and holds it if reads are paused.
    async fn held<T>(&self, read: impl FnOnce(&Tables) -> T) -> Read<AsOf<T>> {
        let (answer, pause) = {
            self.locked().reads += 1;
            let state = self.usable()?;
            (AsOf { value: read(&state.tables), position: state.position }, state.pause.clone())
        };
        if let Some(mut pause) = pause {
            pause.held.send_modify(|held| *held += 1);
            // Nothing is ever sent: an error, that the handle is gone, ends the wait.
            while pause.released.changed().await.is_ok() {}
        }
        Ok(answer)
    }
}

impl Store for MemoryStore {
    async fn client_record(&self, environment: &EnvironmentName, id: &ClientId) -> Read<AsOf<Option<ClientRecord>>> {
        let key = (environment.clone(), id.clone());
        self.held(|tables| {
            let client = tables.clients.get(&key)?.value.clone();
            let tenant = tables.tenants.get(&client.tenant_id)?.value.clone();
            Some(ClientRecord { client, tenant, credentials: tables.credentials_of(environment, id) })
        })
        .await
    }

    async fn business_of(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Read<AsOf<Option<Business>>> {
        let key = (environment.clone(), id);
        let of_tenant = |row: &&Row<Business>| row.value.tenant_id == tenant;
        self.held(|tables| tables.businesses.get(&key).filter(of_tenant).map(|row| row.value.clone())).await
    }

    async fn environments(&self) -> Read<AsOf<Vec<EnvironmentRecord>>> {
        let state = self.usable()?;
        if state.faults.environments {
            return Err(StoreError::Unavailable("it was told to fail".to_owned()));
        }
        let mut environments: Vec<_> = state.tables.environments.values().map(|row| row.value.clone()).collect();
        environments.sort_by(|one, other| (one.created_at, &one.name).cmp(&(other.created_at, &other.name)));
        let value = environments.into_iter().map(|environment| EnvironmentRecord {
            resources: tables::in_order(&state.tables.resources, |resource| resource.environment == environment.name),
            keys: tables::in_order(&state.tables.signing_keys, |key| key.environment == environment.name),
            environment,
        });
        Ok(AsOf { value: value.collect(), position: state.position })
    }

    async fn feed(&self, after: Position, limit: u32) -> Read<FeedPage> {
        let state = self.usable()?;
        let later = state.feed.range((Bound::Excluded(after), Bound::Unbounded));
        let head_mark = state.feed.get(&state.position).map_or(Mark::default(), |entry| entry.mark);
        let mark_asked_for =
            if after == state.position { Some(head_mark) } else { state.feed.get(&after).map(|entry| entry.mark) };
        Ok(FeedPage {
            mark: head_mark,
            mark_asked_for,
            incarnation: Incarnation(format!("memory-{}", state.incarnation)),
            head: state.position,
            entries: later.take(limit as usize).map(|(_, entry)| entry.clone()).collect(),
            first: state.first,
            is_unconfirmed: state.is_unconfirmed,
        })
    }

    async fn revocations(&self, after: Position, limit: u32) -> Read<RevocationPage> {
        let state = self.usable()?;
        if state.faults.revocations {
            return Err(StoreError::Unavailable("it was told to fail".to_owned()));
        }
        let rows = state.tables.revocations.values().map(|row| &row.stored).filter(|stored| stored.position > after);
        let mut revocations: Vec<StoredRevocation> = rows.cloned().collect();
        revocations.sort_by_key(|stored| stored.position);
        let last = revocations.get((limit as usize).saturating_sub(1)).map(|stored| stored.position);
        let next = last.filter(|last| revocations.last().is_some_and(|stored| stored.position > *last));
        revocations.retain(|stored| next.is_none_or(|next| stored.position <= next));
        let incarnation = Incarnation(format!("memory-{}", state.incarnation));
        Ok(RevocationPage { incarnation, head: state.position, revocations, next })
    }

    async fn revoked_tokens(&self, environment: &EnvironmentName, client: &ClientId, now: Timestamp, limit: u32) -> Read<u64> {
        let state = self.usable()?;
        let rows = state.tables.revocations.values().filter(|row| row.client_id.as_ref() == Some(client));
        let live = rows.filter(|row| row.stored.environment.as_ref() == Some(environment) && row.stored.expires_at > now);
        Ok(live.take(limit as usize).count() as u64)
    }

    async fn commit(&self, change: &Change) -> Result<Position, CommitError> {
        self.commit_all(std::slice::from_ref(change)).await
    }

    async fn commit_all(&self, changes: &[Change]) -> Result<Position, CommitError> {
        let mut state = self.usable().map_err(CommitError::Store)?;
        // On a copy, so that a change that fails in the middle leaves nothing behind.
        let mut tables = state.tables.clone();
        for (change, position) in changes.iter().zip(state.position.0 + 1..) {
            change.writes.iter().try_for_each(|write| tables.write(write, Position(position)))?;
        }
        state.tables = tables;
        for change in changes {
            state.note(change);
        }
        if state.faults.answers {
            return Err(CommitError::Unknown("it was told to lose the answer".to_owned()));
        }
        Ok(state.position)
    }

    async fn record_uses(&self, uses: &[CredentialUse]) -> Read<()> {
        let mut state = self.usable()?;
        for used in uses {
            let row = state.tables.credentials.get_mut(&(used.environment.clone(), used.credential_id));
            if let Some(row) = row.filter(|row| row.value.last_used_at < Some(used.at)) {
                (row.value.last_used_at, row.value.last_used_from) = (Some(used.at), Some(used.source));
            }
        }
        Ok(())
    }

    async fn record_usage(&self, batch: &UsageBatch) -> Read<()> {
        let mut state = self.usable()?;
        state.usage.record(batch);
        if state.faults.answers {
            return Err(StoreError::Unavailable("it was told to lose the answer".to_owned()));
        }
        Ok(())
    }

    async fn usage(&self, query: &UsageQuery) -> Read<UsageAnswer> {
        Ok(UsageAnswer { rows: self.usable()?.usage.ask(query), is_cut: false })
    }

    async fn metered(
        &self,
        query: &MeteredQuery,
        period: i64,
        after: Option<&MeteredPlace>,
        limit: u32,
    ) -> Read<Vec<MeteredRow>> {
        Ok(self.usable()?.usage.metered(query, period, after, limit))
    }

    async fn quotas(&self) -> Read<Vec<Quota>> {
        let mut quotas: Vec<Quota> = self.usable()?.tables.quotas.values().map(|row| row.value.clone()).collect();
        quotas.sort_by_key(|quota| (quota.environment.clone(), quota.subject.kind().as_str(), quota.subject.id()));
        Ok(quotas)
    }

    async fn quotas_used(&self, query: &QuotaQuery, after: Option<&QuotaSubject>, limit: u32) -> Read<Vec<QuotaUse>> {
        let state = self.usable()?;
        let key = |subject: &QuotaSubject| (subject.kind().as_str(), subject.id());
        let is_asked_for = |quota: &&Quota| {
            quota.environment == query.environment
                && query.tenant.is_none_or(|tenant| quota.tenant_id == tenant)
                && after.is_none_or(|after| key(&quota.subject) > key(after))
        };
        let mut quotas: Vec<Quota> = state.tables.quotas.values().map(|row| &row.value).filter(is_asked_for).cloned().collect();
        quotas.sort_by_key(|quota| key(&quota.subject));
        quotas.truncate(limit as usize);
        let used = |quota: Quota| {
            let of = |step: UsageStep| state.quotas.used(&quota.environment, &quota.subject, (step, step.period(query.at)));
            QuotaUse { tokens: UsageStep::ALL.map(of), quota }
        };
        Ok(quotas.into_iter().map(used).collect())
    }

    async fn quota(&self, environment: &EnvironmentName, subject: &QuotaSubject) -> Read<Option<Quota>> {
        let key = (environment.clone(), subject.clone());
        Ok(self.usable()?.tables.quotas.get(&key).map(|row| row.value.clone()))
    }

    async fn record_quota_counts(&self, writer: WriterId, counts: &[QuotaCount]) -> Read<()> {
        self.usable()?.quotas.record(writer, counts);
        Ok(())
    }

    async fn quota_totals(&self, step: UsageStep, from: i64, without: Option<WriterId>) -> Read<Vec<QuotaCount>> {
        Ok(self.usable()?.quotas.totals(step, from, without))
    }

    async fn quota_used(&self, environment: &EnvironmentName, subject: &QuotaSubject, window: (UsageStep, i64)) -> Read<u64> {
        Ok(self.usable()?.quotas.used(environment, subject, window))
    }

    async fn refusal(&self, request_id: &str) -> Read<Option<Refusal>> {
        Ok(self.usable()?.usage.refusal(request_id))
    }

    async fn refusals(&self, filter: &RefusalFilter, before: Option<&RefusedBefore>, limit: u32) -> Read<Vec<Refusal>> {
        Ok(self.usable()?.usage.refusals(filter, before, limit))
    }

    async fn forget_usage(&self, lease: &Lease, old: OldUsage, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        Ok(Some(match old {
            OldUsage::QuotaCounts(step, before) => state.quotas.forget_counts(step, before, limit),
            _ => state.usage.forget(old, limit),
        }))
    }

    async fn use_once(&self, digest: &UseDigest, expires_at: Timestamp) -> Read<bool> {
        let mut state = self.usable()?;
        let is_first = !state.uses.contains_key(digest);
        state.uses.entry(*digest).or_insert(expires_at);
        Ok(is_first)
    }

    async fn was_used(&self, digest: &UseDigest) -> Read<bool> {
        Ok(self.usable()?.uses.contains_key(digest))
    }

    async fn take_lease(&self, name: &'static str, holder: &str, now: Timestamp, expires_at: Timestamp) -> Read<Option<Lease>> {
        let mut state = self.usable()?;
        let new = || HeldLease { holder: holder.to_owned(), fence: 1, expires_at };
        let held = state.leases.entry(name).or_insert_with(new);
        if held.holder == holder {
            held.expires_at = expires_at;
        } else if held.expires_at <= now {
            *held = HeldLease { holder: holder.to_owned(), fence: held.fence + 1, expires_at };
        } else {
            return Ok(None);
        }
        Ok(Some(Lease { name, fence: held.fence }))
    }

    async fn forget_uses(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let over = state.uses.iter().filter(|(_, expires_at)| **expires_at < before).map(|(digest, _)| *digest);
        let over: Vec<_> = over.take(limit as usize).collect();
        state.uses.retain(|digest, _| !over.contains(digest));
        Ok(Some(over.len() as u64))
    }

    async fn forget_revocations(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let rows = &mut state.tables.revocations;
        let over = rows.iter().filter(|(_, row)| row.stored.expires_at < before).map(|(key, _)| key.clone());
        let over: Vec<_> = over.take(limit as usize).collect();
        rows.retain(|key, _| !over.contains(key));
        Ok(Some(over.len() as u64))
    }

    async fn trim_feed(&self, lease: &Lease, to: Position, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let over: Vec<_> = state.feed.range(..=to).map(|(at, _)| *at).take(limit as usize).collect();
        state.feed.retain(|at, _| !over.contains(at));
        Ok(Some(over.len() as u64))
    }

    async fn tenant(&self, id: TenantId) -> Read<Option<Tenant>> {
        Ok(self.usable()?.tables.tenants.get(&id).map(|row| row.value.clone()))
    }

    async fn tenants(&self, page: Page<'_, TenantId>) -> Read<Vec<Tenant>> {
        let state = self.usable()?;
        let later = state.tables.tenants.values().filter(|row| page.after.is_none_or(|after| row.value.id > *after));
        Ok(later.take(page.limit as usize).map(|row| row.value.clone()).collect())
    }

    async fn entitlement(&self, environment: &EnvironmentName, tenant: TenantId) -> Read<Option<Entitlement>> {
        let key = (environment.clone(), tenant);
        Ok(self.usable()?.tables.entitlements.get(&key).map(|row| row.value.clone()))
    }

    async fn businesses(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        page: Page<'_, BusinessId>,
    ) -> Read<Vec<Business>> {
        let state = self.usable()?;
        let all = state.tables.businesses_of(environment, tenant);
        let later = all.filter(|business| page.after.is_none_or(|after| business.id > *after));
        Ok(later.take(page.limit as usize).cloned().collect())
    }

    async fn businesses_called(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        external_id: &str,
        limit: u32,
    ) -> Read<Vec<Business>> {
        let state = self.usable()?;
        let all = state.tables.businesses_of(environment, tenant);
        let called = all.filter(|business| business.external_id.as_deref() == Some(external_id));
        Ok(called.take(limit as usize).cloned().collect())
    }

    async fn businesses_before(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        before: BusinessId,
        limit: u32,
    ) -> Read<Vec<Business>> {
        let state = self.usable()?;
        let all = state.tables.businesses_of(environment, tenant);
        let mut page: Vec<_> = all.filter(|business| business.id < before).cloned().collect();
        page.drain(..page.len().saturating_sub(limit as usize));
        Ok(page)
    }

    async fn clients(
        &self,
        environment: &EnvironmentName,
        tenant: Option<TenantId>,
        page: Page<'_, ClientId>,
    ) -> Read<Vec<Client>> {
        let state = self.usable()?;
        let all = state.tables.clients.values().map(|row| &row.value).filter(|client| client.environment == *environment);
        let of_tenant = all.filter(|client| tenant.is_none_or(|tenant| client.tenant_id == tenant));
        let later = of_tenant.filter(|client| page.after.is_none_or(|after| client.id > *after));
        Ok(later.take(page.limit as usize).cloned().collect())
    }

    async fn clients_among(&self, environment: &EnvironmentName, ids: &[ClientId]) -> Read<Vec<ClientId>> {
        let state = self.usable()?;
        let is_there = |id: &&ClientId| state.tables.clients.contains_key(&(environment.clone(), (*id).clone()));
        Ok(ids.iter().filter(is_there).cloned().collect())
    }

    async fn client_names(&self, page: Page<'_, (EnvironmentName, ClientId)>) -> Read<AsOf<Vec<(EnvironmentName, ClientId)>>> {
        let start = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = |tables: &Tables| {
            let names = tables.clients.range::<(EnvironmentName, ClientId), _>((start, Bound::Unbounded));
            names.take(page.limit as usize).map(|(name, _)| name.clone()).collect()
        };
        self.held(later).await
    }

    async fn credentials(&self, environment: &EnvironmentName, client: &ClientId) -> Read<Vec<Credential>> {
        Ok(self.usable()?.tables.credentials_of(environment, client))
    }

    async fn credentials_between(
        &self,
        environment: &EnvironmentName,
        (first, last): (&ClientId, &ClientId),
    ) -> Read<Vec<Credential>> {
        let is_between = |one: &Credential| (first..=last).contains(&&one.client_id);
        let state = self.usable()?;
        let mut found = tables::in_order(&state.tables.credentials, |one| one.environment == *environment && is_between(one));
        found.sort_by(|one, other| one.client_id.cmp(&other.client_id));
        Ok(found)
    }

    async fn audit(&self, filter: &AuditFilter, before: Option<Position>, limit: u32) -> Read<Vec<AuditRecord>> {
        let state = self.usable()?;
        let earlier = state.audit.values().rev().filter(|record| before.is_none_or(|before| record.position < before));
        Ok(earlier.filter(|record| filter.matches(record)).take(limit as usize).cloned().collect())
    }
}
