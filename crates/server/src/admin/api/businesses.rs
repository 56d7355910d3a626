use mintmark_core::model::{BusinessId, EnvironmentName, TenantId};

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::businesses::{self, BusinessFilter, BusinessPatch, BusinessView, NewBusiness};

type Of = (EnvironmentName, TenantId);
type One = (EnvironmentName, TenantId, BusinessId);

/// List the businesses of a tenant.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses", tag = "Businesses",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."), BusinessFilter),
    responses((status = 200, description = "A page of businesses.", body = Page<BusinessView>)))]
pub(in crate::admin) async fn list_businesses(
    desk: Desk,
    Names((environment, tenant)): Names<Of>,
    Asked(filter): Asked<BusinessFilter>,
) -> Answer<Shown<Page<BusinessView>>> {
    Ok(Shown(businesses::list(&desk, (&environment, tenant), &filter).await?))
}

/// Make a business.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses", tag = "Businesses", request_body = NewBusiness,
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 201, description = "It was made.", body = BusinessView)))]
pub(in crate::admin) async fn create_business(
    desk: Desk,
    Names((environment, tenant)): Names<Of>,
    Sent(new): Sent<NewBusiness>,
) -> Answer<Made<BusinessView>> {
    let view = businesses::create(&desk, (&environment, tenant), new).await?;
    let location = format!("/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{}", view.id);
    Ok(Made { view, location, holds_secret: false })
}

/// Read a business.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{business}", tag = "Businesses",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        ("business" = String, Path, description = "The business's id.")),
    responses((status = 200, description = "The business.", body = BusinessView)))]
pub(in crate::admin) async fn read_business(
    desk: Desk,
    Names((environment, tenant, id)): Names<One>,
) -> Answer<Tagged<BusinessView>> {
    Ok(Tagged(businesses::read(&desk, (&environment, tenant), id).await?))
}

/// Change a business.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{business}", tag = "Businesses", request_body = BusinessPatch,
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        ("business" = String, Path, description = "The business's id.")),
    responses((status = 200, description = "The business as it is now.", body = BusinessView)))]
pub(in crate::admin) async fn edit_business(
    desk: Desk,
    Names((environment, tenant, id)): Names<One>,
    Seen(seen): Seen,
    Sent(patch): Sent<BusinessPatch>,
) -> Answer<Tagged<BusinessView>> {
    Ok(Tagged(businesses::edit(&desk, (&environment, tenant), id, (patch, seen)).await?))
}

/// End the tokens that are scoped to a business. There can be new ones.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{business}/revoke", tag = "Revocation",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        ("business" = String, Path, description = "The business's id.")),
    responses((status = 204, description = "Its tokens are refused from now on.")))]
pub(in crate::admin) async fn revoke_business(desk: Desk, Names((environment, tenant, id)): Names<One>) -> Answer<Done> {
    businesses::revoke(&desk, (&environment, tenant), id).await?;
    Ok(Done)
}
