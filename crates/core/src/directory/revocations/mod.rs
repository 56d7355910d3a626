//! What ends tokens before they expire, as this node knows it (rules S11, S12, S15).
//!
//! A node holds the whole set of what is in force, from its first moment on: loaded with everything else, kept up by the feed, read
//! again in full every few minutes, never evicted. Looking a token up takes no lock and reads nothing.

mod document;
mod saved;
mod set;

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::Directory;
use crate::model::{EnvironmentName, Position};
use crate::store::{FeedEntry, Incarnation, Read, Store, StoreError, Subject};
pub use document::{DOCUMENT_LIFETIME, DocumentParts};
pub(super) use saved::SavedRevocation;
pub use set::{Ended, RevocationDigest, RevocationSet, RevocationSize, TokenDigests, TokenIds};

/// The position of a mark whose own could not be read: the largest that the store can hold.
const DAMAGED: Position = Position(i64::MAX.unsigned_abs());
/// How many revocations one read asks for.
const PAGE: u32 = 1000;

/// The set as it is now, and who waits for another.
#[derive(Debug)]
pub(super) struct Revoked {
    set: ArcSwap<RevocationSet>,
    changed: watch::Sender<()>,
}

impl Default for Revoked {
    fn default() -> Self {
        Self { set: ArcSwap::default(), changed: watch::Sender::new(()) }
    }
}

impl Revoked {
    /// The set as it is now.
    pub(super) fn load(&self) -> Guard<Arc<RevocationSet>> {
        self.set.load()
    }

    /// Puts another in its place.
    pub(super) fn publish(&self, set: RevocationSet) {
        self.set.store(Arc::new(set));
        self.changed.send_replace(());
    }

    /// Changes a copy, and puts it in its place.
    fn edit(&self, change: impl FnOnce(&mut RevocationSet)) {
        let mut set = RevocationSet::clone(&self.set.load());
        change(&mut set);
        self.publish(set);
    }
}

impl<S: Store> Directory<S> {
    /// Whether a token of an environment was ended before it expires, as far as this node knows, and why.
    pub fn ended(&self, environment: &EnvironmentName, token: &TokenIds<'_>) -> Option<Ended> {
        self.revoked.load().ended(environment, token)
    }

    /// The same of a token whose identifiers were hashed before.
    pub fn ended_digests(&self, environment: &EnvironmentName, token: &TokenDigests) -> Option<Ended> {
        self.revoked.load().ended_digests(environment, token)
    }

    /// All that ends tokens, as of now.
    pub fn revocations(&self) -> Arc<RevocationSet> {
        self.revoked.set.load_full()
    }

    /// Tells of each change that was applied, whatever it was about.
    pub fn watch_revocations(&self) -> watch::Receiver<()> {
        self.revoked.changed.subscribe()
    }

    /// Takes over what the store has more than this node had applied, and what a page of the feed leads to. What is even newer than
    /// that page comes along, which does no harm.
    pub(super) async fn apply_revocations(&self, entries: &[FeedEntry], position: Position) -> Read<()> {
        let mut more = Vec::new();
        if entries.iter().any(|entry| may_revoke(&entry.subject)) {
            let mut after = Some(self.progress.applied());
            while let Some(from) = after {
                let page = self.store.revocations(from, PAGE).await?;
                more.extend(page.revocations);
                after = page.next;
            }
        }
        let is_key = |entry: &&FeedEntry| matches!(entry.subject, Subject::SigningKey { .. });
        let key = entries.iter().filter(is_key).map(|entry| entry.position).next_back();
        self.revoked.edit(|set| {
            for stored in &more {
                set.add(stored);
            }
            set.keys_changed = set.keys_changed.max(key.unwrap_or_default());
            set.position = position;
        });
        Ok(())
    }

    /// Notes where the history began.
    pub(super) fn note_first(&self, first: Position) {
        if self.revoked.load().first != first {
            self.revoked.edit(|set| set.first = first);
        }
    }

    /// Reads the whole set, as of the first page: what was made since comes with the feed.
    async fn read_revocations(&self, first: Position) -> Read<RevocationSet> {
        let mut set = RevocationSet { first, ..RevocationSet::default() };
        let now = self.clock.now();
        let mut after = Some(Position(0));
        while let Some(from) = after {
            let page = self.store.revocations(from, PAGE).await?;
            match &set.incarnation {
                None => (set.incarnation, set.position) = (Some(page.incarnation), page.head),
                Some(incarnation) if *incarnation != page.incarnation => {
                    return Err(StoreError::Unavailable("the store became another while it was read".to_owned()));
                }
                Some(_) => {}
            }
            for stored in page.revocations.iter().filter(|stored| stored.expires_at > now) {
                set.add(stored);
            }
            after = page.next;
        }
        Ok(set)
    }

    /// Loads the whole set, as of the feed: so its position never goes back when the next page is applied.
    pub(super) async fn load_revocations(&self, first: Position, head: Position) -> Read<()> {
        let read = self.read_revocations(first).await?;
        self.revoked.publish(RevocationSet { position: head, keys_changed: head, ..read });
        Ok(())
    }

    /// Reads the whole set again, so that nothing that went wrong stays so for long (rule S12). What is over is gone from it.
    pub async fn reread_revocations(&self) -> Read<()> {
        let mut read = self.read_revocations(self.first_position()).await?;
        let _polling = self.polling.lock().await;
        let held = self.revoked.load();
        if read.incarnation != held.incarnation {
            // Another history: the poll reads everything anew.
            return Ok(());
        }
        let is_repaired = held.lacks_some_of(&read);
        let already = read.position;
        // One of a damaged row was read again if it is still damaged.
        for saved in held.saved(already).filter(|saved| saved.position < DAMAGED) {
            read.add_saved(&saved);
        }
        (read.position, read.first, read.keys_changed) = (held.position, held.first, held.keys_changed);
        drop(held);
        self.revoked.publish(read);
        if is_repaired {
            tracing::error!("this node lacked a revocation that it should have known; it has it now");
            // The snapshot's base lacks it too, and its position does not tell so.
            self.changed.all_revocations();
        }
        Ok(())
    }

    /// As a fault would: forgets what is in force, and stands as if nothing were missing.
    #[cfg(test)]
    pub(in crate::directory) fn lose_revocations(&self) {
        self.revoked.edit(|set| (set.tenants, set.environments) = Default::default());
    }

    /// As if so many tokens had been revoked.
    #[cfg(test)]
    pub(crate) fn pretend_revoked(&self, environment: &EnvironmentName, count: usize) {
        self.revoked.edit(|set| {
            for number in 0..count {
                let (environment, id) = (Some(environment.clone()), number.to_string());
                let (position, expires_at) = (Position(1), crate::clock::Timestamp(i64::MAX));
                let kind = crate::model::RevocationKind::Token;
                set.add(&crate::store::StoredRevocation { kind, environment, id, position, expires_at });
            }
        });
    }

    /// What a snapshot's set is begun with.
    pub(super) fn snapshot_revocations(incarnation: String, position: Position, first: Position) -> RevocationSet {
        RevocationSet { incarnation: Some(Incarnation(incarnation)), position, first, ..RevocationSet::default() }
    }
}

/// Whether a change of such a subject can end tokens.
fn may_revoke(subject: &Subject) -> bool {
    !matches!(subject, Subject::Environment { .. } | Subject::Resource { .. } | Subject::SigningKey { .. })
}

#[cfg(test)]
mod tests;
