//! A client's side of signatures: assertions and proofs as a program makes them.

use aws_lc_rs::hmac;
use http::HeaderMap;
use mintmark_verify::{Algorithm, Jwk};
use serde_json::{Value, json};

use crate::base64url;
use crate::crypto::{KeyMaterial, SigningKeyPair};
use crate::fixture::{Answer, HERE, ISSUER, NOW, World};
use crate::model::{Client, Credential, Proof, PublicKey};
use crate::registry::{NewClient, NewCredential};
use crate::store::memory::MemoryStore;
use crate::token::TokenEndpoint;

pub(in crate::token) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(in crate::token) struct KeyHolder {
    pair: SigningKeyPair,
    pub(in crate::token) jwk: Jwk,
}

fn part(value: &Value) -> String {
    let mut text = String::new();
    base64url::push(&mut text, value.to_string().as_bytes());
    text
}

impl KeyHolder {
    pub(in crate::token) fn new(algorithm: Algorithm) -> Self {
        let pair = SigningKeyPair::parse(algorithm, &KeyMaterial::generate(algorithm).unwrap()).unwrap();
        let jwk = pair.public_jwk().unwrap().with_algorithm(algorithm);
        Self { pair, jwk }
    }

    pub(in crate::token) fn public_key(&self) -> NewCredential {
        NewCredential { proof: Proof::PublicKey(PublicKey { jwk: self.jwk.clone() }), expires_at: None }
    }

    /// A client of Acme's that proves itself with this key.
    pub(in crate::token) async fn client(&self, world: &World, change: impl FnOnce(&mut NewClient)) -> (Client, Credential) {
        let created = world.registry.create_client_with(world.new_client(change), self.public_key()).await.unwrap();
        world.poll().await;
        created
    }

    pub(in crate::token) fn header(&self) -> Value {
        json!({ "alg": self.jwk.algorithm().unwrap().as_str(), "kid": self.jwk.kid().unwrap() })
    }

    pub(in crate::token) fn sign(&self, header: &Value, claims: &Value) -> String {
        let mut text = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(text.as_bytes()).unwrap();
        text.push('.');
        base64url::push(&mut text, signature.as_ref());
        text
    }

    pub(in crate::token) fn assertion(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    /// A `DPoP` proof for the standard token endpoint, changed as the test wants.
    pub(in crate::token) fn proof(&self, jti: &str, nonce: Option<&str>, change: impl FnOnce(&mut Value)) -> String {
        let mut jwk = serde_json::to_value(&self.jwk).unwrap();
        let members = jwk.as_object_mut().unwrap();
        members.retain(|name, _| !["kid", "alg", "use"].contains(&name.as_str()));
        let header = json!({ "typ": "dpop+jwt", "alg": self.jwk.algorithm().unwrap().as_str(), "jwk": jwk });
        let mut claims = json!({ "jti": jti, "htm": "POST", "htu": format!("{ISSUER}/oauth/token"), "iat": NOW });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        change(&mut claims);
        self.sign(&header, &claims)
    }
}

/// A MAC with a shared key, as `client_secret_jwt` has it.
pub(in crate::token) fn mac(key: &str, claims: &Value) -> String {
    let mut text = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes());
    text.push('.');
    base64url::push(&mut text, tag.as_ref());
    text
}

/// Claims of a good assertion of a client, with an id of its own.
pub(in crate::token) fn claims(client_id: &str, jti: &str) -> Value {
    json!({ "iss": client_id, "sub": client_id, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": jti })
}

pub(in crate::token) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => {
            claims.as_object_mut().unwrap().remove(name);
        }
        value => claims[name] = value,
    }
    claims
}

pub(in crate::token) fn form(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", escape(value));
    let mut pairs = vec!["grant_type=client_credentials".to_owned()];
    pairs.extend(fields.iter().map(pair));
    pairs.join("&")
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers
}

/// Sends fields to the standard token endpoint.
pub(in crate::token) async fn send(world: &World, fields: &[(&str, &str)]) -> Answer {
    world.send("standard", HERE, None, &headers(), &form(fields)).await
}

/// Sends an assertion alone: it names its client.
pub(in crate::token) async fn assert_with(world: &World, assertion: &str) -> Answer {
    send(world, &[("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)]).await
}

/// Sends fields with a proof.
pub(in crate::token) async fn prove(world: &World, fields: &[(&str, &str)], proofs: &[&str]) -> Answer {
    prove_at(world, &world.endpoint, fields, proofs).await
}

/// The same, to another node.
pub(in crate::token) async fn prove_at(
    world: &World,
    endpoint: &TokenEndpoint<MemoryStore>,
    fields: &[(&str, &str)],
    proofs: &[&str],
) -> Answer {
    let mut headers = headers();
    for proof in proofs {
        headers.append("dpop", proof.parse().unwrap());
    }
    world.send_to(endpoint, ("standard", HERE), None, &headers, &form(fields)).await
}
