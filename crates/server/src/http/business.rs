//! The business API: a tenant's businesses, for holders of a token with `business:read`. The first resource that is protected
//! by Mintmark's tokens, through the same crate that any other service uses.
//!
//! Its errors have the shape of the dialect that owns its path.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{StatusCode, Uri};
use mintmark_core::crypto::OPAQUE_PREFIX;
use mintmark_core::dialect::{BUSINESS_ROUTE, Fault};
use mintmark_core::directory::{Ended, EnvironmentView, TokenIds};
use mintmark_core::model::{Business, BusinessId, Position, TenantId};
use mintmark_core::store::{Page, Read, Store};
use mintmark_core::token::{Problem, ProblemPlace, open_token};
use mintmark_verify::layer::{Dpop, PeerCertificate, Refused, VerifyLayer};
use mintmark_verify::{Claims, Verifier};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use super::token::{context, issuer_of};
use super::{App, Peer, RequestId, answer};

/// The scope that reading needs.
const SCOPE: &str = "business:read";
const MAX_PAGE: u32 = 100;

/// `GET /v0/business`
pub(super) async fn list(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(claims): Extension<Arc<Claims>>,
    uri: Uri,
) -> Response {
    if let Some(ended) = ended(&app, &claims) {
        return refuse_ended(&app, &id, ended);
    }
    let Some(holder) = Holder::of(&claims) else { return fault(&app, &id, Fault::TokenInsufficient, &[]) };
    let page = match PageRequest::parse(uri.query()) {
        Ok(page) => page,
        Err(parameter) => return refuse_page(&app, &id, parameter),
    };
    let found = read_page(&app, &holder, &page).await;
    if let Some(refused) = refuse_stale(&app, &id) {
        return refused;
    }
    match found {
        Ok(document) => answer::json(StatusCode::OK, &document),
        Err(error) => unavailable(&app, &id, &error),
    }
}

/// `GET /v0/business/{id}`
pub(super) async fn one(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(claims): Extension<Arc<Claims>>,
    business: Result<Path<String>, PathRejection>,
) -> Response {
    if let Some(ended) = ended(&app, &claims) {
        return refuse_ended(&app, &id, ended);
    }
    let Some(holder) = Holder::of(&claims) else { return fault(&app, &id, Fault::TokenInsufficient, &[]) };
    // A segment that is not UTF-8 names no business either.
    let wanted = business.ok().and_then(|Path(business)| business.parse::<BusinessId>().ok());
    let wanted = wanted.filter(|id| holder.business.is_none_or(|only| only == *id));
    let found = match wanted {
        Some(wanted) => find(&app, &holder, wanted).await,
        None => Ok(None),
    };
    if let Some(refused) = refuse_stale(&app, &id) {
        return refused;
    }
    match found {
        Ok(Some(business)) => answer::json(StatusCode::OK, &json!({ "data": to_json(&business) })),
        Ok(None) => fault(&app, &id, Fault::BusinessUnknown, &[]),
        Err(error) => unavailable(&app, &id, &error),
    }
}

pub(super) async fn method_refused(State(app): State<App>, Extension(id): Extension<RequestId>) -> Response {
    let mut response = fault(&app, &id, Fault::MethodRefused, &[]);
    response.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD"));
    response
}

/// The answer of a node that read the store too long ago to know which tokens were ended, or whose store waits for its restore to be
/// confirmed (rules S14 and S15). Asked before a token is judged, and once more after the store was read, which may take long.
fn refuse_stale(app: &App, id: &RequestId) -> Option<Response> {
    let denial = app.node.endpoint.directory.fresh_position().err()?;
    Some(unavailable(app, id, &denial))
}

