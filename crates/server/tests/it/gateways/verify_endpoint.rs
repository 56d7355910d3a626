//! What a sub-request gateway asks: `/verify/{resource_id}?scope=...`.
//!
//! It is answered here by a small stand-in, on what `mintmark-verify` says. To ask the real endpoint, let [`VerifyEndpoint::start`]
//! give the server's own address, the id of the resource, and the credentials of a client that serves it; the rest stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark::clock::SystemClock;
use mintmark_core::clock::Clock;
use mintmark_verify::{Claims, JwkSet, KeySet, TokenError, Verifier};

use super::guard::client;
use super::upstream::Upstream;

/// The endpoint of one resource.
pub(super) struct VerifyEndpoint {
    /// Scheme, host and port of the environment.
    pub(super) origin: String,
    /// The resource that the gateway serves.
    pub(super) resource_id: &'static str,
    /// What the gateway sends as `Mintmark-Gateway`.
    pub(super) credentials: String,
    /// Makes it unable to decide.
    undecided: Arc<AtomicBool>,
    _server: Upstream,
}

/// What it decides on.
#[derive(Clone)]
struct Decider {
    issuer: String,
    audience: String,
    jwks_uri: String,
    credentials: String,
    keys: Arc<Mutex<KeySet>>,
    undecided: Arc<AtomicBool>,
}

const RESOURCE_ID: &str = "res_0123456789abcdefghijkl";

impl VerifyEndpoint {
    pub(super) async fn start(issuer: &str, audience: &str, jwks_uri: &str) -> Self {
        let credentials = format!("Basic {}", STANDARD.encode("gateway:not-a-secret"));
        let undecided = Arc::new(AtomicBool::new(false));
        let decider = Decider {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            jwks_uri: jwks_uri.to_owned(),
            credentials: credentials.clone(),
            keys: Arc::default(),
            undecided: Arc::clone(&undecided),
        };
        let server = Upstream::serve(Router::new().route("/verify/{resource_id}", any(verify)).with_state(decider)).await;
        let origin = format!("http://{}", server.address);
        Self { origin, resource_id: RESOURCE_ID, credentials, undecided, _server: server }
    }

    /// From now on it says 503, as a node does that knows too little.
    pub(super) fn cannot_decide(&self) {
        self.undecided.store(true, Ordering::SeqCst);
    }
}

type Answer = (StatusCode, HeaderMap);

async fn verify(
    State(decider): State<Decider>,
    Path(resource): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> impl IntoResponse {
    let wanted = uri.query().and_then(|query| query.strip_prefix("scope=")).unwrap_or_default().replace('+', " ");
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if resource != RESOURCE_ID || text("mintmark-gateway") != Some(&decider.credentials) {
        return (StatusCode::FORBIDDEN, HeaderMap::new());
    }
    // Only bound tokens need the two; asking for them always shows that a recipe sends them.
    let is_complete =
        text("x-original-method") == Some("GET") && text("x-original-uri").is_some_and(|uri| uri.starts_with('/'));
    let is_from_elsewhere = headers.get("x-original-uri").is_some_and(|uri| uri.as_bytes().starts_with(b"/verify"));
    if decider.undecided.load(Ordering::SeqCst) || is_from_elsewhere {
        return (StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new());
    }
    let Some(token) = text("authorization").and_then(|value| value.strip_prefix("Bearer ")) else {
        return refusal(StatusCode::UNAUTHORIZED, "Bearer".to_owned());
    };
    match decider.claims(token).await {
        Ok(claims) if !is_complete => panic!("a recipe says too little of the request of {}: {headers:?}", claims.client_id),
        Ok(claims) if allows(&claims, &wanted) => acceptance(&claims),
        Ok(_) => {
            let challenge = format!(r#"Bearer error="insufficient_scope", scope="{wanted}""#);
            refusal(StatusCode::FORBIDDEN, challenge)
        }
        Err(_) => refusal(StatusCode::UNAUTHORIZED, r#"Bearer error="invalid_token""#.to_owned()),
    }
}

impl Decider {
    /// An unknown key has the key set read again.
    async fn claims(&self, token: &str) -> Result<Claims, TokenError> {
        match self.held(token) {
            Err(TokenError::UnknownKey) => {
                let answer = client().get(&self.jwks_uri).send().await.unwrap();
                let published: JwkSet = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
                *self.keys.lock().unwrap() = KeySet::from(&published);
                self.held(token)
            }
            decided => decided,
        }
    }

    fn held(&self, token: &str) -> Result<Claims, TokenError> {
        let keys = self.keys.lock().unwrap().clone();
        Verifier::new(&self.issuer, &self.audience, keys)
            .algorithms(&[mintmark_verify::Algorithm::Es256])
            .verify(token, SystemClock.now().0)
    }
}

fn allows(claims: &Claims, wanted: &str) -> bool {
    let has = |one: &str| claims.scope.as_deref().unwrap_or_default().split(' ').any(|scope| scope == one);
    wanted.split(' ').all(has)
}

fn refusal(status: StatusCode, challenge: String) -> Answer {
    let challenge = HeaderValue::try_from(challenge).unwrap();
    (status, HeaderMap::from_iter([(HeaderName::from_static("www-authenticate"), challenge)]))
}

fn acceptance(claims: &Claims) -> Answer {
    let expires_at = claims.exp.to_string();
    let facts = [
        ("mintmark-client-id", Some(claims.client_id.as_str())),
        ("mintmark-tenant-id", claims.tenant_id.as_deref()),
        ("mintmark-business-id", claims.business_id.as_deref()),
        ("mintmark-credential-id", claims.credential_id.as_deref()),
        ("mintmark-scope", claims.scope.as_deref()),
        ("mintmark-token-id", Some(claims.jti.as_str())),
        ("mintmark-expires-at", Some(expires_at.as_str())),
    ];
    let present = facts
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value?).unwrap())));
    (StatusCode::OK, present.collect())
}
