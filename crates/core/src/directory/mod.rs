//! What a node knows of the registry: a bounded, fresh-enough view that the token path reads without the database.
//!
//! Environments with their resources and keys are held whole. Clients and businesses are cached by use, each loaded once
//! however many ask at the same time, and forgotten when the change feed names them. [`Directory::poll`] follows the feed.
//!
//! Freshness (rules S12 to S14): a cached entry is never older than the feed position that the node has applied; a view whose
//! last successful poll is too long ago decides nothing.

mod cache;
mod environment;
mod progress;
mod renewal;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::clock::{Clock, Timestamp};
use crate::crypto::RootKeys;
use crate::model::{Business, BusinessId, ClientId, ClientRecord, Credential, EnvironmentName, Position, Status, TenantId};
use crate::registry::MAX_COMPARED_SECRETS;
use crate::store::{CredentialUse, FeedEntry, Read, Store, StoreError, Subject};
use crate::token::Denial;
use cache::Cached;
pub use environment::EnvironmentView;
use progress::Progress;
use renewal::Renewals;

/// How many feed entries one read asks for.
const FEED_PAGE: u32 = 1000;

/// How much a directory holds and how old it may get.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryLimits {
    /// Clients held at most.
    pub clients: usize,
    /// Businesses held at most.
    pub businesses: usize,
    /// How long the node decides after the start of the last successful poll, in milliseconds.
    pub max_staleness_milliseconds: u64,
}

impl Default for DirectoryLimits {
    fn default() -> Self {
        Self { clients: 200_000, businesses: 50_000, max_staleness_milliseconds: 240_000 }
    }
}

/// A client as this node holds it.
#[derive(Debug)]
pub struct KnownClient {
    /// What the store says.
    pub record: ClientRecord,
    /// For each credential, when it was used since the last flush, in unix seconds; 0 where it was not.
    used_at: Vec<AtomicI64>,
}

type Environments = BTreeMap<EnvironmentName, Arc<EnvironmentView>>;

/// A node's view of the registry.
pub struct Directory<S> {
    store: Arc<S>,
    clock: Arc<dyn Clock>,
    root_keys: Arc<RootKeys>,
    limits: DirectoryLimits,
    environments: ArcSwap<Environments>,
    clients: Cached<(EnvironmentName, ClientId), Arc<KnownClient>>,
    businesses: Cached<(EnvironmentName, TenantId, BusinessId), Business>,
    progress: Progress,
    /// Held by the one poll that is under way: of two, the slower one would take the position back.
    polling: tokio::sync::Mutex<()>,
    used: Mutex<Vec<Arc<KnownClient>>>,
    renewals: Renewals,
}

impl<S: Store> Directory<S> {
    /// Reads what must be known from the start.
    pub async fn open(store: Arc<S>, clock: Arc<dyn Clock>, root_keys: Arc<RootKeys>, limits: DirectoryLimits) -> Read<Self> {
        let directory = Self {
            clients: Cached::new(limits.clients),
            businesses: Cached::new(limits.businesses),
            environments: ArcSwap::default(),
            progress: Progress::default(),
            polling: tokio::sync::Mutex::default(),
            used: Mutex::default(),
            renewals: Renewals::default(),
            store,
            clock,
            root_keys,
            limits,
        };
        directory.reload().await?;
        Ok(directory)
    }

    /// The store behind the view.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// An environment, if it may be decided from this view now.
    pub fn environment(&self, name: &EnvironmentName) -> Result<Arc<EnvironmentView>, Denial> {
        self.fresh_position()?;
        self.environments.load().get(name).cloned().ok_or(Denial::EnvironmentMissing)
    }

    /// All environments, however old the view is.
    pub fn environments(&self) -> Vec<Arc<EnvironmentView>> {
        self.environments.load().values().cloned().collect()
    }

    /// The feed position that this view has applied, if the view is fresh enough to decide from.
    pub fn fresh_position(&self) -> Result<Position, Denial> {
        let age = self.clock.boot_milliseconds().saturating_sub(self.progress.fresh_at());
        if age > self.limits.max_staleness_milliseconds { Err(Denial::StoreStale) } else { Ok(self.progress.applied()) }
    }

    /// A client.
    pub async fn client(&self, environment: &EnvironmentName, id: &ClientId) -> Result<Option<Arc<KnownClient>>, Denial> {
        let key = (environment.clone(), id.clone());
        let load = || async {
            let found = self.store.client_record(environment, id).await?;
            Ok(found.map(|mut record| {
                keep_comparable(&mut record.credentials, self.clock.now());
                let used_at = record.credentials.iter().map(|_| AtomicI64::new(0)).collect();
                Arc::new(KnownClient { record, used_at })
            }))
        };
        self.clients.get(&key, &self.progress, self.clock.boot_milliseconds(), load).await.map_err(|error| unavailable(&error))
    }

    /// A business of a tenant.
    pub async fn business(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Result<Option<Business>, Denial> {
        let key = (environment.clone(), tenant, id);
        let load = || self.store.business_of(environment, tenant, id);
        let found = self.businesses.get(&key, &self.progress, self.clock.boot_milliseconds(), load).await;
        found.map_err(|error| unavailable(&error))
    }

    /// Notes that a credential obtained a token; written down by the next [`Directory::flush_uses`].
    pub fn note_use(&self, known: &Arc<KnownClient>, credential: usize, now: Timestamp) {
        let Some(used_at) = known.used_at.get(credential) else { return };
        // Only the first use since the last flush takes the lock. A flush that failed notes its uses anew, later ones than
        // which may have come meanwhile.
        if used_at.fetch_max(now.0, Ordering::Relaxed) == 0 {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(known));
        }
    }

