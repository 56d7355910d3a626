use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::dashboard::fixture::ORIGIN;

const PRESENT_AND_VERIFIED: u8 = 1 | 4;
const HAS_KEY: u8 = 64;

/// A device made of software, and the browser around it: what they answer to the options of a page.
pub(in crate::dashboard) struct Authenticator {
    key: Ed25519KeyPair,
    id: Vec<u8>,
    user: Option<String>,
}

/// The options of the first button for passkeys on a page.
pub(in crate::dashboard) fn options(page: &str) -> Value {
    let text = page.split("data-options=\"").nth(1).unwrap().split('"').next().unwrap();
    serde_json::from_str(&text.replace("&#34;", "\"").replace("&#38;", "&")).unwrap()
}

impl Authenticator {
    pub(in crate::dashboard) fn new() -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref()[..20].to_vec();
        Self { key, id, user: None }
    }

    /// What `navigator.credentials.create` gives, as JSON.
    pub(in crate::dashboard) fn create(&mut self, options: &Value) -> String {
        self.user = Some(options["user"]["id"].as_str().unwrap().to_owned());
        let mut data = authenticator_data(options["rp"]["id"].as_str().unwrap(), PRESENT_AND_VERIFIED | HAS_KEY);
        data.extend([0; 16]);
        data.extend([0, 20]);
        data.extend(&self.id);
        // COSE: kty OKP, alg EdDSA, crv Ed25519, x.
        data.extend(b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20");
        data.extend(self.key.public_key().as_ref());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let response = json!({
            "clientDataJSON": encoded(client_data("webauthn.create", options).as_bytes()),
            "attestationObject": encoded(&object), "transports": ["internal"],
        });
        self.message(&response)
    }

    /// What `navigator.credentials.get` gives, as JSON.
    pub(in crate::dashboard) fn get(&self, options: &Value) -> String {
        let client_data = client_data("webauthn.get", options);
        let data = authenticator_data(options["rpId"].as_str().unwrap(), PRESENT_AND_VERIFIED);
        let signed = [&data, digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let response = json!({
            "clientDataJSON": encoded(client_data.as_bytes()), "authenticatorData": encoded(&data),
            "signature": encoded(self.key.sign(&signed).as_ref()), "userHandle": self.user,
        });
        self.message(&response)
    }

    fn message(&self, response: &Value) -> String {
        let id = encoded(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} }).to_string()
    }
}

fn authenticator_data(relying_party: &str, flags: u8) -> Vec<u8> {
    let mut data = digest(&SHA256, relying_party.as_bytes()).as_ref().to_vec();
    data.push(flags);
    // A device that does not count.
    data.extend([0; 4]);
    data
}

fn client_data(kind: &str, options: &Value) -> String {
    json!({ "type": kind, "challenge": options["challenge"], "origin": ORIGIN, "crossOrigin": false }).to_string()
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
