//! The one table of operations: from it come the routes, the OpenAPI document, and what tests and pages go by.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Method};
use mintmark_core::management::Permission;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, HttpMethod, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};

use super::AdminApp;
use super::api::{self, MAX_BODY, Problem, ProblemKind};
use super::operations::audit::ExportFormat;
use super::operations::metered::BilledStep;
use super::operations::usage::By;

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// Its name: the handler's, and the `operationId` of the document.
    pub name: &'static str,
    /// What a role must permit; nothing where everybody may who is known.
    pub permission: Option<Permission>,
}

macro_rules! operations {
    ($($module:ident :: $name:ident => $permission:expr;)+) => {
        /// Every operation.
        pub const OPERATIONS: &[OperationRow] =
            &[$(OperationRow { name: stringify!($name), permission: $permission }),+];

        #[derive(utoipa::OpenApi)]
        #[openapi(
            info(title = "Mintmark management API", license(name = "Apache-2.0", identifier = "Apache-2.0")),
            paths($(api::$module::$name,)+ api::token::issue_management_token),
            components(schemas(Problem, By, ExportFormat, BilledStep))
        )]
        struct Described;

        /// The routes of all operations, by the methods and paths of the document.
        pub(super) fn operations() -> Router<AdminApp> {
            let places = places();
            let mut router = Router::new();
            $(if let Some((filter, path)) = places.iter().find(|place| place.0 == stringify!($name)).map(|place| (place.1, &place.2)) {
                router = router.route(path, on(filter, api::$module::$name));
            })+
            router
        }
    };
}

operations! {
    registry::read_me => None;
    registry::read_node => Some(Permission::ReadOperator);
    registry::list_dialects => Some(Permission::ReadOperator);
    registry::read_dialect => Some(Permission::ReadOperator);
    registry::list_environments => Some(Permission::Read);
    registry::read_environment => Some(Permission::Read);
    tenants::list_tenants => Some(Permission::Read);
    tenants::create_tenant => Some(Permission::EditOperator);
    tenants::read_tenant => Some(Permission::Read);
    tenants::edit_tenant => Some(Permission::EditOperator);
    entitlements::read_entitlement => Some(Permission::Read);
    entitlements::edit_entitlement => Some(Permission::EditOperator);
    entitlements::list_clients_beyond => Some(Permission::Read);
    tenants::revoke_tenant => Some(Permission::EditClients);
    businesses::list_businesses => Some(Permission::Read);
    businesses::create_business => Some(Permission::EditBusinesses);
    businesses::read_business => Some(Permission::Read);
    businesses::edit_business => Some(Permission::EditBusinesses);
    businesses::revoke_business => Some(Permission::EditBusinesses);
    clients::list_clients => Some(Permission::Read);
    clients::create_client => Some(Permission::EditClients);
    clients::read_client => Some(Permission::Read);
    clients::edit_client => Some(Permission::EditClients);
    clients::revoke_client => Some(Permission::EditClients);
    credentials::list_credentials => Some(Permission::Read);
    credentials::create_credential => Some(Permission::EditClients);
    credentials::read_credential => Some(Permission::Read);
    credentials::edit_credential => Some(Permission::EditClients);
    credentials::revoke_credential => Some(Permission::EditClients);
    rotations::edit_credential_limits => Some(Permission::EditClients);
    rotations::read_rotation => Some(Permission::Read);
    rotations::start_rotation => Some(Permission::EditClients);
    rotations::cancel_rotation => Some(Permission::EditClients);
    rotations::complete_rotation => Some(Permission::EditClients);
    rotations::extend_rotation => Some(Permission::EditClients);
    promotions::plan_promotion => Some(Permission::Read);
    promotions::promote_client => Some(Permission::EditClients);
    registry::list_resources => Some(Permission::Read);
    registry::create_resource => Some(Permission::EditOperator);
    registry::read_resource => Some(Permission::Read);
    registry::edit_resource => Some(Permission::EditOperator);
    registry::list_resource_clients => Some(Permission::Read);
    keys::list_keys => Some(Permission::ReadOperator);
    keys::read_key => Some(Permission::ReadOperator);
    keys::rotate_key => Some(Permission::EditOperator);
    keys::remove_key => Some(Permission::EditOperator);
    keys::restore_key => Some(Permission::EditOperator);
    keys::revoke_key => Some(Permission::EditOperator);
    registry::list_revocations => Some(Permission::ReadOperator);
    registry::revoke_token => Some(Permission::EditOperator);
    leaks::list_leaks => Some(Permission::Read);
    leaks::report_leak => Some(Permission::EditOperator);
    leaks::read_leak => Some(Permission::Read);
    leaks::revoke_leak => Some(Permission::EditClients);
    leaks::release_leak => Some(Permission::EditClients);
    webhooks::list_webhooks => Some(Permission::Read);
    webhooks::create_webhook => Some(Permission::EditClients);
    webhooks::read_webhook => Some(Permission::Read);
    webhooks::edit_webhook => Some(Permission::EditClients);
    webhooks::remove_webhook => Some(Permission::EditClients);
    webhooks::test_webhook => Some(Permission::EditClients);
    webhooks::list_deliveries => Some(Permission::Read);
    usage::read_usage => Some(Permission::Read);
    usage::read_herd => Some(Permission::Read);
    quotas::export_usage => Some(Permission::Read);
    quotas::list_quotas => Some(Permission::Read);
    quotas::read_tenant_quota => Some(Permission::Read);
    quotas::edit_tenant_quota => Some(Permission::EditOperator);
    quotas::read_client_quota => Some(Permission::Read);
    quotas::edit_client_quota => Some(Permission::EditOperator);
    quotas::read_business_quota => Some(Permission::Read);
    quotas::edit_business_quota => Some(Permission::EditOperator);
    usage::list_refusals => Some(Permission::Read);
    usage::read_refusal => Some(Permission::Read);
    usage::dry_run => Some(Permission::EditClients);
    usage::inspect_token => Some(Permission::Read);
    audit::list_audit => Some(Permission::ReadAudit);
    audit::export_audit => Some(Permission::ReadAudit);
    audit::verify_audit => Some(Permission::ReadAudit);
    members::list_members => Some(Permission::Read);
    members::read_member => Some(Permission::Read);
    members::edit_member => Some(Permission::EditMembers);
    members::remove_member => Some(Permission::EditMembers);
    members::invite_member_back => Some(Permission::EditMembers);
    members::list_member_sessions => Some(Permission::EditMembers);
    members::end_member_sessions => Some(Permission::EditMembers);
    invitations::list_invitations => Some(Permission::EditMembers);
    invitations::create_invitation => Some(Permission::EditMembers);
    invitations::read_invitation => Some(Permission::EditMembers);
    invitations::cancel_invitation => Some(Permission::EditMembers);
    management_clients::list_management_clients => Some(Permission::Read);
    management_clients::create_management_client => Some(Permission::EditMembers);
    management_clients::read_management_client => Some(Permission::Read);
    management_clients::edit_management_client => Some(Permission::EditMembers);
    management_clients::rotate_management_client => Some(Permission::EditMembers);
}

