//! Does the sender hold the key that its token shall be bound to? `DPoP` at the token endpoint (RFC 9449 sections 4.3, 5 and 8).
//!
//! A proof is looked at before the client is, so that a client that lacks a nonce does not spend its assertion to learn that. It is
//! used up after everything else, just before the token is made.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use mintmark_verify::Algorithm;
use mintmark_verify::dpop::{self, ProofContext, ProofError};
use mintmark_verify::jws::{EmbeddedKey, Jws, numeric_date};

use super::authenticate::use_digest;
use super::limits::Tally;
use super::nonce::NonceKind;
use super::{Caller, Denial, Exchange, PresentedProof, TokenEndpoint, TokenRequest};
use crate::clock::Timestamp;
use crate::dialect::DpopRule;
use crate::model::{ClientId, EnvironmentName};
use crate::store::{Store, UseDigest};

/// How many proofs a node remembers while the store is away.
const REMEMBERED: usize = 100_000;
/// How many of one client, so that whoever sends many takes nobody else's room. One client can have any number of keys.
const REMEMBERED_OF_ONE: u32 = 10_000;

/// What is wrong with a proof, or with there being none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofRefusal {
    /// More than one header, or one that is too long.
    Header,
    /// A check of RFC 9449 section 4.3 fails.
    Wrong(ProofError),
    /// It is too old, or made in the future.
    Clock {
        /// Which of the two.
        error: ProofError,
        /// By how many seconds its `iat` is from this server's time.
        seconds: i64,
    },
    /// It was used before.
    Used,
    /// The client's tokens are bound, and there is no proof to bind this one by.
    Missing,
}

impl fmt::Display for ProofRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => out.write_str("more than one DPoP header, or one that is too long"),
            Self::Wrong(error) => error.fmt(out),
            Self::Clock { error, seconds } => write!(out, "{error}: by {seconds} s"),
            Self::Used => out.write_str("the DPoP proof was used before"),
            Self::Missing => out.write_str("the client's tokens are bound, and the request has no DPoP proof"),
        }
    }
}

/// A proof that is good, but may have been used before.
#[derive(Debug)]
pub(super) struct HeldProof {
    /// The key's thumbprint: what the token is bound to.
    pub(super) thumbprint: String,
    /// The key's algorithm.
    pub(super) algorithm: Algorithm,
    /// What it is remembered by; nothing for a proof that is only supposed to be there.
    digest: Option<UseDigest>,
    good_until: Timestamp,
    nonce: Option<NonceKind>,
}

