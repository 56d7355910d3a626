use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use http::{
    Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use tower::{Service, ServiceExt};

use super::*;
use crate::{
    Claims, KeySet, TokenError,
    fixture::{self, NOW, Token, must},
};

const METADATA: &str = "https://api.example/.well-known/oauth-protected-resource";

fn layer() -> VerifyLayer<KeySet> {
    VerifyLayer::new(Arc::new(fixture::verifier())).clock(|| NOW)
}

fn request(authorization: &[&str]) -> Request<String> {
    let mut request = Request::new("access_token=in-the-body".to_owned());
    for value in authorization {
        let value = must(http::HeaderValue::from_bytes(value.as_bytes()));
        request.headers_mut().append(AUTHORIZATION, value);
    }
    request
}

fn bearer(token: &Token) -> Request<String> {
    request(&[&format!("Bearer {}", token.signed())])
}

/// Answers with the client's id, and refuses to be called unless this very instance was polled to be ready.
#[derive(Default)]
struct Inner {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        let calls = Arc::clone(&self.calls);
        Self { ready: false, calls }
    }
}

impl Service<Request<String>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        assert!(self.ready, "called without being ready");
        self.ready = false;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let shown = format!("{:?}", request.headers().get(AUTHORIZATION));
        let claims = request.extensions().get::<Arc<Claims>>();
        let client = claims.map(|claims| claims.client_id.clone());
        ready(Ok(Response::new(format!("{client:?} {shown}"))))
    }
}

async fn send<R: Refusal<String>>(layer: &VerifyLayer<KeySet, R>, request: Request<String>) -> Response<String> {
    match layer.layer(Inner::default()).oneshot(request).await {
        Ok(response) => response,
    }
}

fn challenge(response: &Response<String>) -> &str {
    let mut values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or("not ASCII"),
        _ => "not exactly one challenge",
    }
}

#[tokio::test]
async fn a_good_token_passes_with_its_claims_and_is_not_shown_in_debug_output() {
    let response = send(&layer(), bearer(&Token::good())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), r#"Some("client-1") Some(Sensitive)"#);
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
}

