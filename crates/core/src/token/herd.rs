//! What is done about clients that ask for a token before each of their own requests: their tokens may expire at different moments,
//! and one that is still fresh may be given again.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use super::authorize::Authorized;
use super::{AccessToken, Exchange, TokenEndpoint};
use crate::clock::Timestamp;
use crate::directory::{EnvironmentView, TokenDigests, TokenIds};
use crate::model::{BusinessId, TokenFormat};
use crate::random::Random;
use crate::store::Store;

/// How many tokens there is room for when they are of the usual size.
const USUALLY_KEPT: usize = 16_384;
/// What all that is kept may take, in bytes.
const ROOM: u64 = 24 * 1024 * 1024;
/// Room for the key of nearly every request, in bytes.
const USUAL_KEY: usize = 512;

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
    kept: Cache<Box<[u8]>, Arc<Kept>, Size>,
}

impl Default for FreshTokens {
    fn default() -> Self {
        Self { kept: Cache::with_weighter(USUALLY_KEPT, ROOM, Size) }
    }
}

/// What a token that is kept takes, in bytes.
#[derive(Clone, Debug)]
struct Size;

impl Weighter<Box<[u8]>, Arc<Kept>> for Size {
    fn weight(&self, key: &Box<[u8]>, kept: &Arc<Kept>) -> u64 {
        (key.len() + kept.text.len() + kept.jti.len() + size_of::<Kept>()) as u64
    }
}

/// A token that was given out.
struct Kept {
    text: Zeroizing<String>,
    jti: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// With the position that it was issued at: what ends tokens of lower positions ends it.
    digests: TokenDigests,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Kept({})", self.jti)
    }
}

/// Under which a token is kept: everything that another request must have in common with the one that it was made for. Nothing in it is
/// secret.
pub(super) struct FreshKey(Vec<u8>);

impl FreshKey {
    /// Nothing for a token that is bound to whoever shows a key or certificate: those are never given again.
    pub(super) fn of(exchange: &Exchange<'_>, authorized: &Authorized<'_>, environment: &EnvironmentView) -> Option<Self> {
        let bound_to = authorized.bound_to();
        if exchange.herd.reuse == 0 || bound_to.key.is_some() || bound_to.certificate.is_some() {
            return None;
        }
        let mut key = Fields(Vec::with_capacity(USUAL_KEY));
        key.add(exchange.environment.as_str().as_bytes());
        key.add(environment.environment.issuer.as_bytes());
        key.add(exchange.dialect.name.as_str().as_bytes());
        key.add(&authorized.credential_id().to_bytes());
        key.add(authorized.client().id.as_str().as_bytes());
        key.add(&authorized.client().tenant_id.to_bytes());
        key.add(&authorized.business_id().map_or([0; 16], BusinessId::to_bytes));
        key.add(authorized.scope().as_str().as_bytes());
        key.add(&authorized.lifetime().to_be_bytes());
        // A key that signs no more made none of the tokens that are given again.
        match authorized.format() {
            TokenFormat::Jwt => key.add(environment.ring.active(authorized.algorithm())?.kid.as_bytes()),
            TokenFormat::Opaque => key.add(b""),
        }
        let audience = authorized.audience();
        key.add(&audience.len().to_be_bytes());
        for uri in audience {
            key.add(uri.as_bytes());
        }
        for (claim, value) in authorized.claims() {
            key.add(claim.as_bytes());
            key.add(value.to_string().as_bytes());
        }
        Some(Self(key.0))
    }
}

/// Fields, each with its length, so that no two lists of them are one text.
struct Fields(Vec<u8>);

impl Fields {
    fn add(&mut self, field: &[u8]) {
        self.0.extend_from_slice(&field.len().to_be_bytes());
        self.0.extend_from_slice(field);
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
        let kept = self.fresh.kept.get(key.0.as_slice())?;
        let now = self.clock.now();
        let life = kept.expires_at.0.saturating_sub(kept.issued_at.0);
        let age = now.0.saturating_sub(kept.issued_at.0);
        let is_fresh = (0..i64::from(reuse)).contains(&age) && age.saturating_mul(2) <= life;
        if !is_fresh || self.directory.ended_digests(&authorized.client().environment, &kept.digests).is_some() {
            self.fresh.kept.remove(key.0.as_slice());
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

    /// Keeps a token that was just made.
    pub(super) fn keep_fresh(&self, key: FreshKey, token: &AccessToken, authorized: &Authorized<'_>) {
        let client = authorized.client();
        let (tenant, business) = (client.tenant_id.to_text(), authorized.business_id().map(BusinessId::to_text));
        let credential = authorized.credential_id().to_text();
        let digests = TokenDigests::of(&TokenIds {
            token_id: &token.jti,
            client_id: client.id.as_str(),
            tenant_id: Some(&tenant),
            business_id: business.as_deref(),
            credential_id: Some(&credential),
            position: authorized.position(),
        });
        let kept = Kept {
            text: Zeroizing::new(token.text.clone()),
            jti: token.jti.clone(),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            digests,
        };
        self.fresh.kept.insert(key.0.into_boxed_slice(), Arc::new(kept));
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
    fn tokens_of_any_length_stay_within_their_room() {
        let fresh = FreshTokens::default();
        let token = TokenIds {
            token_id: "jti",
            client_id: "client",
            tenant_id: None,
            business_id: None,
            credential_id: None,
            position: crate::model::Position(1),
        };
        let kept = Arc::new(Kept {
            text: Zeroizing::new("t".repeat(8 * 1024)),
            jti: "jti".to_owned(),
            issued_at: Timestamp(0),
            expires_at: Timestamp(600),
            digests: TokenDigests::of(&token),
        });
        for number in 0..10_000_u32 {
            fresh.kept.insert(number.to_be_bytes().into(), Arc::clone(&kept));
        }
        assert!(fresh.kept.weight() <= ROOM, "{}", fresh.kept.weight());
        assert!(fresh.kept.len() > 2_000, "{}", fresh.kept.len());
    }

    #[test]
    fn without_jitter_and_for_the_shortest_lives_nothing_changes() {
        let random = SeededRandom::new(5);
        assert_eq!(HerdRules::default().shorten(3600, &random), 3600);
        assert_eq!(HerdRules { expiry_jitter: 50, reuse: 0 }.shorten(1, &random), 1);
    }
}
