//! Whether a gateway may let a request pass: for nginx `auth_request`, Caddy `forward_auth`, Envoy `ext_authz` (rule S5).

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::super::authenticate::Authenticated;
use super::super::{Denial, Refused, TokenEndpoint};
use super::introspect::scope_at;
use super::{Answered, GatewayCall, OpenedToken, open_token};
use crate::dialect::{basic_in, query_value};
use crate::directory::EnvironmentHandle;
use crate::model::{Resource, ResourceId};
use crate::store::Store;

/// Where the gateway's own credentials are, since `Authorization` has the token.
const GATEWAY: HeaderName = HeaderName::from_static("mintmark-gateway");

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
        authenticated.note_use(&self.directory, self.clock.now());
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
        let opened = open_token(environment, text, self.clock.now());
        let token = opened.ok_or_else(|| refused("no token of this environment, or expired"))?;
        if !token.claims.aud.contains(resource.uri.as_str()) {
            return Err(refused("the token is for another resource"));
        }
        check_binding(&token, scheme, call, resource)?;
        if let Err(dead) = self.standing(call.caller.environment, &token).await? {
            return Err(refused(&dead.to_string()));
        }
        let scope = scope_at(&token, &[resource]);
        if needed.iter().any(|name| !scope.split(' ').any(|held| held == name)) {
            return Err(GatewayRefusal::ScopeMissing(needed.join(" ")));
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

/// A token that is bound to a key or certificate (RFC 7800) is worth nothing without its proof, and one that is not bound does not
/// pass for one that is.
fn check_binding(
    token: &OpenedToken,
    scheme: Scheme,
    _call: &GatewayCall<'_>,
    _resource: &Resource,
) -> Result<(), GatewayRefusal> {
    let refused = |why: &str| Err(GatewayRefusal::TokenRefused(why.to_owned()));
    match (token.confirmation(), scheme) {
        (None, Scheme::Bearer) => Ok(()),
        (None, Scheme::DPoP) => refused("the token is not bound to a key"),
        (Some(_), _) => refused("the token is bound to a key or certificate, and the request proves neither"),
    }
}
