//! The shape of a token: what its header and its claims are called and of what kind they are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Placeholders, TokenShape};
use crate::drafting::looks_secret;

const MAX_CLAIMS: usize = 100;
/// Values of a token's header, by name.
const TYPES: &[&str] = &["jwt", "at+jwt", "application/at+jwt"];
const ALGORITHMS: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384", "ES512", "HS256", "HS384", "HS512",
    "EdDSA", "Ed25519", "none",
];

/// The shape of a JWT; nothing for a token of another form.
pub(super) fn shape_of(placeholders: &Placeholders, token: &str) -> Option<TokenShape> {
    let mut parts = token.split('.');
    let (header, claims) = (object(parts.next()?)?, object(parts.next()?)?);
    parts.next()?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let lifetime = number("exp").zip(number("iat").or_else(|| number("nbf"))).map(|(end, start)| end.saturating_sub(start));
    let header = header.iter().take(MAX_CLAIMS).map(|(name, value)| {
        let is_known = |text: &&str| match name.as_str() {
            "alg" => ALGORITHMS.contains(text),
            "typ" => TYPES.contains(&text.to_ascii_lowercase().as_str()),
            _ => false,
        };
        (kept_name(placeholders, name), value.as_str().filter(is_known).unwrap_or_else(|| kind_of(value)).to_owned())
    });
    let header = header.collect();
    let claims = claims
        .iter()
        .take(MAX_CLAIMS)
        .map(|(name, value)| (kept_name(placeholders, name), kind_of(value).to_owned()))
        .collect();
    Some(TokenShape { header, claims, lifetime })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A name that could be a value is none that is kept.
fn kept_name(placeholders: &Placeholders, name: &str) -> String {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if name.len() > 128 || digits > 6 || looks_secret(name) || placeholders.has_secret(name) {
        "{{name}}".to_owned()
    } else {
        name.to_owned()
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
