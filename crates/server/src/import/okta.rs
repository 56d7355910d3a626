//! Okta: the apps that its Management API lists (`GET /api/v1/apps`), alone or with each app's grants of scopes beside it. Lists of apps
//! have no secrets; `client_secret` is taken where somebody put it into `credentials.oauthClient`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::{ImportError, NO_REDIRECTS, Placed, Source, Unread, keys};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct App {
    label: Option<String>,
    status: Option<String>,
    sign_on_mode: Option<String>,
    credentials: Credentials,
    settings: Settings,
    /// `GET /api/v1/apps/{id}/grants`, where it was put here.
    grants: Option<Vec<Grant>>,
    /// `GET /api/v1/apps/{id}/credentials/secrets`, where it was put here.
    secrets: Vec<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Credentials {
    oauth_client: OauthClient,
}

/// What these members are called is of OAuth, and so not as the others are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OauthClient {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    oauth_client: OauthSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OauthSettings {
    grant_types: Vec<String>,
    redirect_uris: Vec<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    dpop_bound_access_tokens: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    scope_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Secret {
    client_secret: Option<String>,
    status: Option<String>,
}

pub(super) fn read(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let apps: Vec<&RawValue> = source.json("a list of apps as `GET /api/v1/apps` gives it")?;
    let placed = |(at, raw): (usize, &&RawValue)| {
        let read = match serde_json::from_str::<App>(raw.get()) {
            Ok(app) => found(app),
            Err(error) => Err(Unread::bad(None, format!("expected an app as Okta lists it: {}", told(&error)))),
        };
        (source.place(&format!("[{at}]"), raw), read)
    };
    Ok(apps.iter().enumerate().map(placed).collect())
}

fn found(app: App) -> Result<Found, Unread> {
    let id = app.credentials.oauth_client.client_id.clone();
    if app.sign_on_mode.as_deref().is_some_and(|mode| mode != "OPENID_CONNECT") {
        let label = app.label.unwrap_or_default();
        return Err(Unread::skipped(&super::shown(&label), "it is an app of another kind than OPENID_CONNECT"));
    }
    if !app.settings.oauth_client.grant_types.iter().any(|grant| grant == "client_credentials") {
        return Err(Unread::skipped(&id, "it is not for the grant client_credentials"));
    }
    build(app).map_err(|why| Unread::bad(Some(&id), why))
}

fn build(app: App) -> Result<Found, String> {
    let OauthClient { client_id, client_secret, token_endpoint_auth_method } = app.credentials.oauth_client;
    let settings = app.settings.oauth_client;
    let mut found = Found::of_id(client_id);
    found.name = app.label;
    found.is_disabled = app.status.as_deref().is_some_and(|status| status != "ACTIVE");
    found.scopes = app.grants.map(|grants| grants.into_iter().map(|grant| grant.scope_id).collect());
    found.leave_out_unless_empty("redirect_uris", settings.redirect_uris.is_empty(), NO_REDIRECTS);
    for grant in settings.grant_types.iter().filter(|grant| *grant != "client_credentials") {
        found.leave_out(format!("grant {}", super::shown(grant)), "client_credentials is the one grant here");
    }
    if settings.dpop_bound_access_tokens {
        found.leave_out("dpop_bound_access_tokens", "set it by `mintmark client update --token-binding dpop`");
    }
    if token_endpoint_auth_method.as_deref() == Some("private_key_jwt") {
        if let Some(jwks) = settings.jwks.as_ref().filter(|jwks| jwks.get("keys").is_some()) {
            keys::add_keys(&mut found, jwks, None)?;
        }
        if let Some(uri) = settings.jwks_uri.as_deref().filter(|uri| !uri.is_empty()) {
            keys::add_key_set(&mut found, uri);
        }
        return Ok(found);
    }
    if token_endpoint_auth_method.as_deref() == Some("client_secret_jwt") {
        return Err("client_secret_jwt: its secret is a key of MACs; give the client a shared key with `mintmark credential \
                    add-shared-key`"
            .to_owned());
    }
    let active = app.secrets.into_iter().filter(|secret| secret.status.as_deref().is_none_or(|status| status == "ACTIVE"));
    let mut secrets: Vec<String> = client_secret.into_iter().chain(active.filter_map(|secret| secret.client_secret)).collect();
    secrets.retain(|secret| !secret.is_empty());
    secrets.dedup();
    if secrets.is_empty() {
        return Err("credentials.oauthClient.client_secret: there is none; Okta lists no secrets with apps, see \
                    /api/v1/apps/{id}/credentials/secrets"
            .to_owned());
    }
    for secret in secrets {
        found.add_secret(secret, None);
    }
    Ok(found)
}
