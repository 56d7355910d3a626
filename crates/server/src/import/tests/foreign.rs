//! Keycloak, Hydra, Auth0 and Okta.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Proof, Status};
use mintmark_core::registry::ProofToImport;
use mintmark_verify::{Algorithm, Jwk};

use super::*;

/// A certificate of a P-256 key, made with Python's cryptography.
const CERTIFICATE: &str = "MIIBFjCBvaADAgECAgEHMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCmp3dC1jbGllbnQwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAVMRMwEQYDVQQDDApqd3QtY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERkUYT+R57yDUUReeKHeRtf1nmRDL3BAFUBGq0e8kJdtRxQGQVPlZwucYn1rNKkRd5fRcWtVbom+MSa8ETC7atDAKBggqhkjOPQQDAgNIADBFAiALVdqiNT98ZiGDE9bvA44Q231pd8xD/iQqnhm/CW3hOgIhAM4pcPAb/fHXELImtGEEj7f47skQvKRUlkNFYl+omBZ7";
const RSA: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnlMR5aAopphb2UKN+AGxEhlvCII6eBZuj06NcaHPV01/LfxNU6kqiVvg/LtuXSfoS/t+P5sp8v7g8ZA6uiMIjBCoYyiF9Xve1QqaueYUcCEQ/R3W0/KjPbGm9SG3yEoaEWxe1+a4Gpyp+Mbcw0TZcH/QG1hJfOiFgdpH/At2OtIiewVf5bhvDc1rr/1LzauNiLnpd5fOThMzPQ3jzXEFmkNIXxNblhJE6AH7iwPdwNTitquB2V4XaDqpGFkVOgMJVK9l2jWahgrXaMKnf1rFQBvXjfzl7279DTWQhVf4/rriVgoXZJtwBJIP4YcYPMmIWJgXJsfs1Wz2vRsFF+thSQIDAQAB";
const ED25519: &str = r#"{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn scopes(client: &ClientToImport) -> Vec<&str> {
    client.scopes.iter().map(mintmark_core::model::ScopeToken::as_str).collect()
}

fn is_skipped(item: &Item) -> bool {
    matches!(item.client, Read::Skipped(_))
}

fn jwk(client: &ClientToImport) -> &Jwk {
    match &client.credentials[0].proof {
        ProofToImport::Other(Proof::PublicKey(key)) => &key.jwk,
        other => panic!("{other:?}"),
    }
}

fn algorithm(client: &ClientToImport) -> Algorithm {
    mintmark_verify::VerifyingKey::try_from(jwk(client)).unwrap().algorithm()
}

/// A client of Keycloak that has a service account.
fn keycloak(id: &str, members: &str, attributes: &str) -> String {
    format!(
        r#"{{"id": "5d6b", "clientId": "{id}", "enabled": true, "protocol": "openid-connect", "publicClient": false,
        "bearerOnly": false, "serviceAccountsEnabled": true, "webOrigins": [],
        "attributes": {{{attributes}}}{members}}}"#
    )
}

