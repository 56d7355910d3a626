//! Keys and tokens for tests: the private keys that RFC 7515 and RFC 8037 publish, so that nothing is random.

use std::fmt::Debug;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

use crate::{Algorithm, Jwk, JwkSet, KeySet, Verifier, base64url};

pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const NOW: i64 = 1_800_000_000;

/// RFC 7515 appendix A.3.
pub(crate) const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
pub(crate) const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const EC_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

/// RFC 8037 appendix A.1.
pub(crate) const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ED_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

/// RFC 7515 appendix A.2.
pub(crate) const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RSA_D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const RSA_P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const RSA_Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
const RSA_DP: &str = "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0";
const RSA_DQ: &str = "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU";
const RSA_QI: &str = "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U";

/// What a fixture needs in order to exist at all.
pub(crate) fn must<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("a fixture is broken: {error:?}"),
    }
}

pub(crate) fn bytes(base64url: &str) -> Vec<u8> {
    must(base64url::decode(base64url).ok_or(base64url))
}

/// The public key for an algorithm; its `kid` is the algorithm's name.
pub(crate) fn jwk(algorithm: Algorithm) -> Jwk {
    let key = match algorithm {
        Algorithm::Es256 => must(Jwk::ec_p256(&[vec![4], bytes(EC_X), bytes(EC_Y)].concat())),
        Algorithm::EdDsa => Jwk::ed25519(&must(bytes(ED_X).try_into())),
        Algorithm::Rs256 | Algorithm::Ps256 => must(Jwk::rsa(&bytes(RSA_N), &[1, 0, 1], algorithm)),
    };
    key.with_kid(algorithm.as_str())
}

pub(crate) fn keys() -> KeySet {
    let keys = Algorithm::ALL.map(jwk).to_vec();
    KeySet::from(JwkSet { keys })
}

pub(crate) fn verifier() -> Verifier<KeySet> {
    Verifier::new(ISSUER, AUDIENCE, keys())
}

pub(crate) fn sign(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Es256 => sign_ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, message),
        Algorithm::EdDsa => {
            let key = must(Ed25519KeyPair::from_seed_and_public_key(&bytes(ED_D), &bytes(ED_X)));
            key.sign(message).as_ref().to_vec()
        }
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let key = rsa_key();
            let mut signature = vec![0; key.public_modulus_len()];
            let padding = match algorithm {
                Algorithm::Ps256 => &RSA_PSS_SHA256,
                _ => &RSA_PKCS1_SHA256,
            };
            must(key.sign(padding, &SystemRandom::new(), message, &mut signature));
            signature
        }
    }
}

/// An ECDSA signature in DER, which JWS does not use.
pub(crate) fn sign_es256_as_der(message: &[u8]) -> Vec<u8> {
    sign_ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, message)
}

fn sign_ecdsa(algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Vec<u8> {
    let point = [vec![4], bytes(EC_X), bytes(EC_Y)].concat();
    let key = must(EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes(EC_D), &point));
    must(key.sign(&SystemRandom::new(), message)).as_ref().to_vec()
}

fn rsa_key() -> RsaKeyPair {
    must(RsaKeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents { n: bytes(RSA_N), e: vec![1, 0, 1] },
        d: bytes(RSA_D),
        p: bytes(RSA_P),
        q: bytes(RSA_Q),
        dP: bytes(RSA_DP),
        dQ: bytes(RSA_DQ),
        qInv: bytes(RSA_QI),
    }))
}

/// A token in the making. What is not changed is good.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Token {
    pub(crate) fn good() -> Self {
        Self::with_algorithm(Algorithm::EdDsa)
    }

    pub(crate) fn with_algorithm(algorithm: Algorithm) -> Self {
        Self {
            header: json!({"typ": "at+jwt", "alg": algorithm, "kid": algorithm}),
            claims: json!({
                "iss": ISSUER, "sub": "client-1", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "jti": "token-1",
                "client_id": "client-1", "scope": "business:read business:write", "tenant_id": "tenant-1",
                "credential_id": "secret-1", "pos": 7,
            }),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().and_then(|members| members.remove(name));
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().and_then(|members| members.remove(name));
        self
    }

    /// Signed with the Ed25519 key, whatever the header says.
    pub(crate) fn signed(&self) -> String {
        self.signed_by(Algorithm::EdDsa)
    }

    pub(crate) fn signed_by(&self, algorithm: Algorithm) -> String {
        sign_texts(algorithm, &self.header.to_string(), &self.claims.to_string())
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Sets the members that `changes` has; `null` takes one away.
pub(crate) fn merge(object: &mut Value, changes: &Value) {
    let Some(changes) = changes.as_object() else { unreachable!("changes are an object") };
    for (name, value) in changes {
        set(object, name, value.clone());
    }
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
}

/// A token of any two texts, rightly signed.
pub(crate) fn sign_texts(algorithm: Algorithm, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
    let signature = sign(algorithm, signed.as_bytes());
    format!("{signed}.{}", base64url::encode(signature))
}
