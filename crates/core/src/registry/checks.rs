//! Checks that several operations share.

use mintmark_verify::RESERVED_CLAIMS;

use super::{Outcome, RegistryError};
use crate::model::{AttributeValue, Attributes, Environment, ScopeToken};

/// The longest name that people give to something, in characters.
pub const MAX_NAME: usize = 200;
/// How many attributes a tenant or a client has at most.
pub const MAX_ATTRIBUTES: usize = 32;
const MAX_ATTRIBUTE_NAME: usize = 64;

pub(super) fn invalid<T>(field: &'static str, expected: impl Into<String>) -> Outcome<T> {
    Err(RegistryError::Invalid { field, expected: expected.into() })
}

/// Whether an object is still the one that the caller saw (RFC 9110 section 13.1.1).
pub(super) fn check_version(seen: Option<u64>, found: u64) -> Outcome<()> {
    if seen.is_none_or(|seen| seen == found) { Ok(()) } else { Err(RegistryError::Conflict) }
}

/// A name for people.
pub(super) fn check_name(field: &'static str, name: &str) -> Outcome<()> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME || name.chars().any(char::is_control) {
        return invalid(field, format!("1 to {MAX_NAME} characters, no control characters"));
    }
    Ok(())
}

/// An issuer is the part of every URL that clients and verifiers compare (RFC 8414 section 2).
pub fn check_issuer(issuer: &str) -> Outcome<()> {
    let expected = "an https URL without path, query and fragment (http is for loopback addresses only)";
    let Ok(uri) = fluent_uri::Uri::parse(issuer) else { return invalid("issuer", expected) };
    let host = uri.authority().map_or("", |authority| authority.host());
    let is_loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let scheme_fits = match uri.scheme().as_str() {
        "https" => true,
        "http" => is_loopback,
        _ => false,
    };
    let is_plain = !uri.has_query() && !uri.has_fragment() && uri.path().as_str().is_empty() && !host.is_empty();
    let has_user = uri.authority().is_some_and(|authority| authority.has_userinfo());
    if scheme_fits && is_plain && !has_user && issuer.len() <= 200 { Ok(()) } else { invalid("issuer", expected) }
}

/// Mintmark's own scopes give power over the server and are never a tenant's (rule S1).
pub(super) fn check_grantable(scope: &ScopeToken) -> Outcome<()> {
    if scope.is_administrative() {
        return Err(RegistryError::NotAllowed(format!("the scope {scope} is Mintmark's own and cannot be given to clients")));
    }
    Ok(())
}

/// Attributes may become claims, so none may be named like one of Mintmark's own (rule S2).
pub(super) fn check_attributes(attributes: &Attributes) -> Outcome<()> {
    if attributes.len() > MAX_ATTRIBUTES {
        return invalid("attributes", format!("at most {MAX_ATTRIBUTES}"));
    }
    for (name, value) in attributes {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || name.len() > MAX_ATTRIBUTE_NAME || !name.bytes().all(is_plain) {
            return invalid("attributes", format!("names of 1 to {MAX_ATTRIBUTE_NAME} letters, digits, `_`, `.` and `-`"));
        }
        if RESERVED_CLAIMS.contains(&name.as_str()) {
            return Err(RegistryError::NotAllowed(format!(
                "the attribute {name} has the name of one of Mintmark's own claims"
            )));
        }
        let max = AttributeValue::MAX_TEXT;
        if matches!(value, AttributeValue::Text(text) if text.len() > max || text.chars().any(char::is_control)) {
            return invalid("attributes", format!("texts of at most {max} bytes, no control characters"));
        }
    }
    Ok(())
}

/// A lifetime of tokens, in seconds.
pub(super) fn check_lifetime(lifetime: u32) -> Outcome<()> {
    if (1..=Environment::LIFETIME_LIMIT).contains(&lifetime) { Ok(()) } else { invalid("lifetime", "1 to 86400 seconds") }
}
