//! What a node does in the background, each task until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mintmark_core::notice::tell_of_expiring;
use mintmark_core::store::{NoticeStore, StoreError};
use mintmark_core::upkeep::{self, Removed};
use tokio::sync::watch;

use super::{CLOCK_OFFSET_MAX, Node};
use crate::webhooks::Courier;

/// How long between two looks at whether the names of clients are to be read, and two tries to read them.
const NAMES_EVERY: Duration = Duration::from_secs(1);
/// How long between two heads of the snapshot.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(5);
/// How long between two rounds of upkeep.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// How long between two readings of all that ends tokens (rule S12).
const REVOCATIONS_EVERY: Duration = Duration::from_mins(3);
/// How long between two looks at what endpoints are to be told.
const DELIVERIES_EVERY: Duration = Duration::from_secs(2);
/// How long between two counts of what endpoints are still to be told.
const COUNTED_EVERY: Duration = Duration::from_secs(30);
/// How long endpoints that are being told are waited for at the end.
const TOLD_AT_THE_END: Duration = Duration::from_secs(5);
/// How many credentials that leaked a round turns off.
const LEAKS_AT_ONCE: u32 = 100;
const CLOCK_EVERY: Duration = Duration::from_mins(1);

impl Node {
    /// Compares this machine's clock with the database's, at the start and every minute, until `stop` says so. Nodes that count
    /// time differently would disagree about what has expired: one that starts wrong is not ready before the two agree. One that
    /// agreed once only says so, since it may be the database's clock that is wrong, and then all nodes would turn away together.
    pub async fn watch_clock(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut agreed = false;
        loop {
            let offset = self.endpoint.directory.store().clock_offset().await;
            if let Ok(seconds) = &offset {
                self.clock_seen.store(*seconds, Ordering::Relaxed);
            }
            match offset {
                Ok(offset) if offset.abs() > CLOCK_OFFSET_MAX => {
                    tracing::error!(seconds = offset, agreed, "this machine's clock differs from the database's");
                    if !agreed {
                        self.clock_offset.store(offset, Ordering::Relaxed);
                    }
                }
                Ok(offset) => {
                    agreed = true;
                    self.clock_offset.store(offset, Ordering::Relaxed);
                }
                Err(error) => tracing::debug!(%error, "the database's clock cannot be read"),
            }
            if stopped(CLOCK_EVERY, &mut stop).await {
                return;
            }
        }
    }