#[tokio::test]
async fn the_scheme_is_compared_without_regard_to_case() {
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        let value = format!("{scheme} {}", Token::good().signed());
        assert_eq!(send(&layer(), request(&[&value])).await.status(), StatusCode::OK, "{scheme}");
    }
}

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    for authorization in [&[][..], &["Basic YTpi"], &["DPoP a.b.c"], &["BearerX a.b.c"], &[""]] {
        let response = send(&layer(), request(authorization)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(challenge(&response), "Bearer", "{authorization:?}");
        let response = send(&layer().resource_metadata(METADATA), request(authorization)).await;
        assert_eq!(challenge(&response), format!(r#"Bearer resource_metadata="{METADATA}""#));
    }
}

#[tokio::test]
async fn a_token_in_the_query_or_body_is_not_looked_for() {
    let mut request = request(&[]);
    *request.uri_mut() = must(format!("https://api.example/?access_token={}", Token::good().signed()).parse());
    let response = send(&layer(), request).await;
    assert_eq!(challenge(&response), "Bearer");
}

#[tokio::test]
async fn headers_without_exactly_one_token_are_malformed() {
    let token = Token::good().signed();
    let good = format!("Bearer {token}");
    let joined = format!("{good}, {good}");
    let spaced = format!("{good} {token}");
    let quoted = format!("Bearer \"{token}\"");
    let beyond_ascii = format!("{good}é");
    for authorization in [
        &[good.as_str(), &good][..],
        &[&good, "Basic YTpi"],
        &["Basic YTpi", &good],
        &[&joined],
        &[&spaced],
        &[&quoted],
        &[&beyond_ascii],
        &["Bearer"],
        &["Bearer "],
        &["Bearer ="],
    ] {
        let response = send(&layer(), request(authorization)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{authorization:?}");
        assert!(challenge(&response).starts_with(r#"Bearer error="invalid_request", error_description=""#));
    }
}

#[tokio::test]
async fn a_token_that_does_not_verify_is_refused_with_its_cause() {
    let response = send(&layer().resource_metadata(METADATA), bearer(&Token::good().claim("exp", 0))).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        challenge(&response),
        format!(r#"Bearer error="invalid_token", error_description="the token has expired", resource_metadata="{METADATA}""#)
    );
    let opaque = send(&layer(), request(&["Bearer mmt_opaque"])).await;
    assert!(challenge(&opaque).contains(r#"error="invalid_token""#));
}

#[tokio::test]
async fn every_required_scope_is_needed() {
    let both = layer().require_scope("business:read").require_scope("business:write");
    assert_eq!(send(&both, bearer(&Token::good())).await.status(), StatusCode::OK);
    for token in [Token::good().claim("scope", "business:read"), Token::good().without_claim("scope")] {
        let response = send(&both, bearer(&token)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(challenge(&response), r#"Bearer error="insufficient_scope", scope="business:read business:write""#);
    }
}

#[tokio::test]
async fn a_layer_that_is_refined_leaves_its_clone_as_it_was() {
    let any = layer();
    let narrow = any.clone().require_scope("business:delete");
    assert_eq!(send(&narrow, bearer(&Token::good())).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(send(&any, bearer(&Token::good())).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_refusal_of_ones_own_cannot_forget_status_and_challenge() {
    let layer = layer().refuse_with(|refused: &Refused| {
        let mut response = Response::new(format!(r#"{{"message":"{refused}"}}"#));
        response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        response.headers_mut().append(WWW_AUTHENTICATE, http::HeaderValue::from_static("Basic"));
        response
    });
    let response = send(&layer, bearer(&Token::good().claim("aud", "https://other.example"))).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.body(), r#"{"message":"the token is for another audience"}"#);
    assert!(response.headers().contains_key(CONTENT_TYPE));
    assert!(challenge(&response).starts_with("Bearer error="));
}

#[tokio::test]
async fn the_inner_service_is_called_for_admitted_requests_only_and_only_when_ready() {
    let inner = Inner::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = layer().layer(inner);
    for round in 1..=3 {
        // A clone that was never polled must not take the call of the one that was.
        let _bystander = service.clone();
        let refused = match service.ready().await {
            Ok(ready) => ready.call(request(&[])).await,
            Err(never) => match never {},
        };
        assert_eq!(refused.map(|response| response.status()), Ok(StatusCode::UNAUTHORIZED));
        let passed = match service.ready().await {
            Ok(ready) => ready.call(bearer(&Token::good())).await,
            Err(never) => match never {},
        };
        assert_eq!(passed.map(|response| response.status()), Ok(StatusCode::OK));
        assert_eq!(calls.load(Ordering::Relaxed), round);
    }
}

/// CVE-2021-32701: what was decided for one request is not the answer to another.
#[tokio::test]
async fn a_layer_that_remembers_tokens_still_asks_for_scopes_and_the_time_at_each_request() {
    let time = Arc::new(std::sync::atomic::AtomicI64::new(NOW));
    let clock = Arc::clone(&time);
    let verifier = Arc::new(fixture::verifier().cached(10));
    let layer = VerifyLayer::cached(verifier).clock(move || clock.load(Ordering::Relaxed));
    let narrow = layer.clone().require_scope("business:delete");
    for _ in 0..2 {
        let response = send(&layer, bearer(&Token::good())).await;
        assert_eq!(response.body(), r#"Some("client-1") Some(Sensitive)"#);
        assert_eq!(send(&narrow, bearer(&Token::good())).await.status(), StatusCode::FORBIDDEN);
    }
    time.store(NOW + 3600, Ordering::Relaxed);
    assert_eq!(send(&layer, bearer(&Token::good())).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_clock_is_asked_at_each_request() {
    let time = Arc::new(std::sync::atomic::AtomicI64::new(NOW));
    let clock = Arc::clone(&time);
    let layer = layer().clock(move || clock.load(Ordering::Relaxed));
    assert_eq!(send(&layer, bearer(&Token::good())).await.status(), StatusCode::OK);
    time.store(NOW + 3600, Ordering::Relaxed);
    assert_eq!(send(&layer, bearer(&Token::good())).await.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn each_cause_has_the_status_of_rfc_6750() {
    let needed = "business:read".to_owned();
    for (refused, status) in [
        (Refused::TokenMissing, 401),
        (Refused::RequestMalformed, 400),
        (Refused::TokenInvalid(TokenError::Signature), 401),
        (Refused::ScopeInsufficient { needed }, 403),
    ] {
        assert_eq!(refused.status().as_u16(), status);
    }
}
