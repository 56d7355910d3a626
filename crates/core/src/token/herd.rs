//! What is done about clients that ask for a token before each of their own requests: their tokens may expire at different moments,
//! and one that is still fresh may be given again.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use super::authorize::Authorized;
use super::{AccessToken, Exchange, TokenEndpoint};
use crate::clock::Timestamp;
use crate::directory::{EnvironmentView, TokenIds};
use crate::model::{BusinessId, Position, TokenFormat};
use crate::random::Random;
use crate::store::Store;

/// How many tokens are kept at most: some twenty megabytes.
const KEPT: usize = 16_384;

/// What an environment does about them. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HerdRules {
    /// By how many percent a token's life is shortened at most, each by chance, so that clients that got theirs together do not come
    /// back together.
    pub expiry_jitter: u32,
    /// For how many seconds after it was made a token is given again to the same credential for the same request.
    pub reuse: u32,
}

impl HerdRules {
    /// A token's life, shortened by chance and never longer than it was.
    pub(super) fn shorten(self, lifetime: u32, random: &dyn Random) -> u32 {
        let most = u64::from(lifetime) * u64::from(self.expiry_jitter.min(100)) / 100;
        if most == 0 {
            return lifetime;
        }
        let mut chance = [0; 8];
        random.fill(&mut chance);
        let cut = u64::from_be_bytes(chance) % (most + 1);
        lifetime.saturating_sub(u32::try_from(cut).unwrap_or(0)).max(1)
    }
}

/// Tokens that may be given again (rule S18). Who is asked for one has been authenticated and authorized as for a new one.
#[derive(Debug)]
pub struct FreshTokens {
    kept: Cache<[u8; 32], Arc<Kept>>,
}

impl Default for FreshTokens {
    fn default() -> Self {
        Self { kept: Cache::new(KEPT) }
    }
}

/// A token that was given out.
struct Kept {
    text: Zeroizing<String>,
    jti: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// The position that it was issued at: what ends tokens of lower positions ends it.
    position: Position,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Kept({})", self.jti)
    }
}

/// Under which a token is kept: everything that another request must have in common with the one that it was made for.
pub(super) struct FreshKey([u8; 32]);

impl FreshKey {
    /// Nothing for a token that is bound to whoever shows a key or certificate: those are never given again.
    pub(super) fn of(exchange: &Exchange<'_>, authorized: &Authorized<'_>, environment: &EnvironmentView) -> Option<Self> {
        let bound_to = authorized.bound_to();
        if exchange.herd.reuse == 0 || bound_to.key.is_some() || bound_to.certificate.is_some() {
            return None;
        }
        let mut hash = Fields(Context::new(&SHA256));
        hash.add(exchange.environment.as_str().as_bytes());
        hash.add(environment.environment.issuer.as_bytes());
        hash.add(exchange.dialect.name.as_str().as_bytes());
        hash.add(&authorized.credential_id().to_bytes());
        hash.add(authorized.client().id.as_str().as_bytes());
        hash.add(&authorized.client().tenant_id.to_bytes());
        hash.add(&authorized.business_id().map_or([0; 16], BusinessId::to_bytes));
        hash.add(authorized.scope().as_str().as_bytes());
        hash.add(&authorized.lifetime().to_be_bytes());
        // A key that signs no more made none of the tokens that are given again.
        match authorized.format() {
            TokenFormat::Jwt => hash.add(environment.ring.active(authorized.algorithm())?.kid.as_bytes()),
            TokenFormat::Opaque => hash.add(b""),
        }
        let audience = authorized.audience();
        hash.add(&audience.len().to_be_bytes());
        for uri in audience {
            hash.add(uri.as_bytes());
        }
        for (claim, value) in authorized.claims() {
            hash.add(claim.as_bytes());
            hash.add(value.to_string().as_bytes());
        }
        hash.finish().map(Self)
    }
}

/// Fields, each with its length, so that no two lists of them are one text.
struct Fields(Context);

impl Fields {
    fn add(&mut self, field: &[u8]) {
        self.0.update(&field.len().to_be_bytes());
        self.0.update(field);
    }

    fn finish(self) -> Option<[u8; 32]> {
        self.0.finish().as_ref().try_into().ok()
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// A token that was made for the same request a moment ago, if there is one that is as good as a new one: in its window, with at
    /// least half of its life left, and ended by nothing.
    ///
    /// Nothing while the change feed is not followed: that nothing ended the token would be an old answer, and a token that was revoked
    /// elsewhere would be given out for as long as the node may decide. A new one at least bears the position that it was made at.
    pub(super) fn fresh_token(
        &self,
        (key, reuse): (&FreshKey, u32),
        authorized: &Authorized<'_>,
        token_type: &'static str,
    ) -> Option<AccessToken> {
        if !self.directory.is_following() {
            return None;
        }
        let kept = self.fresh.kept.get(&key.0)?;
        let now = self.clock.now();
        let life = kept.expires_at.0.saturating_sub(kept.issued_at.0);
        let age = now.0.saturating_sub(kept.issued_at.0);
        let is_fresh = (0..i64::from(reuse)).contains(&age) && age.saturating_mul(2) <= life;
        if !is_fresh || self.has_ended(&kept, authorized) {
            self.fresh.kept.remove(&key.0);
            return None;
        }
        Some(AccessToken {
            text: kept.text.to_string(),
            jti: kept.jti.clone(),
            // What is left of its life is counted from here.
            issued_at: now,
            expires_at: kept.expires_at,
            scope: authorized.scope().as_str().to_owned(),
            credential_id: authorized.credential_id(),
            token_type,
            is_reused: true,
        })
    }

    fn has_ended(&self, kept: &Kept, authorized: &Authorized<'_>) -> bool {
        let client = authorized.client();
        let (tenant, business) = (client.tenant_id.to_text(), authorized.business_id().map(BusinessId::to_text));
        let credential = authorized.credential_id().to_text();
        let ids = TokenIds {
            token_id: &kept.jti,
            client_id: client.id.as_str(),
            tenant_id: Some(&tenant),
            business_id: business.as_deref(),
            credential_id: Some(&credential),
            position: kept.position,
        };
        self.directory.ended(&client.environment, &ids).is_some()
    }

    /// Keeps a token that was just made.
    pub(super) fn keep_fresh(&self, key: &FreshKey, token: &AccessToken, position: Position) {
        let kept = Kept {
            text: Zeroizing::new(token.text.clone()),
            jti: token.jti.clone(),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            position,
        };
        self.fresh.kept.insert(key.0, Arc::new(kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_life_is_shortened_within_its_bound_and_never_lengthened() {
        let random = SeededRandom::new(5);
        let rules = HerdRules { expiry_jitter: 20, reuse: 0 };
        let lives: Vec<u32> = (0..500).map(|_| rules.shorten(1000, &random)).collect();
        assert!(lives.iter().all(|life| (800..=1000).contains(life)));
        assert!(lives.iter().any(|life| *life < 850) && lives.iter().any(|life| *life > 950), "{lives:?}");
    }

    #[test]
    fn without_jitter_and_for_the_shortest_lives_nothing_changes() {
        let random = SeededRandom::new(5);
        assert_eq!(HerdRules::default().shorten(3600, &random), 3600);
        assert_eq!(HerdRules { expiry_jitter: 50, reuse: 0 }.shorten(1, &random), 1);
    }
}
