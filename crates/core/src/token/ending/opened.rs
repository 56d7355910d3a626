//! From a token's text to its claims, whatever form it has.

use std::sync::Arc;

use mintmark_verify::{Claims, KeySource, Verifier, VerifyingKey, danger_decode_without_verifying};

use crate::clock::Timestamp;
use crate::crypto::{OPAQUE_PREFIX, Sealer};
use crate::directory::{EnvironmentView, TokenIds};
use crate::keys::KeyRing;
use crate::model::Position;

/// By how much another node's clock may be ahead of this one's, in seconds.
const CLOCKS_APART: u32 = 300;

/// What a text is to somebody who wants to end the token.
#[derive(Debug)]
pub(super) enum Revocable {
    /// A token that may be good somewhere.
    Token(Box<OpenedToken>),
    /// It says that it is of this environment, and its key is not known here: this node may lag behind.
    KeyUnknown,
    /// A key of the environment that cannot be used here.
    KeyUnusable,
    /// No token, or one that nobody takes any more.
    Nothing,
}

/// The claims of a token that an environment made, genuine and not expired.
#[derive(Clone, Debug)]
pub struct OpenedToken {
    /// What it says.
    pub claims: Claims,
}

impl OpenedToken {
    /// What is looked up to see whether it was ended.
    pub fn ids(&self) -> TokenIds<'_> {
        let claims = &self.claims;
        TokenIds {
            token_id: &claims.jti,
            client_id: &claims.client_id,
            tenant_id: claims.tenant_id.as_deref(),
            business_id: claims.business_id.as_deref(),
            credential_id: claims.credential_id.as_deref(),
            position: Position(claims.pos.unwrap_or(0)),
        }
    }
}

/// Opens a token of an environment, whoever it was made for. Nothing if it is none, or has expired. Whether it was ended is not looked
/// at here.
pub fn open_token(view: &EnvironmentView, sealer: &Sealer, text: &str, now: Timestamp) -> Option<OpenedToken> {
    if text.starts_with(OPAQUE_PREFIX) {
        return open_opaque(view, sealer, text, now);
    }
    open_jwt(&view.environment.issuer, Published(&view.ring), text, (now, now))
}

/// A sealed token: that it opens is its signature.
fn open_opaque(view: &EnvironmentView, sealer: &Sealer, text: &str, now: Timestamp) -> Option<OpenedToken> {
    let claims = sealer.open_token(&view.environment.name, text)?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    (claims.iss == view.environment.issuer && claims.exp > now.0).then_some(OpenedToken { claims })
}

/// Opens a token that is to be ended. It may be good where it is not good here: with those whose clocks are behind, and with those
/// who hold a key that was removed, which can also be put back.
pub(super) fn open_to_revoke(view: &EnvironmentView, sealer: &Sealer, text: &str, now: Timestamp) -> Revocable {
    let behind = Timestamp(now.0.saturating_sub(i64::from(CLOCKS_APART)));
    if text.starts_with(OPAQUE_PREFIX) {
        return open_opaque(view, sealer, text, behind).map_or(Revocable::Nothing, |opened| Revocable::Token(Box::new(opened)));
    }
    let issuer = &view.environment.issuer;
    let Ok((header, unverified)) = danger_decode_without_verifying(text) else { return Revocable::Nothing };
    let kid = header.kid.filter(|_| unverified.iss == *issuer);
    let Some(kid) = kid.filter(|kid| !view.revoked_kids().contains(kid)) else { return Revocable::Nothing };
    let opened = if view.ring.verifying.key(&kid).is_some() {
        open_jwt(issuer, Published(&view.ring), text, (now, behind))
    } else if view.ring.unusable.iter().any(|(unusable, _)| *unusable == kid) {
        return Revocable::KeyUnusable;
    } else {
        match view.removed_key(&kid, sealer) {
            Some(Ok(key)) => open_jwt(issuer, key, text, (now, behind)),
            Some(Err(_)) => return Revocable::KeyUnusable,
            None => return Revocable::KeyUnknown,
        }
    };
    opened.map_or(Revocable::Nothing, |opened| Revocable::Token(Box::new(opened)))
}

/// The keys whose tokens are good.
struct Published<'a>(&'a KeyRing);

impl KeySource for Published<'_> {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.0.verifying.key(kid)
    }
}

/// A signed token (RFC 9068), if it expires after a moment.
fn open_jwt(issuer: &str, keys: impl KeySource, text: &str, (now, after): (Timestamp, Timestamp)) -> Option<OpenedToken> {
    // A verifier is for one audience; this one is for all, since who may ask about it is decided by the caller.
    let (_, unverified) = danger_decode_without_verifying(text).ok()?;
    let audience = unverified.aud.iter().next()?.to_owned();
    // Time is looked at below: a token of a node whose clock is ahead is good at once, and one that expired never.
    let verifier = Verifier::new(issuer, audience, keys).leeway_seconds(CLOCKS_APART).accept_sender_constrained();
    let claims = verifier.verify(text, now.0).ok()?;
    (claims.exp > after.0).then_some(OpenedToken { claims })
}
