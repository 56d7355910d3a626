use std::{convert::Infallible, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use http::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::{
    Claims, KeySet, base64url,
    dpop::PROOF_TYPE,
    fixture::{ED_X, ISSUER, NOW, Token, jwk, keys, merge, must, sign_texts, verifier},
    layer::{Caller, PeerCertificate, VerifyLayer},
    revocations::RevocationList,
};

const PATH: &str = "/v1/business";

fn layer() -> VerifyLayer<KeySet> {
    with(dpop())
}

fn dpop() -> Dpop {
    must(Dpop::new("https://api.example"))
}

fn with(dpop: Dpop) -> VerifyLayer<KeySet> {
    VerifyLayer::new(Arc::new(verifier())).dpop(dpop).clock(|| NOW)
}

fn nonces() -> Nonces {
    Nonces::new(&[7; 32])
}

fn thumbprint() -> String {
    jwk(Algorithm::EdDsa).thumbprint()
}

/// A token that is bound in this way.
fn token(cnf: Value) -> String {
    Token::good().claim("cnf", cnf).signed()
}

fn bound() -> String {
    token(json!({"jkt": thumbprint()}))
}

/// A good proof for a GET of [`PATH`] with this token, but for the changes; `null` takes a claim away.
fn proof(token: &str, changes: &Value) -> String {
    let ath = base64url::encode(digest(&SHA256, token.as_bytes()));
    let mut claims = json!({"jti": "proof-1", "htm": "GET", "htu": "https://api.example/v1/business", "iat": NOW, "ath": ath});
    merge(&mut claims, changes);
    let header = json!({"typ": PROOF_TYPE, "alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": ED_X}});
    sign_texts(Algorithm::EdDsa, &header.to_string(), &claims.to_string())
}

fn request(authorization: &str, proofs: &[&str]) -> Request<String> {
    let mut request = Request::get(PATH).header(AUTHORIZATION, authorization);
    for proof in proofs {
        request = request.header(PROOF_HEADER, *proof);
    }
    must(request.body(String::new()))
}

fn good_request() -> Request<String> {
    request(&format!("DPoP {}", bound()), &[&proof(&bound(), &json!({}))])
}

async fn send(layer: &VerifyLayer<KeySet>, request: Request<String>) -> Response<String> {
    let service = service_fn(async |request: Request<String>| {
        let (caller, claims) = (request.extensions().get::<Caller>(), request.extensions().get::<Arc<Claims>>());
        let sensitive = request.headers().get(PROOF_HEADER).is_some_and(HeaderValue::is_sensitive);
        let known =
            caller.map(|caller| (caller.client(), caller.tenant(), caller.business(), caller.has_scope("business:read")));
        Ok::<_, Infallible>(Response::new(format!("{known:?} {} {sensitive}", claims.is_some())))
    });
    must(layer.layer(service).oneshot(request).await)
}

/// The status, and the challenge's scheme and error.
async fn refusal(layer: &VerifyLayer<KeySet>, request: Request<String>) -> (u16, String) {
    let response = send(layer, request).await;
    let challenge = response.headers().get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap());
    (response.status().as_u16(), challenge.split(", ").next().unwrap_or_default().to_owned())
}

/// The refusal of a request with a bound token and this proof.
async fn refusal_of(proof: &str) -> (u16, String) {
    refusal(&layer(), request(&format!("DPoP {}", bound()), &[proof])).await
}

