//! A signed assertion: of the client itself (RFC 7523 section 3, as rfc7523bis narrows it), or of an issuer that it trusts.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use mintmark_verify::jws::{EmbeddedKey, Jws, numeric_date};
use mintmark_verify::{Algorithm, TokenError, VerifyingKey};
use serde_json::{Map, Value};

use super::federated::{FEDERATED_LIFE, check_federation};
use super::{Matched, check_limits, check_method, check_standing};
use crate::clock::Timestamp;
use crate::crypto::{shared_key_context, shared_key_owner};
use crate::dialect::AuthMethod;
use crate::directory::{KnownClient, OtherProof};
use crate::model::{AssertionAudience, CredentialId, Federation, Profile, Proof, SealedBytes};
use crate::store::{Store, UseDigest};
use crate::token::{Caller, ClientAssertion, Denial, RemoteKeySet, RemoteKeysError, TokenEndpoint};

/// How long an assertion of the client's own is good, in seconds from its making or until its `exp`, whichever is sooner: as long
/// as a used one has to be remembered.
pub const ASSERTION_LIFE: i64 = 300;
/// The same for clients of a security profile.
const SHORT_ASSERTION_LIFE: i64 = 60;
/// How far the clocks of clients may be off, in seconds.
const LEEWAY: i64 = 30;
/// The longest `jti`, in bytes.
const MAX_JTI: usize = 256;
/// What the `typ` of an assertion may be besides nothing. Tokens and proofs have types of their own, and prove no client.
const TYPES: [&str; 2] = ["client-authentication+jwt", "JWT"];
/// How many keys of a set may fit an assertion that names none.
const MAX_UNNAMED_KEYS: usize = 4;
/// The longest value of an assertion that is told to its client's people, in bytes.
const MAX_TOLD: usize = 200;
const SHARED_KEY_ALGORITHM: &str = "HS256";

/// What is wrong with an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertionFault {
    /// It is no JWS of the compact form, or has a header that is not taken.
    Malformed(TokenError),
    /// Its `typ` says that it is something else.
    WrongType,
    /// Its `alg` is none that the client's credentials have.
    AlgorithmNotAllowed,
    /// No key of the client's, or of the issuer's, is the one it names: the `kid`, where it can be told.
    KeyUnknown(Option<String>),
    /// The signature is not the key's.
    Signature,
    /// It is neither the client's own nor of an issuer that the client trusts.
    IssuerUnknown,
    /// An assertion of another issuer needs a `client_id` beside it.
    ClientNotNamed,
    /// Its audience is another, or not this issuer alone: what it is, where it can be told.
    Audience(Option<String>),
    /// A time is missing or no number.
    TimeMalformed(&'static str),
    /// It expired so many seconds ago.
    Expired(i64),
    /// It is good so many seconds from now.
    NotYet(i64),
    /// It is good for longer than it may be.
    TooLong,
    /// Its `jti` is missing, empty or too long.
    JtiMissing,
    /// It was used before.
    Used,
    /// A claim is not what the client's condition says.
    Condition(String),
}

impl fmt::Display for AssertionFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(out),
            Self::WrongType => out.write_str("its typ is not that of a client assertion"),
            Self::AlgorithmNotAllowed => out.write_str("its alg is none that the client may use"),
            Self::KeyUnknown(_) => out.write_str("it names no key of the client's credentials"),
            Self::Signature => out.write_str("its signature is not the key's"),
            Self::IssuerUnknown => out.write_str("it is neither the client's own nor of an issuer that the client trusts"),
            Self::ClientNotNamed => out.write_str("an assertion of another issuer needs the parameter client_id beside it"),
            Self::Audience(_) => out.write_str("its aud is not this issuer alone"),
            Self::TimeMalformed(claim) => write!(out, "its {claim} is missing or no number of seconds"),
            Self::Expired(seconds) => write!(out, "it expired {seconds} s ago"),
            Self::NotYet(seconds) => write!(out, "it is good in {seconds} s: the client's clock is ahead"),
            Self::TooLong => out.write_str("it is good for too long, and has no iat that limits it"),
            Self::JtiMissing => write!(out, "its jti is missing, or not 1 to {MAX_JTI} bytes"),
            Self::Used => out.write_str("it was used before"),
            Self::Condition(claim) => write!(out, "its claim {claim} is not what the client's condition says"),
        }
    }
}

