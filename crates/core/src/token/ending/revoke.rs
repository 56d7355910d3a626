//! A client ends a token of its own (RFC 7009).

use super::super::{Denial, TokenEndpoint};
use super::{Answered, Called, TokenCall, open_token};
use crate::clock::Timestamp;
use crate::model::ClientId;
use crate::registry::{TokenRevoked, TokenToRevoke, revoke_token};
use crate::store::{CommitError, Store};

/// What became of a request to end a token. The wire is told the same of all of them (RFC 7009 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationResult {
    /// It is ended, by its `jti`, and that is durable.
    Ended(String, TokenRevoked),
    /// It was ended before.
    EndedBefore(String),
    /// It is no token of this environment, or has expired.
    NoToken,
    /// It is another client's: it lives on.
    AnothersToken(ClientId),
}

impl<S: Store> TokenEndpoint<S> {
    /// Ends a token. An error says that it may live on; success is told only when the end is durable.
    pub async fn revoke(&self, call: &TokenCall<'_>) -> Answered<RevocationResult> {
        match self.receive(call).await {
            Ok(called) => {
                let result = self.revoke_for(&called).await;
                called.authenticated.answered(result)
            }
            Err(refused) => refused.into(),
        }
    }

    async fn revoke_for(&self, called: &Called<'_>) -> Result<RevocationResult, Denial> {
        let now = self.clock.now();
        let client = called.authenticated.client();
        let Some(opened) = open_token(&called.environment, &self.root_keys.sealer, called.token.expose(), now) else {
            return Ok(RevocationResult::NoToken);
        };
        let claims = &opened.claims;
        if claims.client_id != client.id.as_str() {
            return Ok(match claims.client_id.parse() {
                Ok(owner) => RevocationResult::AnothersToken(owner),
                Err(_) => RevocationResult::NoToken,
            });
        }
        if self.directory.ended(&client.environment, &opened.ids()).is_some() {
            // What this node knows it has read from the store, so it is durable.
            return Ok(RevocationResult::EndedBefore(claims.jti.clone()));
        }
        self.count_revocation(&client.environment, &client.id)?;
        let token = TokenToRevoke {
            environment: &client.environment,
            id: &claims.jti,
            client_id: Some(&client.id),
            expires_at: Some(Timestamp(claims.exp)),
        };
        let by = (format!("client {}", client.id), now);
        let revoked = revoke_token(&**self.directory.store(), token, by).await.map_err(|error| in_doubt(&error))?;
        Ok(RevocationResult::Ended(claims.jti.clone(), revoked))
    }
}

/// Whatever went wrong, the token may live on, and its client is to try again (RFC 7009 section 2.2.1).
fn in_doubt(error: &CommitError) -> Denial {
    Denial::StoreUnavailable(format!("the token may live on: {error}"))
}
