//! What the rules need to read and write. The server implements this on SQL; [`memory::MemoryStore`] is for tests.
//!
//! Reading gives what was true at one position of the change feed ([`AsOf`]). Writing takes a [`Change`]: rows, an audit row
//! and a feed entry that are committed together or not at all (rule S12).

mod change;
mod leaks;
pub mod memory;
mod notices;
mod people;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

pub use change::{AuditEntry, Change, InvitationsToEnd, SessionsToEnd, Subject, Write};
pub use leaks::LeakStore;
pub use notices::{Backlog, Handed, NoticeFilter, NoticePlace, NoticeStore, NoticesOf};
pub use people::{PeopleStore, SESSIONS_LISTED_MAX};

use crate::clock::Timestamp;
use crate::model::{
    Business, BusinessId, Client, ClientId, ClientRecord, Credential, CredentialId, Entitlement, Environment, EnvironmentName,
    Position, Quota, QuotaSubject, Resource, RevocationKind, SigningKey, Tenant, TenantId,
};
use crate::quota::{QuotaCount, QuotaQuery, QuotaUse};
pub use crate::usage::Refusal;
use crate::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, RefusalFilter, RefusedBefore, UsageAnswer, UsageBatch, UsageQuery, UsageStep,
    WriterId,
};

/// A value and the position of the feed at which it was read: everything committed up to there is in it, nothing later.
#[derive(Clone, Debug)]
pub struct AsOf<T> {
    /// The value.
    pub value: T,
    /// The position.
    pub position: Position,
}

impl<T> AsOf<Option<T>> {
    /// The same moment, another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> AsOf<Option<U>> {
        AsOf { value: self.value.map(change), position: self.position }
    }
}

/// An environment with what belongs to every token of it.
#[derive(Clone, Debug)]
pub struct EnvironmentRecord {
    /// The environment.
    pub environment: Environment,
    /// Its resources, in the order they were made.
    pub resources: Vec<Resource>,
    /// Its signing keys, in the order they were made.
    pub keys: Vec<SigningKey>,
}

/// Which history of changes a store holds. A restored backup starts another one, so that positions of the two are never
/// compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incarnation(pub String);

/// A piece of the change feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The history that the positions count.
    pub incarnation: Incarnation,
    /// The position of the last change committed.
    pub head: Position,
    /// The changes after the position asked for, in order, at most as many as asked for.
    pub entries: Vec<FeedEntry>,
    /// What the change at `head` left there.
    pub mark: Mark,
    /// What the change left at the position asked for; none if the feed does not reach back to it.
    pub mark_asked_for: Option<Mark>,
    /// The position at which this history began: not 0 after a restore, and then above all of the one before.
    pub first: Position,
    /// Whether nobody has said yet, after a restore, what was revoked since the backup was made (rule S15).
    pub is_unconfirmed: bool,
}

/// One committed change, as other nodes hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Where it stands.
    pub position: Position,
    /// What it changed.
    pub subject: Subject,
    /// What it left there.
    pub mark: Mark,
}

/// A random number that each change leaves at its position. A store that took another course than the one that was followed, such
/// as a replica that was promoted before it had all changes, has another there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark(pub i64);

/// A revocation as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRevocation {
    /// What kind of thing it is about.
    pub kind: RevocationKind,
    /// The environment; none for tenants.
    pub environment: Option<EnvironmentName>,
    /// Whose tokens, as tokens carry it. A position or time that cannot be read is the largest there is, so that a damaged row
    /// refuses too much.
    pub id: String,
    /// The position of the latest change that revoked it: for a mark, tokens of a lower one are refused.
    pub position: Position,
    /// When it can be forgotten.
    pub expires_at: Timestamp,
}

/// A piece of the set of revocations, in the order of positions.
#[derive(Clone, Debug)]
pub struct RevocationPage {
    /// The history that the positions count.
    pub incarnation: Incarnation,
    /// The position of the last change committed when this was read.
    pub head: Position,
    /// The revocations made after the position asked for.
    pub revocations: Vec<StoredRevocation>,
    /// Where the next page begins; none after the last. No change is cut in two.
    pub next: Option<Position>,
}

