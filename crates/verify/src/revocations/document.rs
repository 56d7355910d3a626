//! One document of the feed: who signed it, when, and what it says (rule S17).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::Deserialize;

use super::{FeedError, RevocationHash};
use crate::{
    TokenError, VerifyingKey,
    json::{self, present},
    jws::{EmbeddedKey, Envelope},
};

/// The `typ` of a document's header.
pub const FEED_TYPE: &str = "mintmark-revocations+jwt";
/// Longest document, in bytes: room for some two hundred thousand entries.
pub const MAX_DOCUMENT_LENGTH: usize = 16 * 1024 * 1024;

/// Longest life of a document, in seconds.
const MAX_LIFE_SECONDS: i64 = 60;
/// By how much the issuer's clock may be ahead, in seconds.
const MAX_AHEAD_SECONDS: i64 = 30;
/// Longest `inc`, in bytes. It becomes part of a header.
const MAX_INCARNATION: usize = 128;

/// A document whose signature, issuer and times are right.
pub(super) struct Document {
    pub(super) incarnation: String,
    pub(super) sequence: u64,
    /// The position that a delta begins after; `None` in a complete document.
    pub(super) since: Option<u64>,
    pub(super) first: u64,
    pub(super) issued_at: i64,
    pub(super) marks: HashMap<RevocationHash, (u64, i64)>,
    pub(super) tokens: HashMap<RevocationHash, i64>,
    pub(super) keys: HashSet<String>,
}

/// The claims as they are written. Others are ignored, so that an issuer can add some.
#[derive(Deserialize)]
struct Body {
    iss: String,
    inc: String,
    seq: u64,
    #[serde(default, deserialize_with = "present")]
    since: Option<u64>,
    first: u64,
    iat: i64,
    exp: i64,
    marks: HashMap<RevocationHash, (u64, i64)>,
    tokens: HashMap<RevocationHash, i64>,
    keys: HashSet<String>,
}

impl Document {
    /// Nothing of the claims is read before the signature is known to be right.
    pub(super) fn verify(
        text: &str,
        issuer: &str,
        key: impl Fn(&str) -> Option<Arc<VerifyingKey>>,
        now: i64,
    ) -> Result<Self, FeedError> {
        let (envelope, claims) = Envelope::parse(text, MAX_DOCUMENT_LENGTH, EmbeddedKey::Refused)?;
        if !envelope.has_type(FEED_TYPE) {
            return Err(FeedError::WrongType);
        }
        let kid = envelope.key_id().ok_or(TokenError::KeyIdMissing)?;
        envelope.verify(&*key(kid).ok_or(TokenError::UnknownKey)?)?;
        let body: Body = json::from_slice(&claims).map_err(|_| FeedError::Malformed)?;
        body.check(issuer, now)?;
        Ok(body.into())
    }
}

impl Body {
    /// The claims may hold any `i64`, so sums and differences stop at the ends of the range.
    fn check(&self, issuer: &str, now: i64) -> Result<(), FeedError> {
        let is_tag = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
        if self.inc.is_empty() || self.inc.len() > MAX_INCARNATION || !self.inc.bytes().all(is_tag) {
            return Err(FeedError::Malformed);
        }
        if self.iss != issuer {
            return Err(FeedError::WrongIssuer);
        }
        if self.exp.saturating_sub(self.iat) > MAX_LIFE_SECONDS {
            return Err(FeedError::LifetimeTooLong);
        }
        if self.exp <= now {
            return Err(FeedError::Expired);
        }
        if self.iat > now.saturating_add(MAX_AHEAD_SECONDS) {
            return Err(FeedError::IssuedInFuture);
        }
        Ok(())
    }
}

impl From<Body> for Document {
    fn from(body: Body) -> Self {
        Self {
            incarnation: body.inc,
            sequence: body.seq,
            since: body.since,
            first: body.first,
            issued_at: body.iat,
            marks: body.marks,
            tokens: body.tokens,
            keys: body.keys,
        }
    }
}
