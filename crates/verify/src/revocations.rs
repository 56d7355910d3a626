//! What was revoked before it expired: the issuer's feed of revocations, for those who verify offline.
//!
//! The issuer publishes a signed document of what it refuses, at the address that its metadata calls
//! `mintmark_revocations_uri`: complete, or what came after the position that the verifier has. A [`RevocationList`] is
//! made of such documents. It never goes back to an older one, and says when the newest is too old to decide by.
//!
//! This module opens no connection and reads no clock.
//!
//! ```
//! use mintmark_verify::{KeySet, Verifier, revocations::RevocationList};
//! use std::sync::Arc;
//!
//! let list = Arc::new(RevocationList::new("https://auth.example"));
//! # let (keys, now) = (KeySet::default(), 1_800_000_000);
//! // For each document that was fetched: `list.apply(&document, &keys, now)?`
//! let verifier = Verifier::new("https://auth.example", "https://api.example", keys).revocations(list.clone());
//!
//! // Nobody has brought a document yet, and so nothing can be decided.
//! assert!(!list.is_fresh(now));
//! ```

mod document;
mod error;
mod hash;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use document::Document;
pub use document::{FEED_TYPE, MAX_DOCUMENT_LENGTH};
pub use error::FeedError;
pub use hash::{Kind, RevocationHash};

use crate::{Claims, KeySource, TokenError, verifier::MAX_LEEWAY_SECONDS};

/// How long after the last good document was made the list still decides, unless told otherwise, in seconds.
pub const DEFAULT_GRACE_SECONDS: u32 = 300;

/// The revocations of one issuer, as far as its documents have told them.
///
/// It is shared between who brings the documents and all who verify tokens: put it into an [`Arc`](std::sync::Arc). The
/// time is an argument everywhere, in seconds since 1970.
pub struct RevocationList {
    issuer: String,
    grace_seconds: i64,
    held: RwLock<Option<Held>>,
}

/// The documents so far, put together.
struct Held {
    incarnation: String,
    sequence: u64,
    /// Tokens from before this position are refused, whoever's they are.
    first: u64,
    issued_at: i64,
    /// Somebody knows by another clock that the newest document is too old.
    is_suspended: bool,
    marks: HashMap<RevocationHash, (u64, i64)>,
    tokens: HashMap<RevocationHash, i64>,
    keys: HashSet<String>,
}

/// What a document changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Up to which position of the issuer's feed of changes the list is complete now.
    pub sequence: u64,
    /// Whether that is further than it was.
    pub is_news: bool,
}

impl RevocationList {
    /// An empty list for the tokens of `issuer`. It decides nothing before the first document.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), grace_seconds: DEFAULT_GRACE_SECONDS.into(), held: RwLock::new(None) }
    }

    /// How long after the last good document was made the list still decides. After it every token is refused with
    /// [`TokenError::RevocationsUnknown`]. Together with a token's life it bounds how long a revoked token can be used
    /// while the issuer cannot be reached.
    #[must_use]
    pub fn grace_seconds(mut self, seconds: u32) -> Self {
        self.grace_seconds = seconds.into();
        self
    }

    /// Takes in a document, complete or a delta. A document that is refused changes nothing.
    ///
    /// `keys` are the issuer's, the same that sign its tokens. A key that was itself revoked signs no document.
    pub fn apply(&self, document: &str, keys: &impl KeySource, now_unix_seconds: i64) -> Result<Applied, FeedError> {
        let unrevoked = |kid: &str| if self.is_key_revoked(kid) { None } else { keys.key(kid) };
        let document = Document::verify(document, &self.issuer, unrevoked, now_unix_seconds)?;
        let mut slot = self.write();
        let before = slot.as_ref().map(|held| held.sequence);
        if let Some(sequence) = before.filter(|held| document.sequence < *held) {
            return Err(FeedError::WentBack { held: sequence, offered: document.sequence });
        }
        let sequence = document.sequence;
        match (document.since, slot.as_mut()) {
            (None, held) => {
                let issued_at = held.map_or(i64::MIN, |held| held.issued_at);
                *slot = Some(Held::from(document).not_older_than(issued_at));
            }
            (Some(since), Some(held)) if held.continues_with(&document.incarnation, since) => held.add(document),
            (Some(_), _) => return Err(FeedError::DoesNotContinue),
        }
        if let Some(held) = slot.as_mut() {
            // A verifier may accept a token for some time after its `exp`, and an entry stays as long as the token.
            held.forget_before(now_unix_seconds.saturating_sub(MAX_LEEWAY_SECONDS.into()));
        }
        Ok(Applied { sequence, is_news: before != Some(sequence) })
    }

    /// Whether a token is still good: [`TokenError::Revoked`] if not, [`TokenError::RevocationsUnknown`] if the list
    /// is too old to say.
    ///
    /// A token without the claim `pos` counts as older than every revocation.
    pub fn check(&self, claims: &Claims, now_unix_seconds: i64) -> Result<(), TokenError> {
        let held = self.read();
        let held = held.as_ref().filter(|held| held.is_fresh(self.grace_seconds, now_unix_seconds));
        let held = held.ok_or(TokenError::RevocationsUnknown)?;
        if held.ends(claims) { Err(TokenError::Revoked) } else { Ok(()) }
    }

    /// Whether the key of this name was revoked, and with it every token that names it.
    pub fn is_key_revoked(&self, kid: &str) -> bool {
        self.read().as_ref().is_some_and(|held| held.keys.contains(kid))
    }

    /// Whether the newest document is young enough to decide by.
    pub fn is_fresh(&self, now_unix_seconds: i64) -> bool {
        self.read().as_ref().is_some_and(|held| held.is_fresh(self.grace_seconds, now_unix_seconds))
    }

    /// The age of the newest document in seconds, if there is one. Clocks differ, so it may be negative.
    pub fn age_seconds(&self, now_unix_seconds: i64) -> Option<i64> {
        self.read().as_ref().map(|held| now_unix_seconds.saturating_sub(held.issued_at))
    }

    /// For how long the list still decides without another document, in seconds; zero if it does not.
    pub fn remaining_seconds(&self, now_unix_seconds: i64) -> i64 {
        let remaining = |age: i64| self.grace_seconds.saturating_sub(age).max(0);
        if self.is_fresh(now_unix_seconds) { self.age_seconds(now_unix_seconds).map_or(0, remaining) } else { 0 }
    }

    /// The tag of what is held, for the header `If-None-Match`: it asks the issuer for what came after.
    pub fn etag(&self) -> Option<String> {
        self.read().as_ref().map(|held| format!("\"{}.{}\"", held.incarnation, held.sequence))
    }

    /// Decides nothing more until the next document. For whoever brings the documents and knows, by a clock that nobody
    /// can set back, that the last one is too old.
    pub fn suspend(&self) {
        if let Some(held) = self.write().as_mut() {
            held.is_suspended = true;
        }
    }

    /// No write leaves a list half changed: what can fail comes before the first change.
    fn read(&self) -> RwLockReadGuard<'_, Option<Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Held>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Document> for Held {
    fn from(document: Document) -> Self {
        Self {
            incarnation: document.incarnation,
            sequence: document.sequence,
            first: document.first,
            issued_at: document.issued_at,
            is_suspended: false,
            marks: document.marks,
            tokens: document.tokens,
            keys: document.keys,
        }
    }
}

