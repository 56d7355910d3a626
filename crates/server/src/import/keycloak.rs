//! Keycloak: the export of a realm (`kc.sh export`), or the list of clients that its administration API gives.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{CertificateName, Proof};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::{ImportError, NO_BROWSERS, NO_REDIRECTS, Placed, Source, Unread, keys};

/// A realm, as far as it is read. Its clients are read one by one, so that a bad one does not spoil the others.
#[derive(Deserialize)]
struct Realm<'a> {
    #[serde(borrow, default)]
    clients: Vec<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KeycloakClient {
    client_id: String,
    name: Option<String>,
    enabled: Option<bool>,
    protocol: Option<String>,
    public_client: bool,
    bearer_only: bool,
    service_accounts_enabled: bool,
    client_authenticator_type: Option<String>,
    secret: Option<String>,
    attributes: BTreeMap<String, Value>,
    default_client_scopes: Vec<String>,
    optional_client_scopes: Vec<String>,
    redirect_uris: Vec<String>,
    web_origins: Vec<String>,
    protocol_mappers: Vec<Value>,
}

/// The scopes that Keycloak makes with each realm. They are about people and about what its own tokens hold.
const BUILT_IN_SCOPES: [&str; 12] = [
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
    "roles",
    "web-origins",
    "microprofile-jwt",
    "acr",
    "basic",
    "service_account",
    "organization",
];

