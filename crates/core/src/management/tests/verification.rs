//! What a device sends, with each field wrong in turn.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::authenticator::{Answer, Authenticator, HAS_EXTENSIONS, HAS_KEY, PRESENT, VERIFIED, number};
use super::{ORIGIN, Origin};
use crate::clock::Timestamp;
use crate::management::webauthn::{NewKey, WebAuthnError, check_assertion, check_registration};
use crate::management::{PasskeyAssertion, PasskeyAttestation};
use crate::model::{Passkey, PasskeyAlgorithm};

const CHALLENGE: &[u8] = &[7; 32];

fn options() -> Value {
    let challenge = URL_SAFE_NO_PAD.encode(CHALLENGE);
    let rp = json!({ "id": "admin.example" });
    json!({ "challenge": challenge, "rpId": "admin.example", "rp": rp, "user": { "id": "YW5u" } })
}

fn origin() -> Origin {
    Origin::parse(ORIGIN).unwrap()
}

fn registered(device: &mut Authenticator, change: impl Fn(&mut Answer)) -> Result<NewKey, WebAuthnError> {
    check_registration(&device.create_with(&options(), change), CHALLENGE, &origin())
}

fn passkey(device: &mut Authenticator) -> Passkey {
    let key = registered(device, |_| {}).unwrap();
    Passkey {
        credential_id: key.credential_id,
        name: "Laptop".to_owned(),
        algorithm: key.algorithm,
        public_key: key.public_key,
        sign_count: key.sign_count,
        created_at: Timestamp(0),
        last_used_at: None,
    }
}

type Change = fn(&mut Answer);

/// What is wrong alike in both kinds of answer.
const WRONG: &[(Change, WebAuthnError)] = &[
    (|answer| answer.client_data["type"] = "webauthn.other".into(), WebAuthnError::Type),
    (|answer| answer.client_data["challenge"] = "AAAA".into(), WebAuthnError::Challenge),
    (|answer| answer.client_data["challenge"] = "".into(), WebAuthnError::Challenge),
    (|answer| answer.client_data["challenge"] = "+/==".into(), WebAuthnError::Challenge),
    (|answer| answer.client_data["origin"] = "https://admin.example.org".into(), WebAuthnError::Origin),
    (|answer| answer.client_data["origin"] = "http://admin.example".into(), WebAuthnError::Origin),
    (|answer| answer.client_data["origin"] = "https://admin.example:444".into(), WebAuthnError::Origin),
    (|answer| answer.client_data["origin"] = "https://admin.example/".into(), WebAuthnError::Origin),
    (|answer| answer.client_data["crossOrigin"] = true.into(), WebAuthnError::Origin),
    (|answer| answer.client_data["topOrigin"] = "https://other.example".into(), WebAuthnError::Origin),
    (|answer| answer.client_data = Value::Null, WebAuthnError::Malformed("client data")),
    (|answer| answer.rp_id = "example".to_owned(), WebAuthnError::RelyingParty),
    (|answer| answer.rp_id = "other.admin.example".to_owned(), WebAuthnError::RelyingParty),
    (|answer| answer.flags &= !VERIFIED, WebAuthnError::UserVerification),
    (|answer| answer.flags &= !PRESENT, WebAuthnError::UserVerification),
    (|answer| answer.more = vec![0], WebAuthnError::Malformed("authenticator data")),
    (|answer| answer.flags |= HAS_EXTENSIONS, WebAuthnError::Malformed("authenticator data")),
];

