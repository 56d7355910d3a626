//! One request through the layer: passed on or refused.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    Caller, Policy, Refusal, Refused,
    admit::{Admitted, Rejection},
    dpop::{NONCE_HEADER, PROOF_HEADER},
    refused::Terms,
};
use crate::KeySource;

/// When to come again, where a token could not be decided on.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

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
        let now = (self.policy.clock)();
        match self.policy.admit(&request, now) {
            Ok(Admitted { claims, next_nonce }) => {
                hide_credentials(request.headers_mut());
                request.extensions_mut().insert(Caller(Arc::clone(&claims)));
                request.extensions_mut().insert(claims);
                ResponseFuture::passed(self.inner.call(request), next_nonce)
            }
            Err(rejection) => ResponseFuture::refused(self.refuse(&rejection, now)),
        }
    }
}

impl<S, K, R> VerifyService<S, K, R> {
    fn refuse<B>(&self, rejection: &Rejection, now: i64) -> Response<B>
    where
        R: Refusal<B>,
    {
        let Rejection { refused, scheme } = rejection;
        let mut response = self.refusal.refuse(refused);
        *response.status_mut() = refused.status();
        let algorithms = self.policy.dpop.as_ref().map(|dpop| dpop.algorithm_names());
        let terms = Terms { metadata: self.policy.metadata.as_deref(), algorithms: algorithms.as_deref() };
        let headers = response.headers_mut();
        headers.remove(WWW_AUTHENTICATE);
        for challenge in refused.challenges(*scheme, &terms) {
            // A challenge is visible ASCII whatever it is made of; were it not, the bare scheme is a challenge too.
            headers.append(WWW_AUTHENTICATE, challenge.try_into().unwrap_or(HeaderValue::from_static("Bearer")));
        }
        if refused.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.entry(RETRY_AFTER).or_insert(RETRY_SECONDS);
        }
        let nonce =
            self.policy.dpop.as_ref().filter(|_| *refused == Refused::NonceNeeded).and_then(|dpop| dpop.nonce_header(now));
        headers.extend(nonce.map(|nonce| (HeaderName::from_static(NONCE_HEADER), nonce)));
        response
    }
}

fn hide_credentials(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, HeaderName::from_static(PROOF_HEADER)] {
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
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
        Passed { #[pin] future: F, next_nonce: Option<HeaderValue> },
        Refused { response: Option<Response<B>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    const fn passed(future: F, next_nonce: Option<HeaderValue>) -> Self {
        Self { state: State::Passed { future, next_nonce } }
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
            StateProjection::Passed { future, next_nonce } => {
                let mut outcome = ready!(future.poll(context));
                if let (Ok(response), Some(nonce)) = (&mut outcome, next_nonce.take()) {
                    response.headers_mut().insert(HeaderName::from_static(NONCE_HEADER), nonce);
                }
                Poll::Ready(outcome)
            }
            // Polled again after it was ready, which a future need not survive, it stays pending.
            StateProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}