impl HeldProof {
    /// A proof that nobody made, of a key with this thumbprint and algorithm.
    pub(super) fn supposed(thumbprint: String, algorithm: Algorithm) -> Self {
        Self { thumbprint, algorithm, digest: None, good_until: Timestamp(0), nonce: None }
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Looks at the proof of a request, if the dialect reads one and there is one.
    pub(super) fn check_proof(
        &self,
        exchange: &Exchange<'_>,
        request: &TokenRequest,
        issuer: &str,
    ) -> Result<Option<Box<HeldProof>>, Denial> {
        let text = match &request.proof {
            PresentedProof::Absent => return Ok(None),
            PresentedProof::Malformed => return Err(ProofRefusal::Header.into()),
            PresentedProof::One(text) => text.expose(),
        };
        let now = self.clock.now();
        // Before the signature, which takes most of the work and which anybody can make.
        let nonce = self.check_nonce(exchange, text, now)?;
        let context = ProofContext {
            method: exchange.dialect.route.method.as_str(),
            uri: &format!("{issuer}{}", exchange.path),
            access_token: None,
            now_unix_seconds: now.0,
        };
        let proof = dpop::verify_proof(text, &context).map_err(|error| refusal(error, text, now))?;
        let digest = Some(use_digest(&["dpop", exchange.environment.as_str(), &proof.thumbprint, &proof.jti]));
        let good_until = Timestamp(proof.issued_at.saturating_add(dpop::MAX_AGE_SECONDS + 1));
        Ok(Some(Box::new(HeldProof { thumbprint: proof.thumbprint, algorithm: proof.algorithm, digest, good_until, nonce })))
    }

    /// Which kind of nonce a proof has, of those that are good; none where it has none and needs none.
    fn check_nonce(&self, exchange: &Exchange<'_>, proof: &str, now: Timestamp) -> Result<Option<NonceKind>, Denial> {
        let jws = Jws::parse(proof, EmbeddedKey::Required).map_err(|error| ProofRefusal::Wrong(ProofError::Jws(error)))?;
        match jws.claims().get("nonce").map(serde_json::Value::as_str) {
            Some(Some(nonce)) => match self.nonces.check(nonce, exchange.environment, now) {
                Some(kind) => Ok(Some(kind)),
                None => Err(Denial::ProofNonceNeeded(self.nonce_kind())),
            },
            None if exchange.dialect.request.dpop == DpopRule::Nonce => Err(Denial::ProofNonceNeeded(self.nonce_kind())),
            // One that is no text is refused with the rest of the proof.
            None | Some(None) => Ok(None),
        }
    }

    /// Uses a proof up, by one insert that decides. Where the store cannot say whether it was used, it must carry a nonce of this node,
    /// which remembers it.
    pub(super) async fn use_proof_up(
        &self,
        caller: &Caller<'_>,
        proof: &HeldProof,
        client_id: &ClientId,
    ) -> Result<(), Denial> {
        let Some(digest) = &proof.digest else { return Ok(()) };
        let tally = Tally::of(caller);
        // Also while the store answers: otherwise what was used then could be used once more when it does not.
        let remembered = (proof.nonce == Some(NonceKind::Node)).then(|| {
            let now = self.clock.now();
            self.proofs.remember((client_id.as_str(), tally), *digest, proof.good_until, now)
        });
        match remembered {
            Some(Remembered::Used) => return Err(ProofRefusal::Used.into()),
            Some(Remembered::Full) => return Err(Denial::Overloaded),
            Some(Remembered::New) | None => {}
        }
        let store = self.directory.store();
        let first = match tally {
            Tally::Look => store.was_used(digest).await.map(|was_used| !was_used),
            Tally::Count => store.use_once(digest, proof.good_until).await,
        };
        match first {
            Ok(true) => Ok(()),
            Ok(false) => Err(ProofRefusal::Used.into()),
            Err(_) if remembered.is_some() => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "a proof is asked for that only this node has seen");
                Err(Denial::ProofNonceNeeded(NonceKind::Node))
            }
        }
    }

    /// The kind of nonce that a client needs now.
    fn nonce_kind(&self) -> NonceKind {
        if self.directory.is_following() { NonceKind::Shared } else { NonceKind::Node }
    }

    /// The nonce that an answer brings along: for a request with a proof, and where one is missing.
    pub(super) fn next_nonce(
        &self,
        exchange: &Exchange<'_>,
        request: &TokenRequest,
        denial: Option<&Denial>,
    ) -> Option<String> {
        let kind = match (denial, &request.proof) {
            (Some(Denial::ProofNonceNeeded(kind)), _) => *kind,
            (Some(Denial::ProofRefused(ProofRefusal::Missing)), _) => self.nonce_kind(),
            (_, PresentedProof::Absent) => return None,
            _ if exchange.dialect.request.dpop == DpopRule::Nonce => self.nonce_kind(),
            _ => return None,
        };
        self.nonce(kind, exchange.environment)
    }

    fn nonce(&self, kind: NonceKind, environment: &EnvironmentName) -> Option<String> {
        self.nonces.make(kind, environment, self.clock.now())
    }
}

