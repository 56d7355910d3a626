//! The bound: the floor, and of a token endpoint what cannot be left out. It reads the same request, makes the same token and signs
//! it in place with a key that was parsed once. It looks nothing up, compares nothing, limits nothing and logs nothing.

use aws_lc_rs::rand::SystemRandom;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use mintmark_core::random::{PooledRandom, Random};
use mintmark_verify::{Algorithm, JwkSet};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::http::Answers;
use crate::clock;
use crate::failure::Done;
use crate::signer::Signer;

const ISSUER: &str = "https://es256.bench.mintmark.example";
const LIFETIME: i64 = 3600;

pub(super) struct Bound {
    signer: Signer,
    random: SystemRandom,
    /// The encoded header of every token, with the dot.
    header: String,
    jwks: Bytes,
}

/// The claims of Mintmark's tokens, with values of the same lengths.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    client_id: &'a str,
    scope: &'a str,
    tenant_id: &'a str,
    credential_id: &'a str,
    pos: u64,
}

impl Bound {
    pub(super) fn new(algorithm: Algorithm) -> Done<Self> {
        let (signer, jwk) = Signer::generate(algorithm)?;
        let header = serde_json::json!({ "alg": algorithm.as_str(), "typ": "at+jwt", "kid": jwk.kid() });
        let jwks = serde_json::to_vec(&JwkSet { keys: vec![jwk] })?;
        Ok(Self {
            signer,
            random: SystemRandom::new(),
            header: format!("{}.", URL_SAFE_NO_PAD.encode(header.to_string())),
            jwks: jwks.into(),
        })
    }

    fn token(&self, client_id: &str, scope: &str) -> Option<String> {
        let now = clock::unix_seconds();
        let mut jti = [0; 16];
        PooledRandom.fill(&mut jti);
        let claims = Claims {
            iss: ISSUER,
            sub: client_id,
            aud: ISSUER,
            exp: now + LIFETIME,
            iat: now,
            jti: &URL_SAFE_NO_PAD.encode(jti),
            client_id,
            scope,
            tenant_id: "ten_GA6EG2qFxA97NZHtxeLPUy",
            credential_id: "crd_GA6EG2qFxA97NZHtxeLPUy",
            pos: 12,
        };
        let mut token = String::with_capacity(1024);
        token.push_str(&self.header);
        let mut json = Vec::with_capacity(1024);
        serde_json::to_writer(&mut json, &claims).ok()?;
        URL_SAFE_NO_PAD.encode_string(json, &mut token);
        let signature = self.signer.sign(&self.random, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(token)
    }
}

impl Answers for Bound {
    fn answer(&self, head: &Parts, body: &[u8]) -> Result<Bytes, &'static str> {
        if head.uri.path() == "/.well-known/jwks.json" {
            return Ok(self.jwks.clone());
        }
        let (client_id, _secret) = basic(head).ok_or("expected HTTP Basic credentials")?;
        let scope = scope_of(body).ok_or("expected a form with grant_type=client_credentials and scope")?;
        let token = self.token(&client_id, &scope).ok_or("the token could not be made")?;
        let scope = serde_json::to_string(&scope).map_err(|_| "the scope is no text")?;
        let text = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{LIFETIME},"scope":{scope}}}"#);
        Ok(text.into())
    }
}

fn basic(head: &Parts) -> Option<(String, String)> {
    let value = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let pair = String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decode(id)?, decode(secret)?))
}

fn scope_of(body: &[u8]) -> Option<String> {
    let (mut is_grant, mut scope) = (false, None);
    for pair in std::str::from_utf8(body).ok()?.split('&') {
        let (name, value) = pair.split_once('=')?;
        match name {
            "grant_type" => is_grant = decode(value)? == "client_credentials",
            "scope" => scope = decode(value),
            _ => {}
        }
    }
    scope.filter(|_| is_grant)
}

fn decode(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Proof;

    fn head(authorization: &str) -> Parts {
        let request = http::Request::post("/oauth/token").header(AUTHORIZATION, authorization);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn its_tokens_verify_with_its_keys() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let bound = Bound::new(algorithm).unwrap();
            let basic = format!("Basic {}", STANDARD.encode("cli_x:mms_y"));
            let body = bound.answer(&head(&basic), b"grant_type=client_credentials&scope=ledger%3Aread").unwrap();
            Proof::from_document(&bound.jwks, algorithm).unwrap().check(&body).unwrap();
        }
    }

    #[test]
    fn it_reads_what_it_is_sent() {
        let bound = Bound::new(Algorithm::Es256).unwrap();
        let good: &[u8] = b"grant_type=client_credentials&scope=a";
        assert!(bound.answer(&head("Bearer x"), good).is_err());
        let basic = format!("Basic {}", STANDARD.encode("cli_x:mms_y"));
        assert!(bound.answer(&head(&basic), b"grant_type=password&scope=a").is_err());
        assert!(bound.answer(&head(&basic), good).is_ok());
    }
}
