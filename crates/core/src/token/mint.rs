//! Claims and signature: a JWT by RFC 9068.

use std::sync::Arc;

use mintmark_verify::Algorithm;

use super::authorize::Authorized;
use super::claims::{ClaimsError, ClaimsToSign};
use super::explain::PlannedToken;
use super::herd::{FreshKey, HerdRules};
use super::{Denial, Exchange, TokenEndpoint};
use crate::base64url;
use crate::clock::Timestamp;
use crate::crypto::SignerBusy;
use crate::directory::EnvironmentView;
use crate::model::{BusinessId, CredentialId, TokenFormat};
use crate::store::Store;

/// The longest token, in bytes: what `mintmark-verify` and most servers' header limits read.
const MAX_TOKEN: usize = 8 * 1024;
/// Room for the claims of nearly every token, in bytes.
const USUAL_CLAIMS: usize = 640;

const TOO_LONG: Denial = Denial::Internal("the token would be longer than verifiers read: the client has too many scopes");

/// A token before it is signed or sealed.
struct Prepared {
    jti: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    claims: Vec<u8>,
}

/// A token with what answers and logs tell of it. Like a secret it does not print.
pub struct AccessToken {
    /// The token.
    pub text: String,
    /// Its identifier.
    pub jti: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Its scopes.
    pub scope: String,
    /// What proved the client.
    pub credential_id: CredentialId,
    /// How it is to be presented (RFC 6749 section 7.1, RFC 9449 section 5).
    pub token_type: &'static str,
    /// Whether it was given out before.
    pub is_reused: bool,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessToken({})", self.jti)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// The token that was authorized: one that was made for the same request a moment ago, where the environment's rules allow it, or
    /// a new one.
    pub(super) async fn mint(
        &self,
        exchange: &Exchange<'_>,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> Result<AccessToken, Denial> {
        let Some(key) = FreshKey::of(exchange, authorized, environment) else {
            return self.mint_new(exchange.herd, authorized, environment).await;
        };
        if let Some(token) = self.fresh_token((&key, exchange.herd.reuse), authorized, token_type(authorized)) {
            return Ok(token);
        }
        let token = self.mint_new(exchange.herd, authorized, environment).await?;
        self.keep_fresh(key, &token, authorized);
        Ok(token)
    }

    /// Makes the token that was authorized.
    async fn mint_new(
        &self,
        herd: HerdRules,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> Result<AccessToken, Denial> {
        let lifetime = herd.shorten(authorized.lifetime(), &*self.random);
        let Prepared { jti, issued_at, expires_at, claims } = self.prepare(authorized, environment, lifetime)?;
        let text = match authorized.format() {
            TokenFormat::Jwt => self.sign(authorized.algorithm(), environment, &claims).await?,
            TokenFormat::Opaque => {
                let sealed = self.root_keys.sealer.seal_token(&environment.environment.name, &claims, &*self.random);
                sealed.ok_or(Denial::Internal("a token could not be sealed"))?
            }
        };
        if text.len() > MAX_TOKEN {
            return Err(TOO_LONG);
        }
        let scope = authorized.scope().as_str().to_owned();
        let token_type = token_type(authorized);
        let credential_id = authorized.credential_id();
        Ok(AccessToken { text, jti, issued_at, expires_at, scope, credential_id, token_type, is_reused: false })
    }

    /// Everything of a token that is decided before it is signed or sealed.
    fn prepare(&self, authorized: &Authorized<'_>, environment: &EnvironmentView, lifetime: u32) -> Result<Prepared, Denial> {
        let mut random = [0; 16];
        self.random.fill(&mut random);
        let mut jti = String::with_capacity(base64url::length(random.len()));
        base64url::push(&mut jti, &random);
        let issued_at = self.clock.now();
        let expires_at = issued_at.plus(lifetime);
        let claims = claims(authorized, environment, &jti, (issued_at, expires_at))?;
        Ok(Prepared { jti, issued_at, expires_at, claims })
    }

    /// What a token would be, without making one: every check of [`Self::mint`], and nothing signed.
    pub(super) fn rehearse_mint(
        &self,
        authorized: &Authorized<'_>,
        environment: &EnvironmentView,
    ) -> Result<PlannedToken, Denial> {
        let Prepared { claims, .. } = self.prepare(authorized, environment, authorized.lifetime())?;
        let algorithm = authorized.algorithm();
        let (length, kid) = match authorized.format() {
            TokenFormat::Jwt => {
                let key = environment.ring.active(algorithm).ok_or_else(|| Denial::NoSigningKey(algorithm.to_string()))?;
                let signature = 1 + base64url::length(key.pair.signature_length());
                (key.header.len() + base64url::length(claims.len()) + signature, Some(key.kid.clone()))
            }
            TokenFormat::Opaque => {
                // Of zeros, so that no token exists that nobody was given.
                let name = &environment.environment.name;
                let sealed = self.root_keys.sealer.seal_token(name, &vec![0; claims.len()], &*self.random);
                (sealed.ok_or(Denial::Internal("a token could not be sealed"))?.len(), None)
            }
        };
        if length > MAX_TOKEN {
            return Err(TOO_LONG);
        }
        let mut claims: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&claims).map_err(|_| Denial::Internal("claims that cannot be read back"))?;
        claims.remove("jti");
        Ok(PlannedToken {
            claims,
            format: authorized.format(),
            algorithm: kid.is_some().then_some(algorithm),
            kid,
            lifetime: authorized.lifetime(),
            scope: authorized.scope().as_str().to_owned(),
            token_type: token_type(authorized),
        })
    }

