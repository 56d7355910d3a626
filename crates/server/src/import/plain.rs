//! Mintmark's own columns, as CSV and JSON: for servers that are not known here.

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::ImportedHash;
use mintmark_core::model::{CertificateName, Proof, Status};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::table::{self, Columns};
use super::{ImportError, Placed, Source, Unread, keys};

/// The columns of CSV.
const COLUMNS: [&str; 12] = [
    "client_id",
    "client_secret",
    "secret_hash",
    "secret_expires_at",
    "name",
    "status",
    "scopes",
    "lifetime",
    "jwks",
    "jwks_uri",
    "certificate_subject",
    "signing_algorithm",
];

/// A client in Mintmark's own members. In CSV they are columns; `jwks` is JSON there too.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainClient {
    client_id: String,
    client_secret: Option<String>,
    secret_hash: Option<String>,
    secret_expires_at: Option<i64>,
    name: Option<String>,
    status: Option<Status>,
    scopes: Option<Scopes>,
    lifetime: Option<u64>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    certificate_subject: Option<String>,
    signing_algorithm: Option<String>,
}

/// Scopes as a list, or as one text with spaces between them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

impl Scopes {
    fn into_list(self) -> Vec<String> {
        match self {
            Scopes::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Scopes::List(list) => list,
        }
    }
}

/// Reads `[{"client_id": ...}, ...]`.
pub(super) fn read_json(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let list: Vec<&RawValue> = source.json("a list of clients, [{\"client_id\": ...}, ...]")?;
    let read = |(at, raw): (usize, &&RawValue)| {
        let client = serde_json::from_str::<PlainClient>(raw.get());
        let found = match client {
            Ok(client) => found(client),
            Err(error) => Err(Unread::bad(None, format!("expected Mintmark's own members: {}", told(&error)))),
        };
        (source.place(&format!("[{at}]"), raw), found)
    };
    Ok(list.iter().enumerate().map(read).collect())
}

/// Reads CSV with [`COLUMNS`], of which `client_id` alone must be there.
pub(super) fn read_csv(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let rows = table::csv(source, &["client_id"])?;
    let first = source.text().lines().next().unwrap_or_default();
    for name in first.split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase()) {
        if !COLUMNS.contains(&name.as_str()) {
            let known = COLUMNS.join(", ");
            return Err(ImportError(format!("line 1: there is no column {:?}; there are: {known}", super::shown(&name))));
        }
    }
    let read = |row: Result<Columns, String>| match row {
        Ok(columns) => of_columns(&columns).map_err(|why| Unread::bad(columns.text("client_id"), why)).and_then(found),
        Err(why) => Err(Unread::bad(None, why)),
    };
    Ok(rows.into_iter().map(|(place, row)| (place, read(row))).collect())
}

fn of_columns(columns: &Columns) -> Result<PlainClient, String> {
    let text = |name: &str| columns.text(name).map(str::to_owned);
    let status = match columns.text("status") {
        None => None,
        Some(word) => Some(Status::from_word(word).ok_or("status: expected active or disabled")?),
    };
    let jwks = columns.text("jwks").map(serde_json::from_str).transpose();
    let expires_at = columns.number("secret_expires_at")?;
    let expires_at = expires_at.map(i64::try_from).transpose().map_err(|_| "secret_expires_at: expected seconds since 1970")?;
    Ok(PlainClient {
        client_id: text("client_id").unwrap_or_default(),
        client_secret: text("client_secret"),
        secret_hash: text("secret_hash"),
        secret_expires_at: expires_at,
        name: text("name"),
        status,
        scopes: text("scopes").map(Scopes::Text),
        lifetime: columns.number("lifetime")?,
        jwks: jwks.map_err(|error| format!("jwks: expected JSON: {}", told(&error)))?,
        jwks_uri: text("jwks_uri"),
        certificate_subject: text("certificate_subject"),
        signing_algorithm: text("signing_algorithm"),
    })
}

fn found(client: PlainClient) -> Result<Found, Unread> {
    let id = client.client_id.clone();
    build(client).map_err(|why| Unread::bad(Some(&id), why))
}

fn build(client: PlainClient) -> Result<Found, String> {
    let mut found = Found::of_id(client.client_id);
    found.name = client.name;
    found.is_disabled = client.status == Some(Status::Disabled);
    found.scopes = client.scopes.map(Scopes::into_list);
    found.lifetime = client.lifetime;
    let expires_at = client.secret_expires_at.map(Timestamp);
    if let Some(secret) = client.client_secret {
        found.add_secret(secret, expires_at);
    }
    if let Some(hash) = client.secret_hash {
        found.add_hash(ImportedHash::parse(&hash).map_err(|error| format!("secret_hash: {error}"))?, expires_at);
    }
    if let Some(jwks) = &client.jwks {
        keys::add_keys(&mut found, jwks, client.signing_algorithm.as_deref())?;
    }
    if let Some(uri) = &client.jwks_uri {
        keys::add_key_set(&mut found, uri);
    }
    if let Some(subject) = client.certificate_subject {
        found.add_proof(Proof::CertificateName(CertificateName::Subject(subject)));
    }
    Ok(found)
}
