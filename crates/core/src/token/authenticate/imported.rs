//! A secret that the store holds as another server's slow hash (rules S6 and S9).
//!
//! Each takes a tenth of a second and more of a core, so it happens on threads of its own, once: the first time that the secret is
//! right it is stored under the pepper, and the hash is gone. Until then
//!
//! - of one client at most one hash is computed at a time, so that whoever knows its name takes one thread at most;
//! - of one client at most [`SECRETS_OF_SOURCE`] different secrets of one network wait; of one network at most half of what may wait in all;
//! - networks that lately sent a wrong secret for the client share [`SECRETS_OF_SUSPECTS`] of its places, the others are for those that did
//!   not, and where its secret was right before there is always a place. So whoever sends wrong ones from some networks cannot fill its
//!   queue: each network takes part in that with its first ones alone, and for the time that these take;
//! - what was found out once is remembered: a wrong secret that comes again costs nothing, and neither does the right one before the
//!   store has it.
//!
//! Who asks can tell by the time that a client was brought along and has not called yet. It is told nothing else by it.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use quick_cache::sync::Cache;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Matched;
use crate::crypto::{HashThreads, HashesBusy, ImportedHash, SecretOwner, SecretText};
use crate::directory::{KnownClient, KnownCredential};
use crate::model::{ClientId, EnvironmentName, Status, StoredSecret};
use crate::store::Store;
use crate::token::limits::network_of;
use crate::token::{Caller, Denial, TokenEndpoint};

/// How many different secrets wait for one client at most.
const SECRETS_OF_CLIENT: usize = 16;
/// How many of them come from one network.
const SECRETS_OF_SOURCE: usize = 2;
/// How many of them come from networks that lately sent a wrong one.
const SECRETS_OF_SUSPECTS: usize = SECRETS_OF_CLIENT / 2;
/// For how many milliseconds a network is known by what it sent for a client: as long as some hundred or thousand hashes take.
const LATELY: u64 = 600_000;
/// How many requests with one secret wait for one client at most.
const ALIKE: usize = 256;
/// How many answers are remembered, of each kind. They are true for ever, and take some 100 bytes each.
const REMEMBERED: usize = 20_000;

/// Where secrets are compared with imported hashes.
pub struct ImportedSecrets {
    threads: HashThreads,
    places: Arc<Mutex<Places>>,
    right: Cache<Mark, ()>,
    wrong: Cache<Mark, ()>,
    /// When a network's secret for a client was last wrong, and when right, on the boot-time clock.
    suspects: Cache<(Owner, IpAddr), u64>,
    proven: Cache<(Owner, IpAddr), u64>,
}

/// Whose secret it is said to be, and where and when that is said.
#[derive(Clone)]
struct Asked {
    owner: Owner,
    source: IpAddr,
    /// In milliseconds on the boot-time clock.
    at: u64,
}

/// How a network stands with a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its secret was right before.
    Proven,
    Unknown,
    /// It sent a wrong one.
    Suspect,
}

/// What is noted of a network once it is dropped.
struct Judgement<'a> {
    secrets: &'a ImportedSecrets,
    asked: &'a Asked,
    standing: Standing,
}

impl Drop for Judgement<'_> {
    fn drop(&mut self) {
        let Asked { owner, source, at } = self.asked;
        let known = match self.standing {
            Standing::Proven => &self.secrets.proven,
            Standing::Suspect => &self.secrets.suspects,
            Standing::Unknown => return,
        };
        known.insert((owner.clone(), *source), *at);
    }
}

/// A secret and a hash, as a digest that only somebody with the pepper can compute.
type Mark = [u8; 32];
type Owner = (EnvironmentName, ClientId);

#[derive(Default)]
struct Places {
    lanes: HashMap<Owner, Lane>,
    by_source: HashMap<IpAddr, usize>,
}

/// What waits for one client.
#[derive(Default)]
struct Lane {
    turn: Arc<Turn<()>>,
    secrets: Vec<Waiting>,
}

struct Waiting {
    mark: Mark,
    source: IpAddr,
    standing: Standing,
    requests: usize,
}

/// A request's place in the lane of its client, until it is dropped.
struct Place {
    places: Arc<Mutex<Places>>,
    owner: Owner,
    mark: Mark,
    turn: Arc<Turn<()>>,
}

/// A hash that a secret may be of.
struct Candidate {
    at: usize,
    hash: ImportedHash,
    /// What is stored in its place if it is.
    stored: StoredSecret,
    mark: Mark,
}

/// Which hashes are meant. That one which is not in force is right speaks for no network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InForce {
    Yes,
    No,
}