    /// A JWT of these claims.
    async fn sign(&self, algorithm: Algorithm, environment: &EnvironmentView, claims: &[u8]) -> Result<String, Denial> {
        let key = environment.ring.active(algorithm).ok_or_else(|| Denial::NoSigningKey(algorithm.to_string()))?;
        let signature_length = 1 + base64url::length(key.pair.signature_length());
        let mut text = String::with_capacity(key.header.len() + base64url::length(claims.len()) + signature_length);
        text.push_str(&key.header);
        base64url::push(&mut text, claims);
        let (mut text, signature) = self.signers.sign(&key.pair, text).await.map_err(|busy| match busy {
            SignerBusy::QueueFull => Denial::SignerBusy,
            SignerBusy::Failed => Denial::Internal("a signature could not be made"),
        })?;
        text.push('.');
        base64url::push(&mut text, signature.as_ref());
        Ok(text)
    }
}

/// How a token is to be presented.
fn token_type(authorized: &Authorized<'_>) -> &'static str {
    if authorized.bound_to().key.is_some() { "DPoP" } else { "Bearer" }
}

/// The payload part, as JSON.
fn claims(
    authorized: &Authorized<'_>,
    environment: &EnvironmentView,
    jti: &str,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<Vec<u8>, Denial> {
    let client = authorized.client();
    let business_id = authorized.business_id().map(BusinessId::to_text);
    let claims = ClaimsToSign {
        iss: &environment.environment.issuer,
        sub: client.id.as_str(),
        aud: &authorized.audience(),
        exp: expires_at.0,
        iat: issued_at.0,
        jti,
        client_id: client.id.as_str(),
        scope: Some(authorized.scope().as_str()).filter(|scope| !scope.is_empty()),
        tenant_id: &client.tenant_id.to_text(),
        business_id: business_id.as_deref(),
        credential_id: &authorized.credential_id().to_text(),
        pos: authorized.position().0,
        cnf: authorized.bound_to(),
        extra: authorized.claims(),
    };
    let mut json = Vec::with_capacity(USUAL_CLAIMS);
    claims.write(&mut json).map_err(|error| match error {
        ClaimsError::NoAudience => Denial::Internal("a token needs an audience"),
        ClaimsError::WrittenTwice => Denial::Internal("a claim would be in the token twice"),
    })?;
    Ok(json)
}
