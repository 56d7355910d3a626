//! What ends tokens, as one moment's whole: looked up for every token that this node verifies, replaced by each poll that finds more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};

use crate::clock::Timestamp;
use crate::model::{EnvironmentName, Position, RevocationKind};
use crate::store::{Incarnation, StoredRevocation};

/// In how many parts an environment's revocations are held. A poll that finds one more copies the part that it belongs to, so that
/// nobody who looks something up waits for it.
const PARTS: usize = 64;

/// A revocation's subject: the first half of SHA-256 over its kind, a zero byte and its identifier. What is held is small and of one
/// size, and a list of it tells nobody an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationDigest(pub [u8; 16]);

impl RevocationDigest {
    /// Of a subject.
    pub fn of(kind: RevocationKind, id: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(kind.as_str().as_bytes());
        context.update(&[0]);
        context.update(id.as_bytes());
        let digest = context.finish();
        let half = digest.as_ref().first_chunk::<16>();
        Self(half.copied().unwrap_or_default())
    }
}

/// What is held of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) is_token: bool,
    pub(super) position: Position,
    pub(super) expires_at: Timestamp,
}

type Part = HashMap<RevocationDigest, Held>;

/// The revocations of one environment, or those of tenants, which are in all.
#[derive(Clone, Debug)]
pub(super) struct Revocations {
    parts: [Arc<Part>; PARTS],
    /// The position of the latest.
    pub(super) latest: Position,
    /// How many are of one token.
    tokens: usize,
}

impl Default for Revocations {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Arc::default()), latest: Position(0), tokens: 0 }
    }
}

impl Revocations {
    fn part_of(digest: RevocationDigest) -> usize {
        let [first, ..] = digest.0;
        usize::from(first) % PARTS
    }

    fn find(&self, kind: RevocationKind, id: &str) -> Option<Held> {
        self.held(RevocationDigest::of(kind, id))
    }

    fn held(&self, digest: RevocationDigest) -> Option<Held> {
        self.parts.get(Self::part_of(digest))?.get(&digest).copied()
    }

    /// Whether a mark ends what has this digest and position.
    fn has_mark(&self, digest: Option<RevocationDigest>, position: Position) -> bool {
        digest.and_then(|digest| self.held(digest)).is_some_and(|held| !held.is_token && position < held.position)
    }

    /// Adds one, or raises the one that is there.
    pub(super) fn add(&mut self, digest: RevocationDigest, new: Held) {
        let Some(part) = self.parts.get_mut(Self::part_of(digest)) else { return };
        let held = Arc::make_mut(part).entry(digest).or_insert_with(|| {
            self.tokens += usize::from(new.is_token);
            new
        });
        held.position = held.position.max(new.position);
        held.expires_at = held.expires_at.max(new.expires_at);
        // A damaged row has the largest position there is, and is no news.
        if new.position < super::DAMAGED {
            self.latest = self.latest.max(new.position);
        }
    }

    fn size(&self) -> RevocationSize {
        let all = self.parts.iter().map(|part| part.len()).sum::<usize>();
        RevocationSize { tokens: self.tokens, marks: all.saturating_sub(self.tokens) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RevocationDigest, Held)> + '_ {
        self.parts.iter().flat_map(|part| part.iter().map(|(digest, held)| (*digest, *held)))
    }
}

/// How many revocations there are of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevocationSize {
    /// Of one token each.
    pub tokens: usize,
    /// Of all tokens of a client, credential, business or tenant up to a position.
    pub marks: usize,
}

/// All that ends tokens, complete up to a position.
#[derive(Clone, Debug, Default)]
pub struct RevocationSet {
    pub(super) incarnation: Option<Incarnation>,
    pub(super) position: Position,
    pub(super) first: Position,
    /// The position of the latest change of a signing key.
    pub(super) keys_changed: Position,
    pub(super) tenants: Revocations,
    pub(super) environments: BTreeMap<EnvironmentName, Revocations>,
}

/// What of a token is looked up: its claims, and the key that signed it.
#[derive(Clone, Copy, Debug)]
pub struct TokenIds<'a> {
    /// `jti`
    pub token_id: &'a str,
    /// `client_id`
    pub client_id: &'a str,
    /// `tenant_id`
    pub tenant_id: Option<&'a str>,
    /// `business_id`
    pub business_id: Option<&'a str>,
    /// `credential_id`
    pub credential_id: Option<&'a str>,
    /// `pos`; a token without one is older than every mark.
    pub position: Position,
}

impl TokenIds<'_> {
    fn id(&self, kind: RevocationKind) -> Option<&str> {
        match kind {
            RevocationKind::Token => Some(self.token_id),
            RevocationKind::Client => Some(self.client_id),
            RevocationKind::Tenant => self.tenant_id,
            RevocationKind::Business => self.business_id,
            RevocationKind::Credential => self.credential_id,
        }
    }

    fn digest(&self, kind: RevocationKind) -> Option<RevocationDigest> {
        self.id(kind).map(|id| RevocationDigest::of(kind, id))
    }
}

/// What of a token is looked up, hashed once: for a token that is asked about again and again.
#[derive(Clone, Debug)]
pub struct TokenDigests {
    position: Position,
    token: Option<RevocationDigest>,
    client: Option<RevocationDigest>,
    tenant: Option<RevocationDigest>,
    business: Option<RevocationDigest>,
    credential: Option<RevocationDigest>,
}

impl TokenDigests {
    /// Of a token.
    pub fn of(token: &TokenIds<'_>) -> Self {
        Self {
            position: token.position,
            token: token.digest(RevocationKind::Token),
            client: token.digest(RevocationKind::Client),
            tenant: token.digest(RevocationKind::Tenant),
            business: token.digest(RevocationKind::Business),
            credential: token.digest(RevocationKind::Credential),
        }
    }

