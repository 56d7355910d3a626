//! The audit log.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Shown;
use super::extract::{Answer, Asked, MaybeSent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::audit::{
    self, AuditExport, AuditListFilter, AuditView, ChainToVerify, ChainView, ExportFormat, ObjectKind,
};
use crate::admin::{Moment, schema};
use mintmark_core::model::EnvironmentName;

/// Which changes to export, and how. The members are those of the listing.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::admin) struct ExportFilter {
    /// The form.
    #[param(value_type = Option<ExportFormat>)]
    format: ExportFormat,
    /// Those of one chain alone: a tenant's id, or `operator`.
    #[param(max_length = 256)]
    chain: Option<String>,
    /// About objects of this kind: with `object_id`, and `environment` where objects belong to one.
    #[param(value_type = Option<ObjectKind>)]
    object_kind: Option<ObjectKind>,
    /// About the object of this id.
    #[param(max_length = 256)]
    object_id: Option<String>,
    /// The environment of the object.
    #[param(value_type = Option<schema::EnvironmentName>)]
    environment: Option<EnvironmentName>,
    /// Made by them, exactly.
    #[param(max_length = 256)]
    who: Option<String>,
    /// Whose action begins so, such as `client.`.
    #[param(max_length = 256)]
    action: Option<String>,
    /// Made at this moment or later.
    from: Option<Moment>,
    /// Made before this moment.
    to: Option<Moment>,
}

impl IntoResponse for AuditExport {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(self.lines));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let file = format!("attachment; filename=\"{}\"", self.file_name);
        if let Ok(value) = HeaderValue::try_from(file) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// List changes, latest first. A tenant sees its own.
#[utoipa::path(get, path = "/admin/v1/audit", tag = "Audit", params(AuditListFilter),
    responses((status = 200, description = "A page of changes.", body = Page<AuditView>)))]
pub(in crate::admin) async fn list_audit(desk: Desk, Asked(filter): Asked<AuditListFilter>) -> Answer<Shown<Page<AuditView>>> {
    Ok(Shown(audit::list(&desk, &filter).await?))
}

/// Export changes, latest first: all of them, in lines of JSON or as a table.
#[utoipa::path(get, path = "/admin/v1/audit/export", tag = "Audit", params(ExportFilter),
    responses((status = 200, description = "The changes. An export that broke off is not whole.",
        content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub(in crate::admin) async fn export_audit(desk: Desk, Asked(filter): Asked<ExportFilter>) -> Answer<AuditExport> {
    let ExportFilter { format, chain, object_kind, object_id, environment, who, action, from, to } = filter;
    let listed =
        AuditListFilter { limit: None, cursor: None, chain, object_kind, object_id, environment, who, action, from, to };
    Ok(audit::export(&desk, &listed, format)?)
}

/// Verify a chain of the audit log from its first row to its last.
#[utoipa::path(post, path = "/admin/v1/audit/verify", tag = "Audit", request_body = Option<ChainToVerify>,
    responses((status = 200, description = "What was found.", body = ChainView)))]
pub(in crate::admin) async fn verify_audit(desk: Desk, MaybeSent(asked): MaybeSent<ChainToVerify>) -> Answer<Shown<ChainView>> {
    Ok(Shown(audit::verify(&desk, &asked).await?))
}