    /// Follows the change feed until `stop` says so. Changes made elsewhere are in force here one poll later.
    pub async fn follow_feed(self: Arc<Self>, every: Duration, mut stop: watch::Receiver<bool>) {
        let mut failing = false;
        loop {
            self.beat();
            let polled = tokio::select! {
                polled = self.poll() => polled,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match polled {
                Ok(applied) => {
                    if failing {
                        tracing::info!("the store can be read again");
                    }
                    failing = false;
                    if applied > 0 {
                        tracing::debug!(applied, "changes of the registry are in force");
                        if let Err(error) = self.ensure_keys().await {
                            tracing::error!(%error, "a signing key is missing");
                        }
                    }
                }
                Err(error) => {
                    if !failing {
                        tracing::error!(%error, "the change feed cannot be read");
                    }
                    failing = true;
                }
            }
            if stopped(every, &mut stop).await {
                return;
            }
        }
    }

    /// Follows the feed to its end, once the store is what it should be.
    async fn poll(&self) -> Result<usize, StoreError> {
        if self.is_unprepared.load(Ordering::Relaxed) {
            let preparing = self.heartbeat.preparing(self.endpoint.clock.boot_milliseconds());
            let prepared = self.endpoint.directory.store().prepare().await;
            self.beat();
            drop(preparing);
            prepared.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            self.is_unprepared.store(false, Ordering::Relaxed);
        }
        self.endpoint.directory.poll().await
    }

    /// Keeps the snapshot, if the node has one, until `stop` says so.
    pub async fn keep_snapshot(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let Some(folder) = &self.snapshot else { return };
        let clock = &self.endpoint.clock;
        let mut base_due = 0;
        let mut failing = false;
        while !stopped(SNAPSHOT_EVERY, &mut stop).await {
            let now = clock.boot_milliseconds();
            let mut written = Ok(());
            // A node that cannot read the store has nothing to add to what it wrote.
            let is_fresh = self.endpoint.directory.is_following();
            if is_fresh && (now >= base_due || !folder.has_base() || self.endpoint.directory.is_base_worn()) {
                match Arc::clone(&self).write_base().await {
                    Ok(clients) => base_due = now + base_lasts(clients),
                    Err(error) => written = Err(error),
                }
            }
            if is_fresh && written.is_ok() {
                written = folder.write_head(&self.endpoint.directory, &*self.random).await.map(|_| ());
            }
            if let Err(error) = &written
                && !failing
            {
                tracing::warn!(%error, folder = %folder.path().display(), "the snapshot for an outage cannot be written");
            }
            failing = written.is_err();
        }
    }

    /// Writes the larger part of the snapshot on a thread of its own. Gives the number of clients in it.
    async fn write_base(self: Arc<Self>) -> std::io::Result<u64> {
        let write = move || match &self.snapshot {
            Some(folder) => folder.write_base(&self.endpoint.directory, &*self.random).map(|base| base.clients),
            None => Ok(0),
        };
        tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
    }

    /// Has the names of all clients read, at the start and whenever that is due again, until `stop` says so.
    pub async fn keep_names(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let directory = &self.endpoint.directory;
        let mut failing = false;
        loop {
            if directory.wants_names() {
                let filled = tokio::select! {
                    filled = directory.fill_names() => filled,
                    _ = stop.wait_for(|stop| *stop) => return,
                };
                match &filled {
                    Ok(names) => tracing::debug!(names, "the names of all clients are known"),
                    Err(error) if !failing => tracing::warn!(%error, "the names of clients cannot be read yet"),
                    Err(_) => {}
                }
                failing = filled.is_err();
            }
            if stopped(NAMES_EVERY, &mut stop).await {
                return;
            }
        }
    }

    /// Reads all that ends tokens again every few minutes, until `stop` says so.
    pub async fn keep_revocations(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !stopped(REVOCATIONS_EVERY, &mut stop).await {
            let read = tokio::select! {
                read = self.endpoint.directory.reread_revocations() => read,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            if let Err(error) = read {
                tracing::warn!(%error, "what ends tokens could not be read again yet");
            }
        }
    }

    /// Has what had its time removed from the store and the signing keys looked after, by one node at a time, until `stop` says so.
    pub async fn keep_up(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut holder = [0; 16];
        self.random.fill(&mut holder);
        let holder = format!("{:032x}", u128::from_be_bytes(holder));
        // Nodes that are started together do not ask together.
        let [chance, ..] = holder.as_bytes() else { return };
        let mut told = BTreeSet::new();
        let mut wait = UPKEEP_EVERY / 16 * u32::from(chance % 16);
        while !stopped(wait, &mut stop).await {
            self.keep_up_once(&holder, &mut told).await;
            wait = UPKEEP_EVERY;
        }
    }

    /// One round of that, if no other node has the lease. `holder` names this node, and `told` are the problems that it told of.
    pub async fn keep_up_once(&self, holder: &str, told: &mut BTreeSet<String>) {
        // What a clock that is ahead calls over may still be needed: a used assertion that is forgotten early can be used again, and a
        // key that is removed early is missed.
        if !self.has_the_databases_time(told).await {
            return;
        }
        let now = self.endpoint.clock.now();
        match upkeep::round(&**self.endpoint.directory.store(), holder, now).await {
            Ok(Some(removed)) => {
                if removed != Removed::default() {
                    let Removed { uses, revocations, entries, usage, refusals, notices } = removed;
                    tracing::debug!(
                        uses,
                        revocations,
                        entries,
                        usage,
                        refusals,
                        notices,
                        "removed what had its time from the store"
                    );
                }
                // The lease spares work; that a thing is done once is for the versions of the rows.
                self.keep_keys(told).await;
                self.tell_of_what_is_due().await;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "nothing could be removed from the store now"),
        }
    }

    /// Turns off what leaked and was in quarantine for long enough, and tells of what expires soon.
    async fn tell_of_what_is_due(&self) {
        match self.registry().revoke_due_leaks(LEAKS_AT_ONCE).await {
            Ok(0) => {}
            Ok(revoked) => tracing::info!(revoked, "credentials that leaked were turned off: their quarantine was over"),
            Err(error) => tracing::warn!(%error, "credentials that leaked could not be turned off yet"),
        }
        let (store, now) = (self.endpoint.directory.store(), self.endpoint.clock.now());
        match tell_of_expiring(&**store, now, &*self.endpoint.random).await {
            Ok(told) => tracing::debug!(told, "credentials that expire soon"),
            Err(error) => tracing::debug!(%error, "credentials that expire soon could not be told of now"),
        }
    }

    /// Tells endpoints of what happened, by one node at a time, until `stop` says so.
    pub async fn deliver(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let Some(client) = self.webhooks.clone() else { return };
        let mut holder = [0; 16];
        self.random.fill(&mut holder);
        let mut courier = Courier::new(client, format!("{:032x}", u128::from_be_bytes(holder)));
        while !stopped(DELIVERIES_EVERY, &mut stop).await {
            if let Err(error) = courier.round(&self).await {
                tracing::debug!(%error, "what endpoints are to be told could not be read now");
            }
        }
        // Whoever is not told by then is told again by the next node: a receiver knows a notice by its id.
        let _ = tokio::time::timeout(TOLD_AT_THE_END, courier.come_back()).await;
    }

    /// Counts again and again what endpoints are still to be told, until `stop` says so: apart from who tells them, so that it shows when
    /// nobody does.
    pub async fn watch_backlog(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            self.count_what_waits().await;
            if stopped(COUNTED_EVERY, &mut stop).await {
                return;
            }
        }
    }

    /// Counts what endpoints are still to be told. Each node does, so that it is known also where none tells them. What cannot be counted
    /// is not known any more: an old count would say that all of it waits still.
    pub async fn count_what_waits(&self) {
        let counted = self.endpoint.directory.store().backlog().await;
        let counted = counted
            .inspect_err(|error| tracing::debug!(%error, "what endpoints are still to be told could not be counted now"));
        self.metrics.note_backlog(counted.ok());
    }

    /// Writes down last uses and counts of requests until `stop` says so.
    pub async fn flush(self: Arc<Self>, every: Duration, mut stop: watch::Receiver<bool>) {
        while !stopped(every, &mut stop).await {
            if let Err(error) = self.endpoint.directory.flush_uses().await {
                tracing::warn!(%error, "last uses of credentials could not be written down yet");
            }
            if let Err(error) = self.endpoint.tell_of_lock_outs(self.endpoint.clock.now()).await {
                tracing::debug!(%error, "owners of clients could not be told of refused addresses now");
            }
            if let Err(error) = Arc::clone(&self).flush_usage().await {
                tracing::warn!(%error, "counts of requests could not be written down yet");
            }
            if let Err(error) = self.endpoint.exchange_quotas().await {
                tracing::warn!(%error, "counts of quotas could not be exchanged with the store yet");
            }
        }
    }

    /// On a thread that may be busy: adding up what a crowd of clients did takes some milliseconds, and tokens shall not wait for it.
    async fn flush_usage(self: Arc<Self>) -> Result<(), StoreError> {
        let runtime = tokio::runtime::Handle::current();
        let flush = move || {
            let (usage, store) = (&self.endpoint.usage, self.endpoint.directory.store());
            runtime.block_on(usage.flush(&**store, self.endpoint.clock.now()))
        };
        let flushed = tokio::task::spawn_blocking(flush).await;
        flushed.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
    }

    /// Writes down all that is in memory, at the end.
    pub async fn flush_all(&self) {
        if let Err(error) = self.endpoint.directory.flush_uses().await {
            tracing::warn!(%error, "last uses of credentials could not be written down");
        }
        let store = self.endpoint.directory.store();
        if let Err(error) = self.endpoint.usage.flush_all(&**store, self.endpoint.clock.now()).await {
            tracing::warn!(%error, "counts of requests could not be written down");
        }
        if let Err(error) = self.endpoint.exchange_quotas().await {
            tracing::warn!(%error, "counts of quotas could not be written down");
        }
    }
}

/// How many milliseconds a base of so many clients is good for: one minute for each ten thousand, at most ten, so that writing it
/// stays a small part of a node's work. Clients that are read meanwhile are in the next one.
fn base_lasts(clients: u64) -> u64 {
    (clients / 10_000).clamp(1, 10) * 60_000
}

/// Waits; `true` if it is time to stop.
async fn stopped(every: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(every, stop.wait_for(|stop| *stop)).await.is_ok()
}
