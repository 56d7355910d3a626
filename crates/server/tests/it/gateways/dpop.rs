//! What must come of tokens that are bound to a key (RFC 9449), at a gateway that asks Mintmark: they pass with a proof of the very
//! request that the caller sent, once.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::clock::Clock;
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_verify::Algorithm;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::guard::{Guard, client};
use super::issuer::{AUDIENCE, ENVIRONMENT, Issuer, SCOPE};
use crate::fixture::{form, issuer};

/// What is asked for; clients name it in their proofs without its query (RFC 9449 section 4.2).
const PATH: &str = "/entries/%C3%A4%2Fb";
const TOKEN_PATH: &str = "/oauth/token";

/// A client with a key, and a token that is bound to it.
struct Holder<'a> {
    issuer: &'a Issuer,
    guard: &'a Guard,
    pair: SigningKeyPair,
    token: String,
}

/// Asks with proofs good and bad.
pub(super) async fn judge_bound_tokens(issuer: &Issuer, guard: &Guard) {
    let mut holder = Holder { issuer, guard, pair: new_pair(), token: String::new() };
    holder.token = holder.bound_token().await;
    passes_once(&holder).await;
    passes_as_it_was_sent(&holder).await;
    refuses_other_proofs(&holder).await;
    refuses_other_ways(&holder).await;
}

async fn passes_once(holder: &Holder<'_>) {
    let proof = holder.proof("once", |_| ());
    let answer = holder.ask(&proof).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let world = holder.issuer.server.world;
    assert_eq!(told["client_id"], world.client(ENVIRONMENT, "standard").id.as_str(), "{told}");
    assert_eq!((&told["authorization"], &told["gateway"]), (&Value::Null, &Value::Null), "{told}");
    refused("the same once more", &holder.ask(&proof).send().await.unwrap());
}

/// With a method and a body, and whatever the caller says of the request itself.
async fn passes_as_it_was_sent(holder: &Holder<'_>) {
    let proof = holder.proof("sent", |claims| claims["htm"] = json!("PUT"));
    let put = |proof: &str| {
        let request = holder.request(Method::PUT, PATH, proof).body("an entry");
        request.header("X-Original-Method", "GET").header("X-Original-URI", "/other").header("X-Forwarded-Method", "GET")
    };
    let answer = put(&proof).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    refused("the proof of what a caller says it sent", &put(&holder.proof("said", |_| ())).send().await.unwrap());
    let elsewhere = holder.proof("elsewhere", |claims| claims["htu"] = json!(format!("{AUDIENCE}/other")));
    refused("of the path that a caller says", &put(&elsewhere).send().await.unwrap());
}

async fn refuses_other_proofs(holder: &Holder<'_>) {
    let proofs = [
        ("of another method", holder.proof("a", |claims| claims["htm"] = json!("DELETE"))),
        ("of another path", holder.proof("b", |claims| claims["htu"] = json!(format!("{AUDIENCE}/entries")))),
        ("of the gateway's own address", holder.proof("c", |claims| claims["htu"] = json!(holder.guard.url))),
        ("of another token", holder.proof("d", |claims| claims["ath"] = json!(URL_SAFE_NO_PAD.encode([7; 32])))),
        ("of no token", holder.proof("e", |claims| claims["ath"] = Value::Null)),
        ("too old", holder.proof("f", |claims| claims["iat"] = json!(holder.now() - 61))),
        ("from the future", holder.proof("g", |claims| claims["iat"] = json!(holder.now() + 31))),
        ("that is none", "what.is.this".to_owned()),
    ];
    for (what, proof) in proofs {
        refused(what, &holder.ask(&proof).send().await.unwrap());
    }
    let thief = Holder { pair: new_pair(), token: holder.token.clone(), ..*holder };
    refused("of another key", &thief.ask(&thief.proof("h", |_| ())).send().await.unwrap());
}

async fn refuses_other_ways(holder: &Holder<'_>) {
    let url = format!("{}{PATH}", holder.guard.url);
    let bearer = client().get(&url).bearer_auth(&holder.token);
    refused("as a bearer token", &bearer.send().await.unwrap());
    let bearer = client().get(&url).bearer_auth(&holder.token).header("DPoP", holder.proof("i", |_| ()));
    refused("as a bearer token with a proof", &bearer.send().await.unwrap());
    let without = client().get(&url).header("Authorization", format!("DPoP {}", holder.token));
    refused("without a proof", &without.send().await.unwrap());
    let twice = holder.ask(&holder.proof("j", |_| ())).header("DPoP", holder.proof("k", |_| ()));
    refused("with two proofs", &twice.send().await.unwrap());
    let free = Holder { token: holder.issuer.good_token().await, pair: new_pair(), ..*holder };
    refused("a token that is not bound", &free.ask(&free.proof("l", |_| ())).send().await.unwrap());
}

fn refused(what: &str, answer: &Response) {
    assert_eq!(answer.status(), 401, "{what}: {answer:?}");
    assert!(answer.headers().contains_key("www-authenticate"), "{what}: {answer:?}");
}

fn new_pair() -> SigningKeyPair {
    SigningKeyPair::parse(Algorithm::Es256, &KeyMaterial::generate(Algorithm::Es256).unwrap()).unwrap()
}

impl Holder<'_> {
    fn now(&self) -> i64 {
        self.issuer.server.clock.now().0
    }

    fn ask(&self, proof: &str) -> RequestBuilder {
        self.request(Method::GET, &format!("{PATH}?page=2"), proof)
    }

    fn request(&self, method: Method, path: &str, proof: &str) -> RequestBuilder {
        let request = client().request(method, format!("{}{path}", self.guard.url));
        request.header("Authorization", format!("DPoP {}", self.token)).header("DPoP", proof)
    }

    /// A proof of a GET with the token, changed as the test wants; members of `null` are left out.
    fn proof(&self, jti: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "jti": jti, "htm": "GET", "htu": format!("{AUDIENCE}{PATH}"), "iat": self.now(),
            "ath": URL_SAFE_NO_PAD.encode(digest(&SHA256, self.token.as_bytes())),
        });
        change(&mut claims);
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.sign(&claims)
    }

    fn sign(&self, claims: &Value) -> String {
        let mut jwk = serde_json::to_value(self.pair.public_jwk().unwrap()).unwrap();
        jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(claims));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(input.as_bytes()).unwrap()))
    }

    /// By the token endpoint, which asks for a nonce first.
    async fn bound_token(&self) -> String {
        let server = &self.issuer.server;
        let own = server.world.client(ENVIRONMENT, "standard");
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&resource={AUDIENCE}&scope={SCOPE}",
            own.id, own.secret
        );
        let send = async |jti: &str, nonce: Option<&str>| {
            let htu = format!("{}{TOKEN_PATH}", issuer(ENVIRONMENT));
            let mut claims = json!({ "jti": jti, "htm": "POST", "htu": htu, "iat": self.now() });
            if let Some(nonce) = nonce {
                claims["nonce"] = nonce.into();
            }
            let header = format!("\r\nDPoP: {}\r\n", self.sign(&claims));
            server.send(form(TOKEN_PATH, &body).replacen("\r\n", &header, 1)).await
        };
        let challenged = send("first", None).await;
        assert_eq!(challenged.json()["error"], "use_dpop_nonce", "{challenged:?}");
        let answer = send("second", challenged.header("dpop-nonce")).await.json();
        assert_eq!(answer["token_type"], "DPoP", "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }
}
