//! One token, from its text to its claims: the steps of RFC 9068 section 4, in order.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Algorithm, Claims, Header, KeySource, Part, PreviousIssuer, SameIssuer, TokenError, VerifyingKey,
    compact::Compact,
    header::{Expected, ReadHeader},
    json::{self, Fault},
    plain,
    revocations::RevocationList,
};

/// Clocks differ, but not by more than this (RFC 7519 section 4.1.4 allows for a few minutes).
pub(crate) const MAX_LEEWAY_SECONDS: u32 = 300;

/// What an opaque token begins with. No JWT does: its first letter encodes a brace.
const OPAQUE_PREFIX: &str = "mmt_";

/// Verifies access tokens of one issuer for one resource server; during a change, of the issuer before too.
///
/// It holds no state of its own and can be shared between threads.
#[cfg_attr(feature = "cache", doc = "[`Verifier::cached`] makes one that remembers the tokens that it verified.")]
#[derive(Clone, Debug)]
pub struct Verifier<K> {
    issuer: String,
    audiences: Vec<String>,
    keys: K,
    algorithms: Vec<Algorithm>,
    leeway_seconds: i64,
    accepts_sender_constrained: bool,
    revocations: Option<Arc<RevocationList>>,
    previous: Option<Arc<PreviousIssuer>>,
}

/// A token, the key that it names, and a signature of which no more is known than that this key can have made it.
pub(crate) struct Signed<'a> {
    compact: Compact<'a>,
    pub(crate) key: Arc<VerifyingKey>,
    /// The issuer that the token names and that the key is of, where it is the one before.
    previous: Option<Arc<PreviousIssuer>>,
    /// The signature, until the claims take its place.
    buffer: Vec<u8>,
}

impl Signed<'_> {
    pub(crate) const fn bytes(&self) -> &[u8] {
        self.compact.signed_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.buffer
    }
}

