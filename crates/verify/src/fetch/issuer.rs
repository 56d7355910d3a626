//! An issuer that is followed: how it is set up, and what it is good for.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Uri;

use super::{
    FetchError, HttpsTransport, IssuerKeys, Transport, address,
    feed::{Ask, Clock, Follower},
    jwks::Source,
    keys::HeldKeys,
    metadata::Metadata,
    transport::Fetcher,
};
use crate::{
    PreviousIssuer, Verifier, clock,
    revocations::{DEFAULT_GRACE_SECONDS, RevocationList},
};

const DEFAULT_MAX_KEY_AGE: Duration = Duration::from_hours(24);

/// An issuer whose keys and revocations are kept up in the background.
///
/// The background tasks end when this and every verifier and [`IssuerKeys`] made from it are dropped.
#[derive(Clone)]
pub struct Issuer {
    identifier: String,
    keys: IssuerKeys,
    revocations: Option<Followed>,
    clock: Clock,
}

#[derive(Clone)]
struct Followed {
    list: Arc<RevocationList>,
    error: Arc<Mutex<Option<FetchError>>>,
}

/// How an issuer is followed.
pub struct IssuerBuilder {
    issuer: String,
    transport: Option<Arc<dyn Transport>>,
    allows_loopback_http: bool,
    max_key_age: Duration,
    grace_seconds: u32,
    revocations: Wish,
    metadata_uri: Option<String>,
    jwks_uri: Option<String>,
    clock: Clock,
}

/// Whether revocations are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    IfPublished,
    Required,
    Never,
}

/// How up to date an [`Issuer`]'s keys and revocations are: for health checks and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The number of usable keys. Zero once they are too old.
    pub keys: usize,
    /// How long ago the issuer last said that these are its keys.
    pub keys_age: Duration,
    /// Why the keys could not be fetched the last time, if they could not.
    pub keys_error: Option<FetchError>,
    /// For how long revocations can still be decided by, in seconds; zero once they are too old. `None` where the issuer's
    /// revocations are not followed.
    pub revocations_remaining_seconds: Option<i64>,
    /// Why the revocations could not be fetched the last time, if they could not.
    pub revocations_error: Option<FetchError>,
}

impl Issuer {
    /// Follows an issuer in the usual way. `issuer` is its identifier, a URL, exactly as it stands in its tokens.
    pub async fn follow(issuer: impl Into<String>) -> Result<Self, FetchError> {
        Self::builder(issuer).follow().await
    }

    /// To follow an issuer in another way than the usual one.
    pub fn builder(issuer: impl Into<String>) -> IssuerBuilder {
        IssuerBuilder {
            issuer: issuer.into(),
            transport: None,
            allows_loopback_http: false,
            max_key_age: DEFAULT_MAX_KEY_AGE,
            grace_seconds: DEFAULT_GRACE_SECONDS,
            revocations: Wish::IfPublished,
            metadata_uri: None,
            jwks_uri: None,
            clock: Arc::new(clock::unix_seconds),
        }
    }

    /// A verifier of this issuer's tokens for `audience`, with its keys and revocations.
    pub fn verifier(&self, audience: impl Into<String>) -> Verifier<IssuerKeys> {
        let verifier = Verifier::new(self.identifier.clone(), audience, self.keys());
        match &self.revocations {
            Some(followed) => verifier.revocations(Arc::clone(&followed.list)),
            None => verifier,
        }
    }

    /// This issuer as the one before another, for the tokens of both: see
    /// [`Verifier::accept_previous`]. `audience` is what this resource server is called in its tokens, which are refused from
    /// `until_unix_seconds` on. Its revocations, where it publishes any, are not looked at.
    pub fn as_previous(&self, audience: impl Into<String>, until_unix_seconds: i64) -> PreviousIssuer {
        PreviousIssuer::new(self.identifier.clone(), audience, self.keys(), until_unix_seconds)
    }

    /// The issuer's keys.
    pub fn keys(&self) -> IssuerKeys {
        self.keys.clone()
    }

    /// The issuer's revocations, where they are followed.
    pub fn revocations(&self) -> Option<Arc<RevocationList>> {
        self.revocations.as_ref().map(|followed| Arc::clone(&followed.list))
    }

    /// How up to date keys and revocations are.
    pub fn status(&self) -> Status {
        let now = (self.clock)();
        let (keys, keys_age, keys_error) = self.keys.held.status();
        let followed = self.revocations.as_ref();
        Status {
            keys,
            keys_age,
            keys_error,
            revocations_remaining_seconds: followed.map(|followed| followed.list.remaining_seconds(now)),
            revocations_error: followed.and_then(Followed::error),
        }
    }
}

impl From<&Follower> for Followed {
    fn from(feed: &Follower) -> Self {
        Self { list: Arc::clone(&feed.list), error: Arc::clone(&feed.error) }
    }
}