/// The operations of a path.
fn operations_of(item: &mut PathItem) -> [(HttpMethod, &mut Option<Operation>); 3] {
    [(HttpMethod::Get, &mut item.get), (HttpMethod::Post, &mut item.post), (HttpMethod::Patch, &mut item.patch)]
}

/// Whether an operation is one of the table; the token endpoint has rules of its own.
fn is_row(operation: &Operation) -> bool {
    OPERATIONS.iter().any(|row| operation.operation_id.as_deref() == Some(row.name))
}

/// The operation at a method and a path of the document; HEAD is as GET.
pub(super) fn operation_at(method: &Method, path: &str) -> Option<&'static OperationRow> {
    static TABLE: OnceLock<Vec<(Method, String, &'static OperationRow)>> = OnceLock::new();
    let rows = TABLE.get_or_init(|| {
        let row_of = |name: &str| OPERATIONS.iter().find(|row| row.name == name);
        let places = places().into_iter();
        places.filter_map(|(name, filter, path)| Some((method_of(filter), path, row_of(&name)?))).collect()
    });
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    rows.iter().find(|(method, known, _)| method == asked && known == path).map(|(.., row)| *row)
}

fn method_of(filter: MethodFilter) -> Method {
    match filter {
        MethodFilter::POST => Method::POST,
        MethodFilter::PATCH => Method::PATCH,
        _ => Method::GET,
    }
}

/// Name, method and path of each operation.
fn places() -> Vec<(String, MethodFilter, String)> {
    let mut described = Described::openapi();
    let mut places = Vec::new();
    for (path, item) in &mut described.paths.paths {
        for (method, operation) in operations_of(item) {
            let filter = match method {
                HttpMethod::Post => MethodFilter::POST,
                HttpMethod::Patch => MethodFilter::PATCH,
                _ => MethodFilter::GET,
            };
            let name = operation.as_ref().and_then(|operation| operation.operation_id.clone());
            places.extend(name.map(|name| (name, filter, path.clone())));
        }
    }
    places
}

