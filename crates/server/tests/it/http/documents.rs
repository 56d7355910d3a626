use serde_json::json;

use crate::fixture::{TestServer, get};

const METADATA: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn the_key_set_is_not_sent_again_to_those_who_have_it() {
    let server = TestServer::start().await;
    let path = "/.well-known/jwks.json";
    let first = server.get(path, "").await;
    let tag = first.header("etag").unwrap();
    assert_eq!(first.header("content-type"), Some("application/jwk-set+json"));
    let cache = "public, max-age=300, stale-while-revalidate=300, stale-if-error=86400";
    for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = server.get(path, &format!("If-None-Match: {known}\r\n")).await;
        assert_eq!((again.status, again.header("etag")), (304, Some(tag)), "{known}");
        assert_eq!(again.header("cache-control"), Some(cache));
    }
    let other = server.get(path, "If-None-Match: \"other\"\r\n").await;
    assert_eq!((other.status, &other.body), (200, &first.body));
    assert_ne!(server.send_to("production", get(path, "")).await.header("etag"), Some(tag));
}

#[tokio::test]
async fn the_key_set_holds_public_members_alone() {
    let server = TestServer::start().await;
    let keys = server.get("/.well-known/jwks.json", "").await.json();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3, "ES256, RS256 and EdDSA");
    for key in keys {
        for member in key.as_object().unwrap().keys() {
            assert!(["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"].contains(&member.as_str()), "{member}");
        }
    }
}

#[tokio::test]
async fn both_metadata_paths_have_the_same_document() {
    let server = TestServer::start().await;
    let metadata = server.get(METADATA, "").await;
    assert_eq!(server.get("/.well-known/openid-configuration", "").await.body, metadata.body);
    let issuer = "https://sandbox.mintmark.example";
    let expected = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA", "HS256"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
        "tls_client_certificate_bound_access_tokens": false,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
    });
    let document = metadata.json();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&document[name], value, "{name}");
    }
    assert_eq!(document["mintmark_token_endpoints"]["asset"], format!("{issuer}/v0/auth/token"));
    assert_eq!(document["mintmark_token_endpoints"]["standard-metrics"], format!("{issuer}/o/token/"));
    assert_eq!(document["mintmark_token_endpoints"]["firstvision"], format!("{issuer}/v1/api/oauth/token"));
    let production = server.send_to("production", get(METADATA, "")).await.json();
    assert_eq!(production["issuer"], "https://production.mintmark.example");
}

#[tokio::test]
async fn the_business_api_says_who_gives_tokens_for_it() {
    let server = TestServer::start().await;
    let document = server.get("/.well-known/oauth-protected-resource", "").await.json();
    let issuer = "https://sandbox.mintmark.example";
    assert_eq!(document["resource"], issuer);
    assert_eq!(document["authorization_servers"], json!([issuer]));
    assert_eq!(document["scopes_supported"], json!(["business:read"]));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
}
