//! A second issuer, accepted until a date: the one whose place Mintmark takes. Owns what its tokens may look like.
//!
//! Rule S27: its keys are its own. They verify no token of another issuer, and no other key verifies one of its.

use std::{error::Error, fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    Algorithm, Claims, KeySource, Part, TokenError,
    header::{Expected, PLAIN_TYPES},
    json,
    verifier::missing_claim,
};

/// The issuer before: its name, its keys, and how its tokens differ from Mintmark's.
///
/// While an API moves from one token endpoint to another, tokens of both are in use. A verifier takes those of the issuer
/// before besides, with [`Verifier::accept_previous`](crate::Verifier::accept_previous), until a date.
///
/// ```
/// use mintmark_verify::{JwkSet, KeySet, PreviousIssuer, Verifier};
///
/// # let ours = r#"{"keys":[]}"#;
/// # let theirs = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"old","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let ours: JwkSet = serde_json::from_str(ours)?;
/// let theirs: JwkSet = serde_json::from_str(theirs)?;
/// let until = 1_801_353_600; // 2027-01-31, in seconds since 1970
/// let previous = PreviousIssuer::new("https://old.example", "ledger-api", KeySet::from(theirs), until)
///     .accept_plain_jwt()
///     .accept_scope_lists()
///     .accept_without_jti();
/// let verifier = Verifier::new("https://auth.example", "https://api.example", KeySet::from(ours)).accept_previous(previous)?;
/// # let _ = verifier;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What holds for both: the strict form of a token, the algorithms of this crate, one algorithm for each key, times, and that
/// a token with `cnf` is no bearer token. From the start its tokens must be what RFC 9068 says, like Mintmark's; each thing
/// that they may be besides is said by a method, and counts for this issuer alone.
///
/// * Whose token it is, its `iss` says: [`Claims::iss`]. What else is in it is that issuer's word: `tenant_id` and
///   `business_id` are names that *it* gave. `pos` and `credential_id` speak of Mintmark's store, and are left out.
/// * Mintmark's revocations say nothing of its tokens. They end when they expire, and all of them at the date.
#[derive(Clone)]
pub struct PreviousIssuer {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) keys: Arc<dyn KeySource>,
    until: i64,
    algorithms: Vec<Algorithm>,
    accepts_plain_jwt: bool,
    accepts_scope_lists: bool,
    unnamed_key: Option<String>,
    client_claim: String,
    scope_claim: String,
    may_lack: Vec<&'static str>,
}

