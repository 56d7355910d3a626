//! One request through the layer: find the token, verify it, compare scopes, pass on or refuse.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Policy, Refusal, Refused};
use crate::{Claims, KeySource};

/// The service that [`VerifyLayer`](super::VerifyLayer) makes.
pub struct VerifyService<S, K, R> {
    inner: S,
    policy: Arc<Policy<K>>,
    refusal: R,
}

impl<S, K, R> VerifyService<S, K, R> {
    pub(super) const fn new(inner: S, policy: Arc<Policy<K>>, refusal: R) -> Self {
        Self { inner, policy, refusal }
    }
}

impl<S: Clone, K, R: Clone> Clone for VerifyService<S, K, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: Arc::clone(&self.policy), refusal: self.refusal.clone() }
    }
}

impl<S: fmt::Debug, K, R> fmt::Debug for VerifyService<S, K, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, K, R, RequestBody, ResponseBody> Service<Request<RequestBody>> for VerifyService<S, K, R>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    K: KeySource,
    R: Refusal<ResponseBody>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    /// Decides without waiting, so that the very `inner` that was polled ready is called, and no clone of it is needed.
    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        match self.policy.admit(request.headers()) {
            Ok(claims) => {
                hide_token(request.headers_mut());
                request.extensions_mut().insert(claims);
                ResponseFuture::passed(self.inner.call(request))
            }
            Err(refused) => ResponseFuture::refused(self.refuse(&refused)),
        }
    }
}

impl<S, K, R> VerifyService<S, K, R> {
    fn refuse<B>(&self, refused: &Refused) -> Response<B>
    where
        R: Refusal<B>,
    {
        let mut response = self.refusal.refuse(refused);
        *response.status_mut() = refused.status();
        // A challenge is visible ASCII whatever it is made of; were it not, the bare scheme is a challenge too.
        let challenge = HeaderValue::try_from(refused.challenge(self.policy.metadata.as_deref()))
            .unwrap_or(HeaderValue::from_static("Bearer"));
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        response
    }
}

impl<K: KeySource> Policy<K> {
    fn admit(&self, headers: &HeaderMap) -> Result<Arc<Claims>, Refused> {
        let token = bearer_token(headers)?;
        let now = (self.clock)();
        let claims = self.verifier.verify(token, now).map_err(Refused::TokenInvalid)?;
        if self.scopes.iter().all(|scope| claims.has_scope(scope)) {
            return Ok(claims);
        }
        let needed = self.scopes.join(" ");
        Err(Refused::ScopeInsufficient { needed })
    }
}

/// The token of the one `Authorization` header (RFC 6750 section 2.1). Schemes are compared without regard to case
/// (RFC 9110 section 11.1).
fn bearer_token(headers: &HeaderMap) -> Result<&str, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refused::TokenMissing)?;
    if values.next().is_some() {
        return Err(Refused::RequestMalformed);
    }
    let value = value.to_str().map_err(|_| Refused::RequestMalformed)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refused::TokenMissing);
    }
    let token = token.trim_start_matches(' ');
    if is_b64token(token) { Ok(token) } else { Err(Refused::RequestMalformed) }
}

/// RFC 6750 section 2.1. Two headers that a proxy joined to one have a comma between their tokens, and fail here.
fn is_b64token(token: &str) -> bool {
    let characters = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !characters.is_empty() && characters.bytes().all(allowed)
}

fn hide_token(headers: &mut HeaderMap) {
    if let Some(value) = headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
}

pin_project! {
    /// The wrapped service's response, or a refusal.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B> {
        Passed { #[pin] future: F },
        Refused { response: Option<Response<B>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    const fn passed(future: F) -> Self {
        Self { state: State::Passed { future } }
    }

    const fn refused(response: Response<B>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            StateProjection::Passed { future } => Poll::Ready(ready!(future.poll(context))),
            // Polled again after it was ready, which a future need not survive, it stays pending.
            StateProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}