/// An audit row as it is read back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct AuditRecord {
    /// The change's position.
    pub position: Position,
    /// Whose chain it is in; none for the operator's.
    pub tenant: Option<TenantId>,
    /// Which row of the chain it is, from 1; none if it was written by a program from before there were chains.
    pub sequence: Option<u64>,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub actor: String,
    /// From where on the network, if they came by it.
    pub source: Option<IpAddr>,
    /// The request that brought it, if one did.
    pub request_id: Option<String>,
    /// What was done, such as `client.create`.
    pub action: String,
    /// To which object.
    pub subject: Subject,
    /// The object before, as JSON without secrets.
    pub before: Option<serde_json::Value>,
    /// The object after, as JSON without secrets.
    pub after: Option<serde_json::Value>,
}

/// Which audit rows are asked for: those that all of it holds for. By default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Whose chain they are in: a tenant's, or, for `Some(None)`, the operator's own.
    pub tenant: Option<Option<TenantId>>,
    /// What they are about.
    pub subject: Option<Subject>,
    /// Who made the change, exactly.
    pub who: Option<String>,
    /// How the action begins, such as `client.` or `client.create`.
    pub action: Option<String>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether a row is among those that are asked for.
    pub fn matches(&self, record: &AuditRecord) -> bool {
        self.tenant.is_none_or(|tenant| record.tenant == tenant)
            && self.subject.as_ref().is_none_or(|subject| record.subject == *subject)
            && self.who.as_ref().is_none_or(|who| record.actor == *who)
            && self.action.as_ref().is_none_or(|action| record.action.starts_with(action.as_str()))
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
    }
}

/// One page of a listing that is ordered by identifier: ask with the last identifier seen.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a, I: ?Sized> {
    /// Only what comes after this identifier.
    pub after: Option<&'a I>,
    /// At most this many.
    pub limit: u32,
}

/// That a credential obtained a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// Where.
    pub environment: EnvironmentName,
    /// Which credential.
    pub credential_id: CredentialId,
    /// When last.
    pub at: Timestamp,
    /// From where, on the network, then.
    pub source: IpAddr,
}

/// What has had its time, of usage and refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldUsage {
    /// Counts of a step from before this period.
    Counts(UsageStep, i64),
    /// What counts were about of which there has been none since this moment.
    Keys(Timestamp),
    /// Writers that have written nothing since this moment.
    Writers(Timestamp),
    /// Refusals from before this moment.
    Refusals(Timestamp),
    /// Counts of quotas in windows of a length from before this period.
    QuotaCounts(UsageStep, i64),
}

/// What was used, of all that may be used once: a hash, so that the store learns nothing and rows are small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UseDigest(pub [u8; 32]);

/// The right to do a piece of periodic work, until it expires. Of all nodes one holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The work's name.
    pub name: &'static str,
    /// Grows with each new holder, so that work of an earlier one, which was stopped and goes on, changes nothing.
    pub fence: u64,
}

/// Why a read gave nothing.
#[derive(Debug)]
pub enum StoreError {
    /// The store cannot be reached or failed; another try may succeed. The text is for logs.
    Unavailable(String),
    /// A row does not hold what it should; the row is named, others are not affected.
    Corrupt(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Unavailable(cause) => write!(out, "the store cannot be used now: {cause}"),
            StoreError::Corrupt(row) => write!(out, "the store holds a row that cannot be read: {row}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Why a change was not committed.
#[derive(Debug)]
pub enum CommitError {
    /// Somebody else changed the same object meanwhile; read again and decide again.
    Conflict,
    /// An object with that name, URI or active key exists already.
    Exists,
    /// The store failed, and nothing was committed.
    Store(StoreError),
    /// The store was lost while it committed: whether it did is unknown. The text is for logs.
    Unknown(String),
}

impl fmt::Display for CommitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitError::Conflict => out.write_str("somebody else changed the same object at the same time"),
            CommitError::Exists => out.write_str("an object of that name exists already"),
            CommitError::Store(error) => error.fmt(out),
            CommitError::Unknown(cause) => write!(out, "whether the change was committed is unknown: {cause}"),
        }
    }
}

impl std::error::Error for CommitError {}

/// How many counts one question about usage reads at most.
pub const USAGE_ROWS_MAX: u32 = 250_000;

/// Shorthand for what every read returns.
pub type Read<T> = Result<T, StoreError>;

