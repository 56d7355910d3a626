//! What the server says about itself: RFC 8414, and RFC 9728 for the business API. Every URL starts with the configured issuer.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use mintmark_core::dialect::{AuthMethod, AuthMethods, DpopRule, Role};
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
        let standard = dialects.get(STANDARD);
        let methods = standard.map(|dialect| names_of(dialect.request.methods, app.site.takes_certificates));
        let assertions = standard.map(|dialect| assertion_algorithms(dialect.request.methods)).filter(|all| !all.is_empty());
        let takes_dpop = standard.is_some_and(|dialect| dialect.request.dpop != DpopRule::Ignore);
        let algorithms = || Algorithm::ALL.map(Algorithm::as_str).to_vec();
        json!({
            "issuer": issuer,
            "token_endpoint": endpoints.get(STANDARD),
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": assertions,
            "dpop_signing_alg_values_supported": takes_dpop.then(algorithms),
            "tls_client_certificate_bound_access_tokens": app.site.takes_certificates,
            "introspection_endpoint": format!("{issuer}/oauth/introspect"),
            "introspection_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_signing_alg_values_supported": assertions,
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": assertions,
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
    let mut document = document(&view);
    // What is not there is left out, and lists of nothing too (RFC 8414 section 3.2, RFC 9728 section 3.2), but for one that is required
    // all the same (RFC 8414 section 2).
    if let Value::Object(members) = &mut document {
        let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        members.retain(|name, value| !is_nothing(value) || name == "response_types_supported");
    }
    let mut response = answer::json(StatusCode::OK, &document);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// The methods that have a name (RFC 7591 section 4.2). Certificates are named where they can arrive.
fn names_of(methods: AuthMethods, takes_certificates: bool) -> Vec<&'static str> {
    let named = methods.iter().filter(|method| takes_certificates || !method.is_certificate());
    named.filter(|method| *method != AuthMethod::FederatedJwt).map(AuthMethod::as_str).collect()
}

/// Of signatures and of the MACs of `client_secret_jwt`.
fn assertion_algorithms(methods: AuthMethods) -> Vec<&'static str> {
    let signed = Algorithm::ALL.into_iter().filter(|_| methods.contains(AuthMethod::PrivateKeyJwt)).map(Algorithm::as_str);
    signed.chain(methods.contains(AuthMethod::ClientSecretJwt).then_some("HS256")).collect()
}

/// Those of the environment's own resource. Other resources are for those who have a grant there: the token endpoints do not tell
/// whether one exists, and neither does this.
fn scopes_of(view: &EnvironmentView) -> BTreeSet<&str> {
    view.own_resource().into_iter().flat_map(|resource| &resource.scopes).map(|scope| scope.name.as_str()).collect()
}

/// The parameters of the standard endpoint, since two of them are extensions.
fn parameter_names(app: &App) -> Vec<String> {
    let is_credential =
        |role| matches!(role, Role::ClientId | Role::ClientSecret | Role::ClientAssertion | Role::ClientAssertionType);
    let dialects = app.node.dialects.load();
    let parameters = dialects.get(STANDARD).map(|dialect| {
        let named = dialect.request.parameters.iter().filter(|parameter| !is_credential(parameter.role));
        named.map(|parameter| parameter.name.clone()).collect()
    });
    parameters.unwrap_or_default()
}