impl Held {
    /// A delta that begins later than this list ends would leave a gap.
    fn continues_with(&self, incarnation: &str, since: u64) -> bool {
        self.incarnation == incarnation && since <= self.sequence
    }

    fn not_older_than(mut self, issued_at: i64) -> Self {
        self.issued_at = self.issued_at.max(issued_at);
        self
    }

    /// The keys of a document are always complete; marks and tokens are added, and a mark only rises.
    fn add(&mut self, delta: Document) {
        self.sequence = delta.sequence;
        self.first = delta.first;
        self.issued_at = self.issued_at.max(delta.issued_at);
        self.is_suspended = false;
        self.keys = delta.keys;
        for (hash, (position, until)) in delta.marks {
            let mark = self.marks.entry(hash).or_insert((position, until));
            *mark = (mark.0.max(position), mark.1.max(until));
        }
        for (hash, until) in delta.tokens {
            let held = self.tokens.entry(hash).or_insert(until);
            *held = until.max(*held);
        }
    }

    fn forget_before(&mut self, time: i64) {
        self.marks.retain(|_, (_, until)| *until >= time);
        self.tokens.retain(|_, until| *until >= time);
    }

    fn is_fresh(&self, grace_seconds: i64, now: i64) -> bool {
        !self.is_suspended && now.saturating_sub(self.issued_at) <= grace_seconds
    }

    fn ends(&self, claims: &Claims) -> bool {
        let position = claims.pos.unwrap_or(0);
        position < self.first || self.is_marked(claims, position) || self.is_listed(&claims.jti)
    }

    /// Most of the time nothing is marked, and then nothing is hashed.
    fn is_marked(&self, claims: &Claims, position: u64) -> bool {
        let subjects = [
            (Kind::Client, Some(claims.client_id.as_str())),
            (Kind::Credential, claims.credential_id.as_deref()),
            (Kind::Tenant, claims.tenant_id.as_deref()),
            (Kind::Business, claims.business_id.as_deref()),
        ];
        let is_below = |kind, value| {
            let mark = self.marks.get(&RevocationHash::new(kind, value));
            mark.is_some_and(|(below, _)| position < *below)
        };
        let mut named = subjects.into_iter().filter_map(|(kind, value)| Some((kind, value?)));
        !self.marks.is_empty() && named.any(|(kind, value)| is_below(kind, value))
    }

    fn is_listed(&self, jti: &str) -> bool {
        !self.tokens.is_empty() && self.tokens.contains_key(&RevocationHash::new(Kind::Token, jti))
    }
}

/// Numbers only: a list may hold very many entries.
impl fmt::Debug for RevocationList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.read();
        let mut shown = formatter.debug_struct("RevocationList");
        shown.field("issuer", &self.issuer).field("grace_seconds", &self.grace_seconds);
        if let Some(held) = held.as_ref() {
            shown.field("sequence", &held.sequence).field("issued_at", &held.issued_at);
            shown.field("marks", &held.marks.len()).field("tokens", &held.tokens.len()).field("keys", &held.keys);
        }
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
