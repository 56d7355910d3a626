//! What of a request is kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use mintmark_core::model::ScopeSet;

use super::{Placeholders, RecordedRequest, SeenRequest};
use crate::drafting::{json_of, leaves, looks_secret, replaced, role_of};

/// Grants by their names; another value could be anything.
const GRANTS: &[&str] = &[
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Headers of the connection, and those that name who asks: neither tells of the endpoint.
const LEFT_OUT: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
    "user-agent",
    "accept-encoding",
    "date",
    "cookie",
    "forwarded",
    "x-forwarded-for",
    "x-real-ip",
];
const MAX_NAME: usize = 64;
/// A form, an object or a path with more in it is not kept at all: no token request comes near, and each value is looked for in all others.
const MAX_PARTS: usize = 100;
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Parameters of a form by their names (the registry of OAuth parameters, and those of dialects). In place of another name could stand
/// the rest of a secret with a `&` in it.
const PARAMETERS: &[&str] = &[
    "account",
    "actor_token",
    "assertion",
    "audience",
    "code",
    "code_verifier",
    "device_code",
    "nonce",
    "password",
    "realm",
    "redirect_uri",
    "refresh_token",
    "requested_token_type",
    "resource",
    "response_type",
    "state",
    "subject_token",
    "subject_token_type",
    "tenant",
    "username",
];
/// Media types by their names; another one could be anything.
const MEDIA_TYPES: &[&str] = &[
    "*/*",
    "application/*",
    "application/hal+json",
    "application/json",
    "application/jwt",
    "application/octet-stream",
    "application/problem+json",
    "application/token-introspection+jwt",
    "application/vnd.api+json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/form-data",
    "text/html",
    "text/json",
    "text/plain",
    "text/xml",
];
const CHARSETS: &[&str] = &["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"];

pub(super) fn keep(placeholders: &mut Placeholders, seen: SeenRequest<'_>) -> RecordedRequest {
    let query = seen.uri.query().map(|query| form(placeholders, query));
    let headers = headers(placeholders, seen.headers);
    let content_type = seen.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    RecordedRequest {
        method: method(placeholders, seen.method.as_str()),
        path: path(placeholders, seen.uri.path()),
        query,
        headers,
        body: body(placeholders, content_type, seen.body),
    }
}

fn method(placeholders: &mut Placeholders, method: &str) -> String {
    if METHODS.contains(&method) { method.to_owned() } else { placeholders.of("method", method) }
}

/// Segments that could be secrets are replaced.
fn path(placeholders: &mut Placeholders, path: &str) -> String {
    // A secret may have slashes.
    if path.split('/').count() > MAX_PARTS || placeholders.has_secret(path) {
        return "/{{path}}".to_owned();
    }
    let segments = path.split('/').map(|segment| {
        let is_kept = segment.is_empty() || is_kept_name(placeholders, segment);
        if is_kept { segment.to_owned() } else { placeholders.of("segment", segment) }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~[]".contains(&byte))
}

fn headers(placeholders: &mut Placeholders, headers: &HeaderMap) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let value = match name.as_str() {
            "authorization" => authorization(placeholders, &text),
            "content-type" | "accept" => media_type(&text).unwrap_or_else(|| placeholders.of("value", &text)),
            other => parameter(placeholders, other, &text),
        };
        let is_kept = is_kept_name(placeholders, name.as_str());
        let name = if is_kept { name.to_string() } else { placeholders.of("name", name.as_str()) };
        kept.push((name, value));
    }
    kept
}

/// `Basic {{client_id:1}}:{{client_secret:1}}`, the halves as they are before base64.
fn authorization(placeholders: &mut Placeholders, text: &str) -> String {
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // The whole of it, too, so that it is found where an answer repeats it.
    let _ = half(placeholders, "credential", rest);
    if scheme.eq_ignore_ascii_case("basic")
        && let Some((id, secret)) = decoded.as_deref().and_then(|pair| pair.split_once(':'))
    {
        return format!("{scheme} {}:{}", half(placeholders, "client_id", id), half(placeholders, "client_secret", secret));
    }
    if ["basic", "bearer", "dpop"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return format!("{scheme} {}", half(placeholders, "credential", rest));
    }
    placeholders.of("credential", text)
}

