use mintmark_core::model::{EnvironmentName, TenantId};

use super::answer::{Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::entitlements::{self, ClientBeyondView, EntitlementPatch, EntitlementView};
use crate::admin::operations::environments::PageFilter;

type Of = (EnvironmentName, TenantId);

/// Read what a tenant may give its own clients.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/entitlement", tag = "Tenants",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The entitlement; of version 0 if nobody has said anything yet.", body = EntitlementView)))]
pub(in crate::admin) async fn read_entitlement(
    desk: Desk,
    Names((environment, tenant)): Names<Of>,
) -> Answer<Tagged<EntitlementView>> {
    Ok(Tagged(entitlements::read(&desk, (&environment, tenant)).await?))
}

/// Say what a tenant may give its own clients. Clients keep what they have.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/tenants/{tenant}/entitlement", tag = "Tenants",
    request_body = EntitlementPatch,
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The entitlement as it is now.", body = EntitlementView)))]
pub(in crate::admin) async fn edit_entitlement(
    desk: Desk,
    Names((environment, tenant)): Names<Of>,
    Seen(seen): Seen,
    Sent(patch): Sent<EntitlementPatch>,
) -> Answer<Tagged<EntitlementView>> {
    Ok(Tagged(entitlements::edit(&desk, (&environment, tenant), patch, seen).await?))
}

/// List the clients of a tenant that have more than it is entitled to.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/entitlement/beyond", tag = "Tenants",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        PageFilter),
    responses((status = 200, description = "A page of clients, with what they have beyond it.", body = Page<ClientBeyondView>)))]
pub(in crate::admin) async fn list_clients_beyond(
    desk: Desk,
    Names((environment, tenant)): Names<Of>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<ClientBeyondView>>> {
    Ok(Shown(entitlements::list_beyond(&desk, (&environment, tenant), &filter).await?))
}
