//! Periodic work of which one node at a time does its part: what has had its time leaves the store.

use crate::clock::Timestamp;
use crate::model::Position;
use crate::notice::{DELIVERIES_KEPT, NOTICES_KEPT};
use crate::store::{Lease, OldUsage, Read, Store};
use crate::usage::UsageStep;

/// How many seconds the lease lasts. A node that dies with it keeps the work from others for that long.
const LEASE_SECONDS: u32 = 120;
/// How long after its end a use is forgotten, in seconds, so that a node whose clock is behind does not see it end twice.
const USE_GRACE: i64 = 120;
/// How many entries the change feed keeps. A node that was away for longer reads everything anew.
pub const FEED_KEPT: u64 = 100_000;
/// How many seconds refusals are kept: seven days.
pub const REFUSALS_KEPT: i64 = 7 * 86_400;
/// How many seconds it is remembered which batches of usage a node that wrote no more had written: longer than it tries again.
const WRITERS_KEPT: i64 = 7 * 86_400;
/// How many rows one transaction removes: few, so that it holds no lock for long.
const AT_ONCE: u32 = 1000;
/// How many transactions one round takes for each kind of row; the next round goes on.
const ROUNDS: usize = 200;

/// What a round of upkeep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Marks of what may be used once, and has expired.
    pub uses: u64,
    /// Revocations that end nothing any more.
    pub revocations: u64,
    /// Entries of the change feed.
    pub entries: u64,
    /// Counts of usage, and what belongs to them.
    pub usage: u64,
    /// Refusals.
    pub refusals: u64,
    /// Notices, and deliveries of them.
    pub notices: u64,
}

/// Does the work, unless another node does it. `holder` names this node.
pub async fn round<S: Store>(store: &S, holder: &str, now: Timestamp) -> Read<Option<Removed>> {
    let Some(lease) = store.take_lease("upkeep", holder, now, now.plus(LEASE_SECONDS)).await? else { return Ok(None) };
    let head = store.feed(Position(0), 0).await?.head;
    let over = Timestamp(now.0.saturating_sub(USE_GRACE));
    let uses = in_parts(store, &lease, Rows::UsesOver(over)).await?;
    let revocations = in_parts(store, &lease, Rows::RevocationsOver(over)).await?;
    let kept_from = Position(head.0.saturating_sub(FEED_KEPT));
    let entries = in_parts(store, &lease, Rows::EntriesTo(kept_from)).await?;
    let mut usage = 0;
    for old in usage_over(now) {
        usage += in_parts(store, &lease, Rows::Usage(old)).await?;
    }
    let refusals = in_parts(store, &lease, Rows::Usage(OldUsage::Refusals(earlier(now, REFUSALS_KEPT)))).await?;
    let notices = in_parts(store, &lease, Rows::Notices(earlier(now, NOTICES_KEPT))).await?
        + in_parts(store, &lease, Rows::Deliveries(earlier(now, DELIVERIES_KEPT))).await?;
    Ok(Some(Removed { uses, revocations, entries, usage, refusals, notices }))
}

/// What of usage has had its time.
fn usage_over(now: Timestamp) -> impl Iterator<Item = OldUsage> {
    let counts = UsageStep::ALL.into_iter().map(move |step| {
        let kept_from = earlier(now, step.kept_seconds());
        OldUsage::Counts(step, step.period(kept_from))
    });
    // A day longer than the last of their counts.
    let keys = OldUsage::Keys(earlier(now, UsageStep::Day.kept_seconds() + UsageStep::Day.seconds()));
    // A quota's window and the one before are all that is asked for.
    let quotas = UsageStep::ALL.into_iter().map(move |step| OldUsage::QuotaCounts(step, step.period(now) - 2));
    counts.chain(quotas).chain([keys, OldUsage::Writers(earlier(now, WRITERS_KEPT))])
}

fn earlier(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(now.0.saturating_sub(seconds))
}

/// What is removed.
#[derive(Clone, Copy)]
enum Rows {
    UsesOver(Timestamp),
    RevocationsOver(Timestamp),
    EntriesTo(Position),
    Usage(OldUsage),
    Notices(Timestamp),
    Deliveries(Timestamp),
}

/// Removes part after part, until there is nothing left, the lease is lost or the round is long enough.
async fn in_parts<S: Store>(store: &S, lease: &Lease, rows: Rows) -> Read<u64> {
    let mut removed = 0;
    for _ in 0..ROUNDS {
        let part = match rows {
            Rows::UsesOver(before) => store.forget_uses(lease, before, AT_ONCE).await?,
            Rows::RevocationsOver(before) => store.forget_revocations(lease, before, AT_ONCE).await?,
            Rows::EntriesTo(position) => store.trim_feed(lease, position, AT_ONCE).await?,
            Rows::Deliveries(before) => store.forget_deliveries(lease, before, AT_ONCE).await?,
            Rows::Notices(before) => store.forget_notices(lease, before, AT_ONCE).await?,
            Rows::Usage(old) => store.forget_usage(lease, old, AT_ONCE).await?,
        };
        let part = part.unwrap_or(0);
        removed += part;
        if part < u64::from(AT_ONCE) {
            break;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EnvironmentName, Revocation, RevocationSubject};
    use crate::store::memory::MemoryStore;
    use crate::store::{AuditEntry, Change, Subject, UseDigest, Write};

    fn digest(number: u64) -> UseDigest {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        UseDigest(bytes)
    }

    async fn revoke(store: &MemoryStore, id: &str, expires_at: i64) {
        let environment: EnvironmentName = "sandbox".parse().unwrap();
        let whose = RevocationSubject::Token { environment: environment.clone(), id: id.to_owned(), client_id: None };
        let subject = Subject::Token { environment, id: id.to_owned() };
        let audit = AuditEntry::local(Timestamp(0), "test", "token.revoke", subject);
        let revocation = Revocation { subject: whose, expires_at: Timestamp(expires_at) };
        store.commit(&Change { writes: vec![Write::Revoke(revocation)], audit }).await.unwrap();
    }

    #[tokio::test]
    async fn a_round_forgets_all_that_is_over_and_nothing_else() {
        let store = MemoryStore::new();
        for number in 0..2500 {
            store.use_once(&digest(number), Timestamp(1000)).await.unwrap();
        }
        store.use_once(&digest(9999), Timestamp(1001)).await.unwrap();
        for (id, expires_at) in [("over", 1000), ("live", 1001)] {
            revoke(&store, id, expires_at).await;
        }
        let now = Timestamp(1001 + USE_GRACE);
        assert_eq!(
            round(&store, "node", now).await.unwrap(),
            Some(Removed { uses: 2500, revocations: 1, ..Removed::default() })
        );
        let left = store.revocations(Position(0), 10).await.unwrap().revocations;
        assert_eq!(left.iter().map(|stored| stored.id.as_str()).collect::<Vec<_>>(), ["live"]);
        assert!(!store.use_once(&digest(9999), now).await.unwrap());
        assert!(store.use_once(&digest(0), now).await.unwrap());
    }

    #[tokio::test]
    async fn one_node_at_a_time_does_the_work() {
        let store = MemoryStore::new();
        let at = |seconds: i64| Timestamp(1000 + seconds);
        assert!(round(&store, "one", at(0)).await.unwrap().is_some());
        assert!(round(&store, "two", at(119)).await.unwrap().is_none());
        assert!(round(&store, "one", at(119)).await.unwrap().is_some());
        assert!(round(&store, "two", at(238)).await.unwrap().is_none());
        assert!(round(&store, "two", at(239)).await.unwrap().is_some());
    }
}