fn half(placeholders: &mut Placeholders, kind: &'static str, value: &str) -> String {
    if value.is_empty() { String::new() } else { placeholders.of(kind, value) }
}

/// The media type without a boundary, which is a value; several as `Accept` has them.
pub(super) fn media_type(text: &str) -> Option<String> {
    if text.len() > 300 {
        return None;
    }
    let types: Option<Vec<String>> = text.split(',').map(one_media_type).collect();
    Some(types?.join(", "))
}

fn one_media_type(text: &str) -> Option<String> {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next()?;
    let is_known = MEDIA_TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known));
    let value_of = |part: &str| part.split_once('=').map(|(_, value)| value.trim_matches('"').to_ascii_lowercase());
    let charset = parts.find(|part| part.to_ascii_lowercase().starts_with("charset="));
    let has_known = charset.is_none_or(|part| value_of(part).is_some_and(|value| CHARSETS.contains(&value.as_str())));
    let kept = charset.map_or_else(|| essence.to_owned(), |charset| format!("{essence}; {charset}"));
    (is_known && has_known).then_some(kept)
}

fn body(placeholders: &mut Placeholders, content_type: &str, body: &[u8]) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (essence.as_str(), std::str::from_utf8(body)) {
        (_, Ok("")) => String::new(),
        ("application/x-www-form-urlencoded", Ok(text)) => form(placeholders, text),
        ("application/json", Ok(text)) => match leaves(text) {
            Ok(found)
                if found.len() <= MAX_PARTS
                    && found
                        .iter()
                        .all(|leaf| leaf.path.iter().all(|name| name == "[]" || is_kept_name(placeholders, name))) =>
            {
                replaced(text, &found, |leaf| {
                    let value = leaf.value.text().map_or_else(|| json_of(&leaf.value), str::to_owned);
                    let kept = parameter(placeholders, leaf.key(), &value);
                    (kept != value).then(|| format!("\"{kept}\""))
                })
            }
            _ => "{{body}}".to_owned(),
        },
        // Anything else may be anything.
        _ => "{{body}}".to_owned(),
    }
}

/// Names are words; one with many digits could be a value in the wrong place.
pub(super) fn is_kept_name(placeholders: &Placeholders, name: &str) -> bool {
    is_word(name) && is_name(name) && placeholders.is_clean(name)
}

/// What is short, with few digits, and no run of mixed characters.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= MAX_NAME && text.bytes().filter(u8::is_ascii_digit).count() <= 3 && !looks_secret(text)
}

/// A form, its order and its spelling of what is kept.
fn form(placeholders: &mut Placeholders, text: &str) -> String {
    if text.split('&').count() > MAX_PARTS {
        return "{{body}}".to_owned();
    }
    let pairs = text.split('&').map(|pair| {
        let (raw_name, raw_value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
        let name = decode(raw_name);
        let is_known = name.is_empty() || role_of(&name).is_some() || PARAMETERS.contains(&name.as_str());
        let shown =
            if is_known && is_kept_name(placeholders, &name) { raw_name.to_owned() } else { placeholders.of("name", &name) };
        let Some(raw_value) = raw_value else { return shown };
        let value = decode(raw_value);
        let kept = parameter(placeholders, &name, &value);
        format!("{shown}={}", if kept == value { raw_value.to_owned() } else { kept })
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A name or a value of a form.
pub(super) fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// A parameter's value, if it is one that may be kept, or its placeholder.
fn parameter(placeholders: &mut Placeholders, name: &str, value: &str) -> String {
    let role = role_of(name);
    let is_kept = value.is_empty()
        || match role {
            Some("grant_type") => GRANTS.contains(&value),
            Some("client_assertion_type") => value == ASSERTION_TYPE,
            Some("scope") => is_kept_scope(value) && placeholders.is_clean(value),
            Some("expires_in") => {
                value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit()) && placeholders.is_clean(value)
            }
            _ => false,
        };
    if is_kept { value.to_owned() } else { placeholders.of(role.unwrap_or("value"), value) }
}

/// Scopes are names that the endpoint's documentation lists; a secret in their place does not look like one.
pub(super) fn is_kept_scope(value: &str) -> bool {
    ScopeSet::parse(value).is_ok() && value.split(' ').all(is_word) && !looks_secret(value)
}