#[test]
fn a_registration_is_taken_and_one_with_a_wrong_field_is_not() {
    for device in [&mut Authenticator::es256(), &mut Authenticator::ed25519(), &mut Authenticator::rs256()] {
        let key = registered(device, |_| {}).unwrap();
        assert_eq!(key.credential_id, device.credential_id);
        for (number, (change, expected)) in WRONG.iter().enumerate() {
            assert_eq!(registered(device, change), Err(*expected), "{number}");
        }
    }
    let wrong: &[(Change, WebAuthnError)] = &[
        (|answer| answer.client_data["type"] = "webauthn.get".into(), WebAuthnError::Type),
        (|answer| answer.flags &= !HAS_KEY, WebAuthnError::Malformed("authenticator data")),
        (|answer| answer.credential_id = vec![1; 16], WebAuthnError::Credential),
        (|answer| answer.credential_id = Vec::new(), WebAuthnError::Malformed("authenticator data")),
        (|answer| answer.credential_id = vec![1; 1024], WebAuthnError::Malformed("authenticator data")),
        (|answer| answer.format = "packed", WebAuthnError::Attestation),
        (|answer| answer.statement = vec![(number(1), number(1))], WebAuthnError::Attestation),
        // PS256, a curve that is not taken, and a key type that does not go with its algorithm.
        (|answer| answer.key[1].1 = number(-37), WebAuthnError::Algorithm),
        (|answer| answer.key[2].1 = number(2), WebAuthnError::Algorithm),
        (|answer| answer.key[0].1 = number(1), WebAuthnError::Algorithm),
        (|answer| answer.key[3].1 = Cbor::Bytes(vec![1; 31]), WebAuthnError::Malformed("public key")),
        // A point that is not on the curve.
        (|answer| answer.key[3].1 = Cbor::Bytes(vec![0xff; 32]), WebAuthnError::Malformed("public key")),
        (|answer| drop(answer.key.remove(4)), WebAuthnError::Malformed("public key")),
        (|answer| answer.key.push((number(3), number(-7))), WebAuthnError::Malformed("public key")),
    ];
    for (number, (change, expected)) in wrong.iter().enumerate() {
        assert_eq!(registered(&mut Authenticator::es256(), change), Err(*expected), "{number}");
    }
}

#[test]
fn an_rsa_key_that_is_too_short_or_none_is_refused() {
    let wrong: &[Change] = &[
        |answer| answer.key[2].1 = Cbor::Bytes(vec![0xff; 128]),
        |answer| answer.key[2].1 = Cbor::Bytes(vec![0xff; 1024]),
        |answer| answer.key[2].1 = Cbor::Bytes(vec![0xfe; 256]),
        |answer| answer.key[3].1 = Cbor::Bytes(vec![1]),
        |answer| answer.key[3].1 = Cbor::Bytes(vec![0, 0, 1]),
        |answer| answer.key[3].1 = Cbor::Bytes(Vec::new()),
        |answer| answer.key[3].1 = Cbor::Bytes(vec![1, 0, 0, 0, 1]),
        |answer| answer.key[3].1 = number(65537),
    ];
    for (number, change) in wrong.iter().enumerate() {
        let refused = registered(&mut Authenticator::rs256(), change);
        assert_eq!(refused, Err(WebAuthnError::Malformed("public key")), "{number}");
    }
}

#[test]
fn a_device_may_tell_extensions() {
    let mut device = Authenticator::es256();
    let with_extensions = |answer: &mut Answer| {
        answer.flags |= HAS_EXTENSIONS;
        answer.more = vec![0xa0];
    };
    assert!(registered(&mut device, with_extensions).is_ok());
}

#[test]
fn an_assertion_is_taken_and_one_with_a_wrong_field_is_not() {
    for mut device in [Authenticator::es256(), Authenticator::ed25519(), Authenticator::rs256()] {
        let passkey = passkey(&mut device);
        let mut check = |change: Change| check_assertion(&device.get_with(&options(), change), &passkey, CHALLENGE, &origin());
        assert!(check(|_| {}).is_ok());
        for (number, (change, expected)) in WRONG.iter().enumerate() {
            assert_eq!(check(*change), Err(*expected), "{number}");
        }
        assert_eq!(check(|answer| answer.client_data["type"] = "webauthn.create".into()), Err(WebAuthnError::Type));
        assert_eq!(check(|answer| answer.credential_id = vec![1; 20]), Err(WebAuthnError::Credential));
        assert_eq!(check(|answer| answer.spoil_signature = true), Err(WebAuthnError::Signature));
    }
}

