//! A public key as people have it: a JWK, or PEM as OpenSSL writes it (`SubjectPublicKeyInfo`, RFC 5280 section 4.1).

use mintmark_verify::{Algorithm, Jwk};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// What comes before the point of a P-256 key.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// What comes before an Ed25519 key.
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The algorithm of an RSA key.
const RSA: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// The JWK of a pasted key; nothing if it is neither form, or of another algorithm. A private key in PEM is neither.
pub(crate) fn read(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).ok()?;
    serde_json::to_value(of_der(&der)?).ok()
}

/// The JWK of a key in DER; nothing if it is of another algorithm.
pub(crate) fn of_der(der: &[u8]) -> Option<Jwk> {
    if let Some(point) = der.strip_prefix(P256) {
        return Jwk::ec_p256(point).ok();
    }
    if let Some(key) = der.strip_prefix(ED25519) {
        return key.try_into().ok().map(Jwk::ed25519);
    }
    let (outer, []) = element(der, SEQUENCE)? else { return None };
    let (bits, []) = element(outer.strip_prefix(RSA)?, BIT_STRING)? else { return None };
    let (key, []) = element(bits.strip_prefix(&[0])?, SEQUENCE)? else { return None };
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, []) = element(rest, INTEGER)? else { return None };
    Jwk::rsa(modulus, exponent, Algorithm::Ps256).ok()
}

/// The content of a DER element of a type, and what comes after it.
fn element(der: &[u8], of: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != of {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----";
    const ED: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";

    #[test]
    fn a_key_in_pem_becomes_a_jwk() {
        let ec = read(EC).unwrap();
        assert_eq!((ec["kty"].as_str(), ec["crv"].as_str()), (Some("EC"), Some("P-256")));
        assert_eq!(ec["x"], "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY");
        let ed = read(&format!("\n{ED}\n")).unwrap();
        assert_eq!(
            (ed["crv"].as_str(), ed["x"].as_str()),
            (Some("Ed25519"), Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        );
    }

    #[test]
    fn an_rsa_key_in_pem_becomes_a_jwk_with_its_two_numbers() {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let modulus = [vec![0], vec![0xc5; 256]].concat();
        let integer = |bytes: &[u8]| [&[INTEGER, 0x82, 1, 1][..], bytes].concat();
        let numbers = [integer(&modulus), vec![INTEGER, 3, 1, 0, 1]].concat();
        let key = [vec![SEQUENCE, 0x82, 1, 10], numbers].concat();
        let bits = [vec![BIT_STRING, 0x82, 1, 15, 0], key].concat();
        let der = [vec![SEQUENCE, 0x82, 1, 34], RSA.to_vec(), bits].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(der));
        let jwk = read(&pem).unwrap();
        assert_eq!((jwk["kty"].as_str(), jwk["alg"].as_str(), jwk["e"].as_str()), (Some("RSA"), Some("PS256"), Some("AQAB")));
    }

    #[test]
    fn a_jwk_is_taken_as_it_is_and_anything_else_is_refused() {
        assert_eq!(read(r#" {"kty":"OKP"} "#).unwrap()["kty"], "OKP");
        let private = EC.replace("PUBLIC", "PRIVATE");
        let truncated = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----";
        for bad in ["", "abc", "{", private.as_str(), truncated, "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----"] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