fn realm(clients: &[String]) -> String {
    format!(r#"{{"realm": "acme", "accessTokenLifespan": 300, "clients": [{}], "users": []}}"#, clients.join(",\n"))
}

#[test]
fn a_realm_of_keycloak_gives_its_service_accounts_with_secrets_scopes_and_lifetimes() {
    let text = realm(&[
        keycloak(
            "with-secret",
            r#", "name": "Export", "clientAuthenticatorType": "client-secret", "secret": "9mVr-kc",
            "defaultClientScopes": ["profile", "roles", "ledger:read"], "optionalClientScopes": ["ledger:create", "offline_access"],
            "redirectUris": ["/*"], "protocolMappers": [{"name": "x"}]"#,
            r#""access.token.lifespan": "600", "client.secret.rotated": "old", "client.secret.rotated.expiration.time": "1900000000",
            "dpop.bound.access.tokens": "true""#,
        ),
        keycloak("off", r#", "secret": "s""#, "").replace(r#""enabled": true"#, r#""enabled": false"#),
        keycloak("web", "", "").replace(r#""serviceAccountsEnabled": true"#, r#""serviceAccountsEnabled": false"#),
        keycloak("spa", "", "").replace(r#""publicClient": false"#, r#""publicClient": true"#),
        keycloak("saml", "", "").replace("openid-connect", "saml"),
        keycloak("masked", r#", "secret": "**********""#, ""),
        keycloak("vault", r#", "secret": "${vault.x}""#, ""),
        keycloak("none", "", ""),
    ]);
    let items = read_text(Format::Keycloak, &text);
    let first = client(&items[0]);
    assert_eq!((first.name.as_deref(), first.lifetime_max), (Some("Export"), Some(600)));
    assert_eq!(
        (scopes(first), proofs(first)),
        (vec!["ledger:read", "ledger:create"], vec!["clear 9mVr-kc".into(), "clear old".into()])
    );
    assert_eq!(first.credentials[1].expires_at, Some(Timestamp(1_900_000_000)));
    assert_eq!(left_out(&items[0]), ["redirectUris", "protocolMappers", "dpop.bound.access.tokens"]);
    assert_eq!(client(&items[1]).status, Status::Disabled);
    assert!(items[2..5].iter().all(is_skipped));
    assert!(bad(&items[5]).contains("masked") && bad(&items[6]).contains("vault") && bad(&items[7]).contains("there is none"));
    assert!(items[5].place.contains("clients[5]"), "{}", items[5].place);
    assert_eq!(read_text(Format::Keycloak, &format!("[{}]", keycloak("api", r#", "secret": "s""#, ""))).len(), 1);
}

#[test]
fn keycloaks_keys_and_certificates_become_credentials() {
    let jwt = r#", "clientAuthenticatorType": "client-jwt""#;
    let x509 = r#", "clientAuthenticatorType": "client-x509""#;
    let jwks = format!(r#"{{"keys": [{ED25519}]}}"#).replace('"', "\\\"");
    let text = realm(&[
        keycloak("url", jwt, r#""use.jwks.url": "true", "jwks.url": "https://a.example/jwks""#),
        keycloak("string", jwt, &format!(r#""use.jwks.string": "true", "jwks.string": "{jwks}""#)),
        keycloak("certificate", jwt, &format!(r#""jwt.credential.certificate": "{CERTIFICATE}", "jwt.credential.kid": "k9""#)),
        keycloak("rsa", jwt, &format!(r#""jwt.credential.public.key": "{RSA}""#)),
        keycloak("pss", jwt, &format!(r#""jwt.credential.public.key": "{RSA}", "token.endpoint.auth.signing.alg": "PS256""#)),
        keycloak("subject", x509, r#""x509.subjectdn": "CN=a,O=b""#),
        keycloak("pattern", x509, r#""x509.subjectdn": ".*CN=a.*", "x509.allow.regex.pattern.comparison": "true""#),
        keycloak("mac", r#", "clientAuthenticatorType": "client-secret-jwt", "secret": "s""#, ""),
        keycloak("keyless", jwt, ""),
        keycloak("broken", jwt, r#""jwt.credential.certificate": "AAAA""#),
    ]);
    let items = read_text(Format::Keycloak, &text);
    assert_eq!(proofs(client(&items[0])), ["key_set"]);
    assert_eq!(jwk(client(&items[1])).kid(), Some("k1"));
    assert_eq!((jwk(client(&items[2])).kid(), algorithm(client(&items[2]))), (Some("k9"), Algorithm::Es256));
    assert_eq!((algorithm(client(&items[3])), algorithm(client(&items[4]))), (Algorithm::Rs256, Algorithm::Ps256));
    assert_eq!(proofs(client(&items[5])), ["certificate_name"]);
    for (item, why) in items[6..].iter().zip(["pattern", "MACs", "expected jwks.url", "expected an RSA"]) {
        assert!(bad(item).contains(why), "{why}: {}", bad(item));
    }
}

#[test]
fn hydras_list_gives_clients_with_keys_and_says_that_it_has_no_secrets() {
    let text = format!(
        r#"{{"items": [
        {{"client_id": "a7", "client_name": "Keys", "grant_types": ["client_credentials", "authorization_code"], "scope": "read write",
          "token_endpoint_auth_method": "private_key_jwt", "jwks": {{"keys": [{ED25519}]}}, "redirect_uris": ["https://a.example"],
          "client_credentials_grant_access_token_lifespan": "1h30m5s", "client_secret_expires_at": 0, "metadata": {{}}, "audience": []}},
        {{"client_id": "b8", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic"}},
        {{"client_id": "c9", "grant_types": ["authorization_code"]}},
        {{"client_id": "d0", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}},
        {{"client_id": "e1", "grant_types": ["client_credentials"], "client_secret": "just-made"}},
        {{"client_id": "f2", "grant_types": ["client_credentials"], "client_secret": "x",
          "client_credentials_grant_access_token_lifespan": "soon"}}],
        "is_last_page": true, "next_page_token": ""}}"#
    );
    let items = read_text(Format::Hydra, &text);
    let first = client(&items[0]);
    assert_eq!(
        (first.lifetime_max, scopes(first), proofs(first)),
        (Some(5405), vec!["read", "write"], vec!["public_key".into()])
    );
    assert_eq!(left_out(&items[0]), ["grant authorization_code", "redirect_uris"]);
    assert!(bad(&items[1]).contains("Hydra lists no secrets"));
    assert!(is_skipped(&items[2]) && is_skipped(&items[3]));
    assert_eq!(proofs(client(&items[4])), ["clear just-made"]);
    assert!(bad(&items[5]).contains("a duration such as 1h0m0s"));
    let more = r#"{"items": [], "next_page_token": "abc"}"#;
    assert!(refused(Format::Hydra, more).contains("one page of several"));
}

#[test]
fn hydras_table_gives_hashes() {
    let hash = "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$/+vqtEyURpgdhn+Zf9sf2DvEmXhpFHLa1HH0pCFbLns";
    let bcrypt = "$2a$04$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.";
    let dump = format!(
        "COPY public.hydra_client (id, client_name, client_secret, scope, client_secret_expires_at, grant_types, jwks, \
         token_endpoint_auth_method, client_credentials_grant_access_token_lifespan, redirect_uris) FROM stdin;\n\
         one\tOne\t{hash}\tread write\t0\t[\"client_credentials\"]\t{{}}\tclient_secret_post\t3600000000000\t[]\n\
         two\t\t{bcrypt}\tread\t0\tclient_credentials|implicit\t\\N\tclient_secret_basic\t\\N\t\n\
         three\t\t$2a$14$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.\tread\t0\t[\"client_credentials\"]\t\\N\t\t\\N\t[]\n\
         four\t\tx\tread\t0\t[7]\t\\N\t\t\\N\t[]\n\
         \\.\n"
    );
    let items = read_text(Format::Hydra, &dump);
    let first = client(&items[0]);
    assert_eq!(
        (first.lifetime_max, scopes(first), proofs(first)),
        (Some(3600), vec!["read", "write"], vec!["pbkdf2-sha256".into()])
    );
    assert_eq!((proofs(client(&items[1])), left_out(&items[1])), (vec!["bcrypt".into()], vec!["grant implicit"]));
    assert_eq!((items[2].place.as_str(), bad(&items[2]).contains("bcrypt's cost 14")), ("line 4", true), "{}", bad(&items[2]));
    assert!(bad(&items[3]).contains("grant_types: expected a list of texts"));
    let csv = format!("id,client_secret,scope,grant_types\none,{bcrypt},read,\"[\"\"client_credentials\"\"]\"\n");
    assert_eq!(proofs(client(&read_text(Format::Hydra, &csv)[0])), ["bcrypt"]);
}

#[test]
fn auth0s_clients_take_their_scopes_from_its_grants() {
    let pem = format!("-----BEGIN PUBLIC KEY-----\\n{RSA}\\n-----END PUBLIC KEY-----");
    let text = format!(
        r#"{{"clients": [
        {{"client_id": "M2M", "name": "Job", "client_secret": "yT-a0", "app_type": "non_interactive", "callbacks": ["https://a.example"],
          "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"}},
        {{"client_id": "PKJ", "name": "Keyed", "grant_types": ["client_credentials"], "client_authentication_methods":
          {{"private_key_jwt": {{"credentials": [{{"id": "cred_1", "kid": "k1", "alg": "PS256", "pem": "{pem}"}}, {{"id": "cred_2"}}]}}}}}},
        {{"client_id": "MTLS", "grant_types": ["client_credentials"], "client_authentication_methods": {{"self_signed_tls_client_auth":
          {{"credentials": [{{"thumbprint_sha256": "A0B1:{rest}"}}]}}}}}},
        {{"client_id": "SPA", "app_type": "spa", "grant_types": ["authorization_code"], "token_endpoint_auth_method": "none"}},
        {{"client_id": "ALL", "name": "All Applications", "global": true, "client_secret": "x"}},
        {{"client_id": "BARE", "grant_types": ["client_credentials"]}}],
        "client_grants": [
        {{"id": "cgr_1", "client_id": "M2M", "audience": "https://api.example", "scope": ["read", "write"]}},
        {{"id": "cgr_2", "client_id": "PKJ", "audience": "https://api.example", "scope": ["read"]}},
        {{"id": "cgr_3", "client_id": "PKJ", "audience": "https://other.example", "scope": ["admin"]}}]}}"#,
        rest = "00".repeat(30),
    );
    let items = read_text(Format::Auth0, &text);
    let first = client(&items[0]);
    assert_eq!((scopes(first), proofs(first)), (vec!["read", "write"], vec!["clear yT-a0".into()]));
    assert_eq!(left_out(&items[0]), ["callbacks"]);
    let keyed = client(&items[1]);
    assert_eq!((jwk(keyed).kid(), algorithm(keyed), scopes(keyed)), (Some("k1"), Algorithm::Ps256, vec![]));
    let told = ["grant for https://api.example", "grant for https://other.example", "key without kid"];
    assert_eq!(left_out(&items[1]), told, "it is not known which is meant");
    assert_eq!(proofs(client(&items[2])), ["certificate"]);
    assert!(is_skipped(&items[3]) && is_skipped(&items[4]));
    assert!(bad(&items[5]).contains("read:client_keys"));

    let assumed = Assumed { scopes: None, audience: Some("https://api.example".to_owned()) };
    let items = read(Format::Auth0, &Source::of_text(text), &assumed).unwrap();
    assert_eq!((scopes(client(&items[1])), left_out(&items[1])[0]), (vec!["read"], "grant for https://other.example"));
    let alone = r#"[{"client_id": "M2M", "client_secret": "s", "grant_types": ["client_credentials"]}]"#;
    assert_eq!(proofs(client(&read_text(Format::Auth0, alone)[0])), ["clear s"]);
}

#[test]
fn oktas_apps_are_read_with_what_was_put_beside_them() {
    let app = |id: &str, method: &str, settings: &str, more: &str| {
        format!(
            r#"{{"id": "0oa1", "name": "oidc_client", "label": "{id} label", "status": "ACTIVE", "signOnMode": "OPENID_CONNECT",
            "credentials": {{"oauthClient": {{"client_id": "{id}", "token_endpoint_auth_method": "{method}"}}}},
            "settings": {{"oauthClient": {{"application_type": "service", "grant_types": ["client_credentials"]{settings}}}}}{more}}}"#
        )
    };
    let jwks = format!(r#", "jwks": {{"keys": [{ED25519}]}}, "redirect_uris": [], "dpop_bound_access_tokens": true"#);
    let secrets = r#", "secrets": [{"client_secret": "one", "status": "ACTIVE"}, {"client_secret": "two", "status": "INACTIVE"}],
        "grants": [{"scopeId": "read", "issuer": "x"}]"#;
    let text = [
        app("keys", "private_key_jwt", &jwks, ""),
        app("secrets", "client_secret_basic", "", secrets),
        app("inline", "client_secret_post", "", "")
            .replace(r#""client_id": "inline""#, r#""client_id": "inline", "client_secret": "s""#),
        app("none", "client_secret_basic", "", ""),
        app("mac", "client_secret_jwt", "", ""),
        app("code", "client_secret_basic", "", "").replace("\"client_credentials\"", "\"authorization_code\""),
        r#"{"id": "0oa2", "label": "Bookmark", "signOnMode": "BOOKMARK", "credentials": {}, "settings": {}}"#.to_owned(),
        app("off", "client_secret_basic", "", secrets)
            .replace(r#""status": "ACTIVE", "sign"#, r#""status": "INACTIVE", "sign"#),
    ];
    let items = read_text(Format::Okta, &format!("[{}]", text.join(",")));
    assert_eq!((proofs(client(&items[0])), left_out(&items[0])), (vec!["public_key".into()], vec!["dpop_bound_access_tokens"]));
    assert_eq!((proofs(client(&items[1])), scopes(client(&items[1]))), (vec!["clear one".to_owned()], vec!["read"]));
    assert_eq!(client(&items[1]).name.as_deref(), Some("secrets label"));
    assert_eq!(proofs(client(&items[2])), ["clear s"]);
    assert!(bad(&items[3]).contains("lists no secrets") && bad(&items[4]).contains("MACs"));
    assert!(is_skipped(&items[5]) && is_skipped(&items[6]));
    assert_eq!(client(&items[7]).status, Status::Disabled);
}
