use std::collections::BTreeMap;

use super::{OutcomeClass, UsageKey, UsageLevel, UsageStep};
use crate::clock::Timestamp;
use crate::model::{BusinessId, ClientId, CredentialId, EnvironmentName, TenantId};

/// By what counts are told apart, besides by outcome and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// By nothing: one sum.
    Nothing,
    /// By tenant.
    Tenant,
    /// By client.
    Client,
    /// By credential.
    Credential,
    /// By business.
    Business,
}

/// A question about usage. What is named is one condition more: rows of another tenant than the one named are never counted
/// (rule S4), whatever else the question names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// The environment.
    pub environment: EnvironmentName,
    /// Of this tenant alone.
    pub tenant: Option<TenantId>,
    /// Of this client alone; with `client_to` of all from this one to that one.
    pub client: Option<ClientId>,
    /// The last of a range of clients, such as a page of a listing.
    pub client_to: Option<ClientId>,
    /// Of what this credential proved alone.
    pub credential: Option<CredentialId>,
    /// Of tokens that are scoped to this business alone, and what was refused after it was known.
    pub business: Option<BusinessId>,
    /// From the beginning of the step that this moment is in.
    pub from: Timestamp,
    /// To the end of the step before this moment's, or of this moment's if it is not its first second.
    pub to: Timestamp,
    /// How fine the counts are. Those of minutes reach back 48 hours, of hours 90 days, of days two years.
    pub step: UsageStep,
    /// Whether to tell each step, or one sum of all.
    pub each_step: bool,
    /// What to tell apart.
    pub by: UsageBy,
}

impl UsageQuery {
    /// One sum of the whole environment.
    pub fn of(environment: EnvironmentName, (from, to): (Timestamp, Timestamp), step: UsageStep) -> Self {
        Self {
            environment,
            tenant: None,
            client: None,
            client_to: None,
            credential: None,
            business: None,
            from,
            to,
            step,
            each_step: false,
            by: UsageBy::Nothing,
        }
    }

    /// The last client that is asked about, if any is named.
    pub fn last_client(&self) -> Option<&ClientId> {
        self.client_to.as_ref().or(self.client.as_ref())
    }

    /// The first period, and the first after the last.
    pub fn periods(&self) -> (i64, i64) {
        let end = self.to.0.saturating_add(self.step.seconds() - 1);
        (self.step.period(self.from), self.step.period(Timestamp(end)))
    }

    /// What the counts are about that answer it: the coarsest that will do.
    pub fn level(&self) -> UsageLevel {
        let is_about_clients = self.client.is_some() || self.credential.is_some() || self.business.is_some();
        match self.by {
            _ if is_about_clients => UsageLevel::Client,
            UsageBy::Client | UsageBy::Credential | UsageBy::Business => UsageLevel::Client,
            UsageBy::Tenant => UsageLevel::Tenant,
            UsageBy::Nothing if self.tenant.is_some() => UsageLevel::Tenant,
            UsageBy::Nothing => UsageLevel::Environment,
        }
    }
}

/// A count as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUsage {
    /// What it is about.
    pub key: UsageKey,
    /// The period, if each step was asked for.
    pub period: Option<i64>,
    /// How many requests.
    pub requests: u64,
}

/// An answer about usage. What was not told apart is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct UsageRow {
    /// When the step begins; for a sum of all when the first one does.
    pub start: Timestamp,
    /// The tenant.
    pub tenant_id: Option<TenantId>,
    /// The client.
    pub client_id: Option<ClientId>,
    /// The credential.
    pub credential_id: Option<CredentialId>,
    /// The business; none also for tokens that are scoped to none.
    pub business_id: Option<BusinessId>,
    /// What became of the requests.
    pub outcome: OutcomeClass,
    /// Why they were refused, by [`Denial::code`](crate::token::Denial::code); none for tokens.
    pub code: Option<String>,
    /// How many.
    pub requests: u64,
}

/// The answer to a question about usage, ordered by time and by what the question tells apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageAnswer {
    /// The sums.
    pub rows: Vec<UsageRow>,
    /// Whether there was more than one question reads, so that something is left out: the earliest of steps that are told each, and of
    /// sums those of what asked longest ago.
    pub is_cut: bool,
}

impl std::ops::Deref for UsageAnswer {
    type Target = [UsageRow];

    fn deref(&self) -> &[UsageRow] {
        &self.rows
    }
}

impl IntoIterator for UsageAnswer {
    type Item = UsageRow;
    type IntoIter = std::vec::IntoIter<UsageRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

/// Whether a count of a key answers a question, its time apart.
pub fn is_asked_for(query: &UsageQuery, key: &UsageKey) -> bool {
    let is_clients = query.client.as_ref().is_none_or(|first| {
        key.client_id.as_ref().is_some_and(|client| first <= client && Some(client) <= query.last_client())
    });
    is_clients
        && key.level == query.level()
        && key.environment == query.environment
        && query.tenant.is_none_or(|tenant| key.tenant_id == Some(tenant))
        && query.credential.is_none_or(|credential| key.credential_id == Some(credential))
        && query.business.is_none_or(|business| key.business_id == Some(business))
}

/// The answer that counts add up to, ordered by time, then by what is told apart.
pub fn add_up(query: &UsageQuery, stored: impl IntoIterator<Item = StoredUsage>) -> Vec<UsageRow> {
    let first = query.periods().0;
    let mut sums: BTreeMap<UsageRow, u64> = BTreeMap::new();
    for StoredUsage { key, period, requests } in stored {
        let UsageKey { tenant_id, client_id, credential_id, business_id, outcome, code, .. } = key;
        let row = UsageRow {
            start: query.step.start(period.unwrap_or(first)),
            tenant_id: tenant_id.filter(|_| query.by == UsageBy::Tenant),
            client_id: client_id.filter(|_| query.by == UsageBy::Client),
            credential_id: credential_id.filter(|_| query.by == UsageBy::Credential),
            business_id: business_id.filter(|_| query.by == UsageBy::Business),
            outcome,
            code: Some(code.into_owned()).filter(|code| !code.is_empty()),
            requests: 0,
        };
        let sum = sums.entry(row).or_insert(0);
        *sum = sum.saturating_add(requests);
    }
    sums.into_iter().map(|(row, requests)| UsageRow { requests, ..row }).collect()
}