/// Whether a token was ended before it expires, or may have been after the backup was made that the store was restored from (rules
/// S11 and S15).
fn ended(app: &App, claims: &Claims) -> Option<Ended> {
    let ids = TokenIds {
        token_id: &claims.jti,
        client_id: &claims.client_id,
        tenant_id: claims.tenant_id.as_deref(),
        business_id: claims.business_id.as_deref(),
        credential_id: claims.credential_id.as_deref(),
        position: Position(claims.pos.unwrap_or(0)),
    };
    app.node.endpoint.directory.ended(&app.site.environment, &ids)
}

/// The answer to such a token: its client gets another one.
fn refuse_ended(app: &App, id: &RequestId, cause: Ended) -> Response {
    tracing::info!(request_id = id.as_str(), environment = %app.site.environment, %cause, "business request refused");
    let mut response = fault(app, id, Fault::TokenRefused, &[]);
    let challenge = http::HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response.headers_mut().insert(http::header::WWW_AUTHENTICATE, challenge);
    response
}

/// Whose businesses a token lets its bearer see.
struct Holder {
    tenant: TenantId,
    business: Option<BusinessId>,
}

impl Holder {
    /// From verified claims. Tokens without a tenant, or with a business that is no identifier, show nothing.
    fn of(claims: &Claims) -> Option<Self> {
        let tenant = claims.tenant_id.as_deref()?.parse().ok()?;
        let business = claims.business_id.as_deref().map(str::parse).transpose().ok()?;
        Some(Self { tenant, business })
    }
}

/// What requests are let through by.
#[derive(Clone)]
pub(super) struct Protection {
    app: App,
    /// Of all requests of a listener: each proof is good once.
    dpop: Option<Arc<Dpop>>,
}

impl Protection {
    pub(super) fn new(app: App) -> Self {
        let dpop = Dpop::new(&issuer_of(&app)).ok().map(Arc::new);
        Self { app, dpop }
    }
}

/// Lets requests with a good token through to the handlers, which find its claims among the request's extensions.
pub(super) async fn protect(
    State(Protection { app, dpop }): State<Protection>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(refused) = refuse_stale(&app, &id) {
        return refused;
    }
    let Some(view) = app.view() else { return fault(&app, &id, Fault::Unavailable, &[]) };
    if let Some(opened) = open_opaque(&app, &view, &request) {
        return match opened {
            Ok(claims) => {
                request.extensions_mut().insert(claims);
                next.run(request).await
            }
            Err(word) => refuse_opaque(&app, &id, word),
        };
    }
    if let Some(certificate) = &peer.certificate {
        request.extensions_mut().insert(PeerCertificate::from_sha256(certificate.sha256));
    }
    let issuer = view.environment.issuer.clone();
    let clock = Arc::clone(&app.node.endpoint.clock);
    let mut layer = VerifyLayer::new(Arc::new(Verifier::new(issuer.clone(), issuer.clone(), view)))
        .require_scope(SCOPE)
        .resource_metadata(format!("{issuer}/.well-known/oauth-protected-resource"))
        .clock(move || clock.now().0);
    // Others get the challenge that they always got.
    if let Some(dpop) = dpop.filter(|_| has_scheme(&request, "dpop")) {
        layer = layer.dpop(dpop);
    }
    let layer = layer.refuse_with(move |refused: &Refused| refuse(&app, &id, refused));
    let Ok(response) = layer.layer(next).oneshot(request).await;
    response
}

fn has_scheme(request: &Request, scheme: &str) -> bool {
    let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split_once(' ')).is_some_and(|(found, _)| found.eq_ignore_ascii_case(scheme))
}

/// The claims of a sealed token, which `mintmark-verify` cannot open; nothing if the request has none. One that is bound to a key or a
/// certificate does not pass here: ask for a JWT.
fn open_opaque(app: &App, view: &EnvironmentView, request: &Request) -> Option<Result<Arc<Claims>, Fault>> {
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (_, token) = value.to_str().ok()?.split_once(' ')?;
    if !has_scheme(request, "bearer") || !token.starts_with(OPAQUE_PREFIX) {
        return None;
    }
    let endpoint = &app.node.endpoint;
    let opened = open_token(view, &endpoint.root_keys.sealer, token, endpoint.clock.now());
    let claims = opened.map(|opened| opened.claims).filter(|claims| claims.cnf.is_none());
    Some(match claims.filter(|claims| claims.aud.contains(&view.environment.issuer)) {
        None => Err(Fault::TokenRefused),
        Some(claims) if !claims.has_scope(SCOPE) => Err(Fault::TokenInsufficient),
        Some(claims) => Ok(Arc::new(claims)),
    })
}

