//! What the device says (section 6.1), every byte of it accounted for.

use ciborium::Value;

use super::cose::CoseKey;
use super::{CBOR_DEPTH, WebAuthnError};

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;
/// The longest credential id that the specification allows (section 4, "Credential ID").
const CREDENTIAL_ID_MAX: usize = 1023;
const MALFORMED: WebAuthnError = WebAuthnError::Malformed("authenticator data");

/// The parts of it that are looked at.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    pub(super) rp_id_hash: [u8; 32],
    pub(super) is_user_present: bool,
    pub(super) is_user_verified: bool,
    pub(super) sign_count: u32,
    pub(super) credential: Option<AttestedCredential>,
}

/// A key that the device made.
#[derive(Debug)]
pub(super) struct AttestedCredential {
    pub(super) id: Vec<u8>,
    pub(super) key: CoseKey,
}

impl AuthenticatorData {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(MALFORMED)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(MALFORMED)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
        let has = |flag: u8| flags & flag != 0;
        let credential = if has(HAS_CREDENTIAL) { Some(AttestedCredential::read(&mut rest)?) } else { None };
        if has(HAS_EXTENSIONS) {
            let extensions = read_cbor(&mut rest)?;
            extensions.is_map().then_some(()).ok_or(MALFORMED)?;
        }
        if !rest.is_empty() {
            return Err(MALFORMED);
        }
        Ok(Self {
            rp_id_hash: *rp_id_hash,
            is_user_present: has(PRESENT),
            is_user_verified: has(VERIFIED),
            sign_count: u32::from_be_bytes(*count),
            credential,
        })
    }
}

impl AttestedCredential {
    /// Model, length, id and key (section 6.5.1).
    fn read(rest: &mut &[u8]) -> Result<Self, WebAuthnError> {
        let (_model, after) = rest.split_first_chunk::<16>().ok_or(MALFORMED)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or(MALFORMED)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > CREDENTIAL_ID_MAX {
            return Err(MALFORMED);
        }
        let (id, after) = after.split_at_checked(length).ok_or(MALFORMED)?;
        *rest = after;
        let key = CoseKey::read(read_cbor(rest)?)?;
        Ok(Self { id: id.to_vec(), key })
    }
}

fn read_cbor(rest: &mut &[u8]) -> Result<Value, WebAuthnError> {
    ciborium::de::from_reader_with_recursion_limit(rest, CBOR_DEPTH).map_err(|_| MALFORMED)
}