pub(super) fn read(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let (clients, path) = if source.text().trim_start().starts_with('[') {
        (source.json::<Vec<&RawValue>>("a list of clients")?, "")
    } else {
        (source.json::<Realm<'_>>("the export of a realm, {\"clients\": [...]}")?.clients, "clients")
    };
    let placed = |(at, raw): (usize, &&RawValue)| {
        let read = match serde_json::from_str::<KeycloakClient>(raw.get()) {
            Ok(client) => found(&client),
            Err(error) => Err(Unread::bad(None, format!("expected a client as Keycloak exports it: {}", told(&error)))),
        };
        (source.place(&format!("{path}[{at}]"), raw), read)
    };
    Ok(clients.iter().enumerate().map(placed).collect())
}

impl KeycloakClient {
    /// An attribute as text: some tools write a list of one.
    fn attribute(&self, name: &str) -> Option<&str> {
        let value = self.attributes.get(name)?;
        let value = value.as_array().map_or(Some(value), |list| list.first())?;
        value.as_str().filter(|text| !text.is_empty())
    }

    fn is_set(&self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }

    /// A moment in seconds; 0 is none.
    fn moment(&self, name: &str) -> Option<Timestamp> {
        self.attribute(name)?.parse().ok().filter(|at| *at > 0).map(Timestamp)
    }
}

fn found(client: &KeycloakClient) -> Result<Found, Unread> {
    let id = client.client_id.clone();
    if client.protocol.as_deref().is_some_and(|protocol| protocol != "openid-connect") {
        return Err(Unread::skipped(&id, "it is of another protocol than openid-connect"));
    }
    if client.public_client || client.bearer_only {
        return Err(Unread::skipped(&id, "it is a public or bearer-only client: nothing proves it"));
    }
    if !client.service_accounts_enabled {
        return Err(Unread::skipped(&id, "it has no service account, which is Keycloak's client_credentials"));
    }
    build(client).map_err(|why| Unread::bad(Some(&id), why))
}

fn build(client: &KeycloakClient) -> Result<Found, String> {
    let mut found = Found::of_id(client.client_id.clone());
    // A name such as ${client_account} is a key of translations.
    found.name = client.name.clone().filter(|name| !name.starts_with("${"));
    found.is_disabled = client.enabled == Some(false);
    let scopes = client.default_client_scopes.iter().chain(&client.optional_client_scopes);
    let own: Vec<String> = scopes.filter(|name| !BUILT_IN_SCOPES.contains(&name.as_str())).cloned().collect();
    found.scopes = Some(own);
    found.lifetime = match client.attribute("access.token.lifespan") {
        None | Some("-1") => None,
        Some(text) => Some(text.parse().map_err(|_| "attributes.access.token.lifespan: expected seconds")?),
    };
    leave_out(&mut found, client);
    match client.client_authenticator_type.as_deref().unwrap_or("client-secret") {
        "client-secret" => add_secrets(&mut found, client)?,
        "client-jwt" => add_keys(&mut found, client)?,
        "client-x509" => add_certificate(&mut found, client)?,
        "client-secret-jwt" => {
            return Err(
                "client-secret-jwt: its secret is a key of MACs; give the client a shared key with `mintmark credential \
                        add-shared-key`, or let it use client-secret"
                    .to_owned(),
            );
        }
        _ => return Err("clientAuthenticatorType: expected client-secret, client-jwt or client-x509".to_owned()),
    }
    Ok(found)
}

fn leave_out(found: &mut Found, client: &KeycloakClient) {
    found.leave_out_unless_empty("redirectUris", client.redirect_uris.is_empty(), NO_REDIRECTS);
    found.leave_out_unless_empty("webOrigins", client.web_origins.is_empty(), NO_BROWSERS);
    let no_mappers = "what tokens hold is a dialect's to say; see attributes of clients";
    found.leave_out_unless_empty("protocolMappers", client.protocol_mappers.is_empty(), no_mappers);
    for (attribute, rule) in
        [("dpop.bound.access.tokens", "dpop"), ("tls.client.certificate.bound.access.tokens", "certificate")]
    {
        if client.is_set(attribute) {
            found.leave_out(attribute, format!("set it by `mintmark client update --token-binding {rule}`"));
        }
    }
}

/// The secret, and the one before it while a rotation is under way.
fn add_secrets(found: &mut Found, client: &KeycloakClient) -> Result<(), String> {
    let secret = client.secret.clone().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or("secret: there is none; export with `kc.sh export`, which has secrets")?;
    if secret.bytes().all(|byte| byte == b'*') {
        return Err("secret: it is masked; export with `kc.sh export`, the console's export has no secrets".to_owned());
    }
    if secret.starts_with("${vault.") {
        return Err("secret: it is in Keycloak's vault, not in the export; put it in its place".to_owned());
    }
    found.add_secret(secret, client.moment("client.secret.expiration.time"));
    if let Some(rotated) = client.attribute("client.secret.rotated") {
        found.add_secret(rotated.to_owned(), client.moment("client.secret.rotated.expiration.time"));
    }
    Ok(())
}

fn add_keys(found: &mut Found, client: &KeycloakClient) -> Result<(), String> {
    let algorithm = client.attribute("token.endpoint.auth.signing.alg");
    if client.is_set("use.jwks.url") {
        let uri = client.attribute("jwks.url").ok_or("attributes.jwks.url: there is none, and use.jwks.url is true")?;
        keys::add_key_set(found, uri);
        return Ok(());
    }
    if let Some(text) = client.attribute("jwks.string") {
        let jwks = serde_json::from_str(text).map_err(|error| format!("attributes.jwks.string: {}", told(&error)))?;
        return keys::add_keys(found, &jwks, algorithm);
    }
    let der = |name: &str| {
        let text = client.attribute(name)?;
        Some(
            STANDARD
                .decode(text.split_whitespace().collect::<String>())
                .map_err(|_| format!("attributes.{name}: expected base64")),
        )
    };
    let key = match (der("jwt.credential.public.key"), der("jwt.credential.certificate")) {
        (Some(key), _) => keys::of_public_key(&key?),
        (None, Some(certificate)) => keys::of_certificate(&certificate?),
        (None, None) => return Err("attributes: expected jwks.url, jwks.string, or jwt.credential.certificate".to_owned()),
    };
    let mut key = key.ok_or("attributes.jwt.credential: expected an RSA, P-256 or Ed25519 key")?;
    if let (Some(members), Some(kid)) = (key.as_object_mut(), client.attribute("jwt.credential.kid")) {
        members.insert("kid".to_owned(), kid.into());
    }
    keys::add_keys(found, &key, algorithm)
}

fn add_certificate(found: &mut Found, client: &KeycloakClient) -> Result<(), String> {
    let subject = client.attribute("x509.subjectdn").ok_or("attributes.x509.subjectdn: there is none")?;
    if client.is_set("x509.allow.regex.pattern.comparison") {
        return Err("attributes.x509.subjectdn: it is a pattern; a certificate is known here by one exact name".to_owned());
    }
    found.add_proof(Proof::CertificateName(CertificateName::Subject(subject.to_owned())));
    Ok(())
}
