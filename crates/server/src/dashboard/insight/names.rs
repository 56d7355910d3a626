//! What people call what has an id. Pages show a few dozen at most, so they are looked up one by one.

use std::collections::BTreeMap;

use mintmark_core::management::{Principal, Reach};
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, TenantId};
use mintmark_core::store::{PeopleStore, Store};

use crate::admin::Refusal;
use crate::dashboard::seat::Seat;
use crate::dashboard::words;

/// The tenant whose objects alone somebody reaches.
pub(super) fn own_tenant(seat: &Seat) -> Option<TenantId> {
    match seat.signed_in.authority.reach() {
        Reach::Operator => None,
        Reach::Tenant(id) => Some(id),
    }
}

/// The names of clients within reach.
pub(in crate::dashboard) async fn of_clients(
    seat: &Seat,
    environment: &EnvironmentName,
    ids: Vec<ClientId>,
) -> Result<BTreeMap<ClientId, String>, Refusal> {
    let mut names = BTreeMap::new();
    for id in ids {
        if names.contains_key(&id) {
            continue;
        }
        if let Some(client) = seat.desk.store().client_of(environment, own_tenant(seat), &id).await? {
            names.insert(id, client.name);
        }
    }
    Ok(names)
}

/// The name of a business of somebody's own tenant: the operator sees ids, since businesses are looked up by tenant.
pub(super) async fn of_business(seat: &Seat, environment: &EnvironmentName, id: BusinessId) -> Result<Option<String>, Refusal> {
    let Some(tenant) = own_tenant(seat) else { return Ok(None) };
    Ok(seat.desk.store().business_of(environment, tenant, id).await?.value.map(|business| business.name))
}

/// The name of a tenant, for the operator.
pub(super) async fn of_tenant(seat: &Seat, id: TenantId) -> Result<Option<String>, Refusal> {
    Ok(seat.desk.store().tenant(id).await?.map(|tenant| tenant.name))
}

/// Who made a change, as far as whoever looks may know: of people and programs elsewhere, that they are the operator's.
pub(in crate::dashboard) async fn of_actor(seat: &Seat, who: &str) -> Result<Option<String>, Refusal> {
    let Ok(principal) = who.parse::<Principal>() else { return Ok(None) };
    let found = match principal {
        Principal::Member(id) => seat.desk.store().member(id).await?.map(|member| (member.tenant_id, member.name)),
        Principal::Client(id) => seat.desk.store().management_client(id).await?.map(|client| (client.tenant_id, client.name)),
    };
    let own = own_tenant(seat);
    Ok(found.map(|(tenant, name)| if own.is_none() || tenant == own { name } else { words::audit::OPERATOR.to_owned() }))
}
