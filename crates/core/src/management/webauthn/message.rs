//! What a page sends: a `PublicKeyCredential` as its `toJSON` writes it (section 5.1.8).

use serde::Deserialize;

use super::WebAuthnError;

/// The longest message, in bytes.
const MAX: usize = 16 * 1024;

/// The answer to a request to make a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyAttestation {
    /// The id that the device gave the passkey.
    pub credential_id: Vec<u8>,
    /// What the browser was asked, as JSON.
    pub client_data_json: Vec<u8>,
    /// What the device made, as CBOR.
    pub attestation_object: Vec<u8>,
}

/// The answer to a request to use a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyAssertion {
    /// Which passkey.
    pub credential_id: Vec<u8>,
    /// What the browser was asked, as JSON.
    pub client_data_json: Vec<u8>,
    /// What the device says.
    pub authenticator_data: Vec<u8>,
    /// The signature over both.
    pub signature: Vec<u8>,
    /// Whose passkey it is, as the device was told when it made it.
    pub user_handle: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Message<R> {
    #[serde(rename = "rawId", with = "crate::base64url::bytes")]
    raw_id: Vec<u8>,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
struct Attested {
    #[serde(rename = "clientDataJSON", with = "crate::base64url::bytes")]
    client_data_json: Vec<u8>,
    #[serde(rename = "attestationObject", with = "crate::base64url::bytes")]
    attestation_object: Vec<u8>,
}

#[derive(Deserialize)]
struct Asserted {
    #[serde(rename = "clientDataJSON", with = "crate::base64url::bytes")]
    client_data_json: Vec<u8>,
    #[serde(rename = "authenticatorData", with = "crate::base64url::bytes")]
    authenticator_data: Vec<u8>,
    #[serde(with = "crate::base64url::bytes")]
    signature: Vec<u8>,
    #[serde(default, rename = "userHandle")]
    user_handle: Option<Handle>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Handle(#[serde(with = "crate::base64url::bytes")] Vec<u8>);

impl PasskeyAttestation {
    /// Reads it from JSON.
    pub fn parse(json: &str) -> Result<Self, WebAuthnError> {
        let Message { raw_id, response, .. } = read::<Attested>(json)?;
        let Attested { client_data_json, attestation_object } = response;
        Ok(Self { credential_id: raw_id, client_data_json, attestation_object })
    }
}

impl PasskeyAssertion {
    /// Reads it from JSON.
    pub fn parse(json: &str) -> Result<Self, WebAuthnError> {
        let Message { raw_id, response, .. } = read::<Asserted>(json)?;
        let Asserted { client_data_json, authenticator_data, signature, user_handle } = response;
        let user_handle = user_handle.map(|handle| handle.0);
        Ok(Self { credential_id: raw_id, client_data_json, authenticator_data, signature, user_handle })
    }
}

fn read<'a, R: Deserialize<'a>>(json: &'a str) -> Result<Message<R>, WebAuthnError> {
    const PART: WebAuthnError = WebAuthnError::Malformed("message");
    if json.len() > MAX {
        return Err(PART);
    }
    let message: Message<R> = serde_json::from_str(json).map_err(|_| PART)?;
    if message.kind == "public-key" { Ok(message) } else { Err(PART) }
}
