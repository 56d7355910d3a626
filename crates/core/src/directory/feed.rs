//! Following the change feed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::known_client::ClientLookup;
use super::{Directory, EnvironmentView};
use crate::model::{Position, TenantId};
use crate::store::{FeedEntry, FeedPage, Read, Store, StoreError, Subject};

/// How many feed entries one read asks for.
pub(super) const FEED_PAGE: u32 = 1000;

/// Whether entries between a position and the page are gone: old ones are removed in time, and a node that was away for long must
/// not pass over them. Positions have no gaps of their own.
fn has_gap(after: Position, page: &FeedPage) -> bool {
    let is_forgotten = page.mark_asked_for.is_none() && after != page.first;
    let first = page.entries.first().map_or(page.head, |entry| Position(entry.position.0.saturating_sub(1)));
    is_forgotten || first != after
}

impl<S: Store> Directory<S> {
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
            self.progress.set_head(page.head);
            if self.is_other_course(&page, after) {
                tracing::warn!(position = page.head.0, "the store holds another history than before: reading everything anew");
                self.reload().await?;
                return Ok(applied + page.entries.len());
            }
            if has_gap(after, &page) {
                tracing::info!(position = after.0, "the feed begins later than this node had got: reading everything anew");
                self.reload().await?;
                return Ok(applied + page.entries.len());
            }
            self.apply(&page.entries).await?;
            applied += page.entries.len();
            self.progress.set_standing(page.first, page.is_unconfirmed);
            self.note_first(page.first);
            if page.entries.len() < FEED_PAGE as usize {
                // Not before the feed's end: a node that is pages behind is not fresh.
                self.progress.set_fresh(started);
                return Ok(applied);
            }
        }
    }

    /// Whether the store is not the one that was followed up to `after`: another history, or another course of it.
    fn is_other_course(&self, page: &FeedPage, after: Position) -> bool {
        // Where the history began no change left anything.
        let is_known_there = after == page.first || page.mark_asked_for.is_none_or(|mark| mark == self.progress.mark());
        self.progress.is_other_history(&page.incarnation) || page.head < after || !is_known_there
    }

    async fn apply(&self, entries: &[FeedEntry]) -> Read<()> {
        let Some(last) = entries.last() else { return Ok(()) };
        // From here on no cache fill that began earlier is kept; what it may have put in before is taken out below, and only
        // then does the position count as applied.
        self.progress.announce(last.position);
        let mut environments_changed = false;
        let mut tenants = BTreeSet::new();
        for entry in entries {
            match &entry.subject {
                Subject::Client { environment, id } => {
                    let lookup = ClientLookup { environment, id };
                    self.names.add(environment, id);
                    self.clients.forget(&lookup);
                    self.note_changed(&lookup);
                }
                Subject::Tenant { id } => {
                    tenants.insert(*id);
                }
                Subject::Business { .. } => {
                    self.businesses.forget_all();
                    self.changed.all_businesses();
                }
                Subject::Environment { .. } | Subject::Resource { .. } | Subject::SigningKey { .. } => {
                    environments_changed = true;
                }
                // Told with the page itself, or read below; or nothing that tokens depend on.
                Subject::Store
                | Subject::Token { .. }
                | Subject::Member { .. }
                | Subject::Invitation { .. }
                | Subject::ManagementClient { .. } => {}
            }
        }
        if environments_changed {
            self.load_environments().await?;
        }
        for id in tenants {
            self.load_tenant(id, last.position).await?;
        }
        self.apply_revocations(entries, last.position).await?;
        self.progress.set_applied(last.position, last.mark);
        Ok(())
    }

    /// Reads how a tenant stands, at a position or later. One that cannot be read stands as disabled.
    async fn load_tenant(&self, id: TenantId, position: Position) -> Read<()> {
        match self.store.tenant(id).await {
            Ok(Some(tenant)) => self.tenants.set(&tenant, position),
            Ok(None) => self.tenants.disable(id, position),
            Err(StoreError::Corrupt(row)) => {
                tracing::error!(row, "a tenant cannot be read: its clients get no tokens");
                self.tenants.disable(id, position);
            }
            Err(error) => return Err(error),
        }
        self.changed.tenant(id);
        Ok(())
    }

    /// Forgets everything and starts again from what the store holds now.
    pub(super) async fn reload(&self) -> Read<()> {
        let started = self.clock.boot_milliseconds();
        // Where this breaks off half way, the next poll finds no history to go on with and reloads.
        self.progress.set_history(None);
        let page = self.store.feed(Position(0), 0).await?;
        self.progress.set_standing(page.first, page.is_unconfirmed);
        self.progress.announce(page.head);
        self.progress.set_head(page.head);
        self.clients.forget_all();
        self.businesses.forget_all();
        self.tenants.forget_all();
        self.names.forget_all();
        self.changed.all_clients();
        self.changed.all_businesses();
        self.changed.all_revocations();
        self.load_environments().await?;
        self.load_revocations(page.first, page.head).await?;
        self.progress.set_applied(page.head, page.mark);
        self.progress.set_history(Some(page.incarnation));
        self.progress.set_fresh(started);
        Ok(())
    }

    async fn load_environments(&self) -> Read<()> {
        let records = self.store.environments().await?.value;
        let views = records.into_iter().map(|record| Arc::new(EnvironmentView::build(record, &self.root_keys.sealer)));
        let quotas = self.store.quotas().await?;
        self.environments.replace(views.collect());
        self.quotas.replace(quotas, self.clock.now());
        Ok(())
    }
}
