//! Whether a request is admitted: its token, what that is bound to, its scopes.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, header::AUTHORIZATION};

use super::{
    Policy, Refused, certificate,
    certificate::PeerCertificate,
    dpop::{Bound, ProofRequest},
    refused::Scheme,
};
use crate::{Claims, Confirmation, KeySource, TokenError};

/// A request that is admitted.
pub(super) struct Admitted {
    pub(super) claims: Arc<Claims>,
    /// A nonce for the client's next proof.
    pub(super) next_nonce: Option<HeaderValue>,
}

/// Why a request is not admitted, and the scheme in which it came, if it came in one.
pub(super) struct Rejection {
    pub(super) refused: Refused,
    pub(super) scheme: Option<Scheme>,
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        Self { refused, scheme: None }
    }
}

impl<K: KeySource> Policy<K> {
    pub(super) fn admit<B>(&self, request: &Request<B>, now: i64) -> Result<Admitted, Rejection> {
        let (scheme, token) = credentials(request.headers(), self.dpop.is_some())?;
        let admitted = self.verifier.verify(token, now).map_err(Refused::TokenInvalid).and_then(|claims| {
            let next_nonce = self.check_binding(request, scheme, token, &claims, now)?;
            self.check_scopes(&claims)?;
            Ok(Admitted { claims, next_nonce })
        });
        admitted.map_err(|refused| Rejection { refused, scheme: Some(scheme) })
    }

    /// A bound token comes with the proof of what it is bound to, and in the scheme that says so (RFC 9449 sections 7.1
    /// and 7.2).
    fn check_binding<B>(
        &self,
        request: &Request<B>,
        scheme: Scheme,
        token: &str,
        claims: &Claims,
        now: i64,
    ) -> Result<Option<HeaderValue>, Refused> {
        let bound = claims.cnf.as_ref();
        if bound.is_some_and(|cnf| *cnf == Confirmation::default()) {
            return Err(Refused::TokenInvalid(TokenError::SenderConstrained));
        }
        if let Some(thumbprint) = bound.and_then(|cnf| cnf.x5t_s256.as_deref()) {
            certificate::check(thumbprint, request.extensions().get::<PeerCertificate>())?;
        }
        match (bound.and_then(|cnf| cnf.jkt.as_deref()), &self.dpop, scheme) {
            (None, _, Scheme::Bearer) => Ok(None),
            (None, _, Scheme::Dpop) => Err(Refused::TokenNotBound),
            (Some(_), None, _) => Err(Refused::TokenInvalid(TokenError::SenderConstrained)),
            (Some(_), Some(_), Scheme::Bearer) => Err(Refused::TokenNeedsProof),
            (Some(jkt), Some(dpop), Scheme::Dpop) => {
                let request = ProofRequest { method: request.method(), uri: request.uri(), headers: request.headers(), now };
                dpop.check(&request, &Bound { token, jkt, client_id: &claims.client_id })
            }
        }
    }

    fn check_scopes(&self, claims: &Claims) -> Result<(), Refused> {
        if self.scopes.iter().all(|scope| claims.has_scope(scope)) {
            return Ok(());
        }
        Err(Refused::ScopeInsufficient { needed: self.scopes.join(" ") })
    }
}

/// Scheme and token of the one `Authorization` header (RFC 6750 section 2.1, RFC 9449 section 7.1). Schemes are compared
/// without regard to case (RFC 9110 section 11.1).
fn credentials(headers: &HeaderMap, accepts_dpop: bool) -> Result<(Scheme, &str), Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refused::TokenMissing)?;
    if values.next().is_some() {
        return Err(Refused::RequestMalformed);
    }
    let value = value.to_str().map_err(|_| Refused::RequestMalformed)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let scheme = match scheme {
        name if name.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        name if accepts_dpop && name.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Err(Refused::TokenMissing),
    };
    let token = token.trim_start_matches(' ');
    if is_token68(token) { Ok((scheme, token)) } else { Err(Refused::RequestMalformed) }
}

/// RFC 9110 section 11.2; RFC 6750 section 2.1 calls it `b64token`. Two headers that a proxy joined to one have a comma
/// between their tokens, and fail here.
fn is_token68(token: &str) -> bool {
    let characters = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !characters.is_empty() && characters.bytes().all(allowed)
}