impl<K: KeySource> Verifier<K> {
    /// For tokens whose `iss` is exactly `issuer` and whose `aud` names `audience`, signed by one of `keys`.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: K) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            keys,
            algorithms: Algorithm::ALL.to_vec(),
            leeway_seconds: 30,
            accepts_sender_constrained: false,
            revocations: None,
            previous: None,
        }
    }

    /// Allows these algorithms only. All of [`Algorithm::ALL`] are allowed from the start.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// By how much the issuer's clock may differ from this one: 30 seconds from the start, 300 at most.
    #[must_use]
    pub fn leeway_seconds(mut self, seconds: u32) -> Self {
        self.leeway_seconds = seconds.min(MAX_LEEWAY_SECONDS).into();
        self
    }

    /// Accepts tokens for `audience` too: another name of this resource server.
    #[must_use]
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Accepts tokens that are bound to a key or certificate by `cnf` (`DPoP`, RFC 9449; mutual TLS, RFC 8705).
    ///
    /// The caller then checks the proof against [`Claims::cnf`], with [`dpop::verify_proof`](crate::dpop::verify_proof) for
    /// one, and refuses a token whose `cnf` has nothing in it that it can check. Without that a stolen token would be as
    /// good as an unbound one, which is why such tokens are refused from the start. The layer of the feature `tower` needs
    /// no leave: it checks the proof itself.
    #[must_use]
    pub const fn accept_sender_constrained(mut self) -> Self {
        self.accepts_sender_constrained = true;
        self
    }

    /// Refuses what was revoked, as far as `list` knows, and every token while the list is too old to know.
    #[must_use]
    pub fn revocations(mut self, list: Arc<RevocationList>) -> Self {
        self.revocations = Some(list);
        self
    }

    /// Accepts the tokens of another issuer too, until its date: see [`PreviousIssuer`]. One such issuer can be given; another
    /// takes its place.
    pub fn accept_previous(mut self, previous: PreviousIssuer) -> Result<Self, SameIssuer> {
        if previous.issuer == self.issuer {
            return Err(SameIssuer);
        }
        self.previous = Some(Arc::new(previous));
        Ok(self)
    }

    /// The claims of `token`, if it is a good access token at this time.
    ///
    /// Nothing of the claims is believed before the signature is known to be right.
    pub fn verify(&self, token: &str, now_unix_seconds: i64) -> Result<Claims, TokenError> {
        let claims = self.verify_bound(token, now_unix_seconds)?;
        self.check_binding(&claims)?;
        Ok(claims)
    }

    /// As [`Verifier::verify`], for a caller who looks at [`Claims::cnf`] itself.
    pub(crate) fn verify_bound(&self, token: &str, now_unix_seconds: i64) -> Result<Claims, TokenError> {
        let signed = self.find_key(token, now_unix_seconds)?;
        signed.key.verify(signed.bytes(), signed.signature())?;
        self.read_claims(signed, now_unix_seconds)
    }

    /// Everything up to the signature, which is left to be verified.
    pub(crate) fn find_key<'a>(&self, token: &'a str, now: i64) -> Result<Signed<'a>, TokenError> {
        let compact = split(token)?;
        let mut buffer = compact.buffer();
        let previous = self.previous_named_by(&compact, &mut buffer);
        let expected = match previous {
            None => Expected::own(&self.algorithms),
            Some(previous) => {
                previous.check_date(now)?;
                previous.expected()
            }
        };
        let read = ReadHeader::read(compact.header(&mut buffer)?)?;
        let (algorithm, kid) = read.check(&expected)?;
        let key = match previous {
            None if self.is_key_revoked(kid) => return Err(TokenError::KeyRevoked),
            None => self.keys.key(kid),
            Some(previous) => previous.keys.key(kid),
        };
        compact.signature(&mut buffer)?;
        let key = key.ok_or(TokenError::UnknownKey)?;
        if key.algorithm() != algorithm {
            return Err(TokenError::AlgorithmMismatch);
        }
        if !key.can_have_made(&buffer) {
            return Err(TokenError::Signature);
        }
        Ok(Signed { compact, key, previous: previous.cloned(), buffer })
    }

    /// The issuer before, if the token says that it is of it.
    ///
    /// This is no more than a choice of who must have signed: the key is then of that issuer, and once the signature is known
    /// to be right, `iss` is compared again. What cannot be read is left to be refused as if it were the issuer's own.
    fn previous_named_by(&self, compact: &Compact<'_>, buffer: &mut Vec<u8>) -> Option<&Arc<PreviousIssuer>> {
        let previous = self.previous.as_ref()?;
        let is_named = names_issuer(compact.claims(buffer).ok()?, &previous.issuer);
        is_named.then_some(previous)
    }

    fn is_key_revoked(&self, kid: &str) -> bool {
        self.revocations.as_ref().is_some_and(|list| list.is_key_revoked(kid))
    }

    /// Everything after the signature, which was verified.
    pub(crate) fn read_claims(&self, signed: Signed<'_>, now_unix_seconds: i64) -> Result<Claims, TokenError> {
        let Signed { compact, previous, mut buffer, .. } = signed;
        let bytes = compact.claims(&mut buffer)?;
        let claims = match previous {
            None => {
                let claims = read_claims(bytes)?;
                check_parties(&claims, &self.issuer, &self.audiences, |_| false)?;
                claims
            }
            Some(previous) => {
                let claims = previous.read_claims(bytes)?;
                check_parties(&claims, &previous.issuer, &previous.audiences, |claim| previous.may_lack(claim))?;
                claims
            }
        };
        self.check_now(&claims, now_unix_seconds)?;
        Ok(claims)
    }

    /// A bound token is no bearer token, unless the caller checks the proof.
    pub(crate) fn check_binding(&self, claims: &Claims) -> Result<(), TokenError> {
        let is_fit = claims.cnf.is_none() || self.accepts_sender_constrained;
        if is_fit { Ok(()) } else { Err(TokenError::SenderConstrained) }
    }

    /// What can change while a token stays the same.
    pub(crate) fn check_now(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        self.check_times(claims, now)?;
        match self.previous.as_ref().filter(|previous| previous.issuer == claims.iss) {
            // The list speaks of the issuer's own clients, credentials and positions.
            Some(previous) => previous.check_date(now),
            None => self.revocations.as_ref().map_or(Ok(()), |list| list.check(claims, now)),
        }
    }

    /// The claims may hold any `i64`, so sums stop at the ends of the range instead of wrapping around.
    fn check_times(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        let earliest = now.saturating_sub(self.leeway_seconds);
        let latest = now.saturating_add(self.leeway_seconds);
        if claims.exp <= earliest {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(TokenError::NotYetValid);
        }
        if claims.iat > latest {
            return Err(TokenError::IssuedInFuture);
        }
        Ok(())
    }
}

