//! Whether a gateway may let a request pass: for nginx `auth_request`, Caddy `forward_auth`, Envoy `ext_authz` (rule S5).

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use mintmark_verify::Confirmation;
use mintmark_verify::dpop::{MAX_AGE_SECONDS, Proof, ProofContext, verify_proof};

use super::super::authenticate::{Authenticated, use_digest};
use super::super::{Denial, Refused, TokenEndpoint};
use super::introspect::scope_at;
use super::{Answered, GatewayCall, OpenedToken, open_token};
use crate::clock::Timestamp;
use crate::dialect::{basic_in, query_value};
use crate::directory::EnvironmentHandle;
use crate::model::{Resource, ResourceId};
use crate::store::Store;

/// Where the gateway's own credentials are, since `Authorization` has the token.
const GATEWAY: HeaderName = HeaderName::from_static("mintmark-gateway");

/// What a gateway says of the request, which a proof is about. It proved itself, so its word counts.
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Scopes that the token must have besides, for gateways whose route has no query string of its own. A client that sends it can only
/// ask more of itself.
const REQUIRED_SCOPE: HeaderName = HeaderName::from_static("mintmark-require-scope");

/// A request that may pass, by this token.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The token.
    pub token: OpenedToken,
    /// Its scopes, as far as the resource understands them.
    pub scope: String,
}

/// Why a request may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayRefusal {
    /// The gateway did not prove itself, does not serve the resource, or there is no such resource. Told apart in the log alone.
    GatewayRefused(String),
    /// The route's query string, or the header that names scopes, cannot be read.
    QuestionMalformed,
    /// The request has no token.
    TokenMissing,
    /// It has several, or something that is none.
    RequestMalformed,
    /// The token is worth nothing here; why.
    TokenRefused(String),
    /// The token is good and lacks one of these scopes.
    ScopeMissing(String),
    /// It cannot be decided now.
    Undecided(Denial),
}

impl From<Denial> for GatewayRefusal {
    fn from(denial: Denial) -> Self {
        GatewayRefusal::Undecided(denial)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Decides about a request.
    pub async fn check_for_gateway(&self, call: &GatewayCall<'_>) -> Answered<Admitted, GatewayRefusal> {
        match self.prove_gateway(call).await {
            Ok((authenticated, environment)) => {
                let result = self.check_request(call, &authenticated, &environment).await;
                authenticated.answered(result)
            }
            Err(refusal) => Answered { client_id: None, credential_id: None, result: Err(refusal) },
        }
    }

    async fn prove_gateway(&self, call: &GatewayCall<'_>) -> Result<(Authenticated, EnvironmentHandle), GatewayRefusal> {
        let position = self.directory.fresh_position()?;
        let environment = self.directory.view(call.caller.environment).ok_or(Denial::EnvironmentMissing)?;
        let presented = basic_in(call.headers, &GATEWAY);
        let proved = self.authenticate(&call.caller, &presented, position).await;
        let authenticated = proved.map_err(|Refused { denial, .. }| {
            if denial.is_ours() { denial.into() } else { GatewayRefusal::GatewayRefused(denial.to_string()) }
        })?;
        authenticated.note_use(&self.directory, (self.clock.now(), call.caller.source));
        Ok((authenticated, environment))
    }

    async fn check_request(
        &self,
        call: &GatewayCall<'_>,
        gateway: &Authenticated,
        environment: &EnvironmentHandle,
    ) -> Result<Admitted, GatewayRefusal> {
        let _in_flight = self.admit()?;
        let id: Option<ResourceId> = call.resource.parse().ok().filter(|id| gateway.client().serves().contains(id));
        let resource = id.and_then(|id| environment.resources.iter().find(|resource| resource.id == id));
        let not_served = || GatewayRefusal::GatewayRefused("the gateway does not serve this resource".to_owned());
        let resource = resource.ok_or_else(not_served)?;
        let needed = needed_scopes(call)?;
        let (scheme, text) = presented_token(call.headers)?;
        let refused = |why: &str| GatewayRefusal::TokenRefused(why.to_owned());
        let opened = open_token(environment, &self.root_keys.sealer, text, self.clock.now());
        let token = opened.ok_or_else(|| refused("no token of this environment, or expired"))?;
        if !token.claims.aud.contains(resource.uri.as_str()) {
            return Err(refused("the token is for another resource"));
        }
        let proof = self.check_binding(&token, (scheme, text), call, resource)?;
        if let Err(dead) = self.standing(call.caller.environment, &token).await? {
            return Err(refused(&dead.to_string()));
        }
        let scope = scope_at(&token, &[resource]);
        if needed.iter().any(|name| !scope.split(' ').any(|held| held == name)) {
            return Err(GatewayRefusal::ScopeMissing(needed.join(" ")));
        }
        if let Some(proof) = proof {
            self.use_up_at_gateway(call, &proof).await?;
        }
        Ok(Admitted { token, scope })
    }
}

/// All scopes that the token must have.
fn needed_scopes(call: &GatewayCall<'_>) -> Result<Vec<String>, GatewayRefusal> {
    let from_query = query_value(call.query.unwrap_or_default(), "scope");
    let mut texts = vec![from_query.map_err(|_| GatewayRefusal::QuestionMalformed)?.unwrap_or_default()];
    for value in call.headers.get_all(&REQUIRED_SCOPE) {
        texts.push(value.to_str().map_err(|_| GatewayRefusal::QuestionMalformed)?.to_owned());
    }
    let names = texts.iter().flat_map(|text| text.split(' ')).filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// How a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Bearer,
    DPoP,
}

/// The token of the one `Authorization` header (RFC 6750 section 2.1, RFC 9449 section 7.1).
fn presented_token(headers: &HeaderMap) -> Result<(Scheme, &str), GatewayRefusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(GatewayRefusal::TokenMissing),
        (Some(_), Some(_)) => return Err(GatewayRefusal::RequestMalformed),
        (Some(value), None) => value.to_str().map_err(|_| GatewayRefusal::RequestMalformed)?,
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let scheme = match scheme {
        bearer if bearer.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        dpop if dpop.eq_ignore_ascii_case("dpop") => Scheme::DPoP,
        _ => return Err(GatewayRefusal::TokenMissing),
    };
    let token = token.trim_start_matches(' ');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(is_plain) { Err(GatewayRefusal::RequestMalformed) } else { Ok((scheme, token)) }
}

