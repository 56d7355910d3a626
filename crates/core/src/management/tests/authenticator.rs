//! A device made of software, which can also answer wrongly.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ciborium::Value as Cbor;
use serde_json::{Value, json};

use crate::management::{PasskeyAssertion, PasskeyAttestation};

pub(super) const PRESENT: u8 = 1;
pub(super) const VERIFIED: u8 = 4;
pub(super) const HAS_KEY: u8 = 64;
pub(super) const HAS_EXTENSIONS: u8 = 128;

enum Key {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

pub(super) struct Authenticator {
    key: Key,
    pub(super) credential_id: Vec<u8>,
    /// How often it signed; it stays 0 for a device that does not count.
    pub(super) count: u32,
    counts: bool,
    pub(super) user_handle: Option<Vec<u8>>,
}

/// What it is about to answer, for tests to change.
pub(super) struct Answer {
    pub(super) client_data: Value,
    pub(super) rp_id: String,
    pub(super) flags: u8,
    pub(super) count: u32,
    pub(super) credential_id: Vec<u8>,
    /// The key as CBOR.
    pub(super) key: Vec<(Cbor, Cbor)>,
    /// What follows all that.
    pub(super) more: Vec<u8>,
    pub(super) format: &'static str,
    pub(super) statement: Vec<(Cbor, Cbor)>,
    /// Of the answer, after it was signed.
    pub(super) spoil_signature: bool,
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

pub(super) fn number(number: i64) -> Cbor {
    Cbor::Integer(number.into())
}

impl Authenticator {
    pub(super) fn es256() -> Self {
        Self::of(Key::Es256(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())), true)
    }

    /// A device with Ed25519 that does not count.
    pub(super) fn ed25519() -> Self {
        Self::of(Key::EdDsa(Ed25519KeyPair::generate().unwrap()), false)
    }

    /// A device with RSA.
    pub(super) fn rs256() -> Self {
        Self::of(Key::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())), true)
    }

    fn of(key: Key, counts: bool) -> Self {
        let public = match &key {
            Key::Es256(pair) => pair.public_key().as_ref().to_vec(),
            Key::EdDsa(pair) => pair.public_key().as_ref().to_vec(),
            Key::Rs256(pair) => pair.public_key().as_ref().to_vec(),
        };
        let credential_id = digest(&SHA256, &public).as_ref()[..20].to_vec();
        Self { key, credential_id, count: 0, counts, user_handle: None }
    }

    pub(super) fn create(&mut self, options: &Value) -> PasskeyAttestation {
        self.create_with(options, |_| {})
    }

    pub(super) fn create_with(&mut self, options: &Value, change: impl Fn(&mut Answer)) -> PasskeyAttestation {
        use base64::Engine;
        let user = options["user"]["id"].as_str().unwrap();
        self.user_handle = Some(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(user).unwrap());
        let answer = self.answer("webauthn.create", options, options["rp"]["id"].as_str().unwrap(), HAS_KEY, &change);
        let data = answer.authenticator_data();
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".to_owned()), Cbor::Text(answer.format.to_owned())),
            (Cbor::Text("attStmt".to_owned()), Cbor::Map(answer.statement.clone())),
            (Cbor::Text("authData".to_owned()), Cbor::Bytes(data)),
        ]);
        PasskeyAttestation {
            credential_id: self.credential_id.clone(),
            client_data_json: answer.client_data.to_string().into_bytes(),
            attestation_object: cbor(&object),
        }
    }

    pub(super) fn get(&mut self, options: &Value) -> PasskeyAssertion {
        self.get_with(options, |_| {})
    }

    pub(super) fn get_with(&mut self, options: &Value, change: impl Fn(&mut Answer)) -> PasskeyAssertion {
        let answer = self.answer("webauthn.get", options, options["rpId"].as_str().unwrap(), 0, &change);
        let client_data_json = answer.client_data.to_string().into_bytes();
        let authenticator_data = answer.authenticator_data();
        let mut signed = authenticator_data.clone();
        signed.extend_from_slice(digest(&SHA256, &client_data_json).as_ref());
        let mut signature = match &self.key {
            Key::Es256(pair) => pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec(),
            Key::EdDsa(pair) => pair.sign(&signed).as_ref().to_vec(),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).unwrap();
                signature
            }
        };
        if answer.spoil_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        let credential_id = answer.credential_id;
        PasskeyAssertion {
            credential_id,
            client_data_json,
            authenticator_data,
            signature,
            user_handle: self.user_handle.clone(),
        }
    }

    fn answer(&mut self, kind: &str, options: &Value, rp_id: &str, flag: u8, change: &impl Fn(&mut Answer)) -> Answer {
        self.count += u32::from(self.counts);
        let mut answer = Answer {
            client_data: json!({
                "type": kind, "challenge": options["challenge"], "origin": super::ORIGIN, "crossOrigin": false,
            }),
            rp_id: rp_id.to_owned(),
            flags: PRESENT | VERIFIED | flag,
            count: self.count,
            credential_id: self.credential_id.clone(),
            key: self.cose_key(),
            more: Vec::new(),
            format: "none",
            statement: Vec::new(),
            spoil_signature: false,
        };
        change(&mut answer);
        answer
    }

    fn cose_key(&self) -> Vec<(Cbor, Cbor)> {
        match &self.key {
            Key::Es256(pair) => {
                let point = pair.public_key().as_ref();
                vec![
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(1)),
                    (number(-2), Cbor::Bytes(point[1..33].to_vec())),
                    (number(-3), Cbor::Bytes(point[33..].to_vec())),
                ]
            }
            Key::EdDsa(pair) => vec![
                (number(1), number(1)),
                (number(3), number(-8)),
                (number(-1), number(6)),
                (number(-2), Cbor::Bytes(pair.public_key().as_ref().to_vec())),
            ],
            Key::Rs256(pair) => vec![
                (number(1), number(3)),
                (number(3), number(-257)),
                (number(-1), Cbor::Bytes(pair.public_key().modulus().big_endian_without_leading_zero().to_vec())),
                (number(-2), Cbor::Bytes(pair.public_key().exponent().big_endian_without_leading_zero().to_vec())),
            ],
        }
    }
}

impl Answer {
    fn authenticator_data(&self) -> Vec<u8> {
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags);
        data.extend_from_slice(&self.count.to_be_bytes());
        if self.flags & HAS_KEY != 0 {
            data.extend_from_slice(&[0; 16]);
            data.extend_from_slice(&u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
            data.extend_from_slice(&self.credential_id);
            data.extend_from_slice(&cbor(&Cbor::Map(self.key.clone())));
        }
        data.extend_from_slice(&self.more);
        data
    }
}
