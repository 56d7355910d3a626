use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::{Asked, Who};
use crate::clock::Timestamp;
use crate::management::{Authority, Reach};
use crate::model::{BusinessId, ClientId, CredentialId, DialectName, EnvironmentName, TenantId};
use crate::token::Denial;

/// How many refusals the store keeps of one client, for each code: so many tries with a wrong secret push out no other reason.
pub const REFUSALS_OF_CLIENT: u32 = 20;
/// How many it keeps of one environment where no client is known, for each code.
pub const REFUSALS_OF_UNKNOWN: u32 = 100;
/// How many it keeps of one tenant in one environment.
pub const REFUSALS_OF_TENANT: u32 = 2000;
/// How many of one client wait for the next flush, on each shard.
const WAITING_OF_CLIENT: usize = 8;
/// How many clients there are of whom some wait, on each shard, and how many of one tenant, so that none keeps out all others.
const WAITING_CLIENTS: usize = 512;
const WAITING_CLIENTS_OF_TENANT: usize = 64;
/// How many wait where no client is known, on each shard.
const WAITING_OF_UNKNOWN: usize = 32;
/// The longest detail that is kept, in characters.
const DETAIL: usize = 500;

/// Why a token request was refused, kept for those who may know. It holds nothing that the request said: no secret, no name that
/// is no client's, no credential.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The id that the answer and the log name the request by.
    pub request_id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// Where.
    pub environment: EnvironmentName,
    /// The wire format.
    pub dialect: DialectName,
    /// The client, if there is one of the name given.
    pub client_id: Option<ClientId>,
    /// Whose client that is.
    pub tenant_id: Option<TenantId>,
    /// What proved it, where it was proved.
    pub credential_id: Option<CredentialId>,
    /// The business that the token would have been scoped to, where that was decided.
    pub business_id: Option<BusinessId>,
    /// Who sent the request, on the network.
    pub source: IpAddr,
    /// [`Denial::code`].
    pub code: String,
    /// The private reason in words, for those alone who may know.
    pub detail: String,
}

impl Refusal {
    pub(super) fn of(asked: &Asked<'_>, who: &Who<'_>, denial: &Denial, now: Timestamp) -> Self {
        // Names of parameters come from the request; what cannot be shown is no text for a database either.
        let detail = denial.to_string().chars().filter(|one| !one.is_control()).take(DETAIL).collect();
        Self {
            request_id: asked.request_id.to_owned(),
            at: now,
            environment: asked.environment.clone(),
            dialect: asked.dialect.clone(),
            client_id: who.client_id.cloned(),
            tenant_id: who.tenant_id,
            credential_id: who.credential_id,
            business_id: who.business_id,
            source: asked.source,
            code: denial.code().to_owned(),
            detail,
        }
    }

    /// Whether somebody may see it: the client's own tenant and operators, and operators alone where no client is known (rule S5).
    pub fn may_be_seen_by(&self, authority: &Authority) -> bool {
        self.tenant_id.map_or(authority.reach() == Reach::Operator, |tenant| authority.reaches(tenant))
    }
}

/// Of which client refusals are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedClient {
    /// All, and where no client is known.
    Any,
    /// Those alone where no client is known.
    Unknown,
    /// This one.
    Only(ClientId),
}

/// Which refusals are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalFilter {
    /// The environment.
    pub environment: EnvironmentName,
    /// Of this tenant's clients alone.
    pub tenant: Option<TenantId>,
    /// Of which client.
    pub client: RefusedClient,
    /// With this code alone.
    pub code: Option<String>,
}

impl RefusalFilter {
    /// All of an environment.
    pub fn of(environment: EnvironmentName) -> Self {
        Self { environment, tenant: None, client: RefusedClient::Any, code: None }
    }

    /// Whether a refusal is asked for.
    pub fn takes(&self, refusal: &Refusal) -> bool {
        let is_clients = match &self.client {
            RefusedClient::Any => true,
            RefusedClient::Unknown => refusal.client_id.is_none(),
            RefusedClient::Only(client) => refusal.client_id.as_ref() == Some(client),
        };
        is_clients
            && refusal.environment == self.environment
            && self.tenant.is_none_or(|tenant| refusal.tenant_id == Some(tenant))
            && self.code.as_ref().is_none_or(|code| refusal.code == *code)
    }
}

/// Where a page of refusals goes on: only those before this one, in time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedBefore {
    /// The time of the last refusal that was seen.
    pub at: Timestamp,
    /// Its request.
    pub request_id: String,
}

impl From<&Refusal> for RefusedBefore {
    fn from(refusal: &Refusal) -> Self {
        Self { at: refusal.at, request_id: refusal.request_id.clone() }
    }
}

/// Refusals that wait for the next flush: the last of each client, so that nobody's tries push out another's.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    of_clients: HashMap<(EnvironmentName, ClientId), VecDeque<Refusal>>,
    /// How many of these clients are of each tenant.
    clients: HashMap<Option<TenantId>, usize>,
    of_unknown: VecDeque<Refusal>,
}

impl Waiting {
    pub(super) fn add(&mut self, refusal: Refusal) {
        let Some(client_id) = &refusal.client_id else {
            return push_bounded(&mut self.of_unknown, refusal, WAITING_OF_UNKNOWN);
        };
        let key = (refusal.environment.clone(), client_id.clone());
        if !self.of_clients.contains_key(&key) {
            let of_tenant = self.clients.entry(refusal.tenant_id).or_default();
            if self.of_clients.len() >= WAITING_CLIENTS || *of_tenant >= WAITING_CLIENTS_OF_TENANT {
                return;
            }
            *of_tenant += 1;
        }
        push_bounded(self.of_clients.entry(key).or_default(), refusal, WAITING_OF_CLIENT);
    }

    /// The one of a request.
    pub(super) fn of_request(&self, request_id: &str) -> Option<&Refusal> {
        let all = self.of_clients.values().flatten().chain(&self.of_unknown);
        all.into_iter().find(|refusal: &&Refusal| refusal.request_id == request_id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of_clients.is_empty() && self.of_unknown.is_empty()
    }

    pub(super) fn into_refusals(self) -> impl Iterator<Item = Refusal> {
        self.of_clients.into_values().flatten().chain(self.of_unknown)
    }
}

fn push_bounded(queue: &mut VecDeque<Refusal>, refusal: Refusal, limit: usize) {
    if queue.len() >= limit {
        queue.pop_front();
    }
    queue.push_back(refusal);
}