impl std::fmt::Debug for ImportedSecrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ImportedSecrets({:?})", self.threads)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Whether the secret is one of the client's that were imported as hashes.
    pub(super) async fn by_imported_hash(
        &self,
        caller: &Caller<'_>,
        known: &Arc<KnownClient>,
        secret: &SecretText,
    ) -> Result<Matched, Denial> {
        let owner = (known.environment.clone(), known.id.clone());
        let asked = Asked { owner, source: network_of(caller.source), at: self.clock.boot_milliseconds() };
        let among = |wanted| (self.candidates(known, secret, wanted), wanted);
        let mut found = self.imported.find(among(InForce::Yes), secret, asked.clone()).await;
        // A dry run says why: that the secret is the one that was turned off, or its client's. A request is told that it is wrong, which
        // is the same on the wire, and nobody computes for what could not be used.
        if caller.is_rehearsal && matches!(found, Ok(None)) {
            found = self.imported.find(among(InForce::No), secret, asked).await;
        }
        let candidate = found.map_err(|HashesBusy| Denial::HashesBusy)?.ok_or(Denial::WrongSecret)?;
        // It took long: the client may have been changed meanwhile.
        let now_known = self.directory.client(&known.environment, &known.id).await?.ok_or(Denial::UnknownClient)?;
        let id = known.credentials().get(candidate.at).map(|credential| credential.id);
        let at = now_known.credentials().iter().position(|credential| Some(credential.id) == id).ok_or(Denial::WrongSecret)?;
        self.accept_secret(caller, &now_known, at)?;
        let is_hashed = now_known.credentials().get(at).is_some_and(|credential| credential.imported_hash().is_some());
        if is_hashed && !caller.is_rehearsal {
            self.directory.note_renewed(&now_known, at, candidate.stored);
        }
        Ok(Matched { known: now_known, at })
    }

    /// The hashes that are in force, or those that are not, each with what it would be under the pepper.
    fn candidates(&self, known: &KnownClient, secret: &SecretText, wanted: InForce) -> Vec<Candidate> {
        let now = self.clock.now();
        let is_client_active = known.status == Status::Active;
        let is_wanted =
            |credential: &KnownCredential| (is_client_active && credential.is_in_force(now)) == (wanted == InForce::Yes);
        let candidate = |(at, credential): (usize, &KnownCredential)| {
            let hash = ImportedHash::from_stored(credential.imported_hash()?)?;
            let owner = SecretOwner { environment: &known.environment, client_id: &known.id, credential_id: credential.id };
            let stored = self.root_keys.peppers.store(owner, secret)?;
            let mark = mark_of(&stored, &hash);
            Some(Candidate { at, hash, stored, mark })
        };
        known.credentials().iter().enumerate().filter(|(_, credential)| is_wanted(credential)).filter_map(candidate).collect()
    }
}

impl ImportedSecrets {
    /// Starts `threads` threads.
    pub fn start(threads: usize) -> io::Result<Self> {
        Ok(Self::on(HashThreads::start(threads)?))
    }

    fn on(threads: HashThreads) -> Self {
        Self {
            threads,
            places: Arc::default(),
            right: Cache::new(REMEMBERED),
            wrong: Cache::new(REMEMBERED),
            suspects: Cache::new(REMEMBERED),
            proven: Cache::new(REMEMBERED),
        }
    }

    /// Threads that nobody works on, with room for so many.
    #[cfg(test)]
    pub(crate) fn stuck(room: usize) -> Self {
        Self::on(HashThreads::stuck(room))
    }

    /// How many secrets wait to be compared.
    pub fn waiting(&self) -> usize {
        self.threads.waiting()
    }

    /// The candidate whose secret it is.
    async fn find(
        &self,
        (candidates, wanted): (Vec<Candidate>, InForce),
        secret: &SecretText,
        asked: Asked,
    ) -> Result<Option<Candidate>, HashesBusy> {
        let candidates = match self.remembered(candidates) {
            Ok(right) => return Ok(Some(right)),
            Err(unknown) => unknown,
        };
        let Some(mark) = candidates.first().map(|first| first.mark) else { return Ok(None) };
        let place = self.take_place(&asked, mark)?;
        // Whoever goes away before its turn and comes again would keep its place for ever, so that counts as a wrong secret does.
        let mut judgement = Judgement { secrets: self, asked: &asked, standing: Standing::Suspect };
        let turn = Arc::clone(&place.turn).lock_owned().await;
        let is_right = match wanted {
            InForce::Yes => Standing::Proven,
            InForce::No => Standing::Unknown,
        };
        // Somebody with the same secret may have found it out.
        let candidates = match self.remembered(candidates) {
            Ok(right) => {
                judgement.standing = is_right;
                return Ok(Some(right));
            }
            Err(unknown) => unknown,
        };
        let found = self.compute(candidates, secret, (turn, place)).await;
        judgement.standing = match &found {
            Ok(Some(_)) => is_right,
            Ok(None) => Standing::Suspect,
            Err(HashesBusy) => Standing::Unknown,
        };
        found
    }

