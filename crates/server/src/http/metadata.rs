//! What the server says about itself: RFC 8414, and RFC 9728 for the business API. Every URL starts with the configured issuer.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use mintmark_core::dialect::Role;
use mintmark_core::directory::EnvironmentView;
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use super::{App, answer};

/// The dialect whose endpoint the metadata names; the others are listed beside it.
const STANDARD: &str = "standard";

/// RFC 8414 section 3. The same document is at the path of `OpenID` Connect Discovery, since many client libraries look only
/// there; it claims nothing of `OpenID` Connect.
pub(super) async fn authorization_server(State(app): State<App>) -> Response {
    with_environment(&app, |view| {
        let issuer = &view.environment.issuer;
        let dialects = app.node.dialects.load();
        let endpoints: serde_json::Map<String, Value> = dialects
            .iter()
            .map(|dialect| (dialect.name.to_string(), format!("{issuer}{}", dialect.route.path).into()))
            .collect();
        let methods = dialects.get(STANDARD).map(|dialect| {
            let basic = dialect.request.basic.map(|_| "client_secret_basic");
            let post = dialect.request.post.then_some("client_secret_post");
            basic.into_iter().chain(post).collect::<Vec<_>>()
        });
        json!({
            "issuer": issuer,
            "token_endpoint": endpoints.get(STANDARD),
            "token_endpoint_auth_methods_supported": methods,
            "introspection_endpoint": format!("{issuer}/oauth/introspect"),
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "revocation_endpoint_auth_methods_supported": methods,
            "mintmark_revocations_uri": format!("{issuer}/.well-known/mintmark-revocations"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": scopes_of(view),
            "protected_resources": [issuer],
            "mintmark_token_endpoints": endpoints,
            "mintmark_access_token_signing_alg_values_supported":
                view.ring.algorithms().map(Algorithm::as_str).collect::<Vec<_>>(),
            "mintmark_token_parameters_supported": parameter_names(&app),
        })
    })
}

/// RFC 9728 section 3.
pub(super) async fn protected_resource(State(app): State<App>) -> Response {
    with_environment(&app, |view| {
        let issuer = &view.environment.issuer;
        json!({
            "resource": issuer,
            "authorization_servers": [issuer],
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "scopes_supported": ["business:read"],
            "bearer_methods_supported": ["header"],
            "resource_name": format!("{} business API", view.environment.name),
        })
    })
}

fn with_environment(app: &App, document: impl FnOnce(&EnvironmentView) -> Value) -> Response {
    let Some(view) = app.view() else {
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The environment is not known yet.");
    };
    let mut response = answer::json(StatusCode::OK, &document(&view));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// Those of the environment's own resource. Other resources are for those who have a grant there: the token endpoints do not tell
/// whether one exists, and neither does this.
fn scopes_of(view: &EnvironmentView) -> BTreeSet<&str> {
    view.own_resource().into_iter().flat_map(|resource| &resource.scopes).map(|scope| scope.name.as_str()).collect()
}

/// The parameters of the standard endpoint, since two of them are extensions.
fn parameter_names(app: &App) -> Vec<String> {
    let is_credential = |role| matches!(role, Role::ClientId | Role::ClientSecret);
    let dialects = app.node.dialects.load();
    let parameters = dialects.get(STANDARD).map(|dialect| {
        let named = dialect.request.parameters.iter().filter(|parameter| !is_credential(parameter.role));
        named.map(|parameter| parameter.name.clone()).collect()
    });
    parameters.unwrap_or_default()
}