#[test]
fn a_signature_of_another_key_or_over_something_else_is_refused() {
    let (mut device, mut other) = (Authenticator::es256(), Authenticator::es256());
    let passkey = passkey(&mut device);
    let good = device.get(&options());
    let mut foreign = other.get(&options());
    foreign.credential_id.clone_from(&good.credential_id);
    let check = |assertion: &PasskeyAssertion| check_assertion(assertion, &passkey, CHALLENGE, &origin());
    assert_eq!(check(&foreign), Err(WebAuthnError::Signature));
    let mut changed = good.clone();
    *changed.authenticator_data.last_mut().unwrap() ^= 1;
    assert_eq!(check(&changed), Err(WebAuthnError::Signature));
    let mut changed = good.clone();
    changed.client_data_json.push(b' ');
    assert_eq!(check(&changed), Err(WebAuthnError::Signature));
    let confused = Passkey { algorithm: PasskeyAlgorithm::EdDsa, ..passkey.clone() };
    assert_eq!(check_assertion(&good, &confused, CHALLENGE, &origin()), Err(WebAuthnError::Signature));
    assert_eq!(check_assertion(&good, &passkey, &[8; 32], &origin()), Err(WebAuthnError::Challenge));
    assert!(check(&good).is_ok());
}

#[test]
fn a_device_that_counts_goes_up() {
    let mut device = Authenticator::es256();
    let mut passkey = passkey(&mut device);
    passkey.sign_count = 5;
    let mut check = |count: u32| {
        let assertion = device.get_with(&options(), |answer| answer.count = count);
        check_assertion(&assertion, &passkey, CHALLENGE, &origin())
    };
    assert_eq!(check(6), Ok(6));
    for count in [0, 4, 5] {
        assert_eq!(check(count), Err(WebAuthnError::SignCount), "{count}");
    }
}

#[test]
fn a_message_is_read_as_browsers_write_it() {
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut device = Authenticator::es256();
    let made = device.create(&options());
    let json = json!({
        "id": encoded(&made.credential_id), "rawId": encoded(&made.credential_id), "type": "public-key",
        "authenticatorAttachment": "platform", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": encoded(&made.client_data_json), "attestationObject": encoded(&made.attestation_object),
            "transports": ["internal"], "publicKeyAlgorithm": -7,
        },
    });
    assert_eq!(PasskeyAttestation::parse(&json.to_string()), Ok(made));
    let used = device.get(&options());
    let mut json = json!({
        "id": encoded(&used.credential_id), "rawId": encoded(&used.credential_id), "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": encoded(&used.client_data_json), "authenticatorData": encoded(&used.authenticator_data),
            "signature": encoded(&used.signature), "userHandle": encoded(used.user_handle.as_ref().unwrap()),
        },
    });
    assert_eq!(PasskeyAssertion::parse(&json.to_string()), Ok(used.clone()));
    json["response"]["userHandle"] = Value::Null;
    assert_eq!(PasskeyAssertion::parse(&json.to_string()), Ok(PasskeyAssertion { user_handle: None, ..used }));
    json["type"] = "password".into();
    assert!(PasskeyAssertion::parse(&json.to_string()).is_err());
    assert!(PasskeyAssertion::parse(&" ".repeat(20_000)).is_err());
    assert!(PasskeyAttestation::parse("{}").is_err());
}

proptest! {
    #[test]
    fn no_bytes_are_a_registration_and_none_make_it_stop(object in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..200, to in any::<u8>()) {
        let mut device = Authenticator::ed25519();
        let good = device.create(&options());
        let wrong = PasskeyAttestation { attestation_object: object, ..good.clone() };
        prop_assert!(check_registration(&wrong, CHALLENGE, &origin()).is_err());
        // One byte of a good one changed: it may be another good one, and is never read past its end.
        let mut changed = good;
        let length = changed.attestation_object.len();
        changed.attestation_object[at % length] = to;
        let _ = check_registration(&changed, CHALLENGE, &origin());
        changed.attestation_object.truncate(at % length);
        prop_assert!(check_registration(&changed, CHALLENGE, &origin()).is_err());
    }
}
