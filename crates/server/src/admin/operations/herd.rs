//! Clients that ask for tokens far more often than their tokens expire.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName, TenantId};
use mintmark_core::usage::{HERD_FACTOR, HerdClient, UsageQuery, UsageStep, herd};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::usage;
use crate::admin::{Desk, Moment, Refusal, schema};

const DAY: i64 = 86_400;

/// What to look for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct HerdFilter {
    /// From the beginning of the hour that this moment is in; a day before the end where nobody says.
    pub from: Option<Moment>,
    /// To this moment. Now, where nobody says.
    pub to: Option<Moment>,
    /// How many times as many tokens as needed a client may obtain; 5 where nobody says.
    #[param(minimum = 2, maximum = 1_000_000)]
    pub factor: Option<u64>,
    /// Of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
}

/// Clients that do not keep their tokens, those with the most tokens first. Of all clients, the 500 busiest are looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Herd)]
pub struct HerdView {
    /// The clients.
    pub clients: Vec<HerdClientView>,
}

/// A client that obtained many more tokens than it needs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HerdClient)]
pub struct HerdClientView {
    /// The client.
    #[schema(value_type = schema::ClientId)]
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    #[schema(value_type = schema::TenantId)]
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

impl From<HerdClient> for HerdClientView {
    fn from(client: HerdClient) -> Self {
        let HerdClient { client_id, name, tenant_id, tokens, needed, factor, lifetime } = client;
        Self { client_id, name, tenant_id, tokens, needed, factor, lifetime }
    }
}

/// Clients of an environment, within reach.
pub async fn read(desk: &Desk, environment: &EnvironmentName, filter: &HerdFilter) -> Result<HerdView, Refusal> {
    desk.require(Permission::Read)?;
    let found = desk.environment(environment).await?;
    let to = filter.to.map_or_else(|| desk.registry.clock.now().plus(1), |to| to.0);
    let from = filter.from.map_or(Timestamp(to.0.saturating_sub(DAY)), |from| from.0);
    if from.0 < 0 || from >= to {
        return Err(Refusal::Invalid { field: "from", expected: "a moment after 1970 and before `to`".to_owned() });
    }
    let factor = filter.factor.unwrap_or(HERD_FACTOR);
    if !(2..=1_000_000).contains(&factor) {
        return Err(Refusal::Invalid { field: "factor", expected: "a whole number from 2 to 1000000".to_owned() });
    }
    let tenant = usage::tenant(desk, filter.tenant_id);
    let query = UsageQuery { tenant, ..UsageQuery::of(environment.clone(), (from, to), UsageStep::Hour) };
    let clients = herd(desk.store(), &desk.registry.dialects, &found.environment, (&query, factor)).await?;
    Ok(HerdView { clients: clients.into_iter().map(Into::into).collect() })
}
