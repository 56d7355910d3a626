use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, TenantId};

use super::answer::{Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::metered::{self, MeteredFile, MeteredFilter};
use crate::admin::operations::quotas::{self, QuotaPatch, QuotaView};

type OfTenant = (EnvironmentName, TenantId);
type OfClient = (EnvironmentName, ClientId);
type OfBusiness = (EnvironmentName, TenantId, BusinessId);

impl IntoResponse for MeteredFile {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(self.lines));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.file_name)) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// List the quotas of an environment, with what of them is used.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/quotas", tag = "Quotas",
    params(("environment" = String, Path, description = "The environment."), PageFilter),
    responses((status = 200, description = "A page of quotas.", body = Page<QuotaView>)))]
pub(in crate::admin) async fn list_quotas(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<QuotaView>>> {
    Ok(Shown(quotas::list(&desk, &environment, &filter).await?))
}

/// Read a tenant's quota.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/quota", tag = "Quotas",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The quota; of version 0 if there is none.", body = QuotaView)))]
pub(in crate::admin) async fn read_tenant_quota(
    desk: Desk,
    Names((environment, tenant)): Names<OfTenant>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_tenant(&desk, &environment, tenant).await?;
    Ok(Tagged(quotas::read(&desk, of).await?))
}

/// Set a tenant's quota, or remove it.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/tenants/{tenant}/quota", tag = "Quotas", request_body = QuotaPatch,
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id.")),
    responses((status = 200, description = "The quota as it is now.", body = QuotaView)))]
pub(in crate::admin) async fn edit_tenant_quota(
    desk: Desk,
    Names((environment, tenant)): Names<OfTenant>,
    Seen(seen): Seen,
    Sent(patch): Sent<QuotaPatch>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_tenant(&desk, &environment, tenant).await?;
    Ok(Tagged(quotas::edit(&desk, of, patch, seen).await?))
}

/// Read a client's quota.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}/quota", tag = "Quotas",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The quota; of version 0 if there is none.", body = QuotaView)))]
pub(in crate::admin) async fn read_client_quota(
    desk: Desk,
    Names((environment, client)): Names<OfClient>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_client(&desk, &environment, &client).await?;
    Ok(Tagged(quotas::read(&desk, of).await?))
}

/// Set a client's quota, or remove it.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/clients/{client}/quota", tag = "Quotas", request_body = QuotaPatch,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The quota as it is now.", body = QuotaView)))]
pub(in crate::admin) async fn edit_client_quota(
    desk: Desk,
    Names((environment, client)): Names<OfClient>,
    Seen(seen): Seen,
    Sent(patch): Sent<QuotaPatch>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_client(&desk, &environment, &client).await?;
    Ok(Tagged(quotas::edit(&desk, of, patch, seen).await?))
}

/// Read a business's quota.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{business}/quota", tag = "Quotas",
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        ("business" = String, Path, description = "The business's id.")),
    responses((status = 200, description = "The quota; of version 0 if there is none.", body = QuotaView)))]
pub(in crate::admin) async fn read_business_quota(
    desk: Desk,
    Names((environment, tenant, business)): Names<OfBusiness>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_business(&desk, &environment, (tenant, business)).await?;
    Ok(Tagged(quotas::read(&desk, of).await?))
}

/// Set a business's quota, or remove it.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/tenants/{tenant}/businesses/{business}/quota", tag = "Quotas",
    request_body = QuotaPatch,
    params(("environment" = String, Path, description = "The environment."), ("tenant" = String, Path, description = "The tenant's id."),
        ("business" = String, Path, description = "The business's id.")),
    responses((status = 200, description = "The quota as it is now.", body = QuotaView)))]
pub(in crate::admin) async fn edit_business_quota(
    desk: Desk,
    Names((environment, tenant, business)): Names<OfBusiness>,
    Seen(seen): Seen,
    Sent(patch): Sent<QuotaPatch>,
) -> Answer<Tagged<QuotaView>> {
    let of = quotas::of_business(&desk, &environment, (tenant, business)).await?;
    Ok(Tagged(quotas::edit(&desk, of, patch, seen).await?))
}

/// Export tokens, and what quotas refused, for bills.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/usage/export", tag = "Insight",
    params(("environment" = String, Path, description = "The environment."), MeteredFilter),
    responses((status = 200, description = "A row for each step, tenant, client, business and dialect. An export that broke off is not whole.",
        content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub(in crate::admin) async fn export_usage(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<MeteredFilter>,
) -> Answer<MeteredFile> {
    Ok(metered::export(&desk, &environment, &filter).await?)
}
