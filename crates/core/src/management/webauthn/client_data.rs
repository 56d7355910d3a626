//! What the browser says that it was asked (section 5.8.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{Origin, WebAuthnError};

/// To make a passkey.
pub(super) const CREATE: &str = "webauthn.create";
/// To use one.
pub(super) const GET: &str = "webauthn.get";

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    is_cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Whether it was asked for this, at this origin, in no frame of another.
pub(super) fn check_client_data(json: &[u8], kind: &str, challenge: &[u8], origin: &Origin) -> Result<(), WebAuthnError> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| WebAuthnError::Malformed("client data"))?;
    if data.kind != kind {
        return Err(WebAuthnError::Type);
    }
    let answered = URL_SAFE_NO_PAD.decode(&data.challenge).map_err(|_| WebAuthnError::Challenge)?;
    verify_slices_are_equal(&answered, challenge).map_err(|_| WebAuthnError::Challenge)?;
    if data.origin != origin.as_str() || data.is_cross_origin || data.top_origin.is_some() {
        return Err(WebAuthnError::Origin);
    }
    Ok(())
}