fn refuse_opaque(app: &App, id: &RequestId, word: Fault) -> Response {
    tracing::info!(request_id = id.as_str(), environment = %app.site.environment, %word, "business request refused");
    let mut response = fault(app, id, word, &[]);
    let challenge = match word {
        Fault::TokenInsufficient => "Bearer error=\"insufficient_scope\", scope=\"business:read\"",
        _ => "Bearer error=\"invalid_token\"",
    };
    response.headers_mut().insert(http::header::WWW_AUTHENTICATE, http::HeaderValue::from_static(challenge));
    response
}

/// Words a refusal; the layer adds status and challenge.
fn refuse(app: &App, id: &RequestId, refused: &Refused) -> Response {
    let cause = match refused {
        Refused::TokenMissing => "no access token".to_owned(),
        Refused::RequestMalformed => "the Authorization header cannot be read".to_owned(),
        Refused::TokenInvalid(error) => error.to_string(),
        Refused::ScopeInsufficient { needed } => format!("the token lacks {needed}"),
        other => format!("status {}", other.status().as_u16()),
    };
    tracing::info!(request_id = id.as_str(), environment = %app.site.environment, cause, "business request refused");
    let word = match refused {
        Refused::ScopeInsufficient { .. } => Fault::TokenInsufficient,
        _ => Fault::TokenRefused,
    };
    fault(app, id, word, &[])
}

/// An error in the shape of the dialect that owns this path; in a plain one where none does.
fn fault(app: &App, id: &RequestId, fault: Fault, problems: &[Problem]) -> Response {
    let dialects = app.node.dialects.load();
    if let Some(owner) = dialects.owner(BUSINESS_ROUTE) {
        let issuer = issuer_of(app);
        return answer::encoded(owner.encode_fault(fault, problems, context(&issuer, id, BUSINESS_ROUTE)));
    }
    let (status, code) = match fault {
        Fault::TokenRefused => (StatusCode::UNAUTHORIZED, "invalid_token"),
        Fault::TokenInsufficient => (StatusCode::FORBIDDEN, "insufficient_scope"),
        Fault::BusinessUnknown => (StatusCode::NOT_FOUND, "not_found"),
        Fault::MethodRefused => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Fault::PageMalformed => (StatusCode::BAD_REQUEST, "invalid_request"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
    };
    answer::error(status, code, fault.as_str())
}

fn refuse_page(app: &App, id: &RequestId, parameter: &'static str) -> Response {
    let problem = Problem { fault: Fault::PageMalformed, parameter: parameter.to_owned(), place: ProblemPlace::Query };
    fault(app, id, Fault::PageMalformed, &[problem])
}

fn unavailable(app: &App, id: &RequestId, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(request_id = id.as_str(), %error, "business request not answered");
    let mut response = fault(app, id, Fault::Unavailable, &[]);
    response.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("5"));
    response
}

async fn find(app: &App, holder: &Holder, id: BusinessId) -> Read<Option<Business>> {
    let store = app.node.endpoint.directory.store();
    Ok(store.business_of(&app.site.environment, holder.tenant, id).await?.value)
}

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
struct PageRequest {
    size: u32,
    from: Option<From>,
}

/// Where a page begins, or ends. As a token: base64url of `a` (after) or `b` (before) and an identifier. A made-up token can
/// only name another place in the bearer's own list.
#[derive(Debug, PartialEq, Eq)]
enum From {
    After(BusinessId),
    Before(BusinessId),
}

