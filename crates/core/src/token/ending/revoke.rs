//! A client ends a token of its own (RFC 7009).

use super::super::{Denial, TokenEndpoint};
use super::opened::{Revocable, open_to_revoke};
use super::{Answered, Called, OpenedToken, TokenCall};
use crate::clock::Timestamp;
use crate::model::ClientId;
use crate::registry::{Actor, LISTED_TOKENS_MAX, RevokedBy, TokenRevoked, TokenToRevoke, revoke_all_of_client, revoke_token};
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
                let result = self.revoke_for(&called, call).await;
                called.authenticated.answered(result)
            }
            Err(refused) => refused.into(),
        }
    }

    async fn revoke_for(&self, called: &Called<'_>, call: &TokenCall<'_>) -> Result<RevocationResult, Denial> {
        let now = self.clock.now();
        let client = called.authenticated.client();
        let Some(opened) = self.open_to_revoke(called).await? else { return Ok(RevocationResult::NoToken) };
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
        let who = format!("client {}", client.id);
        let actor = Actor { who, source: Some(call.caller.source), request_id: Some(call.request_id.to_owned()) };
        let by = RevokedBy { actor, tenant: Some(client.tenant_id), at: now };
        let store = &**self.directory.store();
        let listed = self.directory.revocations().revoked_tokens(&client.environment);
        let revoked = if listed < LISTED_TOKENS_MAX {
            revoke_token(store, token, by).await
        } else {
            revoke_all_of_client(store, (&client.environment, &client.id), by).await
        };
        let revoked = revoked.map_err(|error| in_doubt(&error))?;
        // Here it is over at once (RFC 7009 section 2), elsewhere one poll later. Where this fails the next poll does it.
        if let Err(error) = self.directory.poll().await {
            tracing::debug!(%error, "a revocation is in the store, and not in force here yet");
        }
        Ok(RevocationResult::Ended(claims.jti.clone(), revoked))
    }

    /// Opens the token, if it is one. That there is none is said only where a node that knows more would say so too.
    async fn open_to_revoke(&self, called: &Called<'_>) -> Result<Option<OpenedToken>, Denial> {
        let (sealer, text, now) = (&self.root_keys.sealer, called.token.expose(), self.clock.now());
        let mut found = open_to_revoke(&called.environment, sealer, text, now);
        if matches!(found, Revocable::KeyUnknown) {
            let client = called.authenticated.client();
            // It is an attempt to end a token, and has the store read.
            self.count_revocation(&client.environment, &client.id)?;
            self.directory.poll().await.map_err(|error| Denial::StoreUnavailable(format!("the token may live on: {error}")))?;
            let environment = self.directory.view(&client.environment).ok_or(Denial::EnvironmentMissing)?;
            found = open_to_revoke(&environment, sealer, text, now);
        }
        match found {
            Revocable::Token(opened) => Ok(Some(*opened)),
            Revocable::KeyUnknown | Revocable::Nothing => Ok(None),
            Revocable::KeyUnusable => {
                Err(Denial::StoreUnavailable("the token may live on: its key cannot be used here".to_owned()))
            }
        }
    }
}

/// Whatever went wrong, the token may live on, and its client is to try again (RFC 7009 section 2.2.1).
fn in_doubt(error: &CommitError) -> Denial {
    Denial::StoreUnavailable(format!("the token may live on: {error}"))
}
