//! What the documents ask for on the wire that no other file here shows; `docs/standards.md` lists all of it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_core::model::{Proof, PublicKey};
use mintmark_core::registry::NewCredential;
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use crate::fixture::{Answer, KnownClient, NOW, TestServer, form, issuer};

const METADATA: &str = "/.well-known/oauth-authorization-server";
const MCP: &str = "https://mcp.mintmark.example/mcp";
const JWT_BEARER: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

/// A client's key, and what it signs.
struct Signer(SigningKeyPair);

impl Signer {
    /// One whose public half the server knows as the client's.
    async fn of(server: &TestServer, client: &KnownClient) -> Self {
        let algorithm = Algorithm::Es256;
        let pair = SigningKeyPair::parse(algorithm, &KeyMaterial::generate(algorithm).unwrap()).unwrap();
        let proof = Proof::PublicKey(PublicKey { jwk: pair.public_jwk().unwrap() });
        let new = NewCredential { proof, expires_at: None };
        server.registry.add_credential(&"sandbox".parse().unwrap(), &client.id.parse().unwrap(), &new).await.unwrap();
        server.poll().await;
        Self(pair)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn assertion(&self, client: &KnownClient, jti: &str) -> String {
        let claims = json!({
            "iss": client.id, "sub": client.id, "aud": issuer("sandbox"), "exp": NOW + 60, "iat": NOW, "jti": jti,
        });
        self.sign(&json!({ "alg": "ES256", "typ": "client-authentication+jwt" }), &claims)
    }

    /// A proof for the standard token endpoint.
    fn proof(&self, jti: &str, nonce: Option<&str>) -> String {
        let mut jwk = serde_json::to_value(self.0.public_jwk().unwrap()).unwrap();
        jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        let mut claims = json!({ "jti": jti, "htm": "POST", "htu": format!("{}/oauth/token", issuer("sandbox")), "iat": NOW });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.sign(&json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk }), &claims)
    }
}

fn asserted(assertion: &str, more: &str) -> String {
    form(
        "/oauth/token",
        &format!("grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion={assertion}{more}"),
    )
}

/// The MCP extension for client credentials: the request of its example, which names no client beside the assertion.
#[tokio::test]
async fn a_client_of_an_mcp_server_gets_a_token_for_it_by_an_assertion_alone() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    let signer = Signer::of(&server, client).await;
    let resource = "&resource=https%3A%2F%2Fmcp.mintmark.example%2Fmcp&scope=ledger%3Aread";
    let answer = server.send(asserted(&signer.assertion(client, "a"), resource)).await;
    assert_eq!((answer.status, &answer.json()["scope"]), (200, &json!("ledger:read")), "{answer:?}");
    let claims = server.verify("sandbox", answer.json()["access_token"].as_str().unwrap(), MCP).await;
    assert_eq!((claims.client_id.as_str(), claims.sub.as_str()), (client.id.as_str(), client.id.as_str()));
    let again = server.send(asserted(&signer.assertion(client, "a"), resource)).await;
    assert_eq!((again.status, &again.json()["error"]), (401, &json!("invalid_client")), "its id was used");
}

/// The same extension: what its clients look for in the metadata.
#[tokio::test]
async fn the_metadata_tell_an_mcp_client_how_to_prove_itself() {
    let server = TestServer::start().await;
    let metadata = server.get(METADATA, "").await.json();
    let has = |name: &str, value: &str| metadata[name].as_array().unwrap().iter().any(|one| one == value);
    assert!(has("token_endpoint_auth_methods_supported", "private_key_jwt"));
    assert!(has("token_endpoint_auth_methods_supported", "client_secret_basic"));
    assert!(has("token_endpoint_auth_signing_alg_values_supported", "ES256"));
    assert!(has("grant_types_supported", "client_credentials"));
}

/// RFC 9449 sections 5 and 8 on the wire: the challenge with its nonce, then the token.
#[tokio::test]
async fn a_proof_is_challenged_for_a_nonce_and_gives_a_bound_token() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    let signer = Signer::of(&server, client).await;
    let send = async |jti: &str, proofs: &[&str]| -> Answer {
        let request = asserted(&signer.assertion(client, jti), "");
        let with_proof = |request: String, proof: &&str| request.replacen("\r\n", &format!("\r\nDPoP: {proof}\r\n"), 1);
        server.send(proofs.iter().fold(request, with_proof)).await
    };
    let challenged = send("a", &[&signer.proof("a", None)]).await;
    assert_eq!((challenged.status, &challenged.json()["error"]), (400, &json!("use_dpop_nonce")));
    let nonces: Vec<&str> = challenged.all("dpop-nonce").collect();
    let [nonce] = nonces[..] else { panic!("{challenged:?}") };
    assert!(nonce.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'), "{nonce}");
    let good = signer.proof("b", Some(nonce));
    let answer = send("a", &[&good]).await;
    assert_eq!((answer.status, &answer.json()["token_type"]), (200, &json!("DPoP")), "the assertion was not spent: {answer:?}");
    assert_eq!(answer.all("dpop-nonce").count(), 1);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(claims["cnf"], json!({ "jkt": signer.0.public_jwk().unwrap().thumbprint() }));
    for (jti, proofs) in [("c", &[good.as_str()][..]), ("d", &[&good, &good]), ("e", &["x"])] {
        let refused = send(jti, proofs).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_dpop_proof")), "{proofs:?}");
    }
}