/// Why a proof is refused, with what its sender needs to mend a clock.
fn refusal(error: ProofError, proof: &str, now: Timestamp) -> ProofRefusal {
    if !matches!(error, ProofError::TooOld | ProofError::IssuedInFuture) {
        return ProofRefusal::Wrong(error);
    }
    let jws = Jws::parse(proof, EmbeddedKey::Required).ok();
    let made = jws.and_then(|jws| jws.claims().get("iat").and_then(numeric_date));
    made.map_or(ProofRefusal::Wrong(error), |made| ProofRefusal::Clock {
        error,
        seconds: now.0.saturating_sub(made).saturating_abs(),
    })
}

/// The proofs that this node remembers itself: those with a nonce of its own. Nothing is forgotten before its time.
#[derive(Debug, Default)]
pub struct ProofMemory {
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    proofs: HashMap<[u8; 32], (String, i64)>,
    of_client: HashMap<String, u32>,
    /// When what is over was last forgotten, in unix seconds.
    forgotten: i64,
}

#[derive(Debug, PartialEq, Eq)]
enum Remembered {
    New,
    Used,
    Full,
}

impl ProofMemory {
    fn remember(&self, (client, tally): (&str, Tally), digest: UseDigest, good_until: Timestamp, now: Timestamp) -> Remembered {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.proofs.get(&digest.0).is_some_and(|(_, until)| *until >= now.0) {
            return Remembered::Used;
        }
        if used.is_full(client) && used.forgotten != now.0 {
            used.forget(now);
        }
        if used.is_full(client) {
            return Remembered::Full;
        }
        if tally == Tally::Look {
            return Remembered::New;
        }
        if used.proofs.insert(digest.0, (client.to_owned(), good_until.0)).is_none() {
            *used.of_client.entry(client.to_owned()).or_default() += 1;
        }
        Remembered::New
    }
}

impl Used {
    fn is_full(&self, client: &str) -> bool {
        self.proofs.len() >= REMEMBERED || self.of_client.get(client).is_some_and(|count| *count >= REMEMBERED_OF_ONE)
    }

    /// Forgets what is refused for its age. At most once a second, since it looks at all of them.
    fn forget(&mut self, now: Timestamp) {
        self.forgotten = now.0;
        self.proofs.retain(|_, (_, until)| *until >= now.0);
        self.of_client.clear();
        for (client, _) in self.proofs.values() {
            *self.of_client.entry(client.clone()).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u32) -> UseDigest {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        UseDigest(digest)
    }

    #[test]
    fn a_proof_is_remembered_until_its_age_refuses_it() {
        let memory = ProofMemory::default();
        let remember = |now| memory.remember(("client", Tally::Count), digest(1), Timestamp(100), Timestamp(now));
        assert_eq!([40, 50, 100, 101].map(remember), [Remembered::New, Remembered::Used, Remembered::Used, Remembered::New]);
    }

    #[test]
    fn a_flood_of_one_key_forgets_nothing_and_takes_nobody_elses_room() {
        let memory = ProofMemory::default();
        let now = Timestamp(0);
        assert_eq!(memory.remember(("other", Tally::Count), digest(u32::MAX), Timestamp(60), now), Remembered::New);
        for number in 0..REMEMBERED_OF_ONE {
            assert_eq!(memory.remember(("client", Tally::Count), digest(number), Timestamp(60), now), Remembered::New);
        }
        assert_eq!(memory.remember(("client", Tally::Count), digest(REMEMBERED_OF_ONE), Timestamp(60), now), Remembered::Full);
        assert_eq!(memory.remember(("other", Tally::Count), digest(u32::MAX), Timestamp(60), now), Remembered::Used);
        assert_eq!(memory.remember(("other", Tally::Count), digest(u32::MAX - 1), Timestamp(60), now), Remembered::New);
        assert_eq!(
            memory.remember(("client", Tally::Count), digest(REMEMBERED_OF_ONE), Timestamp(160), Timestamp(61)),
            Remembered::New
        );
    }
}
