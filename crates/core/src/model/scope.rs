//! Scopes (RFC 6749 section 3.3).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NameError;
use super::name::name;

name!(
    /// One `scope-token` (RFC 6749 section 3.3), by convention `resource:action`; at most 128 characters.
    ScopeToken,
    "1 to 128 characters of printable ASCII without space, quote and backslash, such as ledger:read",
    |text| !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
);

impl ScopeToken {
    /// Whether it is one of Mintmark's own (`mintmark:*`), which give power over the server itself and are never granted to
    /// a tenant's client (rule S1).
    pub fn is_administrative(&self) -> bool {
        self.as_str().starts_with("mintmark:")
    }
}

/// What is wrong with a scope parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeError {
    /// Not scope-tokens with a single space between them.
    Malformed,
    /// More than [`ScopeSet::MAX_SCOPES`] of them.
    TooMany,
}

impl fmt::Display for ScopeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScopeError::Malformed => out.write_str("expected scopes with a single space between them"),
            ScopeError::TooMany => write!(out, "expected at most {} scopes", ScopeSet::MAX_SCOPES),
        }
    }
}

impl std::error::Error for ScopeError {}

/// The scopes that a request names: in its order, with the text as it came, since some dialects answer with it. As JSON it is a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<ScopeToken>", try_from = "Vec<ScopeToken>")]
pub struct ScopeSet {
    text: String,
    scopes: Vec<ScopeToken>,
}

impl ScopeSet {
    /// The largest number of scopes in one request.
    pub const MAX_SCOPES: usize = 100;

    /// Reads `scope-token *( SP scope-token )`.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.split(' ').nth(Self::MAX_SCOPES).is_some() {
            return Err(ScopeError::TooMany);
        }
        let scopes: Result<Vec<_>, NameError> = text.split(' ').map(str::parse).collect();
        Ok(Self { text: text.to_owned(), scopes: scopes.map_err(|_| ScopeError::Malformed)? })
    }

    /// The set of scopes, written in their order.
    pub fn from_scopes(scopes: Vec<ScopeToken>) -> Self {
        let text = scopes.iter().map(ScopeToken::as_str).collect::<Vec<_>>().join(" ");
        Self { text, scopes }
    }

    /// The parameter as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scopes in their order, repeats kept.
    pub fn iter(&self) -> std::slice::Iter<'_, ScopeToken> {
        self.scopes.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }
}

impl From<ScopeSet> for Vec<ScopeToken> {
    fn from(set: ScopeSet) -> Self {
        set.scopes
    }
}

impl TryFrom<Vec<ScopeToken>> for ScopeSet {
    type Error = ScopeError;

    fn try_from(scopes: Vec<ScopeToken>) -> Result<Self, ScopeError> {
        if scopes.len() > Self::MAX_SCOPES { Err(ScopeError::TooMany) } else { Ok(Self::from_scopes(scopes)) }
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a ScopeToken;
    type IntoIter = std::slice::Iter<'a, ScopeToken>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_repeats() {
        let set = ScopeSet::parse("write read read").unwrap();
        assert_eq!(set.as_str(), "write read read");
        assert_eq!(set.iter().map(ScopeToken::as_str).collect::<Vec<_>>(), ["write", "read", "read"]);
    }

    #[test]
    fn refuses_what_the_grammar_does_not_allow() {
        for bad in ["", " ", "read ", " read", "read  write", "re\"ad", "re\\ad", "rèad", "read\twrite", "read\0"] {
            assert_eq!(ScopeSet::parse(bad), Err(ScopeError::Malformed), "{bad:?}");
        }
        assert!(ScopeSet::parse(&["a"; 100].join(" ")).is_ok());
        assert_eq!(ScopeSet::parse(&["a"; 101].join(" ")), Err(ScopeError::TooMany));
    }
}
