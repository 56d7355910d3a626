//! One token, from its text to its claims: the steps of RFC 9068 section 4, in order.

use serde_json::{Map, Value};

use crate::{
    Algorithm, Claims, Header, KeySource, Part, TokenError,
    compact::Compact,
    header::ReadHeader,
    json::{self, Fault},
};

/// Clocks differ, but not by more than this (RFC 7519 section 4.1.4 allows for a few minutes).
const MAX_LEEWAY_SECONDS: u32 = 300;

/// Verifies access tokens of one issuer for one resource server.
///
/// It holds no state of its own and can be shared between threads.
#[derive(Clone, Debug)]
pub struct Verifier<K> {
    issuer: String,
    audiences: Vec<String>,
    keys: K,
    algorithms: Vec<Algorithm>,
    leeway_seconds: i64,
    accepts_sender_constrained: bool,
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
    /// The caller then checks the proof against [`Claims::confirmation`]. Without that check a stolen token would be
    /// as good as an unbound one, which is why such tokens are refused from the start.
    #[must_use]
    pub const fn accept_sender_constrained(mut self) -> Self {
        self.accepts_sender_constrained = true;
        self
    }

    /// The claims of `token`, if it is a good access token at this time.
    ///
    /// Nothing of the claims is read before the signature is known to be right.
    pub fn verify(&self, token: &str, now_unix_seconds: i64) -> Result<Claims, TokenError> {
        let compact = Compact::split(token)?;
        self.verify_signature(&compact)?;
        let claims = read_claims(&compact.claims()?)?;
        self.check_parties(&claims)?;
        self.check_times(&claims, now_unix_seconds)?;
        if claims.confirmation().is_some() && !self.accepts_sender_constrained {
            return Err(TokenError::SenderConstrained);
        }
        Ok(claims)
    }

    fn verify_signature(&self, compact: &Compact<'_>) -> Result<(), TokenError> {
        let read = ReadHeader::read(&compact.header()?)?;
        let (algorithm, kid) = read.check(&self.algorithms)?;
        let signature = compact.signature()?;
        let key = self.keys.key(kid).ok_or(TokenError::UnknownKey)?;
        if key.algorithm() != algorithm {
            return Err(TokenError::AlgorithmMismatch);
        }
        key.verify(compact.signed_bytes(), &signature)
    }

    fn check_parties(&self, claims: &Claims) -> Result<(), TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !self.audiences.iter().any(|ours| claims.aud.contains(ours)) {
            return Err(TokenError::WrongAudience);
        }
        let named = [("sub", &claims.sub), ("jti", &claims.jti), ("client_id", &claims.client_id)];
        match named.into_iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(TokenError::ClaimEmpty(name)),
            None => Ok(()),
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

/// Header and claims of a token that **anyone may have written**: to show them to a person, never to decide by them.
///
/// The token's form is checked as strictly as by [`Verifier::verify`], but neither signature nor type, time, issuer or
/// audience.
pub fn danger_decode_without_verifying(token: &str) -> Result<(Header, Claims), TokenError> {
    let compact = Compact::split(token)?;
    let read = ReadHeader::read(&compact.header()?)?;
    let claims = read_claims(&compact.claims()?)?;
    compact.signature()?;
    Ok((read.header, claims))
}

fn read_claims(bytes: &[u8]) -> Result<Claims, TokenError> {
    json::from_slice(bytes).map_err(|fault| match fault {
        Fault::DuplicateMember => TokenError::DuplicateMember(Part::Claims),
        Fault::Malformed => missing_claim(bytes).unwrap_or(TokenError::Malformed(Part::Claims)),
    })
}

/// The claims that RFC 9068 section 2.2 requires. All are strings or numbers in [`Claims`].
fn missing_claim(bytes: &[u8]) -> Option<TokenError> {
    let members: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let required = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"];
    let missing = required.into_iter().find(|name| !members.contains_key(*name))?;
    Some(TokenError::ClaimMissing(missing))
}

#[cfg(test)]
mod tests;