impl From<AssertionFault> for Denial {
    fn from(fault: AssertionFault) -> Self {
        Denial::AssertionRefused(fault)
    }
}

/// What an assertion is to be meant for.
#[derive(Clone, Copy)]
struct Here<'a> {
    issuer: &'a str,
    /// The path of the endpoint.
    path: &'a str,
}

/// Which credential an assertion was found to be of, and how long it is good.
struct Found {
    at: usize,
    good_until: Timestamp,
    is_single_use: bool,
}

impl<S: Store> TokenEndpoint<S> {
    pub(super) async fn by_assertion(&self, caller: &Caller<'_>, assertion: &ClientAssertion) -> Result<Matched, Denial> {
        let jws = Jws::parse(assertion.text.expose(), EmbeddedKey::Refused).map_err(AssertionFault::Malformed)?;
        if !(jws.typ().is_none() || TYPES.iter().any(|typ| jws.has_type(typ))) {
            return Err(AssertionFault::WrongType.into());
        }
        let known = self.named_client(caller, assertion.client_id.as_ref()).await?;
        let environment = self.directory.view(caller.environment).ok_or(Denial::EnvironmentMissing)?;
        let here = Here { issuer: &environment.environment.issuer, path: caller.path };
        let issuer = jws.claims().get("iss").and_then(Value::as_str);
        let is_own = issuer == Some(known.id.as_str()) && jws.claims().get("sub").and_then(Value::as_str) == issuer;
        let found = if is_own {
            self.own((caller, here), &known, &jws).await?
        } else if assertion.is_named {
            self.federated((caller, here), &known, &jws, issuer.unwrap_or_default()).await?
        } else {
            return Err(AssertionFault::ClientNotNamed.into());
        };
        // What uses it up comes last: an assertion that is refused for another reason is not spent.
        check_standing(&known, found.at, (self.clock.now(), caller.source))?;
        if found.is_single_use {
            self.use_up(caller, &jws, found.good_until).await?;
        }
        Ok(Matched { known, at: found.at })
    }

    /// An assertion of the client's own making.
    async fn own(
        &self,
        (caller, here): (&Caller<'_>, Here<'_>),
        known: &Arc<KnownClient>,
        jws: &Jws<'_>,
    ) -> Result<Found, Denial> {
        let at = self.own_key(caller, known, jws).await?;
        let (life, audience) = match known.profile() {
            Some(Profile::Fapi2) => (SHORT_ASSERTION_LIFE, AssertionAudience::Issuer),
            None => (ASSERTION_LIFE, known.assertion_audience()),
        };
        // The profile wants a text, not a list of one.
        let is_text = jws.claims().get("aud").is_some_and(Value::is_string);
        if !is_for(jws.claims(), here, audience) || (known.profile().is_some() && !is_text) {
            return Err(AssertionFault::Audience(said_audience(jws.claims())).into());
        }
        let good_until = Times::read(jws.claims())?.check(self.clock.now(), life)?;
        Ok(Found { at, good_until, is_single_use: true })
    }

