//! What a node knows of the registry: a bounded, fresh-enough view that the token path reads without the database.
//!
//! Environments with their resources and keys are held whole. Clients and businesses are cached by use, each loaded once
//! however many ask at the same time, and forgotten when the change feed names them. [`Directory::poll`] follows the feed.
//! Which names of clients exist is known as well, so that unknown ones cost the store next to nothing.
//!
//! Freshness (rules S12 to S14): a cached entry is never older than the feed position that the node has applied; a view whose
//! last successful poll is too long ago decides nothing.
//!
//! Finding a client that is held clones no key and writes to no memory that is shared with requests for other clients, but for
//! the lock of its shard of the cache.
//!
//! | File | Owns |
//! |---|---|
//! | `cache` | objects by key: what is held, what is known not to exist, reading the others once |
//! | `known_client`, `known_credential`, `known_business` | what is held of each, and what it weighs |
//! | `interner`, `footprint` | what many clients have alike; how much memory things take |
//! | `names`, `name_filter` | which clients exist |
//! | `feed`, `progress` | following the change feed |
//! | `uses`, `renewal` | what the token path leaves to be written down |
//! | `environment` | environments |
//! | `revocations` | what ends tokens before they expire |
//! | `snapshot` | what a node starts from while the store is away |
//! | `tenants` | the standing of tenants, which their clients share |
//! | `statistics` | counting |

mod cache;
mod environment;
mod feed;
mod footprint;
mod interner;
mod known_business;
mod known_client;
mod known_credential;
mod name_filter;
mod names;
mod progress;
mod renewal;
mod revocations;
mod snapshot;
mod statistics;
mod tenants;
mod uses;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::crypto::RootKeys;
use crate::model::{BusinessId, ClientId, Credential, EnvironmentName, Position, ProofKind, Status, TenantId};
use crate::quota::Quotas;
use crate::registry::{MAX_COMPARED_SECRETS, MAX_LIVE_PROOFS};
use crate::store::{AsOf, Incarnation, Read, Store, StoreError};
use crate::token::Denial;
use cache::{Cached, Lookup};
use environment::Environments;
pub use environment::{EnvironmentHandle, EnvironmentView};
pub use known_business::KnownBusiness;
use known_business::{BusinessKey, BusinessLookup, BusinessWeighter};
pub use known_client::{AllowedBusinesses, KnownClient};
use known_client::{ClientKey, ClientLookup, ClientWeighter, SharedValues};
pub use known_credential::{KnownCredential, KnownProof, KnownSecret, OtherProof};
use names::{Names, UnknownReads};
use progress::Progress;
use renewal::Renewals;
use revocations::Revoked;
pub use revocations::{
    DOCUMENT_LIFETIME, DocumentParts, Ended, RevocationDigest, RevocationSet, RevocationSize, TokenDigests, TokenIds,
};
use snapshot::ChangedSince;
pub use snapshot::{SnapshotBase, SnapshotHead, SnapshotRefused};
pub use statistics::{CacheStatistics, DirectoryStatistics, WaitingWrites};
use tenants::Tenants;
pub use uses::LAST_USE_EXACT_TO;
use uses::Uses;

/// What a usual client and business weigh, in bytes, for the number of a cache's shards.
const TYPICAL_CLIENT: u64 = 472;
const TYPICAL_BUSINESS: u64 = 150;

/// For how long after the last successful poll a node counts as following the feed, so that it trusts the names of clients to be
/// complete, and gives tokens again.
const FOLLOWING_MILLISECONDS: u64 = 10_000;

/// How many credentials of a client that are no secrets a token request looks at, those that are over included.
const MAX_TRIED_PROOFS: usize = MAX_LIVE_PROOFS + 6;

/// How much a directory holds and how old it may get.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryLimits {
    /// What the clients held take at most, in bytes of memory.
    pub client_bytes: u64,
    /// What the businesses held take at most, in bytes of memory.
    pub business_bytes: u64,
    /// How long the node decides after the start of the last successful poll, in milliseconds.
    pub max_staleness_milliseconds: u64,
}

impl Default for DirectoryLimits {
    fn default() -> Self {
        Self { client_bytes: 256 << 20, business_bytes: 16 << 20, max_staleness_milliseconds: 240_000 }
    }
}

