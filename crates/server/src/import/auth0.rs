//! Auth0: the clients that its Management API lists (`GET /api/v2/clients`), alone or together with the client grants
//! (`GET /api/v2/client-grants`) as `{"clients": [...], "client_grants": [...]}`. Secrets are there if the token had `read:client_keys`.

use std::collections::HashMap;

use mintmark_core::model::{CertificateFingerprint, CertificateName, Proof};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::{ImportError, NO_BROWSERS, NO_REDIRECTS, Placed, Source, Unread, keys};

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    clients: Vec<&'a RawValue>,
    #[serde(default, alias = "clientGrants")]
    client_grants: Vec<Grant>,
}

/// What a client may ask for at one API.
#[derive(Debug, Deserialize)]
struct Grant {
    client_id: String,
    audience: String,
    #[serde(default)]
    scope: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth0Client {
    client_id: String,
    name: Option<String>,
    client_secret: Option<String>,
    global: bool,
    app_type: Option<String>,
    grant_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    client_authentication_methods: Option<Methods>,
    jwks: Option<Value>,
    callbacks: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    web_origins: Option<Vec<String>>,
    client_metadata: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Methods {
    private_key_jwt: Option<Method>,
    tls_client_auth: Option<Method>,
    self_signed_tls_client_auth: Option<Method>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Method {
    credentials: Vec<Credential>,
}

/// A credential. Clients list its id alone; `GET /api/v2/clients/{id}/credentials` has the rest, and `pem` where it was kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Credential {
    kid: Option<String>,
    alg: Option<String>,
    pem: Option<String>,
    subject_dn: Option<String>,
    #[serde(rename = "thumbprint_sha256")]
    thumbprint: Option<String>,
}

/// Whether scopes are for one API or another, `--audience` says which.
pub(super) fn read(source: &Source, audience: Option<&str>) -> Result<Vec<Placed>, ImportError> {
    let (clients, grants, path) = if source.text().trim_start().starts_with('[') {
        (source.json::<Vec<&RawValue>>("a list of clients")?, Vec::new(), "")
    } else {
        let export: Export<'_> = source.json("{\"clients\": [...], \"client_grants\": [...]}")?;
        (export.clients, export.client_grants, "clients")
    };
    let mut by_client: HashMap<&str, Vec<&Grant>> = HashMap::new();
    for grant in &grants {
        by_client.entry(grant.client_id.as_str()).or_default().push(grant);
    }
    let placed = |(at, raw): (usize, &&RawValue)| {
        let read = match serde_json::from_str::<Auth0Client>(raw.get()) {
            Ok(client) => {
                let own = by_client.get(client.client_id.as_str()).map(Vec::as_slice).unwrap_or_default();
                found(client, (!grants.is_empty()).then_some(own), audience)
            }
            Err(error) => Err(Unread::bad(None, format!("expected a client as Auth0 lists it: {}", told(&error)))),
        };
        (source.place(&format!("{path}[{at}]"), raw), read)
    };
    Ok(clients.iter().enumerate().map(placed).collect())
}

fn found(client: Auth0Client, grants: Option<&[&Grant]>, audience: Option<&str>) -> Result<Found, Unread> {
    let id = client.client_id.clone();
    if client.global {
        return Err(Unread::skipped(&id, "it is the tenant's global client, which Auth0 makes for itself"));
    }
    let is_machine = match &client.grant_types {
        Some(grants) => grants.iter().any(|grant| grant == "client_credentials"),
        None => client.app_type.as_deref() == Some("non_interactive"),
    };
    if !is_machine {
        return Err(Unread::skipped(&id, "it is not for the grant client_credentials"));
    }
    let has_methods = client.client_authentication_methods.is_some();
    if client.token_endpoint_auth_method.as_deref() == Some("none") && !has_methods {
        return Err(Unread::skipped(&id, "it is a public client: nothing proves it"));
    }
    build(client, grants, audience).map_err(|why| Unread::bad(Some(&id), why))
}

fn build(client: Auth0Client, grants: Option<&[&Grant]>, audience: Option<&str>) -> Result<Found, String> {
    let mut found = Found::of_id(client.client_id);
    found.name = client.name;
    found.scopes = grants.map(|grants| scopes_of(&mut found, grants, audience));
    let has = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    found.leave_out_unless_empty("callbacks", !has(&client.callbacks), NO_REDIRECTS);
    let has_origins = has(&client.allowed_origins) || has(&client.web_origins);
    found.leave_out_unless_empty("allowed_origins", !has_origins, NO_BROWSERS);
    let has_metadata = client.client_metadata.as_ref().and_then(Value::as_object).is_some_and(|members| !members.is_empty());
    found.leave_out_unless_empty("client_metadata", !has_metadata, "see attributes of clients");
    for grant in client.grant_types.iter().flatten().filter(|grant| *grant != "client_credentials") {
        found.leave_out(format!("grant {}", super::shown(grant)), "client_credentials is the one grant here");
    }
    if let Some(jwks) = &client.jwks {
        keys::add_keys(&mut found, jwks, None)?;
    }
    match client.client_authentication_methods {
        Some(methods) => add_methods(&mut found, methods),
        None => {
            if let Some(secret) = client.client_secret.filter(|secret| !secret.is_empty()) {
                found.add_secret(secret, None);
            }
        }
    }
    if found.credentials.is_empty() {
        return Err(
            "client_secret: there is none; list the clients with a token that has read:client_keys, or add the keys' pem \
                    to their credentials"
                .to_owned(),
        );
    }
    Ok(found)
}

/// The scopes at the one API, or at that which was named.
fn scopes_of(found: &mut Found, grants: &[&Grant], audience: Option<&str>) -> Vec<String> {
    let mut scopes = Vec::new();
    for grant in grants {
        let is_wanted = audience.map_or(grants.len() == 1, |wanted| grant.audience == wanted);
        if is_wanted {
            scopes.extend(grant.scope.iter().cloned());
        } else {
            let why = "it is for another API; import its scopes by `mintmark client update --resource`";
            found.leave_out(format!("grant for {}", super::shown(&grant.audience)), why);
        }
    }
    scopes
}

fn add_methods(found: &mut Found, methods: Methods) {
    for credential in methods.private_key_jwt.into_iter().flat_map(|method| method.credentials) {
        let kid = credential.kid.clone().unwrap_or_else(|| "without kid".to_owned());
        let key = credential.pem.as_deref().and_then(keys::of_pem);
        let Some(mut key) = key else {
            found.leave_out(
                format!("key {}", super::shown(&kid)),
                "Auth0 gave no pem that can be used; add it by `mintmark credential add`",
            );
            continue;
        };
        if let (Some(members), Some(kid)) = (key.as_object_mut(), &credential.kid) {
            members.insert("kid".to_owned(), kid.as_str().into());
        }
        if let Err(why) = keys::add_keys(found, &key, credential.alg.as_deref()) {
            found.leave_out(format!("key {}", super::shown(&kid)), why);
        }
    }
    for credential in methods.tls_client_auth.into_iter().flat_map(|method| method.credentials) {
        match credential.subject_dn {
            Some(subject) => found.add_proof(Proof::CertificateName(CertificateName::Subject(subject))),
            None => found.leave_out("tls_client_auth", "its credential has no subject_dn"),
        }
    }
    for credential in methods.self_signed_tls_client_auth.into_iter().flat_map(|method| method.credentials) {
        match credential.thumbprint.as_deref().and_then(keys::fingerprint) {
            Some(sha256) => found.add_proof(Proof::Certificate(CertificateFingerprint { sha256 })),
            None => found.leave_out("self_signed_tls_client_auth", "its credential has no thumbprint_sha256"),
        }
    }
}
