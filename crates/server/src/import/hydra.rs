//! Ory Hydra: `hydra list clients --format json`, the list of its administration API, or its table `hydra_client`, which alone has the
//! secrets' hashes.

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::ImportedHash;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::table::{self, Columns};
use super::{ImportError, NO_BROWSERS, NO_REDIRECTS, Placed, Source, Unread, keys};

const TABLE: &str = "hydra_client";
const NANOSECONDS: u64 = 1_000_000_000;

/// A page of clients, as the command line prints it.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    #[serde(default)]
    next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HydraClient {
    client_id: String,
    client_name: Option<String>,
    client_secret: Option<String>,
    client_secret_expires_at: Option<i64>,
    scope: Option<String>,
    grant_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    token_endpoint_auth_signing_alg: Option<String>,
    client_credentials_grant_access_token_lifespan: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    redirect_uris: Option<Vec<String>>,
    allowed_cors_origins: Option<Vec<String>>,
    audience: Option<Vec<String>>,
    metadata: Option<Value>,
}

pub(super) fn read(source: &Source) -> Result<Vec<Placed>, ImportError> {
    if source.is_json() { read_json(source) } else { read_table(source) }
}

fn read_json(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let (clients, path) = if source.text().trim_start().starts_with('[') {
        (source.json::<Vec<&RawValue>>("a list of clients")?, "")
    } else {
        let page: Page<'_> = source.json("what `hydra list clients --format json` prints")?;
        if !page.next_page_token.is_empty() {
            let more = "it is one page of several: ask with --page-size, or put the items of all pages into one list";
            return Err(ImportError(more.to_owned()));
        }
        (page.items, "items")
    };
    let placed = |(at, raw): (usize, &&RawValue)| {
        let read = match serde_json::from_str::<HydraClient>(raw.get()) {
            Ok(client) => found(client),
            Err(error) => Err(Unread::bad(None, format!("expected a client as Hydra lists it: {}", told(&error)))),
        };
        (source.place(&format!("{path}[{at}]"), raw), read)
    };
    Ok(clients.iter().enumerate().map(placed).collect())
}

fn read_table(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let rows = table::rows(source, &[TABLE], &["id", "client_secret", "scope", "grant_types"])?;
    let read = |row: Result<Columns, String>| match row {
        Ok(columns) => of_columns(&columns).map_err(|why| Unread::bad(columns.text("id"), why)).and_then(found),
        Err(why) => Err(Unread::bad(None, why)),
    };
    Ok(rows.into_iter().map(|(place, row)| (place, read(row))).collect())
}

fn of_columns(columns: &Columns) -> Result<HydraClient, String> {
    let text = |name: &str| columns.text(name).map(str::to_owned);
    let list = |name: &str| columns.text(name).map(|text| list_of(name, text)).transpose();
    // The life is in nanoseconds here.
    let lifetime = columns.number("client_credentials_grant_access_token_lifespan")?;
    let jwks = columns.text("jwks").map(serde_json::from_str::<Value>).transpose();
    let expires_at = columns.number("client_secret_expires_at")?;
    let expires_at =
        expires_at.map(i64::try_from).transpose().map_err(|_| "client_secret_expires_at: expected seconds since 1970")?;
    Ok(HydraClient {
        client_id: text("id").unwrap_or_default(),
        client_name: text("client_name"),
        client_secret: text("client_secret"),
        client_secret_expires_at: expires_at,
        scope: text("scope"),
        grant_types: list("grant_types")?,
        token_endpoint_auth_method: text("token_endpoint_auth_method"),
        token_endpoint_auth_signing_alg: None,
        client_credentials_grant_access_token_lifespan: lifetime.map(|life| format!("{}s", life / NANOSECONDS)),
        jwks: jwks.map_err(|error| format!("jwks: expected JSON: {}", told(&error)))?,
        jwks_uri: text("jwks_uri"),
        redirect_uris: list("redirect_uris")?,
        allowed_cors_origins: list("allowed_cors_origins")?,
        audience: list("audience")?,
        metadata: None,
    })
}