    /// Writes down when credentials were last used, and what else the token path left to be written. Uses that could not be
    /// written wait for the next time.
    pub async fn flush_uses(&self) -> Read<()> {
        self.flush_last_uses().await?;
        self.flush_renewals().await
    }

    async fn flush_last_uses(&self) -> Read<()> {
        let noted = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let mut uses = Vec::new();
        for known in &noted {
            for (credential, used_at) in known.record.credentials.iter().zip(&known.used_at) {
                let at = used_at.swap(0, Ordering::Relaxed);
                if at != 0 {
                    uses.push((
                        Arc::clone(known),
                        CredentialUse {
                            environment: credential.environment.clone(),
                            client_id: credential.client_id.clone(),
                            credential_id: credential.id,
                            at: Timestamp(at),
                        },
                    ));
                }
            }
        }
        let (owners, uses): (Vec<_>, Vec<_>) = uses.into_iter().unzip();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.store.record_uses(&uses).await;
        if written.is_err() {
            for (known, one) in owners.iter().zip(&uses) {
                let at = known.record.credentials.iter().position(|credential| credential.id == one.credential_id);
                self.note_use(known, at.unwrap_or(usize::MAX), one.at);
            }
        }
        written
    }

    /// Follows the change feed to its end. Returns how many changes were applied.
    pub async fn poll(&self) -> Read<usize> {
        let _polling = self.polling.lock().await;
        let mut applied = 0;
        loop {
            let started = self.clock.boot_milliseconds();
            let after = self.progress.applied();
            let page = match self.store.feed(after, FEED_PAGE).await {
                // A change that cannot be read may be a revocation: nothing that is held can be trusted any more.
                Err(StoreError::Corrupt(row)) => {
                    tracing::error!(row, "the change feed holds a row that cannot be read: reading everything anew");
                    self.reload().await?;
                    return Ok(applied);
                }
                page => page?,
            };
            if self.progress.is_other_history(&page.incarnation) || page.head < after {
                tracing::warn!(position = page.head.0, "the store holds another history than before: reading everything anew");
                self.reload().await?;
                return Ok(applied + page.entries.len());
            }
            self.apply(&page.entries).await?;
            applied += page.entries.len();
            if page.entries.len() < FEED_PAGE as usize {
                // Not before the feed's end: a node that is pages behind is not fresh.
                self.progress.set_fresh(started);
                return Ok(applied);
            }
        }
    }

    async fn apply(&self, entries: &[FeedEntry]) -> Read<()> {
        let Some(last) = entries.last() else { return Ok(()) };
        // From here on no cache fill that began earlier is kept; what it may have put in before is taken out below, and only
        // then does the position count as applied.
        self.progress.announce(last.position);
        let mut environments_changed = false;
        for entry in entries {
            match &entry.subject {
                Subject::Client { environment, id } => self.clients.forget(&(environment.clone(), id.clone())),
                Subject::Tenant { .. } => self.clients.forget_all(),
                Subject::Business { .. } => self.businesses.forget_all(),
                Subject::Environment { .. } | Subject::Resource { .. } | Subject::SigningKey { .. } => {
                    environments_changed = true;
                }
            }
        }
        if environments_changed {
            self.load_environments().await?;
        }
        self.progress.set_applied(last.position);
        Ok(())
    }

    /// Forgets everything and starts again from what the store holds now.
    async fn reload(&self) -> Read<()> {
        let started = self.clock.boot_milliseconds();
        // Where this breaks off half way, the next poll finds no history to go on with and reloads.
        self.progress.set_history(None);
        let page = self.store.feed(Position(0), 1).await?;
        self.progress.announce(page.head);
        self.clients.forget_all();
        self.businesses.forget_all();
        self.load_environments().await?;
        self.progress.set_applied(page.head);
        self.progress.set_history(Some(page.incarnation));
        self.progress.set_fresh(started);
        Ok(())
    }

    async fn load_environments(&self) -> Read<()> {
        let records = self.store.environments().await?.value;
        let views = records.into_iter().map(|record| {
            let view = EnvironmentView::build(record, &self.root_keys.sealer);
            (view.environment.name.clone(), Arc::new(view))
        });
        self.environments.store(Arc::new(views.collect()));
        Ok(())
    }
}

/// Keeps the credentials that can prove the client, and of the others the newest ones, so that a denial can tell "expired" from
/// "wrong" while the number of comparisons stays bounded.
fn keep_comparable(credentials: &mut Vec<Credential>, now: Timestamp) {
    let is_over = |credential: &Credential| credential.status != Status::Active || credential.is_expired(now);
    credentials.sort_by_key(|credential| (is_over(credential), Reverse(credential.created_at)));
    credentials.truncate(MAX_COMPARED_SECRETS);
}

fn unavailable(error: &StoreError) -> Denial {
    Denial::StoreUnavailable(error.to_string())
}

#[cfg(test)]
mod tests;
