//! Clients that ask for tokens far more often than their tokens expire.

use std::collections::BTreeMap;

use super::{OutcomeClass, UsageBy, UsageQuery};
use crate::dialect::DialectSet;
use crate::model::{Client, ClientId, Environment, TenantId};
use crate::store::{Read, Store};

/// How many times as many tokens as needed a client may obtain before it is told of, where nobody says.
pub const HERD_FACTOR: u64 = 5;
/// How many of the busiest clients are looked at.
const LOOKED_AT: usize = 500;

/// A client that obtains many more tokens than it needs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HerdClient {
    /// The client.
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// How many tokens it obtained.
    pub tokens: u64,
    /// How many one process needs that keeps each until it expires.
    pub needed: u64,
    /// How many times as many as needed it obtained.
    pub factor: u64,
    /// The life of its tokens in seconds: the shortest that one of its dialects gives by itself.
    pub lifetime: u32,
}

/// Clients that obtained at least `factor` times as many tokens as they need, those with the most tokens first. The period and the tenant
/// are the query's.
pub async fn herd<S: Store>(
    store: &S,
    dialects: &DialectSet,
    environment: &Environment,
    (query, factor): (&UsageQuery, u64),
) -> Read<Vec<HerdClient>> {
    let query = UsageQuery { by: UsageBy::Client, each_step: false, ..query.clone() };
    let (first, end) = query.periods();
    let seconds = u64::try_from(query.step.start(end).0.saturating_sub(query.step.start(first).0)).unwrap_or(0);
    let mut tokens: BTreeMap<ClientId, u64> = BTreeMap::new();
    for row in store.usage(&query).await?.rows {
        if let (OutcomeClass::Issued, Some(client)) = (row.outcome, row.client_id) {
            *tokens.entry(client).or_default() += row.requests;
        }
    }
    let mut busiest: Vec<(ClientId, u64)> = tokens.into_iter().filter(|(_, tokens)| *tokens >= factor).collect();
    busiest.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    busiest.truncate(LOOKED_AT);
    let mut found = Vec::new();
    for (id, tokens) in busiest {
        let Some(record) = store.client_record(&environment.name, &id).await?.value else { continue };
        let lifetime = lifetime_of(&record.client, dialects, environment);
        let needed = seconds.div_ceil(u64::from(lifetime)).max(1);
        if tokens / needed >= factor {
            let Client { name, tenant_id, .. } = record.client;
            found.push(HerdClient { client_id: id, name, tenant_id, tokens, needed, factor: tokens / needed, lifetime });
        }
    }
    Ok(found)
}

/// The shortest life that one of the client's dialects gives a token that asks for none.
fn lifetime_of(client: &Client, dialects: &DialectSet, environment: &Environment) -> u32 {
    let defaults = client.dialects.iter().filter_map(|name| dialects.get(name.as_str()));
    let default = defaults.map(|dialect| dialect.token.lifetime_default).min();
    let limits = [default, client.lifetime_max, Some(environment.lifetime_max)];
    limits.into_iter().flatten().min().unwrap_or(environment.lifetime_max).max(1)
}