    fn digest(&self, kind: RevocationKind) -> Option<RevocationDigest> {
        match kind {
            RevocationKind::Token => self.token,
            RevocationKind::Client => self.client,
            RevocationKind::Tenant => self.tenant,
            RevocationKind::Business => self.business,
            RevocationKind::Credential => self.credential,
        }
    }
}

/// Why a token is refused that has not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is from before a restore (rule S15).
    BeforeRestore,
    /// It was revoked itself, or everything of this kind that it belongs to.
    Revoked(RevocationKind),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::BeforeRestore => out.write_str("the token is from before the store was restored"),
            Ended::Revoked(RevocationKind::Token) => out.write_str("the token was revoked"),
            Ended::Revoked(kind) => write!(out, "the tokens of its {} were revoked", kind.as_str()),
        }
    }
}

impl RevocationSet {
    /// How many revocations are held of each environment, and under no name those that count in all.
    pub fn sizes(&self) -> Vec<(Option<&EnvironmentName>, RevocationSize)> {
        let own = self.environments.iter().map(|(name, held)| (Some(name), held.size()));
        std::iter::once((None, self.tenants.size())).chain(own).collect()
    }

    /// Up to which position nothing is missing.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The history that it belongs to; nothing before the store was read.
    pub fn incarnation(&self) -> Option<&Incarnation> {
        self.incarnation.as_ref()
    }

    /// The position of the latest revocation, or change of a signing key, that concerns an environment.
    pub fn latest(&self, environment: &EnvironmentName) -> Position {
        let own = self.environments.get(environment).map_or(Position(0), |revocations| revocations.latest);
        own.max(self.tenants.latest).max(self.keys_changed).max(self.first)
    }

    /// Whether a token of an environment is refused. No clock is asked: it is the position that decides (rule S11).
    pub fn ended(&self, environment: &EnvironmentName, token: &TokenIds<'_>) -> Option<Ended> {
        self.ended_by(environment, token.position, |kind| token.digest(kind))
    }

    /// The same of a token whose identifiers were hashed before.
    pub fn ended_digests(&self, environment: &EnvironmentName, token: &TokenDigests) -> Option<Ended> {
        self.ended_by(environment, token.position, |kind| token.digest(kind))
    }

    fn ended_by(
        &self,
        environment: &EnvironmentName,
        at: Position,
        digest: impl Fn(RevocationKind) -> Option<RevocationDigest>,
    ) -> Option<Ended> {
        use RevocationKind::{Business, Client, Credential, Tenant, Token};
        if at < self.first {
            return Some(Ended::BeforeRestore);
        }
        if self.tenants.has_mark(digest(Tenant), at) {
            return Some(Ended::Revoked(Tenant));
        }
        let own = self.environments.get(environment)?;
        let mark = [Credential, Client, Business].into_iter().find(|kind| own.has_mark(digest(*kind), at));
        let is_revoked = || digest(Token).and_then(|digest| own.held(digest)).is_some_and(|held| held.is_token);
        mark.or_else(|| is_revoked().then_some(Token)).map(Ended::Revoked)
    }

    /// The position of the change that made a token end as [`Self::ended`] says.
    pub fn ended_at(&self, environment: &EnvironmentName, token: &TokenIds<'_>, ended: Ended) -> Option<Position> {
        let own = self.environments.get(environment);
        let held = match ended {
            Ended::BeforeRestore => return Some(self.first),
            Ended::Revoked(RevocationKind::Tenant) => self.tenants.find(RevocationKind::Tenant, token.tenant_id?),
            Ended::Revoked(kind @ RevocationKind::Credential) => own?.find(kind, token.credential_id?),
            Ended::Revoked(kind @ RevocationKind::Client) => own?.find(kind, token.client_id),
            Ended::Revoked(kind @ RevocationKind::Business) => own?.find(kind, token.business_id?),
            Ended::Revoked(kind @ RevocationKind::Token) => own?.find(kind, token.token_id),
        };
        held.map(|held| held.position)
    }

    /// How many tokens of an environment are revoked by themselves.
    pub fn revoked_tokens(&self, environment: &EnvironmentName) -> usize {
        self.environments.get(environment).map_or(0, |own| own.tokens)
    }

    /// Adds what was read from the store.
    pub(super) fn add(&mut self, stored: &StoredRevocation) {
        let held =
            Held { is_token: stored.kind == RevocationKind::Token, position: stored.position, expires_at: stored.expires_at };
        let digest = RevocationDigest::of(stored.kind, &stored.id);
        self.of(stored.environment.as_ref()).add(digest, held);
    }

    /// The revocations of an environment, or those of tenants.
    pub(super) fn of(&mut self, environment: Option<&EnvironmentName>) -> &mut Revocations {
        match environment {
            None => &mut self.tenants,
            Some(name) => self.environments.entry(name.clone()).or_default(),
        }
    }

    /// Whether something is missing, or less severe, that another has from up to the position of this one.
    pub(super) fn lacks_some_of(&self, other: &Self) -> bool {
        let is_lacking = |own: Option<&Revocations>, other: &Revocations| {
            other.iter().filter(|(_, theirs)| theirs.position <= self.position).any(|(digest, theirs)| {
                let ours = own.and_then(|own| own.held(digest));
                ours.is_none_or(|ours| ours.position < theirs.position || ours.expires_at < theirs.expires_at)
            })
        };
        is_lacking(Some(&self.tenants), &other.tenants)
            || other.environments.iter().any(|(name, theirs)| is_lacking(self.environments.get(name), theirs))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tenants.iter().count() + self.environments.values().map(|own| own.iter().count()).sum::<usize>()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