impl From {
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(match self {
            From::After(id) => format!("a{id}"),
            From::Before(id) => format!("b{id}"),
        })
    }

    fn parse(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let after = text.strip_prefix('a').and_then(|id| id.parse().ok()).map(From::After);
        after.or_else(|| text.strip_prefix('b').and_then(|id| id.parse().ok()).map(From::Before))
    }
}

impl PageRequest {
    /// Reads the query string; the name of the parameter that cannot be used.
    fn parse(query: Option<&str>) -> Result<Self, &'static str> {
        let mut page = Self { size: MAX_PAGE, from: None };
        let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        // An empty value is as if the parameter were not there.
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            match name {
                "page_size" => {
                    let size = value.parse().ok().filter(|size| (1..=MAX_PAGE).contains(size));
                    page.size = size.ok_or("page_size")?;
                }
                "page_token" => page.from = Some(From::parse(value).ok_or("page_token")?),
                _ => {}
            }
        }
        Ok(page)
    }
}

async fn read_page(app: &App, holder: &Holder, page: &PageRequest) -> Read<Value> {
    if let Some(only) = holder.business {
        let found = find(app, holder, only).await?;
        return Ok(to_page(&found.into_iter().collect::<Vec<_>>(), None, None));
    }
    let store = app.node.endpoint.directory.store();
    let environment = &app.site.environment;
    // One more than asked for, to know whether there is another page.
    let limit = page.size + 1;
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let (mut found, backwards) = match &page.from {
        Some(From::Before(id)) => (store.businesses_before(environment, holder.tenant, *id, limit).await?, true),
        Some(From::After(id)) => (store.businesses(environment, holder.tenant, Page { after: Some(id), limit }).await?, false),
        None => (store.businesses(environment, holder.tenant, Page { after: None, limit }).await?, false),
    };
    let more = found.len() > size;
    if more && backwards {
        found.remove(0);
    }
    found.truncate(size);
    let next = found.last().filter(|_| more || backwards).map(|last| From::After(last.id));
    let is_first = page.from.is_none();
    let previous = found.first().filter(|_| if backwards { more } else { !is_first }).map(|first| From::Before(first.id));
    Ok(to_page(&found, next.as_ref(), previous.as_ref()))
}

fn to_page(businesses: &[Business], next: Option<&From>, previous: Option<&From>) -> Value {
    json!({
        "data": businesses.iter().map(to_json).collect::<Vec<_>>(),
        "pagination": {
            "next_page_token": next.map(From::token),
            "previous_page_token": previous.map(From::token),
        },
    })
}

fn to_json(business: &Business) -> Value {
    let created_at = jiff::Timestamp::from_second(business.created_at.0).map(|at| at.to_string()).ok();
    json!({
        "id": business.id,
        "tenant_id": business.tenant_id,
        "name": business.name,
        "external_id": business.external_id,
        "status": business.status,
        "created_at": created_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_request_is_read_from_the_query() {
        let default = PageRequest { size: 100, from: None };
        for query in [None, Some(""), Some("page_size="), Some("other=1&page_token=")] {
            assert_eq!(PageRequest::parse(query), Ok(PageRequest { size: default.size, from: None }), "{query:?}");
        }
        assert_eq!(PageRequest::parse(Some("page_size=1")).map(|page| page.size), Ok(1));
        for bad in ["page_size=0", "page_size=101", "page_size=x", "page_size=-1", "page_size=1.0"] {
            assert_eq!(PageRequest::parse(Some(bad)), Err("page_size"), "{bad}");
        }
        assert_eq!(PageRequest::parse(Some("page_token=x")), Err("page_token"));
    }

    #[test]
    fn page_tokens_come_back_as_they_were() {
        let id = "biz_GA6EG2qFxA97NZHtxeLPUy".parse().unwrap();
        for from in [From::After(id), From::Before(id)] {
            assert_eq!(From::parse(&from.token()), Some(from));
        }
    }
}