/// A node's view of the registry.
pub struct Directory<S> {
    store: Arc<S>,
    clock: Arc<dyn Clock>,
    root_keys: Arc<RootKeys>,
    limits: DirectoryLimits,
    environments: Environments,
    quotas: Quotas,
    clients: Cached<ClientKey, Arc<KnownClient>, ClientWeighter>,
    businesses: Cached<BusinessKey, Status, BusinessWeighter>,
    shared_values: SharedValues,
    tenants: Tenants,
    revoked: Revoked,
    names: Names,
    unknown_reads: UnknownReads,
    progress: Progress,
    /// Held by the one poll that is under way: of two, the slower one would take the position back.
    polling: tokio::sync::Mutex<()>,
    uses: Uses,
    renewals: Renewals,
    changed: ChangedSince,
}

impl<S: Store> Directory<S> {
    /// Reads what must be known from the start.
    pub async fn open(store: Arc<S>, clock: Arc<dyn Clock>, root_keys: Arc<RootKeys>, limits: DirectoryLimits) -> Read<Self> {
        let directory = Self::empty(store, clock, root_keys, limits);
        directory.reload().await?;
        Ok(directory)
    }

    /// A view that knows nothing yet.
    fn empty(store: Arc<S>, clock: Arc<dyn Clock>, root_keys: Arc<RootKeys>, limits: DirectoryLimits) -> Self {
        Self {
            clients: Cached::new(limits.client_bytes, TYPICAL_CLIENT, ClientWeighter),
            businesses: Cached::new(limits.business_bytes, TYPICAL_BUSINESS, BusinessWeighter),
            environments: Environments::default(),
            quotas: Quotas::default(),
            shared_values: SharedValues::default(),
            tenants: Tenants::default(),
            revoked: Revoked::default(),
            names: Names::default(),
            unknown_reads: UnknownReads::default(),
            progress: Progress::default(),
            polling: tokio::sync::Mutex::default(),
            uses: Uses::default(),
            renewals: Renewals::default(),
            changed: ChangedSince::default(),
            store,
            clock,
            root_keys,
            limits,
        }
    }

    /// The store behind the view.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// An environment, however old the view is.
    pub fn view(&self, name: &EnvironmentName) -> Option<EnvironmentHandle> {
        self.environments.find(name)
    }

    /// All environments, however old the view is.
    pub fn environments(&self) -> Vec<Arc<EnvironmentView>> {
        self.environments.all()
    }

    /// The quotas of all environments, with what was counted of them.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// The feed position that this view has applied, if the view is fresh enough to decide from.
    pub fn fresh_position(&self) -> Result<Position, Denial> {
        if self.age_milliseconds() > self.limits.max_staleness_milliseconds {
            Err(Denial::StoreStale)
        } else if self.progress.is_unconfirmed() {
            Err(Denial::StoreUnconfirmed)
        } else {
            Ok(self.progress.applied())
        }
    }

    /// The feed position that this view has applied, however old it is.
    pub fn applied_position(&self) -> Position {
        self.progress.applied()
    }

    /// The head of the feed, as it was last read.
    pub fn head_position(&self) -> Position {
        self.progress.head()
    }

    /// Which history of the store the view follows; none while everything is read anew.
    pub fn history(&self) -> Option<Incarnation> {
        self.progress.history()
    }

    /// How much it may hold, and how old it may get.
    pub fn limits(&self) -> DirectoryLimits {
        self.limits
    }

    /// How many seconds ago what the view has applied was read.
    pub fn age_seconds(&self) -> u64 {
        self.clock.boot_milliseconds().saturating_sub(self.progress.fresh_at()) / 1000
    }

    /// The position at which the store's history began: tokens of a lower one are from before a restore, and may have been revoked
    /// after the backup was made (rule S15).
    pub fn first_position(&self) -> Position {
        self.progress.first()
    }

    /// How long ago the last successful poll began, in milliseconds on the boot-time clock.
    pub fn age_milliseconds(&self) -> u64 {
        self.clock.boot_milliseconds().saturating_sub(self.progress.fresh_at())
    }

    /// Whether the change feed was read within the last seconds.
    pub fn is_following(&self) -> bool {
        self.age_milliseconds() <= FOLLOWING_MILLISECONDS
    }

    /// A client.
    pub async fn client(&self, environment: &EnvironmentName, id: &ClientId) -> Result<Option<Arc<KnownClient>>, Denial> {
        let lookup = ClientLookup { environment, id };
        match self.clients.held(&lookup) {
            Some(held) => Ok(Some(held)),
            // In a box: reading the store takes a large future, and every request would move the room for it about.
            None => Box::pin(self.load_client(&lookup)).await.map_err(|error| unavailable(&error)),
        }
    }