/// RFC 6750 section 2 and RFC 9449 section 7.1: the business API takes bearer tokens, and a bound one is none.
#[tokio::test]
async fn the_business_api_takes_no_bound_token_as_a_bearer_token() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    let signer = Signer::of(&server, client).await;
    let with_proof = async |jti: &str, nonce: Option<&str>| {
        let request = asserted(&signer.assertion(client, jti), "");
        let headers = format!("\r\nDPoP: {}\r\n", signer.proof(jti, nonce));
        server.send(request.replacen("\r\n", &headers, 1)).await
    };
    let challenged = with_proof("a", None).await;
    let bound = with_proof("b", challenged.header("dpop-nonce")).await.json()["access_token"].as_str().unwrap().to_owned();
    let plain =
        server.send(asserted(&signer.assertion(client, "c"), "")).await.json()["access_token"].as_str().unwrap().to_owned();
    for (authorization, status) in
        [(format!("Bearer {bound}"), 401), (format!("DPoP {bound}"), 401), (format!("Bearer {plain}"), 200)]
    {
        let answer = server.get("/v0/business", &format!("Authorization: {authorization}\r\n")).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
}

/// RFC 8414 sections 2 and 3.
#[tokio::test]
async fn the_metadata_keep_the_rules_of_rfc_8414() {
    let server = TestServer::start().await;
    let answer = server.get(METADATA, "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let metadata = answer.json();
    let issuer = issuer("sandbox");
    assert_eq!(metadata["issuer"], issuer);
    for name in ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"] {
        assert!(metadata[name].as_str().unwrap().starts_with(&format!("{issuer}/")), "{name}");
    }
    assert_eq!(metadata.get("authorization_endpoint"), None, "no grant needs it");
    assert_eq!(metadata.get("registration_endpoint"), None);
    assert_eq!(metadata["response_types_supported"], json!([]), "required, and there are none");
    for (name, value) in metadata.as_object().unwrap() {
        assert!(!value.is_null() && (value != &json!([]) || name == "response_types_supported"), "{name} is nothing");
    }
    for endpoint in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        assert!(metadata[format!("{endpoint}_auth_methods_supported")].is_array());
        let algorithms = metadata[format!("{endpoint}_auth_signing_alg_values_supported")].as_array().unwrap();
        assert!(!algorithms.iter().any(|name| name.as_str().unwrap().eq_ignore_ascii_case("none")), "{endpoint}");
    }
    let proofs = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
    assert!(proofs.iter().all(|name| ["ES256", "RS256", "PS256", "EdDSA"].contains(&name.as_str().unwrap())), "{proofs:?}");
}

/// RFC 9728 sections 2, 3.3 and 5.1: the challenge leads to a document about the resource that challenged.
#[tokio::test]
async fn a_challenge_leads_to_the_metadata_of_the_resource_and_on_to_those_of_the_issuer() {
    let server = TestServer::start().await;
    let challenge = server.get("/v0/business", "").await.header("www-authenticate").unwrap().to_owned();
    let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
    let address = rest.split('"').next().unwrap();
    let resource = address.strip_suffix("/.well-known/oauth-protected-resource").unwrap();
    let path = address.strip_prefix(&issuer("sandbox")).unwrap();
    let answer = server.get(path, "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json()["resource"], resource);
    let metadata = server.get(METADATA, "").await.json();
    assert_eq!(answer.json()["authorization_servers"], json!([metadata["issuer"]]));
    assert_eq!(metadata["protected_resources"], json!([resource]));
}

/// RFC 7517 sections 4 and 5, RFC 9068 section 2.1, RFC 7518 section 3.1.
#[tokio::test]
async fn each_published_key_has_one_name_one_use_and_one_algorithm() {
    let server = TestServer::start().await;
    let keys = server.get("/.well-known/jwks.json", "").await.json();
    let keys = keys["keys"].as_array().unwrap();
    let names: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(names.len(), keys.len());
    for key in keys {
        assert_eq!(key["use"], "sig");
        assert!(key["alg"].is_string(), "{key}");
        if key["kty"] == "RSA" {
            let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
            assert!(modulus.len() >= 256 && modulus[0] >= 0x80, "2048 bits");
        }
    }
    assert!(keys.iter().any(|key| key["alg"] == "RS256"), "every server of RFC 9068 can sign so");
}