/// A list as version 2 keeps it, in JSON, or as version 1 did, with bars in between.
fn list_of(name: &str, text: &str) -> Result<Vec<String>, String> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("{name}: expected a list of texts: {}", told(&error)));
    }
    Ok(text.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

fn found(client: HydraClient) -> Result<Found, Unread> {
    let id = client.client_id.clone();
    // Where nothing is said, a client is for authorization_code.
    if !client.grant_types.iter().flatten().any(|grant| grant == "client_credentials") {
        return Err(Unread::skipped(&id, "it is not for the grant client_credentials"));
    }
    if client.token_endpoint_auth_method.as_deref() == Some("none") {
        return Err(Unread::skipped(&id, "it is a public client: nothing proves it"));
    }
    build(client).map_err(|why| Unread::bad(Some(&id), why))
}

fn build(client: HydraClient) -> Result<Found, String> {
    let mut found = Found::of_id(client.client_id);
    found.name = client.client_name;
    found.scopes = client.scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect());
    found.lifetime = client.client_credentials_grant_access_token_lifespan.as_deref().map(seconds).transpose()?;
    for grant in client.grant_types.iter().flatten().filter(|grant| *grant != "client_credentials") {
        found.leave_out(format!("grant {}", super::shown(grant)), "client_credentials is the one grant here");
    }
    let has = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    found.leave_out_unless_empty("redirect_uris", !has(&client.redirect_uris), NO_REDIRECTS);
    found.leave_out_unless_empty("allowed_cors_origins", !has(&client.allowed_cors_origins), NO_BROWSERS);
    let no_audience = "tokens are for resources: `mintmark resource create`, then `mintmark client update --resource`";
    found.leave_out_unless_empty("audience", !has(&client.audience), no_audience);
    let has_metadata = client.metadata.as_ref().and_then(Value::as_object).is_some_and(|members| !members.is_empty());
    found.leave_out_unless_empty("metadata", !has_metadata, "see attributes of clients");

    if client.token_endpoint_auth_method.as_deref() == Some("private_key_jwt") {
        if let Some(uri) = client.jwks_uri.as_deref().filter(|uri| !uri.is_empty()) {
            keys::add_key_set(&mut found, uri);
        }
        let algorithm = client.token_endpoint_auth_signing_alg.as_deref();
        if let Some(jwks) = client.jwks.as_ref().filter(|jwks| jwks.get("keys").is_some()) {
            keys::add_keys(&mut found, jwks, algorithm)?;
        }
        return Ok(found);
    }
    let secret = client.client_secret.filter(|secret| !secret.is_empty());
    let secret =
        secret.ok_or("client_secret: there is none; Hydra lists no secrets, its table hydra_client has their hashes")?;
    let expires_at = client.client_secret_expires_at.filter(|at| *at > 0).map(Timestamp);
    // What Hydra has just made it tells in clear; what it stores is a hash.
    if secret.starts_with('$') {
        found.add_hash(ImportedHash::parse(&secret).map_err(|error| format!("client_secret: {error}"))?, expires_at);
    } else {
        found.add_secret(secret, expires_at);
    }
    Ok(found)
}

/// A duration as Go writes it, such as `1h30m0s`.
fn seconds(text: &str) -> Result<u64, String> {
    let expected = || "client_credentials_grant_access_token_lifespan: expected a duration such as 1h0m0s".to_owned();
    let (mut sum, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits).ok_or_else(expected)?;
        let number: u64 = number.parse().map_err(|_| expected())?;
        let unit = ["ms", "h", "m", "s"].into_iter().find(|unit| after.starts_with(unit)).ok_or_else(expected)?;
        let each = match unit {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => 0,
        };
        sum = sum.saturating_add(number.saturating_mul(each));
        rest = after.strip_prefix(unit).unwrap_or_default();
    }
    Ok(sum)
}
