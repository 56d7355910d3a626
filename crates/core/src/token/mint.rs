//! Claims and signature: a JWT by RFC 9068.

use std::sync::Arc;

use mintmark_verify::Algorithm;

use super::authorize::Authorized;
use super::claims::{ClaimsError, ClaimsToSign};
use super::{Denial, TokenEndpoint};
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
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessToken({})", self.jti)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Makes the token that was authorized.
    pub(super) async fn mint(
        &self,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> Result<AccessToken, Denial> {
        let mut random = [0; 16];
        self.random.fill(&mut random);
        let mut jti = String::with_capacity(base64url::length(random.len()));
        base64url::push(&mut jti, &random);
        let issued_at = self.clock.now();
        let expires_at = issued_at.plus(authorized.lifetime());

        let claims = claims(authorized, environment, &jti, (issued_at, expires_at))?;
        let text = match authorized.format() {
            TokenFormat::Jwt => self.sign(authorized.algorithm(), environment, &claims).await?,
            TokenFormat::Opaque => {
                let sealed = self.root_keys.sealer.seal_token(&environment.environment.name, &claims, &*self.random);
                sealed.ok_or(Denial::Internal("a token could not be sealed"))?
            }
        };
        if text.len() > MAX_TOKEN {
            return Err(Denial::Internal("the token would be longer than verifiers read: the client has too many scopes"));
        }
        let scope = authorized.scope().as_str().to_owned();
        let token_type = if authorized.bound_to().key.is_some() { "DPoP" } else { "Bearer" };
        let credential_id = authorized.credential_id();
        Ok(AccessToken { text, jti, issued_at, expires_at, scope, credential_id, token_type })
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
