//! The shape of a token: what its header and its claims are called and of what kind they are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::TokenShape;
use crate::drafting::looks_secret;

const MAX_CLAIMS: usize = 100;

/// The shape of a JWT; nothing for a token of another form.
pub(super) fn shape_of(token: &str) -> Option<TokenShape> {
    let mut parts = token.split('.');
    let (header, claims) = (object(parts.next()?)?, object(parts.next()?)?);
    parts.next()?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let lifetime = number("exp").zip(number("iat").or_else(|| number("nbf"))).map(|(end, start)| end.saturating_sub(start));
    let header = header.iter().take(MAX_CLAIMS).map(|(name, value)| {
        let is_word = |text: &&str| ["alg", "typ"].contains(&name.as_str()) && text.len() <= 20 && !looks_secret(text);
        (kept_name(name), value.as_str().filter(is_word).unwrap_or_else(|| kind_of(value)).to_owned())
    });
    let header = header.collect();
    let claims = claims.iter().take(MAX_CLAIMS).map(|(name, value)| (kept_name(name), kind_of(value).to_owned())).collect();
    Some(TokenShape { header, claims, lifetime })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A name that could be a value is none that is kept.
fn kept_name(name: &str) -> String {
    if name.len() > 128 || looks_secret(name) { "{{name}}".to_owned() } else { name.to_owned() }
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