/// The OpenAPI document (OpenAPI 3.1).
pub fn document() -> OpenApi {
    let mut document = Described::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.info.description = Some(description());
    let scheme =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token of POST /admin/v1/token.")).build();
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("bearer", [])]);
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations_of(item) {
            if let Some(operation) = operation.as_mut().filter(|known| is_row(known)) {
                complete(&method, operation);
            }
        }
    }
    document
}

fn description() -> String {
    format!(
        "Everything that the registry can do. Errors are problem details (RFC 9457). Listings are paged by `limit` and `cursor`. \
         Changes need `If-Match` with the entity tag of what was read; POST takes an `Idempotency-Key`. Bodies have at most {MAX_BODY} \
         bytes, and unknown members are refused."
    )
}

/// What all operations of a method have in common.
fn complete(method: &HttpMethod, operation: &mut Operation) {
    let header = |name: &str, required: bool, description: &str| {
        let schema = utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .min_length(Some(1))
            .max_length(Some(128));
        let required = if required { utoipa::openapi::Required::True } else { utoipa::openapi::Required::False };
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
        parameter.required(required).description(Some(description)).schema(Some(schema)).build()
    };
    let parameters = operation.parameters.get_or_insert_default();
    match method {
        HttpMethod::Post => {
            parameters.push(header(
                "Idempotency-Key",
                false,
                "A POST with the same key does nothing a second time, for a day.",
            ));
        }
        HttpMethod::Patch => {
            parameters.push(header("If-Match", true, "The entity tag of what you read, or `*` for any."));
        }
        _ => {}
    }
    let statuses: std::collections::BTreeSet<u16> =
        ProblemKind::ALL.iter().filter(|kind| can_answer(method, **kind)).map(|kind| kind.status().as_u16()).collect();
    for status in statuses {
        let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
        let response = ResponseBuilder::new().description("A problem.").content("application/problem+json", content).build();
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
}

/// Whether an operation of a method can come to a kind of problem.
fn can_answer(method: &HttpMethod, kind: ProblemKind) -> bool {
    use ProblemKind as Kind;
    let is_change = *method != HttpMethod::Get;
    match kind {
        Kind::MethodNotAllowed => false,
        Kind::Changed | Kind::MatchMissing => *method == HttpMethod::Patch,
        Kind::RequestUnanswered | Kind::SecretShown | Kind::KeyReused => *method == HttpMethod::Post,
        Kind::BodyIncomplete
        | Kind::TooLarge
        | Kind::MediaType
        | Kind::Exists
        | Kind::NotAllowed
        | Kind::Conflict
        | Kind::KeyNeeded => is_change,
        _ => true,
    }
}

/// The documents, which need no token: they say nothing of what is stored.
pub(super) fn documents() -> Router<AdminApp> {
    Router::new()
        .route("/admin/v1/openapi.json", get(async || text("application/json", openapi_json())))
        .route("/admin/v1/docs", get(page))
        .route("/admin/v1/docs/{file}", get(page_file))
}

/// The document as JSON, made once.
fn openapi_json() -> Arc<str> {
    static JSON: OnceLock<Arc<str>> = OnceLock::new();
    Arc::clone(JSON.get_or_init(|| serde_json::to_string(&document()).unwrap_or_default().into()))
}

fn text(content_type: &'static str, body: impl AsRef<str>) -> Response {
    let mut response = Response::new(Body::from(body.as_ref().to_owned()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The page to try the API: it loads nothing from elsewhere, and runs nothing that stands in it.
async fn page() -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    let mut problems = String::new();
    for kind in ProblemKind::ALL {
        let (code, status, meaning) = (kind.code(), kind.status().as_u16(), kind.meaning().trim());
        // Writing to a `String` cannot fail.
        let _ = writeln!(problems, "<dt id=\"problem-{code}\"><code>{code}</code> {status}</dt><dd>{meaning}</dd>");
    }
    let html = include_str!("page/page.html").replace("<!-- problems -->", &problems);
    let mut response = text("text/html; charset=utf-8", html);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

async fn page_file(Path(file): Path<String>) -> Response {
    match file.as_str() {
        "page.js" => text("text/javascript; charset=utf-8", include_str!("page/page.js")),
        "page.css" => text("text/css; charset=utf-8", include_str!("page/page.css")),
        _ => Problem::not_found().into_response(),
    }
}