    /// How a network stands with a client, by what it sent lately.
    fn standing(&self, Asked { owner, source, at }: &Asked) -> Standing {
        let key = (owner.clone(), *source);
        let is_lately =
            |known: &Cache<(Owner, IpAddr), u64>| known.get(&key).is_some_and(|then| at.saturating_sub(then) < LATELY);
        if is_lately(&self.proven) {
            Standing::Proven
        } else if is_lately(&self.suspects) {
            Standing::Suspect
        } else {
            Standing::Unknown
        }
    }

    /// One of the candidates that is known to be right, or else those that nothing is known of.
    fn remembered(&self, candidates: Vec<Candidate>) -> Result<Candidate, Vec<Candidate>> {
        let mut unknown = Vec::new();
        for candidate in candidates {
            if self.right.get(&candidate.mark).is_some() {
                return Ok(candidate);
            }
            if self.wrong.get(&candidate.mark).is_none() {
                unknown.push(candidate);
            }
        }
        Err(unknown)
    }

    /// It is the client's turn until the work is done, also if nobody waits for it any more.
    async fn compute(
        &self,
        candidates: Vec<Candidate>,
        secret: &SecretText,
        turn: (OwnedMutexGuard<()>, Place),
    ) -> Result<Option<Candidate>, HashesBusy> {
        if candidates.is_empty() {
            return Ok(None);
        }
        let hashes = candidates.iter().map(|candidate| candidate.hash.clone()).collect();
        let found = self.threads.find(hashes, secret.clone(), turn).await?;
        let Some(at) = found else {
            for candidate in &candidates {
                self.wrong.insert(candidate.mark, ());
            }
            return Ok(None);
        };
        let right = candidates.into_iter().nth(at);
        if let Some(candidate) = &right {
            self.right.insert(candidate.mark, ());
        }
        Ok(right)
    }

    fn take_place(&self, asked: &Asked, mark: Mark) -> Result<Place, HashesBusy> {
        let standing = self.standing(asked);
        let (owner, source) = (asked.owner.clone(), asked.source);
        let mut guard = lock(&self.places);
        let Places { lanes, by_source } = &mut *guard;
        let of_source = by_source.get(&source).copied().unwrap_or(0);
        let secrets = lanes.get(&owner).map_or(&[][..], |lane| &lane.secrets);
        let alike = secrets.iter().find(|waiting| waiting.mark == mark).map_or(0, |waiting| waiting.requests);
        let from_here = secrets.iter().filter(|waiting| waiting.source == source).count();
        let is_full = if alike > 0 {
            alike >= ALIKE
        } else {
            let share = (self.threads.room() / 2).max(1);
            let of_standing = |standing| secrets.iter().filter(|waiting| waiting.standing == standing).count();
            let has_no_place = match standing {
                Standing::Proven => false,
                Standing::Unknown => secrets.len() - of_standing(Standing::Proven) >= SECRETS_OF_CLIENT,
                Standing::Suspect => {
                    of_standing(Standing::Suspect) >= SECRETS_OF_SUSPECTS
                        || secrets.len() - of_standing(Standing::Proven) >= SECRETS_OF_CLIENT
                }
            };
            has_no_place || from_here >= SECRETS_OF_SOURCE || of_source >= share
        };
        if is_full {
            return Err(HashesBusy);
        }
        let lane = lanes.entry(owner.clone()).or_default();
        if let Some(waiting) = lane.secrets.iter_mut().find(|waiting| waiting.mark == mark) {
            waiting.requests += 1;
        } else {
            lane.secrets.push(Waiting { mark, source, standing, requests: 1 });
            *by_source.entry(source).or_default() += 1;
        }
        let turn = Arc::clone(&lane.turn);
        drop(guard);
        Ok(Place { places: Arc::clone(&self.places), owner, mark, turn })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut guard = lock(&self.places);
        let Places { lanes, by_source } = &mut *guard;
        let Some(lane) = lanes.get_mut(&self.owner) else { return };
        let Some(at) = lane.secrets.iter().position(|waiting| waiting.mark == self.mark) else { return };
        let is_last = lane.secrets.get_mut(at).is_some_and(|waiting| {
            waiting.requests -= 1;
            waiting.requests == 0
        });
        if is_last {
            let source = lane.secrets.swap_remove(at).source;
            if let Some(held) = by_source.get_mut(&source) {
                *held -= 1;
                if *held == 0 {
                    by_source.remove(&source);
                }
            }
        }
        if lane.secrets.is_empty() {
            lanes.remove(&self.owner);
        }
    }
}

fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is remembered is bound to the hash as well, so that another one in its row is computed anew.
fn mark_of(stored: &StoredSecret, hash: &ImportedHash) -> Mark {
    let mut context = Context::new(&SHA256);
    context.update(&stored.mac);
    context.update(&hash.to_stored().mac);
    let mut mark = Mark::default();
    mark.copy_from_slice(context.finish().as_ref());
    mark
}

#[cfg(test)]
mod tests;
