use mintmark_core::model::TenantId;

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::tenants::{self, NewTenant, TenantFilter, TenantPatch, TenantView};
use crate::admin::operations::{Page, revocations};

/// List tenants.
#[utoipa::path(get, path = "/admin/v1/tenants", tag = "Tenants", params(TenantFilter),
    responses((status = 200, description = "A page of tenants.", body = Page<TenantView>)))]
pub(in crate::admin) async fn list_tenants(desk: Desk, Asked(filter): Asked<TenantFilter>) -> Answer<Shown<Page<TenantView>>> {
    Ok(Shown(tenants::list(&desk, &filter).await?))
}

/// Make a tenant.
#[utoipa::path(post, path = "/admin/v1/tenants", tag = "Tenants", request_body = NewTenant,
    responses((status = 201, description = "It was made.", body = TenantView)))]
pub(in crate::admin) async fn create_tenant(desk: Desk, Sent(new): Sent<NewTenant>) -> Answer<Made<TenantView>> {
    let view = tenants::create(&desk, &new).await?;
    let location = format!("/admin/v1/tenants/{}", view.id);
    Ok(Made { view, location, holds_secret: false })
}

/// Read a tenant.
#[utoipa::path(get, path = "/admin/v1/tenants/{tenant}", tag = "Tenants",
    params(("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The tenant.", body = TenantView)))]
pub(in crate::admin) async fn read_tenant(desk: Desk, Names(id): Names<TenantId>) -> Answer<Tagged<TenantView>> {
    Ok(Tagged(tenants::read(&desk, id).await?))
}

/// Change a tenant.
#[utoipa::path(patch, path = "/admin/v1/tenants/{tenant}", tag = "Tenants", request_body = TenantPatch,
    params(("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The tenant as it is now.", body = TenantView)))]
pub(in crate::admin) async fn edit_tenant(
    desk: Desk,
    Names(id): Names<TenantId>,
    Seen(seen): Seen,
    Sent(patch): Sent<TenantPatch>,
) -> Answer<Tagged<TenantView>> {
    Ok(Tagged(tenants::edit(&desk, id, patch, seen).await?))
}

/// End the tokens of a tenant's clients, in every environment. They can obtain new ones.
#[utoipa::path(post, path = "/admin/v1/tenants/{tenant}/revoke", tag = "Revocation",
    params(("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 204, description = "Their tokens are refused from now on.")))]
pub(in crate::admin) async fn revoke_tenant(desk: Desk, Names(id): Names<TenantId>) -> Answer<Done> {
    revocations::revoke_tenant(&desk, id).await?;
    Ok(Done)
}