fn check_parties(
    claims: &Claims,
    issuer: &str,
    audiences: &[String],
    may_lack: impl Fn(&str) -> bool,
) -> Result<(), TokenError> {
    if claims.iss != issuer {
        return Err(TokenError::WrongIssuer);
    }
    if !audiences.iter().any(|ours| claims.aud.contains(ours)) {
        return Err(TokenError::WrongAudience);
    }
    let named = [("sub", &claims.sub), ("jti", &claims.jti), ("client_id", &claims.client_id)];
    match named.into_iter().find(|(name, value)| value.is_empty() && !may_lack(name)) {
        Some((name, _)) => Err(TokenError::ClaimEmpty(name)),
        None => Ok(()),
    }
}

/// Whether the claims, which anyone may have written, name this issuer, once.
fn names_issuer(claims: &[u8], issuer: &str) -> bool {
    let mut named = None;
    let read = plain::read(claims, |name, value| if name == "iss" { plain::fill(&mut named, value.text()?) } else { Some(()) });
    if read.is_some() {
        return named == Some(issuer);
    }
    let members = json::from_slice::<Map<String, Value>>(claims);
    members.is_ok_and(|members| members.get("iss").and_then(Value::as_str) == Some(issuer))
}

/// Header and claims of a token that **anyone may have written**: to show them to a person, never to decide by them.
///
/// The token's form is checked as strictly as by [`Verifier::verify`], but neither signature nor type, time, issuer or
/// audience.
pub fn danger_decode_without_verifying(token: &str) -> Result<(Header, Claims), TokenError> {
    let compact = split(token)?;
    let mut buffer = compact.buffer();
    let header = ReadHeader::read(compact.header(&mut buffer)?)?.into_header();
    let claims = read_claims(compact.claims(&mut buffer)?)?;
    compact.signature(&mut buffer)?;
    Ok((header, claims))
}

fn split(token: &str) -> Result<Compact<'_>, TokenError> {
    if token.starts_with(OPAQUE_PREFIX) {
        return Err(TokenError::Opaque);
    }
    Compact::split(token)
}

fn read_claims(bytes: &[u8]) -> Result<Claims, TokenError> {
    if let Some(claims) = Claims::read_plain(bytes) {
        return Ok(claims);
    }
    json::from_slice(bytes).map_err(|fault| match fault {
        Fault::DuplicateMember => fault.of(Part::Claims),
        Fault::Malformed => {
            let members = serde_json::from_slice(bytes).ok();
            members.and_then(|members| missing_claim(&members)).unwrap_or(fault.of(Part::Claims))
        }
    })
}

/// The claims that RFC 9068 section 2.2 requires. All are strings or numbers in [`Claims`].
pub(crate) fn missing_claim(members: &Map<String, Value>) -> Option<TokenError> {
    let required = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"];
    let missing = required.into_iter().find(|name| !members.contains_key(*name))?;
    Some(TokenError::ClaimMissing(missing))
}

#[cfg(test)]
mod tests;
