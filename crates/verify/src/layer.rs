//! A tower layer for resource servers: admits requests with a good access token, refuses the others.
//!
//! The token is read from the `Authorization` header only (RFC 6750 section 2.1). Tokens in a form body or in the query
//! (sections 2.2 and 2.3) end in logs and histories, and are not looked for.
//!
//! An admitted request carries its claims as `Arc<Claims>` in its extensions, and a [`Caller`] for those that most handlers
//! need. Its `Authorization` and `DPoP` headers are marked sensitive so that no debug output shows them.
//!
//! # Bound tokens
//!
//! A stolen bearer token is as good as the thief's own. A token with the claim `cnf` is not, and the layer never lets it
//! pass for one:
//!
//! * Bound to a key (`DPoP`, RFC 9449): see [`VerifyLayer::dpop`]. Without it such tokens are refused.
//! * Bound to a client certificate (RFC 8705): whoever ends TLS puts a [`PeerCertificate`] into the request's extensions.
//!   Without it such tokens are refused.
//!
//! # Services
//!
//! The layer is for whatever is a tower service of `http` requests, and needs none of its own framework. In axum it is
//! `Router::layer(layer)`; in tonic `Server::builder().layer(layer)`, whose clients see the statuses 401, 403 and 503 as
//! `UNAUTHENTICATED`, `PERMISSION_DENIED` and `UNAVAILABLE`; with hyper alone it is `layer.layer(service)` in a
//! `hyper_util::service::TowerToHyperService`.

mod admit;
mod caller;
mod certificate;
mod dpop;
mod refused;
mod service;

use std::{fmt, sync::Arc};

pub use caller::Caller;
pub use certificate::PeerCertificate;
pub use dpop::{Dpop, PublicUrlError};
use http::Response;
pub use refused::Refused;
pub use service::{ResponseFuture, VerifyService};
use tower_layer::Layer;

#[cfg(feature = "cache")]
use crate::CachedVerifier;
use crate::{Claims, KeySource, TokenError, Verifier, clock};

/// The body and headers of a refusal. [`VerifyLayer`] sets the status and the `WWW-Authenticate` header itself, so that
/// nobody can forget them.
///
/// Closures of the form `Fn(&Refused) -> Response<B> + Clone` implement it.
pub trait Refusal<B>: Clone {
    /// The answer to a request that is refused for this cause.
    fn refuse(&self, refused: &Refused) -> Response<B>;
}

impl<B, F: Fn(&Refused) -> Response<B> + Clone> Refusal<B> for F {
    fn refuse(&self, refused: &Refused) -> Response<B> {
        self(refused)
    }
}

/// A refusal without a body: the challenge says everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainRefusal;

impl<B: Default> Refusal<B> for PlainRefusal {
    fn refuse(&self, _: &Refused) -> Response<B> {
        Response::new(B::default())
    }
}

/// Verifies the access token of each request before the wrapped service sees it.
pub struct VerifyLayer<K, R = PlainRefusal> {
    policy: Arc<Policy<K>>,
    refusal: R,
}

/// What all services of one layer share.
struct Policy<K> {
    verifier: AnyVerifier<K>,
    scopes: Vec<String>,
    metadata: Option<String>,
    dpop: Option<Arc<Dpop>>,
    clock: Clock,
}

enum AnyVerifier<K> {
    Plain(Arc<Verifier<K>>),
    #[cfg(feature = "cache")]
    Cached(Arc<CachedVerifier<K>>),
}

type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

impl<K: KeySource> VerifyLayer<K> {
    /// A layer that asks for a good token of any scope.
    pub fn new(verifier: Arc<Verifier<K>>) -> Self {
        Self::with(AnyVerifier::Plain(verifier))
    }

    /// As [`VerifyLayer::new`], with a verifier that remembers the tokens that it verified.
    #[cfg(feature = "cache")]
    pub fn cached(verifier: Arc<CachedVerifier<K>>) -> Self {
        Self::with(AnyVerifier::Cached(verifier))
    }

    fn with(verifier: AnyVerifier<K>) -> Self {
        let policy = Policy { verifier, scopes: Vec::new(), metadata: None, dpop: None, clock: Arc::new(clock::unix_seconds) };
        Self { policy: Arc::new(policy), refusal: PlainRefusal }
    }
}

impl<K: KeySource> AnyVerifier<K> {
    /// What the token is bound to, the layer looks at itself.
    fn verify(&self, token: &str, now_unix_seconds: i64) -> Result<Arc<Claims>, TokenError> {
        match self {
            Self::Plain(verifier) => verifier.verify_bound(token, now_unix_seconds).map(Arc::new),
            #[cfg(feature = "cache")]
            Self::Cached(verifier) => verifier.verify_bound(token, now_unix_seconds),
        }
    }
}

impl<K, R> VerifyLayer<K, R> {
    /// Asks for this scope too. All scopes asked for are needed.
    #[must_use]
    pub fn require_scope(mut self, scope: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.policy).scopes.push(scope.into());
        self
    }

    /// The URL of this resource server's metadata, which challenges name (RFC 9728 section 5.1).
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.policy).metadata = Some(url.into());
        self
    }

    /// Accepts tokens that are bound to a key, with the proofs of RFC 9449.
    ///
    /// ```
    /// use mintmark_verify::layer::{Dpop, VerifyLayer};
    /// # use mintmark_verify::{KeySet, Verifier};
    /// # let verifier = std::sync::Arc::new(Verifier::new("https://auth.example", "https://api.example", KeySet::default()));
    /// let layer = VerifyLayer::new(verifier).dpop(Dpop::new("https://api.example")?);
    /// # let _ = layer;
    /// # Ok::<(), mintmark_verify::layer::PublicUrlError>(())
    /// ```
    ///
    /// Layers that serve one service share one, so that each proof is good once among them all.
    #[must_use]
    pub fn dpop(mut self, dpop: impl Into<Arc<Dpop>>) -> Self {
        Arc::make_mut(&mut self.policy).dpop = Some(dpop.into());
        self
    }

    /// Takes the time, in seconds since 1970, from here instead of the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.policy).clock = Arc::new(clock);
        self
    }

    /// Makes refusals with `refusal`, such as a closure that writes the API's usual error body.
    pub fn refuse_with<R2>(self, refusal: R2) -> VerifyLayer<K, R2> {
        VerifyLayer { policy: self.policy, refusal }
    }
}

/// For every `K`, since the verifier itself is shared.
impl<K> Clone for AnyVerifier<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(verifier) => Self::Plain(Arc::clone(verifier)),
            #[cfg(feature = "cache")]
            Self::Cached(verifier) => Self::Cached(Arc::clone(verifier)),
        }
    }
}

impl<K> Clone for Policy<K> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            scopes: self.scopes.clone(),
            metadata: self.metadata.clone(),
            dpop: self.dpop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

impl<K, R: Clone> Clone for VerifyLayer<K, R> {
    fn clone(&self) -> Self {
        Self { policy: Arc::clone(&self.policy), refusal: self.refusal.clone() }
    }
}

impl<K, R> fmt::Debug for VerifyLayer<K, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifyLayer")
            .field("scopes", &self.policy.scopes)
            .field("metadata", &self.policy.metadata)
            .field("dpop", &self.policy.dpop)
            .finish_non_exhaustive()
    }
}

impl<S, K, R: Clone> Layer<S> for VerifyLayer<K, R> {
    type Service = VerifyService<S, K, R>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService::new(inner, Arc::clone(&self.policy), self.refusal.clone())
    }
}

#[cfg(test)]
mod tests;
