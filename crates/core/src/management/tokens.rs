//! Tokens of the management API: sealed under keys of their own, for an audience of their own, and worth what the store says of their
//! client at each call (rule S1). No environment accepts one, and none of theirs is accepted here.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Authority, Managed, Management, ManagementError};
use crate::clock::Timestamp;
use crate::crypto::SecretText;
use crate::model::{CredentialId, ManagementClient, ManagementClientId, Status};
use crate::store::{Store, StoreError};

/// For how many seconds a token is good.
pub const TOKEN_LIFETIME: u32 = 15 * 60;
/// By how many seconds the clock of the node that made a token may be ahead.
const CLOCKS_APART: u32 = 10;
/// The longest secret that is looked at, in bytes.
const SECRET_MAX: usize = 256;

/// A token, as its client gets it.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: SecretText,
    /// For how many seconds it is good.
    pub expires_in: u32,
    /// Whose it is.
    pub client: ManagementClient,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: ManagementClientId,
    /// A rotation of the secret ends the tokens that the one from before obtained.
    credential_id: CredentialId,
    iat: Timestamp,
    exp: Timestamp,
}

impl<S: Store> Management<S> {
    /// Whom the management API's tokens are for.
    pub fn audience(&self) -> String {
        format!("{}/management", self.origin)
    }

    /// A token for a client that shows its secret (RFC 6749 section 4.4). An unknown client, a disabled one and a wrong secret are told
    /// alike.
    pub async fn issue_token(&self, client_id: &str, secret: &SecretText, source: Option<IpAddr>) -> Managed<IssuedToken> {
        let attempt = self.attempts.begin(source, Some(client_id), self.registry.clock.now())?;
        let id = client_id.parse().unwrap_or(ManagementClientId::none());
        let found = self.registry.store.management_client(id).await?;
        if secret.expose().len() > SECRET_MAX {
            return Err(ManagementError::Refused);
        }
        let mut presented = self.registry.root_keys.peppers.present_management(id, secret);
        let stored = found.as_ref().map(|client| (&client.secret, client.secret_id));
        let is_right = stored.is_some_and(|(stored, id)| presented.is(stored, id));
        if stored.is_none() {
            presented.is_nothing();
        }
        let client = found.filter(|client| is_right && client.authority().is_some()).ok_or(ManagementError::Refused)?;
        if self.registry.is_tenant_active(client.tenant_id).await? != Some(true) {
            return Err(ManagementError::Refused);
        }
        let client = self.renew_stored(client, secret).await?;
        let token = self.seal(&client).ok_or(ManagementError::Busy)?;
        attempt.succeeded();
        Ok(IssuedToken { token, expires_in: TOKEN_LIFETIME, client })
    }

    /// Whose token it is and what they may do at this moment; none if it is no token of this API, is over, or its client may do nothing.
    pub async fn token_authority(&self, bearer: &SecretText) -> Result<Option<(ManagementClient, Authority)>, StoreError> {
        let Some(claims) = self.claims_of(bearer) else { return Ok(None) };
        let found = self.registry.store.management_client(claims.sub).await?;
        let Some(client) = found.filter(|client| client.secret_id == claims.credential_id) else { return Ok(None) };
        let Some(authority) = client.authority() else { return Ok(None) };
        if let Some(tenant) = client.tenant_id {
            let tenant = self.registry.store.tenant(tenant).await?;
            if tenant.is_none_or(|tenant| tenant.status != Status::Active) {
                return Ok(None);
            }
        }
        Ok(Some((client, authority)))
    }

    /// A secret that is stored under an older pepper is stored anew, now that it is known (rule S7).
    async fn renew_stored(&self, client: ManagementClient, secret: &SecretText) -> Managed<ManagementClient> {
        let peppers = &self.registry.root_keys.peppers;
        if peppers.is_current(&client.secret) {
            return Ok(client);
        }
        match peppers.store_management(client.id, client.secret_id, secret) {
            Some(stored) => Ok(self.registry.renew_management_secret(&client, stored).await?),
            None => Ok(client),
        }
    }

    fn seal(&self, client: &ManagementClient) -> Option<SecretText> {
        let now = self.registry.clock.now();
        let claims = Claims {
            iss: self.origin.as_str().to_owned(),
            aud: self.audience(),
            sub: client.id,
            credential_id: client.secret_id,
            iat: now,
            exp: now.plus(TOKEN_LIFETIME),
        };
        let claims = serde_json::to_vec(&claims).ok()?;
        let sealer = &self.registry.root_keys.sealer;
        sealer.seal_management_token(self.origin.as_str(), &claims, &*self.registry.random).map(SecretText::new)
    }

    fn claims_of(&self, bearer: &SecretText) -> Option<Claims> {
        let opened = self.registry.root_keys.sealer.open_management_token(self.origin.as_str(), bearer.expose())?;
        let claims: Claims = serde_json::from_slice(&opened).ok()?;
        let now = self.registry.clock.now();
        let is_ours = claims.iss == self.origin.as_str() && claims.aud == self.audience();
        (is_ours && claims.iat <= now.plus(CLOCKS_APART) && now < claims.exp).then_some(claims)
    }
}
