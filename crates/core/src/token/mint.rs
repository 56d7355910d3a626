//! Claims and signature: a JWT by RFC 9068. To add a claim that every token carries, add it to
//! [`ClaimsToSign`] in `mintmark-verify` and fill it here.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_verify::ClaimsToSign;

use super::authorize::Authorized;
use super::{Denial, TokenEndpoint};
use crate::clock::Timestamp;
use crate::crypto::SignerBusy;
use crate::directory::EnvironmentView;
use crate::model::CredentialId;
use crate::store::Store;

/// The longest token, in bytes: what `mintmark-verify` and most servers' header limits read.
const MAX_TOKEN: usize = 8 * 1024;

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
        let algorithm = authorized.algorithm();
        let key = environment.ring.active(algorithm).ok_or_else(|| Denial::NoSigningKey(algorithm.to_string()))?;
        let mut jti = [0; 16];
        self.random.fill(&mut jti);
        let jti = URL_SAFE_NO_PAD.encode(jti);
        let issued_at = self.clock.now();
        let expires_at = issued_at.plus(authorized.lifetime());

        let mut message = key.header.clone().into_bytes();
        push_claims(&mut message, authorized, environment, &jti, (issued_at, expires_at))?;
        let signature = self.signers.sign(&key.pair, message.clone()).await.map_err(|busy| match busy {
            SignerBusy::QueueFull => Denial::SignerBusy,
            SignerBusy::Failed => Denial::Internal("a signature could not be made"),
        })?;
        let mut text = String::from_utf8(message).map_err(|_| Denial::Internal("a token is not ASCII"))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);

        if text.len() > MAX_TOKEN {
            return Err(Denial::Internal("the token would be longer than verifiers read: the client has too many scopes"));
        }
        let scope = authorized.scope().as_str().to_owned();
        Ok(AccessToken { text, jti, issued_at, expires_at, scope, credential_id: authorized.credential_id() })
    }
}

/// Appends the payload part.
fn push_claims(
    message: &mut Vec<u8>,
    authorized: &Authorized<'_>,
    environment: &EnvironmentView,
    jti: &str,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<(), Denial> {
    let client = authorized.client();
    let tenant_id = client.tenant_id.to_string();
    let business_id = authorized.business_id().map(|id| id.to_string());
    let credential_id = authorized.credential_id().to_string();
    let claims = ClaimsToSign {
        iss: &environment.environment.issuer,
        sub: client.id.as_str(),
        aud: &authorized.audience(),
        exp: expires_at.0,
        iat: issued_at.0,
        jti,
        client_id: client.id.as_str(),
        scope: Some(authorized.scope().as_str()).filter(|scope| !scope.is_empty()),
        tenant_id: &tenant_id,
        business_id: business_id.as_deref(),
        credential_id: &credential_id,
        pos: authorized.position().0,
        extra: authorized.claims(),
    };
    let json = serde_json::to_vec(&claims).map_err(|_| Denial::Internal("the claims could not be written"))?;
    let start = message.len();
    message.resize(start + json.len().div_ceil(3) * 4, 0);
    let free = message.get_mut(start..).unwrap_or_default();
    let written = URL_SAFE_NO_PAD.encode_slice(json, free).map_err(|_| Denial::Internal("the claims did not fit"))?;
    message.truncate(start + written);
    Ok(())
}