impl Followed {
    fn error(&self) -> Option<FetchError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl IssuerBuilder {
    /// Makes requests through `transport` instead of [`HttpsTransport`].
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// For how long keys are believed after the issuer last confirmed them: 24 hours from the start. After it every token
    /// is refused.
    #[must_use]
    pub const fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = age;
        self
    }

    /// How long the last good list of revocations decides: 300 seconds from the start. See
    /// [`RevocationList::grace_seconds`].
    #[must_use]
    pub const fn grace_seconds(mut self, seconds: u32) -> Self {
        self.grace_seconds = seconds;
        self
    }

    /// Insists on revocations. From the start they are followed if the issuer's metadata say where they are.
    #[must_use]
    pub const fn require_revocations(mut self) -> Self {
        self.revocations = Wish::Required;
        self
    }

    /// Does not follow revocations: a token then ends when it expires, and not before.
    #[must_use]
    pub const fn without_revocations(mut self) -> Self {
        self.revocations = Wish::Never;
        self
    }

    /// Where the issuer's metadata are, if not at `/.well-known/oauth-authorization-server` before the path of its URL
    /// (RFC 8414 section 3.1).
    #[must_use]
    pub fn metadata_uri(mut self, uri: impl Into<String>) -> Self {
        self.metadata_uri = Some(uri.into());
        self
    }

    /// Where the issuer's keys are. No metadata is read then, and no revocations are followed: for an issuer that publishes
    /// neither, or whose keys somebody else publishes, as Mintmark does for the
    /// [issuer before](PreviousIssuer).
    #[must_use]
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(uri.into());
        self
    }

    /// Takes the time, in seconds since 1970, from here instead of the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Allows `http` to a loopback address, for development on one machine. Whoever can listen there can make tokens.
    #[must_use]
    pub const fn danger_allow_loopback_http(mut self) -> Self {
        self.allows_loopback_http = true;
        self
    }

    /// Reads the metadata, the keys and the revocations, and keeps up the latter two from then on.
    ///
    /// An issuer that cannot be reached is an error here: a verifier that has never had a key decides nothing. Afterwards
    /// it is not; see [`Issuer::status`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn follow(self) -> Result<Issuer, FetchError> {
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => Arc::new(HttpsTransport::new()?),
        };
        let fetcher = Fetcher { transport, allows_loopback_http: self.allows_loopback_http };
        let metadata = self.metadata(&fetcher).await?;
        let source = Source { fetcher: fetcher.clone(), uri: metadata.jwks_uri };
        let (held, fresh_for) = HeldKeys::fetch(&source, self.max_key_age).await?;
        let held = Arc::new(held);
        let feed = self.revocations_uri(metadata.revocations_uri)?.map(|uri| self.follower(fetcher, uri, &held));
        if let Some(feed) = &feed {
            feed.fetch(Ask::Complete).await?;
        }
        let revocations = feed.as_ref().map(Followed::from);
        let mut tasks = vec![tokio::spawn(Arc::clone(&held).keep_up(source, fresh_for)).abort_handle()];
        tasks.extend(feed.map(|feed| tokio::spawn(feed.run()).abort_handle()));
        Ok(Issuer { identifier: self.issuer, keys: IssuerKeys::new(held, tasks), revocations, clock: self.clock })
    }

    async fn metadata(&self, fetcher: &Fetcher) -> Result<Metadata, FetchError> {
        if let Some(uri) = &self.jwks_uri {
            return Ok(Metadata { jwks_uri: address::parse(uri)?, revocations_uri: None });
        }
        let uri = self.metadata_uri.as_deref().map_or_else(|| address::metadata(&self.issuer), address::parse)?;
        Metadata::fetch(fetcher, uri, &self.issuer).await
    }

    fn revocations_uri(&self, published: Option<Uri>) -> Result<Option<Uri>, FetchError> {
        match (self.revocations, published) {
            (Wish::Never, _) => Ok(None),
            (Wish::Required, None) => Err(FetchError::Metadata("it has no mintmark_revocations_uri")),
            (_, published) => Ok(published),
        }
    }

    fn follower(&self, fetcher: Fetcher, uri: Uri, keys: &Arc<HeldKeys>) -> Follower {
        Follower {
            fetcher,
            uri,
            list: Arc::new(RevocationList::new(self.issuer.clone()).grace_seconds(self.grace_seconds)),
            keys: Arc::clone(keys),
            clock: Arc::clone(&self.clock),
            grace: Duration::from_secs(self.grace_seconds.into()),
            error: Arc::default(),
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Issuer");
        shown.field("identifier", &self.identifier).field("keys", &self.keys);
        shown.field("revocations", &self.revocations()).finish_non_exhaustive()
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IssuerBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