    /// The credential whose key made the assertion: of several one that may be used.
    async fn own_key(&self, caller: &Caller<'_>, known: &KnownClient, jws: &Jws<'_>) -> Result<usize, Denial> {
        let algorithm = own_algorithm(known, jws)?;
        let method = if algorithm.is_none() { AuthMethod::ClientSecretJwt } else { AuthMethod::PrivateKeyJwt };
        check_method(caller, known, method)?;
        let (mut failure, mut over, mut budget) = (Failure::default(), None, Budget::default());
        for (at, credential) in known.credentials().iter().enumerate() {
            let is_in_force = credential.is_in_force(self.clock.now());
            let Some(other) = credential.other() else { continue };
            let tried = match (&other.proof, algorithm) {
                (Proof::SharedKey(sealed), None) => self.check_mac(known, credential.id, sealed, jws),
                (Proof::PublicKey(_), Some(algorithm)) => check_public_key(other, algorithm, jws, &mut budget),
                // Nobody is asked for keys that prove nothing any more.
                (Proof::KeySet(location), Some(algorithm)) if is_in_force => {
                    let keys = self.remote_keys.jwks(&location.uri, jws.key_id()).await;
                    keys.map_err(Tried::Unavailable).and_then(|keys| any_verifies(&keys, algorithm, jws, &mut budget))
                }
                _ => continue,
            };
            match tried {
                Ok(()) if credential.is_usable(self.clock.now(), caller.source) => return Ok(at),
                Ok(()) => over = over.or(Some(at)),
                Err(tried) => failure.note(tried),
            }
        }
        over.ok_or_else(|| failure.denial(jws))
    }

    fn check_mac(
        &self,
        known: &KnownClient,
        credential_id: CredentialId,
        sealed: &SealedBytes,
        jws: &Jws<'_>,
    ) -> Result<(), Tried> {
        let owner = shared_key_owner(&known.id, credential_id);
        let context = shared_key_context(&known.environment, &owner);
        let key = self.root_keys.sealer.unseal(context, &sealed.0).map_err(|error| {
            tracing::error!(client_id = known.id.as_str(), %credential_id, %error, "a shared key cannot be used");
            Tried::NotThis
        })?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        hmac::verify(&key, jws.signing_input(), jws.signature()).map_err(|_| Tried::Signature)
    }

    /// An assertion of an issuer that the client trusts.
    async fn federated(
        &self,
        (caller, here): (&Caller<'_>, Here<'_>),
        known: &Arc<KnownClient>,
        jws: &Jws<'_>,
        issuer: &str,
    ) -> Result<Found, Denial> {
        check_method(caller, known, AuthMethod::FederatedJwt)?;
        let algorithm = public_algorithm(jws)?;
        let now = self.clock.now();
        let mut failure = Denial::from(AssertionFault::IssuerUnknown);
        let mut budget = Budget::default();
        for (at, credential) in known.credentials().iter().enumerate() {
            let Some(Proof::Federated(federation)) = credential.other().map(|other| &other.proof) else { continue };
            if federation.issuer != issuer || !credential.is_in_force(now) {
                continue;
            }
            // Of several the first reason is told that has to do with what the assertion says.
            if let Some(fault) = unmet(federation, jws.claims(), here.issuer, now) {
                failure = fault.into();
                continue;
            }
            if let Err(denial) = self.check_foreign_signature(federation, algorithm, jws, &mut budget).await {
                failure = denial;
                continue;
            }
            let good_until = Times::read(jws.claims())?.check(now, FEDERATED_LIFE)?;
            if let Some(Err(denial)) = credential.limits().map(|limits| check_limits(limits, now, caller.source)) {
                failure = denial;
                continue;
            }
            return Ok(Found { at, good_until, is_single_use: federation.single_use });
        }
        Err(failure)
    }

    async fn check_foreign_signature(
        &self,
        federation: &Federation,
        algorithm: Algorithm,
        jws: &Jws<'_>,
        budget: &mut Budget,
    ) -> Result<(), Denial> {
        let keys = match &federation.jwks_uri {
            Some(uri) => self.remote_keys.jwks(uri, jws.key_id()).await,
            None => self.remote_keys.issuer(&federation.issuer, jws.key_id()).await,
        };
        let tried = keys.map_err(Tried::Unavailable).and_then(|keys| any_verifies(&keys, algorithm, jws, budget));
        tried.map_err(|tried| {
            let mut failure = Failure::default();
            failure.note(tried);
            failure.denial(jws)
        })
    }