/// The store of one deployment.
pub trait Store: PeopleStore + NoticeStore + LeakStore + Send + Sync + 'static {
    /// A client with its tenant and credentials, for a token request.
    fn client_record(
        &self,
        environment: &EnvironmentName,
        id: &ClientId,
    ) -> impl Future<Output = Read<AsOf<Option<ClientRecord>>>> + Send;

    /// A business of one tenant. One of another tenant is not found, by the same query (rule S4).
    fn business_of(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> impl Future<Output = Read<AsOf<Option<Business>>>> + Send;

    /// All environments with their resources and keys, ordered by the time they were made, then by name.
    fn environments(&self) -> impl Future<Output = Read<AsOf<Vec<EnvironmentRecord>>>> + Send;

    /// The change feed after a position.
    fn feed(&self, after: Position, limit: u32) -> impl Future<Output = Read<FeedPage>> + Send;

    /// The revocations made after a position, those that are over included: about as many as `limit`.
    fn revocations(&self, after: Position, limit: u32) -> impl Future<Output = Read<RevocationPage>> + Send;

    /// How many tokens of a client are revoked by themselves and not over, counted up to `limit`.
    fn revoked_tokens(
        &self,
        environment: &EnvironmentName,
        client: &ClientId,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Read<u64>> + Send;

    /// Commits a change: all of its rows, its audit row and its feed entry, or nothing. Returns only when it is durable.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Position, CommitError>> + Send;

    /// Commits several changes, all or none, in their order: each has a position, an audit row and a feed entry of its own. Returns the
    /// last one's position when they are durable; that of the store where there are none.
    fn commit_all(&self, changes: &[Change]) -> impl Future<Output = Result<Position, CommitError>> + Send;

    /// Notes when credentials were last used. It moves times forward only, and is no change: it has no position.
    fn record_uses(&self, uses: &[CredentialUse]) -> impl Future<Output = Read<()>> + Send;

    /// Adds counts of usage and keeps refusals, unless the writer's batch of this number or a later one was added already. No
    /// change: it has no position. Of each client, of unknown ones and of each tenant only the last refusals are kept.
    fn record_usage(&self, batch: &UsageBatch) -> impl Future<Output = Read<()>> + Send;

    /// Usage, as far as it is written down, ordered by time and by what the question tells apart. Of more than
    /// [`USAGE_ROWS_MAX`] counts the latest are in the answer, which says so.
    fn usage(&self, query: &UsageQuery) -> impl Future<Output = Read<UsageAnswer>> + Send;

    /// What one period was metered at, ordered by place, after one if it is given. The period is the first of the question's.
    fn metered(
        &self,
        query: &MeteredQuery,
        period: i64,
        after: Option<&MeteredPlace>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<MeteredRow>>> + Send;

    /// All quotas, ordered by environment and subject.
    fn quotas(&self) -> impl Future<Output = Read<Vec<Quota>>> + Send;

    /// Quotas with what of each is used, ordered by the word of their kind and their identifier, after one if it is given.
    fn quotas_used(
        &self,
        query: &QuotaQuery,
        after: Option<&QuotaSubject>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<QuotaUse>>> + Send;

    /// The quota of a subject, if it has one.
    fn quota(&self, environment: &EnvironmentName, subject: &QuotaSubject) -> impl Future<Output = Read<Option<Quota>>> + Send;

    /// Puts a writer's counts in the place of those that it wrote of the same windows. No change: it has no position.
    fn record_quota_counts(&self, writer: WriterId, counts: &[QuotaCount]) -> impl Future<Output = Read<()>> + Send;

    /// What all writers but one, or all, counted in windows of a length, from a period on: a sum for each subject and period.
    fn quota_totals(
        &self,
        step: UsageStep,
        from: i64,
        without: Option<WriterId>,
    ) -> impl Future<Output = Read<Vec<QuotaCount>>> + Send;

    /// What all writers counted of one subject in one window.
    fn quota_used(
        &self,
        environment: &EnvironmentName,
        subject: &QuotaSubject,
        window: (UsageStep, i64),
    ) -> impl Future<Output = Read<u64>> + Send;

    /// Why a request was refused, if that is kept. Whoever asks for another checks [`Refusal::may_be_seen_by`] (rules S4 and S5).
    fn refusal(&self, request_id: &str) -> impl Future<Output = Read<Option<Refusal>>> + Send;

    /// Refusals that are kept, latest first, before one if it is given.
    fn refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<&RefusedBefore>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Refusal>>> + Send;

    /// Removes at most `limit` rows of usage that had their time. Returns how many; none if the lease is another's now.
    fn forget_usage(&self, lease: &Lease, old: OldUsage, limit: u32) -> impl Future<Output = Read<Option<u64>>> + Send;

    /// Notes that something was used that may be used once, until `expires_at`. Of all that ask with one digest exactly one is
    /// told `true`. An error leaves it open who that was: the use is to be refused (rule S16).
    fn use_once(&self, digest: &UseDigest, expires_at: Timestamp) -> impl Future<Output = Read<bool>> + Send;

    /// Whether something was used that may be used once. It uses nothing up, and so decides nothing: it is for dry runs.
    fn was_used(&self, digest: &UseDigest) -> impl Future<Output = Read<bool>> + Send;

    /// Takes the lease of a name for as long as `expires_at` says, or longer if `holder` has it already. None if another has it.
    fn take_lease(
        &self,
        name: &'static str,
        holder: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> impl Future<Output = Read<Option<Lease>>> + Send;

    /// Forgets at most `limit` uses that expired before a moment. Returns how many; none if the lease is another's now.
    fn forget_uses(&self, lease: &Lease, before: Timestamp, limit: u32) -> impl Future<Output = Read<Option<u64>>> + Send;

    /// Forgets at most `limit` revocations that were over before a moment. Returns how many; none if the lease is another's now.
    fn forget_revocations(
        &self,
        lease: &Lease,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Read<Option<u64>>> + Send;

    /// Removes at most `limit` entries of the feed up to a position. Returns how many; none if the lease is another's now.
    fn trim_feed(&self, lease: &Lease, to: Position, limit: u32) -> impl Future<Output = Read<Option<u64>>> + Send;

    /// A tenant.
    fn tenant(&self, id: TenantId) -> impl Future<Output = Read<Option<Tenant>>> + Send;

    /// Tenants, by identifier.
    fn tenants(&self, page: Page<'_, TenantId>) -> impl Future<Output = Read<Vec<Tenant>>> + Send;

    /// What a tenant may give its own clients in an environment, if anybody has said so.
    fn entitlement(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
    ) -> impl Future<Output = Read<Option<Entitlement>>> + Send;

    /// Businesses of one tenant, by identifier.
    fn businesses(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        page: Page<'_, BusinessId>,
    ) -> impl Future<Output = Read<Vec<Business>>> + Send;

    /// Businesses of one tenant that have an external id, by identifier: of several at most `limit`.
    fn businesses_called(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        external_id: &str,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Business>>> + Send;

    /// The page of businesses before an identifier, nearest last, for paging backwards.
    fn businesses_before(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        before: BusinessId,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Business>>> + Send;

    /// Clients of an environment, of one tenant or of all, by identifier.
    fn clients(
        &self,
        environment: &EnvironmentName,
        tenant: Option<TenantId>,
        page: Page<'_, ClientId>,
    ) -> impl Future<Output = Read<Vec<Client>>> + Send;

    /// Which of some identifiers are those of clients of an environment.
    fn clients_among(
        &self,
        environment: &EnvironmentName,
        ids: &[ClientId],
    ) -> impl Future<Output = Read<Vec<ClientId>>> + Send;

    /// The names of clients in all environments, ordered by environment and identifier: what a key's index holds and nothing
    /// else, since all of them are asked for.
    fn client_names(
        &self,
        page: Page<'_, (EnvironmentName, ClientId)>,
    ) -> impl Future<Output = Read<AsOf<Vec<(EnvironmentName, ClientId)>>>> + Send;

    /// The credentials of a client, oldest first.
    fn credentials(
        &self,
        environment: &EnvironmentName,
        client: &ClientId,
    ) -> impl Future<Output = Read<Vec<Credential>>> + Send;

    /// The credentials of all clients whose identifiers lie between two, both included: by client, oldest first.
    fn credentials_between(
        &self,
        environment: &EnvironmentName,
        clients: (&ClientId, &ClientId),
    ) -> impl Future<Output = Read<Vec<Credential>>> + Send;

    /// Audit rows, latest first, before a position if one is given.
    fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<Position>,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<AuditRecord>>> + Send;
}
