//! A memory of proofs that were used (RFC 9449 section 11.1).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256};

use super::{MAX_AGE_SECONDS, Proof};

/// Remembers each proof for as long as it is good, in this process.
///
/// It is bounded, and never forgets a proof early to make room for another: whoever sends many would make room for replays.
/// Instead it takes no more proofs of a client that has too many, or of anyone when it is full.
///
/// Several processes that serve one resource, and a process that starts anew, do not know of each other's proofs.
/// [`Nonces`](super::Nonces) with a key for each process keep proofs apart.
pub struct ReplayMemory {
    most: usize,
    most_of_a_client: usize,
    used: Mutex<Used>,
}

/// The first half of a SHA-256.
type Id = [u8; 16];

#[derive(Default)]
struct Used {
    proofs: HashSet<Id>,
    clients: HashMap<Id, usize>,
    /// Proofs and their clients by the last second in which the proof is good.
    by_end: BTreeMap<i64, Vec<(Id, Id)>>,
    /// Proofs that were good until before this time are forgotten.
    forgotten_before: Option<i64>,
}

/// Why a proof is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// It was used before, or may have been: it is so old that it would be forgotten already.
    Replayed,
    /// The client has as many proofs in memory as one may have, or the memory is full. Nothing is wrong with the proof.
    Full,
}

impl ReplayMemory {
    /// A memory for `most` proofs, some 100 bytes each, and of these at most `most_of_a_client` of one client: as many as
    /// it can use within [`MAX_AGE_SECONDS`].
    pub fn new(most: usize, most_of_a_client: usize) -> Self {
        Self { most, most_of_a_client, used: Mutex::default() }
    }

    /// Takes note that a client uses a proof; an error if that is not the first time. Of many who use one proof at once,
    /// one succeeds.
    pub fn use_once(&self, client_id: &str, proof: &Proof, now_unix_seconds: i64) -> Result<(), ReplayError> {
        let id = hash(&proof.thumbprint, &proof.jti);
        let client = hash("", client_id);
        let end = proof.issued_at.saturating_add(MAX_AGE_SECONDS);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget_before(now_unix_seconds);
        // After the clock was set back, a proof can be good again that was forgotten when it was not.
        if used.forgotten_before.is_some_and(|time| end < time) || used.proofs.contains(&id) {
            return Err(ReplayError::Replayed);
        }
        let of_client = used.clients.get(&client).copied().unwrap_or(0);
        if used.proofs.len() >= self.most || of_client >= self.most_of_a_client {
            return Err(ReplayError::Full);
        }
        used.proofs.insert(id);
        used.clients.insert(client, of_client + 1);
        used.by_end.entry(end).or_default().push((id, client));
        Ok(())
    }
}

impl Used {
    fn forget_before(&mut self, now: i64) {
        while let Some(entry) = self.by_end.first_entry().filter(|entry| *entry.key() < now) {
            for (proof, client) in entry.remove() {
                self.proofs.remove(&proof);
                if let Some(number) = self.clients.get_mut(&client) {
                    *number = number.saturating_sub(1);
                    if *number == 0 {
                        self.clients.remove(&client);
                    }
                }
            }
        }
        self.forgotten_before = self.forgotten_before.max(Some(now));
    }
}

/// A thumbprint has no zero byte in it, so that two pairs never hash the same bytes.
fn hash(one: &str, other: &str) -> Id {
    let mut context = Context::new(&SHA256);
    context.update(one.as_bytes());
    context.update(&[0]);
    context.update(other.as_bytes());
    let mut id = Id::default();
    id.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    id
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.used.lock().unwrap_or_else(PoisonError::into_inner).proofs.len();
        formatter.debug_struct("ReplayMemory").field("held", &held).field("most", &self.most).finish_non_exhaustive()
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Replayed => "the DPoP proof was used before",
            Self::Full => "too many DPoP proofs are in use",
        })
    }
}

impl Error for ReplayError {}

#[cfg(test)]
mod tests;