    /// Sees that nobody used the assertion before, by one insert that decides. Where the store cannot say, nobody gets in (rule S16).
    async fn use_up(&self, caller: &Caller<'_>, jws: &Jws<'_>, good_until: Timestamp) -> Result<(), Denial> {
        let jti = jti(jws.claims()).ok_or(AssertionFault::JtiMissing)?;
        // An id is unique for its issuer (RFC 7519 section 4.1.7), which here is the client itself or one that it trusts.
        let issuer = jws.claims().get("iss").and_then(Value::as_str).unwrap_or_default();
        let fields = ["assertion", caller.environment.as_str(), issuer, jti];
        let (store, digest) = (self.directory.store(), use_digest(&fields));
        let first = if caller.is_rehearsal {
            store.was_used(&digest).await.map(|was_used| !was_used)
        } else {
            store.use_once(&digest, good_until).await
        };
        match first {
            Ok(true) => Ok(()),
            Ok(false) => Err(AssertionFault::Used.into()),
            Err(error) => Err(Denial::StoreUnavailable(error.to_string())),
        }
    }
}

/// Why one credential is not the one.
enum Tried {
    NotThis,
    Signature,
    Unavailable(RemoteKeysError),
}

/// Why none is: the weightiest reason. A key set that cannot be had may have held the right key, and another try may find it.
#[derive(Default)]
struct Failure {
    signature: bool,
    unavailable: Option<RemoteKeysError>,
}

impl Failure {
    fn note(&mut self, tried: Tried) {
        match tried {
            Tried::NotThis => {}
            Tried::Signature => self.signature = true,
            Tried::Unavailable(error) => self.unavailable = Some(error),
        }
    }
}

impl Failure {
    fn denial(self, jws: &Jws<'_>) -> Denial {
        match self {
            Failure { unavailable: Some(error), .. } => Denial::KeysUnavailable(error.to_string()),
            Failure { signature: true, .. } => AssertionFault::Signature.into(),
            Failure { .. } => AssertionFault::KeyUnknown(jws.key_id().and_then(told)).into(),
        }
    }
}

/// How many signatures are still verified for an assertion: whoever sends one has proved nothing yet.
struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(8)
    }
}

impl Budget {
    fn verify(&mut self, jws: &Jws<'_>, key: &VerifyingKey) -> Result<(), Tried> {
        self.0 = self.0.checked_sub(1).ok_or(Tried::NotThis)?;
        jws.verify(key).map_err(|_| Tried::Signature)
    }
}

/// The algorithm, if it is one that the client may use; nothing for a MAC.
fn own_algorithm(known: &KnownClient, jws: &Jws<'_>) -> Result<Option<Algorithm>, AssertionFault> {
    if jws.algorithm() == SHARED_KEY_ALGORITHM {
        return Ok(None);
    }
    let algorithm = public_algorithm(jws)?;
    if known.profile() == Some(Profile::Fapi2) && algorithm == Algorithm::Rs256 {
        return Err(AssertionFault::AlgorithmNotAllowed);
    }
    Ok(Some(algorithm))
}

fn public_algorithm(jws: &Jws<'_>) -> Result<Algorithm, AssertionFault> {
    jws.algorithm().parse().map_err(|_| AssertionFault::AlgorithmNotAllowed)
}

fn check_public_key(other: &OtherProof, algorithm: Algorithm, jws: &Jws<'_>, budget: &mut Budget) -> Result<(), Tried> {
    let (Proof::PublicKey(public), Some(key)) = (&other.proof, &other.key) else { return Err(Tried::NotThis) };
    let is_named = jws.key_id().is_none_or(|kid| public.jwk.kid().is_none_or(|own| own == kid));
    if is_named && key.algorithm() == algorithm { budget.verify(jws, key) } else { Err(Tried::NotThis) }
}

