//! Assertions of other issuers about a client's workload: no secret at all (RFC 7523 section 3, rule S22).

use serde_json::{Map, Value};

use super::assertion::{AssertionFault, Times};
use crate::clock::Timestamp;
use crate::model::Federation;

/// The longest life of an assertion of another issuer, in seconds: platforms give them for hours.
pub(super) const FEDERATED_LIFE: i64 = 86_400;

/// One thing that was looked at in an assertion, for people who want to know why it is refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FederationCheck {
    /// The claim, as the condition names it.
    pub claim: String,
    /// What it must be.
    pub expected: String,
    /// What it is; nothing if it is not there.
    pub found: Option<String>,
    /// Whether that will do.
    pub passes: bool,
}

/// Looks at every claim that an assertion is judged by, its signature apart. `issuer` is the environment's.
pub fn check_federation(
    federation: &Federation,
    claims: &Map<String, Value>,
    issuer: &str,
    now: Timestamp,
) -> Vec<FederationCheck> {
    let check = |claim: &str, expected: String, passes: bool| FederationCheck {
        claim: claim.to_owned(),
        expected,
        found: find(claims, claim).map(Value::to_string),
        passes,
    };
    let is_issuer = claims.get("iss").and_then(Value::as_str) == Some(&federation.issuer);
    let mut checks = vec![
        check("iss", format!("{:?}", federation.issuer), is_issuer),
        check("aud", format!("{issuer:?} alone"), super::assertion::is_sole_audience(claims, issuer)),
    ];
    let times = Times::read(claims).and_then(|times| times.check(now, FEDERATED_LIFE));
    let expected = match times {
        Ok(_) | Err(AssertionFault::Expired(_) | AssertionFault::TooLong) => {
            format!("a moment after now, {}, at most {FEDERATED_LIFE} s ahead", now.0)
        }
        Err(ref fault) => fault.to_string(),
    };
    checks.push(check("exp", expected, times.is_ok()));
    for (claim, value) in &federation.conditions {
        checks.push(check(claim, value.to_string(), find(claims, claim) == Some(value)));
    }
    if federation.single_use {
        checks.push(check("jti", "a text of 1 to 256 bytes".to_owned(), super::assertion::jti(claims).is_some()));
    }
    checks
}

/// The value that a condition is about.
fn find<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    let Some(pointer) = claim.strip_prefix('/') else { return claims.get(claim) };
    let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
    let mut tokens = pointer.split('/').map(unescape);
    let mut value = claims.get(&tokens.next()?)?;
    for token in tokens {
        value = match value {
            Value::Object(members) => members.get(&token)?,
            Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}