    /// A client, if it is held.
    pub fn held_client(&self, environment: &EnvironmentName, id: &ClientId) -> Option<Arc<KnownClient>> {
        self.clients.peek(&ClientLookup { environment, id })
    }

    /// A client that is not held: one indexed read, if the name may be a client's at all. A name that is not known to be one
    /// is looked up too, since its client may have been made elsewhere a moment ago, but only so many of them each second: a
    /// flood of them gets its answer here.
    async fn load_client(&self, lookup: &ClientLookup<'_>) -> Read<Option<Arc<KnownClient>>> {
        let now = self.clock.boot_milliseconds();
        if self.clients.is_absent(lookup, now) {
            return Ok(None);
        }
        // While the feed cannot be read the names say nothing of clients made since, and "no such client" would be final for many
        // a program, where "try again" is right.
        let may_exist = !self.is_following() || self.names.may_exist(lookup);
        if !may_exist && self.unknown_reads.are_spent(now) {
            self.clients.note_refused();
            return Ok(None);
        }
        let may_read = || may_exist || self.unknown_reads.take(now);
        let found = self.clients.load(lookup.to_key(), &self.progress, now, may_read, |key| self.read_client(key)).await?;
        if found.is_some() && !may_exist {
            self.names.add(lookup.environment, lookup.id);
        }
        Ok(found)
    }

    async fn read_client(&self, key: ClientKey) -> Read<AsOf<Option<Arc<KnownClient>>>> {
        let generation = self.tenants.generation();
        let found = self.store.client_record(&key.0, &key.1).await?;
        let position = found.position;
        Ok(found.map(|mut record| {
            keep_comparable(&mut record.credentials, self.clock.now());
            let tenant = self.tenants.share(&record.tenant, position, generation);
            Arc::new(KnownClient::build(&key, record, tenant, &self.shared_values))
        }))
    }

    /// A business of a tenant.
    pub async fn business(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Result<Option<KnownBusiness>, Denial> {
        let lookup = BusinessLookup { environment, tenant, id };
        let found = match self.businesses.held(&lookup) {
            Some(held) => Some(held),
            None => Box::pin(self.load_business(&lookup)).await.map_err(|error| unavailable(&error))?,
        };
        Ok(found.map(|status| KnownBusiness { id, status }))
    }

    async fn load_business(&self, lookup: &BusinessLookup<'_>) -> Read<Option<Status>> {
        let now = self.clock.boot_milliseconds();
        if self.businesses.is_absent(lookup, now) {
            return Ok(None);
        }
        let load = |(environment, tenant, id): BusinessKey| async move {
            let found = self.store.business_of(&environment, tenant, id).await?;
            Ok(found.map(|business| business.status))
        };
        self.businesses.load(lookup.to_key(), &self.progress, now, || true, load).await
    }

    /// What the token path left to be written down.
    pub fn waiting(&self) -> WaitingWrites {
        WaitingWrites { uses: self.uses.len(), renewals: self.renewals.len() }
    }

    /// What is held, and how it was asked for.
    pub fn statistics(&self) -> DirectoryStatistics {
        DirectoryStatistics {
            clients: self.clients.statistics(),
            businesses: self.businesses.statistics(),
            names: self.names.len().map(|names| names as u64),
        }
    }
}

/// Keeps the credentials that can prove the client, and of the others the newest ones, so that a denial can tell "expired" from
/// "wrong" while the number of comparisons stays bounded.
fn keep_comparable(credentials: &mut Vec<Credential>, now: Timestamp) {
    let is_over = |credential: &Credential| credential.status != Status::Active || credential.is_expired(now);
    credentials.sort_by_key(|credential| (is_over(credential), Reverse(credential.created_at)));
    let (mut secrets, mut others) = (0, 0);
    credentials.retain(|credential| {
        let (count, max) = match credential.proof.kind() {
            ProofKind::Secret => (&mut secrets, MAX_COMPARED_SECRETS),
            _ => (&mut others, MAX_TRIED_PROOFS),
        };
        *count += 1;
        *count <= max
    });
}

fn unavailable(error: &StoreError) -> Denial {
    Denial::StoreUnavailable(error.to_string())
}

#[cfg(test)]
mod tests;