/// Whether a published key made the assertion. One that names no key is tried with few.
fn any_verifies(keys: &RemoteKeySet, algorithm: Algorithm, jws: &Jws<'_>, budget: &mut Budget) -> Result<(), Tried> {
    if jws.key_id().is_none() && keys.find(None, algorithm).count() > MAX_UNNAMED_KEYS {
        return Err(Tried::NotThis);
    }
    let mut result = Err(Tried::NotThis);
    for key in keys.find(jws.key_id(), algorithm) {
        result = budget.verify(jws, key);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// The first thing that is not as the federation wants it.
fn unmet(federation: &Federation, claims: &Map<String, Value>, issuer: &str, now: Timestamp) -> Option<AssertionFault> {
    let failed = check_federation(federation, claims, issuer, now).into_iter().find(|check| !check.passes)?;
    Some(match failed.claim.as_str() {
        "aud" => AssertionFault::Audience(said_audience(claims)),
        "exp" => {
            Times::read(claims).and_then(|times| times.check(now, FEDERATED_LIFE)).err().unwrap_or(AssertionFault::Expired(0))
        }
        "jti" => AssertionFault::JtiMissing,
        _ => AssertionFault::Condition(failed.claim),
    })
}

/// Whether an assertion is meant for this server. One whose audience names others as well could have been made for them, and be
/// replayed by them here (CVE-2025-27370).
fn is_for(claims: &Map<String, Value>, here: Here<'_>, audience: AssertionAudience) -> bool {
    if is_sole_audience(claims, here.issuer) {
        return true;
    }
    let is_ours = |value: &Value| {
        let named = value.as_str();
        named.is_some_and(|named| named == here.issuer || named.strip_prefix(here.issuer).is_some_and(|path| path == here.path))
    };
    match (audience, claims.get("aud")) {
        (AssertionAudience::Legacy, Some(Value::Array(all))) => !all.is_empty() && all.iter().all(is_ours),
        (AssertionAudience::Legacy, Some(one)) => is_ours(one),
        (AssertionAudience::Legacy, None) | (AssertionAudience::Issuer, _) => false,
    }
}

/// What an assertion says that its audience is.
fn said_audience(claims: &Map<String, Value>) -> Option<String> {
    match claims.get("aud")? {
        Value::String(one) => told(one),
        other => told(&other.to_string()),
    }
}

/// What an unverified text says, to be told to the people of the client that it names: no log has it, since it may be anything. Nothing
/// if it is not short and visible ASCII.
fn told(text: &str) -> Option<String> {
    (text.len() <= MAX_TOLD && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// Whether `aud` is the issuer and nothing else, as a text or as a list of one.
pub(super) fn is_sole_audience(claims: &Map<String, Value>, issuer: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == issuer,
        Some(Value::Array(all)) => matches!(&all[..], [Value::String(one)] if one == issuer),
        _ => false,
    }
}

pub(super) fn jti(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("jti").and_then(Value::as_str).filter(|jti| (1..=MAX_JTI).contains(&jti.len()))
}

/// The times of an assertion (RFC 7519 section 4.1), in unix seconds.
pub(super) struct Times {
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
}

impl Times {
    pub(super) fn read(claims: &Map<String, Value>) -> Result<Self, AssertionFault> {
        let time = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => numeric_date(value).map(Some).ok_or(AssertionFault::TimeMalformed(name)),
        };
        Ok(Self { exp: time("exp")?.ok_or(AssertionFault::TimeMalformed("exp"))?, nbf: time("nbf")?, iat: time("iat")? })
    }

    /// The moment until which the assertion could be used: `exp`, or so long after `iat` as assertions live at most.
    pub(super) fn check(&self, now: Timestamp, life: i64) -> Result<Timestamp, AssertionFault> {
        if let Some(begin) = self.nbf.max(self.iat).filter(|begin| *begin > now.0 + LEEWAY) {
            return Err(AssertionFault::NotYet(begin.saturating_sub(now.0)));
        }
        let end = self.iat.map_or(self.exp, |iat| self.exp.min(iat.saturating_add(life)));
        if end.saturating_add(LEEWAY) <= now.0 {
            return Err(AssertionFault::Expired(now.0.saturating_sub(end)));
        }
        if end > now.0 + life + LEEWAY {
            return Err(AssertionFault::TooLong);
        }
        Ok(Timestamp(end.saturating_add(LEEWAY)))
    }
}

/// What stands in the store for something that may be used once. Each field goes in behind its length.
pub(in crate::token) fn use_digest(fields: &[&str]) -> UseDigest {
    let mut context = digest::Context::new(&digest::SHA256);
    for field in fields {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    UseDigest(hash)
}
