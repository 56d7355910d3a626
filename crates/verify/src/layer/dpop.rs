//! `DPoP` at a resource server (RFC 9449 section 7): how it is set up, and one request's proof.

use std::{error::Error, fmt};

use http::{HeaderMap, HeaderValue, Method, Uri};

use super::Refused;
use crate::{
    Algorithm,
    dpop::{NonceAge, Nonces, Proof, ProofContext, ProofError, ReplayError, ReplayMemory, is_target, verify_proof},
};

/// The header that brings the proof.
pub(super) const PROOF_HEADER: &str = "dpop";
/// The header that brings a nonce to the client.
pub(super) const NONCE_HEADER: &str = "dpop-nonce";

const MOST_PROOFS: usize = 400_000;
const MOST_PROOFS_OF_A_CLIENT: usize = 100_000;

/// How proofs are checked.
#[derive(Debug)]
pub struct Dpop {
    base: String,
    algorithms: Vec<Algorithm>,
    nonces: Option<Nonces>,
    memory: ReplayMemory,
}

impl Dpop {
    /// For a service that clients know under `public_url`, such as `https://api.example` or `https://example/api`.
    ///
    /// What a proof has to be for is this URL with the path of the request behind it. The layer has to see that path as
    /// the client wrote it: what routes by a prefix and takes it away comes after the layer, or the prefix is part of
    /// `public_url`. `Host` and forwarded headers are never looked at, since whoever replays a proof writes them.
    pub fn new(public_url: &str) -> Result<Self, PublicUrlError> {
        let base = public_url.trim_end_matches('/');
        if !is_target(base) || base.contains(['?', '#']) {
            return Err(PublicUrlError);
        }
        let memory = ReplayMemory::new(MOST_PROOFS, MOST_PROOFS_OF_A_CLIENT);
        Ok(Self { base: base.to_owned(), algorithms: Algorithm::ALL.to_vec(), nonces: None, memory })
    }

    /// Accepts proofs of these algorithms only. All of [`Algorithm::ALL`] are accepted from the start.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Demands nonces (RFC 9449 section 9), so that no proof can be made in advance, or sent to two processes.
    #[must_use]
    pub fn nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// Remembers used proofs here. From the start there is room for 400 000, of which 100 000 of one client: that is for
    /// 1 600 requests a second of one client, and takes 40 MiB when it is full.
    #[must_use]
    pub fn memory(mut self, memory: ReplayMemory) -> Self {
        self.memory = memory;
        self
    }

    /// The value of `algs` in a challenge (RFC 9449 section 7.1).
    pub(super) fn algorithm_names(&self) -> String {
        self.algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The header with the nonce to give out, if nonces are demanded.
    pub(super) fn nonce_header(&self, now: i64) -> Option<HeaderValue> {
        HeaderValue::try_from(self.nonces.as_ref()?.current(now)).ok()
    }

    /// Checks the proof of a request with this token. What comes back is a nonce for the client's next proof, if it is
    /// time for another one.
    pub(super) fn check(&self, request: &ProofRequest<'_>, bound: &Bound<'_>) -> Result<Option<HeaderValue>, Refused> {
        let mut headers = request.headers.get_all(PROOF_HEADER).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else { return Err(Refused::ProofMissing) };
        let text = header.to_str().map_err(|_| Refused::ProofMissing)?;
        let uri = format!("{}{}", self.base, request.uri.path());
        let context = ProofContext {
            method: request.method.as_str(),
            uri: &uri,
            access_token: Some(bound.token),
            now_unix_seconds: request.now,
        };
        let proof = verify_proof(text, &context).map_err(Refused::ProofInvalid)?;
        if !self.algorithms.contains(&proof.algorithm) {
            return Err(Refused::ProofInvalid(ProofError::AlgorithmNotAllowed));
        }
        if proof.thumbprint != bound.jkt {
            return Err(Refused::KeyMismatch);
        }
        let next_nonce = self.check_nonce(&proof, request.now)?;
        self.memory.use_once(bound.client_id, &proof, request.now).map_err(|error| match error {
            ReplayError::Replayed => Refused::ProofReplayed,
            ReplayError::Full => Refused::TooManyProofs,
        })?;
        Ok(next_nonce)
    }

    fn check_nonce(&self, proof: &Proof, now: i64) -> Result<Option<HeaderValue>, Refused> {
        let Some(nonces) = &self.nonces else { return Ok(None) };
        match proof.nonce.as_deref().and_then(|nonce| nonces.check(nonce, now)) {
            Some(NonceAge::Current) => Ok(None),
            Some(NonceAge::Previous) => Ok(self.nonce_header(now)),
            None => Err(Refused::NonceNeeded),
        }
    }
}

/// What a proof has to be for.
pub(super) struct ProofRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) now: i64,
}

/// A verified token, and the key that it is bound to.
pub(super) struct Bound<'a> {
    pub(super) token: &'a str,
    pub(super) jkt: &'a str,
    pub(super) client_id: &'a str,
}

/// The public URL is no absolute `http` or `https` URL without query and fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicUrlError;

impl fmt::Display for PublicUrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the public URL is not of the form https://host/path")
    }
}

impl Error for PublicUrlError {}

#[cfg(test)]
mod tests;