impl<S: Store> TokenEndpoint<S> {
    /// A token that is bound to a key (RFC 7800) is worth nothing without its proof, and one that is not bound does not pass for one that
    /// is. Which certificate a client showed to its gateway cannot be known here: tokens that are bound to one do not pass.
    fn check_binding(
        &self,
        token: &OpenedToken,
        (scheme, text): (Scheme, &str),
        call: &GatewayCall<'_>,
        resource: &Resource,
    ) -> Result<Option<Proof>, GatewayRefusal> {
        let refused = |why: &str| Err(GatewayRefusal::TokenRefused(why.to_owned()));
        let key = match (&token.claims.cnf, scheme) {
            (None, Scheme::Bearer) => return Ok(None),
            (None, Scheme::DPoP) => return refused("the token is not bound to a key"),
            (Some(Confirmation { jkt: Some(key), x5t_s256: None }), Scheme::DPoP) => key,
            (Some(_), _) => return refused("the token is bound to a key or certificate, and the request proves neither"),
        };
        let Some((method, path, proof)) = proved_request(call.headers) else {
            return refused("the DPoP proof, or what it is about, is missing or there twice");
        };
        let Some(uri) = asked_uri(resource, path) else { return refused("the resource has no address to prove a request to") };
        let now_unix_seconds = self.clock.now().0;
        let context = ProofContext { method, uri: &uri, access_token: Some(text), now_unix_seconds };
        match verify_proof(proof, &context) {
            Ok(proof) if proof.thumbprint == *key => Ok(Some(proof)),
            Ok(_) => refused("the DPoP proof is of another key"),
            Err(error) => refused(&error.to_string()),
        }
    }

    /// Each proof passes once, wherever it comes. Where the store cannot say, none does (rule S16).
    async fn use_up_at_gateway(&self, call: &GatewayCall<'_>, proof: &Proof) -> Result<(), GatewayRefusal> {
        let environment = call.caller.environment.as_str();
        let digest = use_digest(&["dpop at a resource", environment, call.resource, &proof.thumbprint, &proof.jti]);
        let good_until = Timestamp(proof.issued_at.saturating_add(MAX_AGE_SECONDS + 1));
        match self.directory.store().use_once(&digest, good_until).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(GatewayRefusal::TokenRefused("the DPoP proof was used before".to_owned())),
            Err(error) => Err(Denial::StoreUnavailable(error.to_string()).into()),
        }
    }
}

/// Method, path and proof of the request that a gateway asks about, each there once.
fn proved_request(headers: &HeaderMap) -> Option<(&str, &str, &str)> {
    let only = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    };
    Some((only(&ORIGINAL_METHOD)?, only(&ORIGINAL_URI)?, only(&DPOP)?))
}

/// Where a request to a resource was sent: the host is the resource's own, never what a request says of it.
fn asked_uri(resource: &Resource, path: &str) -> Option<String> {
    let text = resource.uri.as_str();
    let (scheme, rest) = text.split_once("://")?;
    let host = rest.split(['/', '?']).next().filter(|host| !host.is_empty())?;
    path.starts_with('/').then(|| format!("{scheme}://{host}{path}"))
}