impl PreviousIssuer {
    /// For tokens whose `iss` is exactly `issuer` and whose `aud` names `audience`, which is what this resource server is
    /// called there, signed by one of `keys`. From `until_unix_seconds` on they are refused.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: impl KeySource + 'static,
        until_unix_seconds: i64,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            keys: Arc::new(keys),
            until: until_unix_seconds,
            algorithms: Algorithm::ALL.to_vec(),
            accepts_plain_jwt: false,
            accepts_scope_lists: false,
            unnamed_key: None,
            client_claim: "client_id".to_owned(),
            scope_claim: "scope".to_owned(),
            may_lack: Vec::new(),
        }
    }

    /// Accepts tokens for `audience` too: another name that this resource server has there.
    #[must_use]
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Allows these algorithms only. All of [`Algorithm::ALL`] are allowed from the start.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Accepts tokens with `typ: JWT`, and without `typ`. ID tokens of that issuer look the same: the audience tells them
    /// apart.
    #[must_use]
    pub const fn accept_plain_jwt(mut self) -> Self {
        self.accepts_plain_jwt = true;
        self
    }

    /// Tokens that name no key are to be by the one of this name.
    #[must_use]
    pub fn unnamed_key(mut self, kid: impl Into<String>) -> Self {
        self.unnamed_key = Some(kid.into());
        self
    }

    /// The claim that names the client, such as `azp` or `cid`; `client_id` from the start. It becomes
    /// [`Claims::client_id`].
    #[must_use]
    pub fn client_from(mut self, claim: impl Into<String>) -> Self {
        self.client_claim = claim.into();
        self
    }

    /// The claim with the scope, such as `scp`; `scope` from the start. It becomes [`Claims::scope`].
    #[must_use]
    pub fn scope_from(mut self, claim: impl Into<String>) -> Self {
        self.scope_claim = claim.into();
        self
    }

    /// Accepts a scope that is an array of names besides one text with spaces between them.
    #[must_use]
    pub const fn accept_scope_lists(mut self) -> Self {
        self.accepts_scope_lists = true;
        self
    }

    /// Accepts tokens without `jti`. [`Claims::jti`] is empty then.
    #[must_use]
    pub fn accept_without_jti(self) -> Self {
        self.accept_without("jti")
    }

    /// Accepts tokens without `sub`. The client is the subject then (RFC 9068 section 2.2).
    #[must_use]
    pub fn accept_without_subject(self) -> Self {
        self.accept_without("sub")
    }

    /// Accepts tokens without `aud`, as if they were for this resource server. They are then good for every service of that
    /// issuer, and each of these can use them here.
    #[must_use]
    pub fn danger_accept_without_audience(self) -> Self {
        self.accept_without("aud")
    }

    fn accept_without(mut self, claim: &'static str) -> Self {
        self.may_lack.push(claim);
        self
    }

    /// The date counts to the second: no leeway makes it later.
    pub(crate) const fn check_date(&self, now: i64) -> Result<(), TokenError> {
        if now < self.until { Ok(()) } else { Err(TokenError::IssuerEnded) }
    }

    /// What a header must be.
    pub(crate) fn expected(&self) -> Expected<'_> {
        let types = if self.accepts_plain_jwt { PLAIN_TYPES } else { Expected::TYPES };
        Expected {
            types,
            needs_type: !self.accepts_plain_jwt,
            algorithms: &self.algorithms,
            unnamed_key: self.unnamed_key.as_deref(),
        }
    }

    pub(crate) fn may_lack(&self, claim: &str) -> bool {
        self.may_lack.contains(&claim)
    }

    /// The claims, under the names that Mintmark gives them.
    pub(crate) fn read_claims(&self, bytes: &[u8]) -> Result<Claims, TokenError> {
        let mut members: Map<String, Value> = json::from_slice(bytes).map_err(|fault| fault.of(Part::Claims))?;
        self.translate(&mut members);
        if let Some(missing) = missing_claim(&members) {
            return Err(missing);
        }
        serde_json::from_value(Value::Object(members)).map_err(|_| TokenError::Malformed(Part::Claims))
    }

    /// What cannot be translated stays as it is, and is refused when it is read.
    fn translate(&self, members: &mut Map<String, Value>) {
        for own in ["pos", "credential_id"] {
            members.remove(own);
        }
        rename(members, &self.client_claim, "client_id");
        rename(members, &self.scope_claim, "scope");
        if let Some(list) = members.get("scope").and_then(joined).filter(|_| self.accepts_scope_lists) {
            members.insert("scope".to_owned(), list.into());
        }
        for claim in &self.may_lack {
            let instead = match *claim {
                "sub" => members.get("client_id").cloned(),
                "aud" => self.audiences.first().map(|audience| Value::from(audience.as_str())),
                _ => Some(Value::from("")),
            };
            if let (false, Some(instead)) = (members.contains_key(*claim), instead) {
                members.insert((*claim).to_owned(), instead);
            }
        }
    }
}

/// Only what is under the name that was given counts: whatever else bears Mintmark's name is overwritten.
fn rename(members: &mut Map<String, Value>, theirs: &str, ours: &str) {
    if theirs == ours {
        return;
    }
    match members.get(theirs).cloned() {
        Some(value) => members.insert(ours.to_owned(), value),
        None => members.remove(ours),
    };
}

/// Names with spaces between them. Not of a list with a name that has a space in it, which would become two.
fn joined(list: &Value) -> Option<String> {
    let names: Option<Vec<&str>> = list.as_array()?.iter().map(Value::as_str).collect();
    let names = names?;
    let is_name = |name: &&str| !name.is_empty() && !name.contains(' ');
    names.iter().all(is_name).then(|| names.join(" "))
}

impl fmt::Debug for PreviousIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("PreviousIssuer");
        shown.field("issuer", &self.issuer).field("audiences", &self.audiences).field("until", &self.until);
        shown.field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

/// The issuer before has the name of the issuer: a token could not say whose it is, and each one's keys could sign for the
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameIssuer;

impl fmt::Display for SameIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the previous issuer has the issuer's own name, so that no token could say whose it is")
    }
}

impl Error for SameIssuer {}

#[cfg(test)]
mod tests;
