//! What is noted of each answer. It costs the token path a few hundred instructions and no memory but for a new row: each thread
//! notes on a shard of its own, so that no two cores wait for each other.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::OutcomeClass;
use super::flush::{Unsent, WriterId};
use super::refusal::{Refusal, Waiting};
use crate::clock::Timestamp;
use crate::model::{BusinessId, ClientId, CredentialId, DialectName, EnvironmentName, TenantId};
use crate::random::Random;
use crate::token::Denial;

/// How many shards there are; of more threads some share one.
const SHARDS: usize = 16;
/// How many rows wait for a flush that are about one client; the others are counted as their tenant's alone. Since a flush comes
/// once a minute at least, it bounds what a crowd of clients writes to the store, too.
pub(super) const CLIENT_ROWS: usize = 30_000;
/// How many rows wait in all; what is above is counted as its environment's alone.
const ROWS: usize = 2 * CLIENT_ROWS;

/// A request, as far as it is known before it is read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The wire format.
    pub dialect: &'a DialectName,
    /// The id that the server gave the request.
    pub request_id: &'a str,
    /// Who sent it, on the network.
    pub source: IpAddr,
}

/// Whose request it is, as far as that was found out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Who<'a> {
    /// The client, if there is one of the name given.
    pub client_id: Option<&'a ClientId>,
    /// Its tenant.
    pub tenant_id: Option<TenantId>,
    /// What proved it.
    pub credential_id: Option<CredentialId>,
    /// The business that the token is scoped to.
    pub business_id: Option<BusinessId>,
}

/// How many requests of one kind there were in one minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageCount {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose client; none if no client is known.
    pub tenant_id: Option<TenantId>,
    /// The client; none if it is not known or there were too many.
    pub client_id: Option<ClientId>,
    /// What proved it; none if nothing did.
    pub credential_id: Option<CredentialId>,
    /// The business that the tokens are scoped to.
    pub business_id: Option<BusinessId>,
    /// What became of them.
    pub outcome: OutcomeClass,
    /// [`Denial::code`]; empty for tokens.
    pub code: &'static str,
    /// In which wire format they came.
    pub dialect: DialectName,
    /// The minute, counted from 1970.
    pub minute: i64,
    /// How many.
    pub requests: u64,
}

/// A row without its number of requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    minute: i64,
    outcome: OutcomeClass,
    /// The place of the dialect in its shard.
    dialect: u16,
    code: &'static str,
    credential_id: Option<CredentialId>,
    business_id: Option<BusinessId>,
    tenant_id: Option<TenantId>,
    client_id: Option<ClientId>,
    environment: EnvironmentName,
}

impl Hash for Row {
    /// A credential is of one client, a client of one tenant, and nearly every row has a credential: what it says is left out.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = |bytes: [u8; 16]| u128::from_ne_bytes(bytes);
        let business = self.business_id.map_or(0, |id| number(id.to_bytes()));
        match (self.credential_id, &self.client_id) {
            (Some(credential), _) => state.write_u128(number(credential.to_bytes()) ^ business.rotate_left(64)),
            (None, Some(client)) => client.hash(state),
            (None, None) => state.write_u128(self.tenant_id.map_or(0, |id| number(id.to_bytes()))),
        }
        state.write_i64(self.minute << 3 | self.outcome as i64);
    }
}

impl Row {
    /// The same, counted for no client.
    fn of_tenant(self) -> Self {
        Self { credential_id: None, business_id: None, client_id: None, ..self }
    }

    /// The same, counted for the environment alone.
    fn of_environment(self) -> Self {
        Self { tenant_id: None, ..self.of_tenant() }
    }

    pub(super) fn counted(self, requests: u64, dialects: &[DialectName]) -> Option<UsageCount> {
        let Self { minute, outcome, dialect, code, credential_id, business_id, tenant_id, client_id, environment } = self;
        let dialect = dialects.get(usize::from(dialect))?.clone();
        Some(UsageCount {
            environment,
            tenant_id,
            client_id,
            credential_id,
            business_id,
            outcome,
            code,
            dialect,
            minute,
            requests,
        })
    }
}

/// What the threads of one shard noted.
#[derive(Debug, Default)]
pub(super) struct Shard {
    counts: HashMap<Row, u64>,
    /// The dialects of the counts: few, and found without touching memory that other threads write to.
    dialects: Vec<DialectName>,
    refusals: Waiting,
}