fn invalid_proof() -> (u16, String) {
    (401, r#"DPoP error="invalid_dpop_proof""#.to_owned())
}

fn invalid_token(scheme: &str) -> (u16, String) {
    (401, format!(r#"{scheme} error="invalid_token""#))
}

#[tokio::test]
async fn a_bound_token_with_its_proof_passes() {
    let response = send(&layer(), good_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), r#"Some(("client-1", Some("tenant-1"), None, true)) true true"#);
    assert!(!response.headers().contains_key(NONCE_HEADER) && !response.headers().contains_key(WWW_AUTHENTICATE));
    let lower = request(&format!("dpop {}", bound()), &[&proof(&bound(), &json!({}))]);
    assert_eq!(send(&layer(), lower).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unbound_token_is_a_bearer_token_and_no_other() {
    let token = Token::good().signed();
    assert_eq!(send(&layer(), request(&format!("Bearer {token}"), &[])).await.status(), StatusCode::OK);
    let dpop = request(&format!("DPoP {token}"), &[&proof(&token, &json!({}))]);
    assert_eq!(refusal(&layer(), dpop).await, invalid_token("Bearer"));
}

#[tokio::test]
async fn a_bound_token_is_no_bearer_token() {
    for proofs in [&[][..], &[proof(&bound(), &json!({})).as_str()]] {
        let bearer = || request(&format!("Bearer {}", bound()), proofs);
        assert_eq!(refusal(&layer(), bearer()).await, invalid_token("DPoP"));
        let without_dpop = VerifyLayer::new(Arc::new(verifier())).clock(|| NOW);
        assert_eq!(refusal(&without_dpop, bearer()).await, invalid_token("Bearer"));
    }
    // Nor is it where the verifier leaves proofs to its caller: the layer is the caller.
    let accepting = VerifyLayer::new(Arc::new(verifier().accept_sender_constrained())).clock(|| NOW);
    assert_eq!(refusal(&accepting, request(&format!("Bearer {}", bound()), &[])).await, invalid_token("Bearer"));
}

#[tokio::test]
async fn a_remembered_token_needs_its_proof_each_time() {
    let layer = VerifyLayer::cached(Arc::new(verifier().cached(10))).dpop(dpop()).clock(|| NOW);
    assert_eq!(send(&layer, good_request()).await.status(), StatusCode::OK);
    assert_eq!(refusal(&layer, good_request()).await, invalid_proof());
    assert_eq!(refusal(&layer, request(&format!("Bearer {}", bound()), &[])).await, invalid_token("DPoP"));
}

#[tokio::test]
async fn a_token_that_is_bound_in_an_unknown_way_is_refused() {
    for cnf in [json!({}), json!({"jwk": {}}), json!({"kid": "x"})] {
        let token = token(cnf);
        assert_eq!(refusal(&layer(), request(&format!("Bearer {token}"), &[])).await, invalid_token("Bearer"));
        let dpop = request(&format!("DPoP {token}"), &[&proof(&token, &json!({}))]);
        assert_eq!(refusal(&layer(), dpop).await, invalid_token("DPoP"));
    }
}

#[tokio::test]
async fn there_is_one_proof() {
    let good = proof(&bound(), &json!({}));
    let other = proof(&bound(), &json!({"jti": "proof-2"}));
    for proofs in [&[][..], &[good.as_str(), other.as_str()], &[good.as_str(), good.as_str()], &["\u{e9}"], &[""]] {
        let request = request(&format!("DPoP {}", bound()), proofs);
        assert_eq!(refusal(&layer(), request).await, invalid_proof());
    }
    assert_eq!(refusal_of(&format!("{good}, {other}")).await, invalid_proof());
}

#[tokio::test]
async fn a_proof_for_something_else_is_refused() {
    for changes in [
        json!({"htm": "POST"}),
        json!({"htu": "https://api.example/v1/other"}),
        json!({"htu": "https://evil.example/v1/business"}),
        json!({"iat": NOW - 61}),
        json!({"iat": NOW + 31}),
        json!({"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}),
        json!({"ath": null}),
        json!({"jti": null}),
    ] {
        assert_eq!(refusal_of(&proof(&bound(), &changes)).await, invalid_proof(), "{changes}");
    }
    let access_token = Token::good().signed();
    assert_eq!(refusal_of(&access_token).await, invalid_proof());
}

#[tokio::test]
async fn a_proof_by_another_key_is_refused() {
    let token = token(json!({"jkt": jwk(Algorithm::Es256).thumbprint()}));
    let request = request(&format!("DPoP {token}"), &[&proof(&token, &json!({}))]);
    assert_eq!(refusal(&layer(), request).await, invalid_token("DPoP"));
}

#[tokio::test]
async fn a_proof_is_used_once() {
    let layer = layer();
    assert_eq!(send(&layer, good_request()).await.status(), StatusCode::OK);
    assert_eq!(refusal(&layer.clone(), good_request()).await, invalid_proof());
    let next = request(&format!("DPoP {}", bound()), &[&proof(&bound(), &json!({"jti": "proof-2"}))]);
    assert_eq!(send(&layer, next).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_with_too_many_proofs_is_asked_to_wait() {
    let layer = with(dpop().memory(ReplayMemory::new(10, 1)));
    assert_eq!(send(&layer, good_request()).await.status(), StatusCode::OK);
    let next = request(&format!("DPoP {}", bound()), &[&proof(&bound(), &json!({"jti": "proof-2"}))]);
    let response = send(&layer, next).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(RETRY_AFTER) && !response.headers().contains_key(WWW_AUTHENTICATE));
}

/// CVE-2026-33495: what a proof is for does not depend on headers.
#[tokio::test]
async fn the_uri_is_that_of_the_configuration() {
    let with_host = |uri: &str| {
        let mut request = good_request();
        for (name, value) in [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http")] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        *request.uri_mut() = must(uri.parse());
        request
    };
    for uri in ["/v1/business?page=1", "https://evil.example/v1/business", "http://api.example:8080/v1/business"] {
        assert_eq!(send(&layer(), with_host(uri)).await.status(), StatusCode::OK, "{uri}");
    }
    assert_eq!(refusal(&layer(), with_host("/v1/other")).await, invalid_proof());
    for (base, path) in [("https://api.example/v1/", "/business"), ("HTTPS://API.example:443/v1", "/business")] {
        let layer = with(must(Dpop::new(base)));
        assert_eq!(send(&layer, with_host(path)).await.status(), StatusCode::OK, "{base}");
    }
}

#[test]
fn a_public_url_is_absolute() {
    for url in
        ["api.example", "/v1", "", "https://", "ftp://api.example", "https://user@api.example", "https://a/?b", "https://a#b"]
    {
        assert_eq!(Dpop::new(url).err(), Some(PublicUrlError), "{url}");
    }
}

#[tokio::test]
async fn algorithms_can_be_fewer() {
    let layer = with(dpop().algorithms(&[Algorithm::Es256, Algorithm::Ps256]));
    let response = send(&layer, good_request()).await;
    let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let expected = concat!(
        r#"DPoP error="invalid_dpop_proof", error_description="the DPoP proof's algorithm is not allowed", "#,
        r#"algs="ES256 PS256""#
    );
    assert_eq!(challenge, Some(expected));
}

#[tokio::test]
async fn without_a_token_both_schemes_are_offered() {
    for authorization in ["Basic YTpi", "DPoPX a.b.c"] {
        let response = send(&layer(), request(authorization, &[])).await;
        let challenges: Vec<_> =
            response.headers().get_all(WWW_AUTHENTICATE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(challenges, ["Bearer", r#"DPoP algs="ES256 RS256 PS256 EdDSA""#]);
    }
}

#[tokio::test]
async fn a_nonce_is_asked_for_and_given() {
    let layer = with(dpop().nonces(nonces()));
    let response = send(&layer, good_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    assert!(challenge.is_some_and(|challenge| challenge.starts_with(r#"DPoP error="use_dpop_nonce""#)));
    let nonce = response.headers().get(NONCE_HEADER).and_then(|value| value.to_str().ok());
    assert_eq!(nonce, Some(nonces().current(NOW).as_str()));

    // The proof without nonce was not used up by the refusal.
    let with_nonce = |nonce: &str| request(&format!("DPoP {}", bound()), &[&proof(&bound(), &json!({"nonce": nonce}))]);
    let response = send(&layer, with_nonce(nonce.unwrap_or_default())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key(NONCE_HEADER));

    for wrong in [nonces().current(NOW - 600), Nonces::new(&[8; 32]).current(NOW), "nonce".to_owned()] {
        assert_eq!(refusal(&layer, with_nonce(&wrong)).await, (401, r#"DPoP error="use_dpop_nonce""#.to_owned()));
    }
}

#[tokio::test]
async fn before_a_nonce_ends_the_next_one_comes_with_an_answer() {
    let layer = with(dpop().nonces(nonces()));
    let old = nonces().current(NOW - 120);
    let response = send(&layer, request(&format!("DPoP {}", bound()), &[&proof(&bound(), &json!({"nonce": old}))])).await;
    assert_eq!(response.status(), StatusCode::OK);
    let next = response.headers().get(NONCE_HEADER).and_then(|value| value.to_str().ok());
    assert_eq!(next, Some(nonces().current(NOW).as_str()));
}

fn with_certificate(token: &str, certificate: Option<PeerCertificate>) -> Request<String> {
    let mut request = request(&format!("Bearer {token}"), &[]);
    request.extensions_mut().extend(
        certificate
            .map(|certificate| {
                let mut extensions = http::Extensions::new();
                extensions.insert(certificate);
                extensions
            })
            .unwrap_or_default(),
    );
    request
}

/// Hazard 36.
#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_needs_that_certificate() {
    let old = PeerCertificate::from_der(b"the certificate");
    let renewed = PeerCertificate::from_der(b"the renewed certificate");
    let token = token(json!({"x5t#S256": old.thumbprint()}));
    assert_eq!(send(&layer(), with_certificate(&token, Some(old))).await.status(), StatusCode::OK);
    assert_eq!(refusal(&layer(), with_certificate(&token, Some(renewed))).await, invalid_token("Bearer"));
    assert_eq!(refusal(&layer(), with_certificate(&token, None)).await, invalid_token("Bearer"));
    let unbound = Token::good().signed();
    assert_eq!(send(&layer(), with_certificate(&unbound, Some(renewed))).await.status(), StatusCode::OK);
}

#[test]
fn a_certificate_has_the_thumbprint_of_its_der() {
    let sha256 = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    assert_eq!(PeerCertificate::from_der(b"abc").thumbprint(), sha256);
    let bytes = must(crate::fixture::bytes(sha256).try_into());
    assert_eq!(PeerCertificate::from_sha256(bytes), PeerCertificate::from_der(b"abc"));
}

/// The example of RFC 8705 appendix A.
#[test]
fn the_certificate_of_the_standard_has_the_thumbprint_of_the_standard() {
    let der = concat!(
        "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwE",
        "bXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGG",
        "WvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUa",
        "KlLR50Q2DmFfQj1L+SY=",
    );
    let der = must(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der));
    assert_eq!(PeerCertificate::from_der(&der).thumbprint(), "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
}

#[tokio::test]
async fn a_token_that_is_bound_to_both_needs_both() {
    let certificate = PeerCertificate::from_der(b"the certificate");
    let token = token(json!({"jkt": thumbprint(), "x5t#S256": certificate.thumbprint()}));
    let mut both = request(&format!("DPoP {token}"), &[&proof(&token, &json!({}))]);
    both.extensions_mut().insert(certificate);
    assert_eq!(send(&layer(), both).await.status(), StatusCode::OK);
    let without = request(&format!("DPoP {token}"), &[&proof(&token, &json!({}))]);
    assert_eq!(refusal(&layer(), without).await, invalid_token("DPoP"));
    assert_eq!(refusal(&layer(), with_certificate(&token, Some(certificate))).await, invalid_token("DPoP"));
}

#[tokio::test]
async fn without_revocations_to_decide_by_nobody_is_told_to_fetch_another_token() {
    let list = Arc::new(RevocationList::new(ISSUER));
    let verifier = crate::Verifier::new(ISSUER, crate::fixture::AUDIENCE, keys()).revocations(list);
    let layer = VerifyLayer::new(Arc::new(verifier)).clock(|| NOW);
    let response = send(&layer, request(&format!("Bearer {}", Token::good().signed()), &[])).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(RETRY_AFTER) && !response.headers().contains_key(WWW_AUTHENTICATE));
}
