//! Fetching and reading a source's documents: a JWK set (RFC 7517 section 5), and where an issuer says that it has one (`OpenID`
//! Connect Discovery section 4).

use std::fmt;
use std::time::Duration;

use mintmark_core::token::{RemoteKeySet, RemoteKeysError};
use mintmark_verify::JwkSet;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::outgoing::client::{FetchError, GuardedClient};

/// The longest URI and issuer, in bytes.
const MAX_SOURCE: usize = 1024;
/// What a key set takes in memory for each byte of its document, and besides.
const BYTES_PER_BYTE: usize = 3;
const BYTES_BESIDES: usize = 1024;

/// Where keys are from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A key set's own URI.
    Jwks(String),
    /// An issuer that says where it is.
    Issuer(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Jwks(text) | Self::Issuer(text)) = self;
        out.write_str(text)
    }
}

impl Source {
    /// Refuses what nothing is held for, not even a failure.
    pub(super) fn check(&self) -> Result<(), RemoteKeysError> {
        let (Self::Jwks(text) | Self::Issuer(text)) = self;
        if text.len() > MAX_SOURCE {
            return Err(RemoteKeysError::Refused(format!("it is longer than {MAX_SOURCE} bytes")));
        }
        if matches!(self, Self::Issuer(issuer) if issuer.contains(['?', '#'])) {
            return Err(RemoteKeysError::Refused("an issuer has neither query nor fragment".to_owned()));
        }
        Ok(())
    }
}

/// A key set as it was fetched.
pub(super) struct Document {
    pub(super) set: RemoteKeySet,
    pub(super) max_age: Option<Duration>,
    /// What it takes in memory, about.
    pub(super) bytes: usize,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    /// Keeps serde from reading an array as this.
    #[serde(flatten)]
    _others: Map<String, Value>,
}

/// Fetches and reads what a source publishes now.
pub(super) async fn fetch(client: &GuardedClient, source: &Source) -> Result<Document, RemoteKeysError> {
    let uri = match source {
        Source::Jwks(uri) => uri.clone(),
        Source::Issuer(issuer) => discover(client, issuer).await?,
    };
    let fetched = client.fetch(&uri).await.map_err(of_fetch)?;
    let unusable = |_| RemoteKeysError::Unusable("it is no JWK set (RFC 7517 section 5)".to_owned());
    let set: JwkSet = serde_json::from_slice(&fetched.body).map_err(unusable)?;
    let bytes = fetched.body.len() * BYTES_PER_BYTE + BYTES_BESIDES;
    Ok(Document { set: RemoteKeySet::new(set)?, max_age: fetched.max_age, bytes })
}

/// The `jwks_uri` of an issuer. The document must be the issuer's own, by its own word: otherwise whoever serves one path of a host
/// could speak for another.
async fn discover(client: &GuardedClient, issuer: &str) -> Result<String, RemoteKeysError> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let fetched = client.fetch(&url).await.map_err(of_fetch)?;
    let unusable = |cause: &str| RemoteKeysError::Unusable(cause.to_owned());
    let document: Discovery = serde_json::from_slice(&fetched.body)
        .map_err(|_| unusable("the issuer's configuration is no JSON object with issuer and jwks_uri"))?;
    if document.issuer != issuer {
        return Err(unusable("the issuer's configuration is of another issuer"));
    }
    Ok(document.jwks_uri)
}

fn of_fetch(error: FetchError) -> RemoteKeysError {
    match error {
        FetchError::Refused(cause) => RemoteKeysError::Refused(cause.to_owned()),
        other => RemoteKeysError::Unavailable(other.to_string()),
    }
}