impl Shard {
    fn place_of(&mut self, dialect: &DialectName) -> u16 {
        let known = self.dialects.iter().position(|known| known == dialect);
        let at = known.unwrap_or_else(|| {
            self.dialects.push(dialect.clone());
            self.dialects.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

/// A shard has its cache lines for itself.
#[derive(Debug, Default)]
#[repr(align(128))]
struct OwnLine(Mutex<Shard>);

/// Usage that was noted and is not in the store yet: one for a whole server.
#[derive(Debug)]
pub struct Usage {
    /// In a box, since a node is moved while it is made.
    shards: Box<[OwnLine; SHARDS]>,
    /// How many rows the shards have.
    rows: AtomicUsize,
    writer: WriterId,
    pub(super) unsent: tokio::sync::Mutex<Unsent>,
}

/// What was taken out of memory.
pub(super) struct Taken {
    pub(super) counts: Vec<UsageCount>,
    pub(super) refusals: Vec<Refusal>,
}

impl Usage {
    /// Nothing noted yet. `random` names this process to the store.
    pub fn new(random: &dyn Random) -> Self {
        let mut writer = [0; 16];
        random.fill(&mut writer);
        let writer = WriterId(writer);
        let unsent = tokio::sync::Mutex::new(Unsent::new(writer));
        Self { shards: Box::default(), rows: AtomicUsize::new(0), writer, unsent }
    }

    /// This process, as the store knows who counts.
    pub fn writer(&self) -> WriterId {
        self.writer
    }

    /// Notes an answer: a token, or why there is none.
    pub fn note(&self, asked: &Asked<'_>, who: &Who<'_>, result: Result<(), &Denial>, now: Timestamp) {
        let (outcome, code) = result.map_or_else(|denial| (denial.into(), denial.code()), |()| (OutcomeClass::Issued, ""));
        // Being told a nonce needs no explanation, and comes again and again.
        let refusal = result.err().filter(|denial| !matches!(denial, Denial::ProofNonceNeeded(_)));
        let refusal = refusal.map(|denial| Refusal::of(asked, who, denial, now));
        // A client of an unknown tenant would be in no tenant's sum.
        let client_id = who.client_id.filter(|_| who.tenant_id.is_some()).cloned();
        let mut shard = self.shard();
        let row = Row {
            dialect: shard.place_of(asked.dialect),
            minute: now.0.div_euclid(60),
            outcome,
            code,
            credential_id: who.credential_id,
            business_id: who.business_id,
            tenant_id: who.tenant_id,
            client_id,
            environment: asked.environment.clone(),
        };
        if let Some(refusal) = refusal {
            shard.refusals.add(refusal);
        }
        if let Some(requests) = shard.counts.get_mut(&row) {
            *requests += 1;
        } else {
            let rows = self.rows.load(Ordering::Relaxed);
            self.add(&mut shard, if rows < CLIENT_ROWS { row } else { coarser(row, rows) });
        }
    }

    /// Why a request was refused, while that waits to be written down. Looking writes nothing.
    pub async fn waiting_refusal(&self, request_id: &str) -> Option<Refusal> {
        // What a flush took out of memory is in the store when it lets go, or still here.
        let unsent = self.unsent.lock().await;
        let noted = || self.shards.iter().find_map(|shard| locked(shard).refusals.of_request(request_id).cloned());
        unsent.refusal(request_id).cloned().or_else(noted)
    }

    /// Whether something waits.
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| {
            let shard = locked(shard);
            shard.counts.is_empty() && shard.refusals.is_empty()
        })
    }

    /// How many rows wait for the next flush.
    pub fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    fn add(&self, shard: &mut Shard, row: Row) {
        let requests = shard.counts.entry(row).or_insert(0);
        if *requests == 0 {
            self.rows.fetch_add(1, Ordering::Relaxed);
        }
        *requests += 1;
    }

    /// Takes all that was noted, each kind once.
    pub(super) fn take(&self) -> Taken {
        let mut counts: HashMap<UsageCount, u64> = HashMap::new();
        let mut refusals = Vec::new();
        for shard in &*self.shards {
            let Shard { counts: noted, dialects, refusals: waiting } = std::mem::take(&mut *locked(shard));
            self.rows.fetch_sub(noted.len(), Ordering::Relaxed);
            for (row, requests) in noted {
                if let Some(count) = row.counted(0, &dialects) {
                    *counts.entry(count).or_insert(0) += requests;
                }
            }
            refusals.extend(waiting.into_refusals());
        }
        let mut counts: Vec<_> = counts.into_iter().map(|(count, requests)| UsageCount { requests, ..count }).collect();
        counts.sort_unstable();
        Taken { counts, refusals }
    }

    fn shard(&self) -> MutexGuard<'_, Shard> {
        let [first, ..] = &*self.shards;
        locked(self.shards.get(own_shard()).unwrap_or(first))
    }
}

fn coarser(row: Row, rows: usize) -> Row {
    if rows < ROWS { row.of_tenant() } else { row.of_environment() }
}

fn locked(shard: &OwnLine) -> MutexGuard<'_, Shard> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shard of this thread.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            own.set(Some(shard));
            shard
        })
    })
}
