//! HTTP Message Signatures (RFC 9421) of the requests that deliver notices, and the digest of their bodies (RFC 9530).
//!
//! A receiver verifies with a public key and shares no secret with anybody. The signature covers the method, the whole URL, and by its
//! digest the body, for a few minutes, under a tag of its own: it is good for nothing else. A base begins with `"@method"`, which no
//! JWS does, so the same bytes can never be signed as a token; the keys are others as well.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Notice;
use crate::clock::Timestamp;
use crate::crypto::WebhookKey;

/// The media type of what is delivered.
const CONTENT_TYPE: &str = "application/json";
/// What the signatures are for (RFC 9421 section 2.3, `tag`).
const TAG: &str = "mintmark-webhook";
/// The label of the signature.
const LABEL: &str = "mintmark";
/// For how many seconds a signature is good: what clocks may differ by, and what a slow receiver may take.
const GOOD_FOR: u32 = 300;

/// What is sent besides the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDelivery {
    /// The body.
    pub body: Vec<u8>,
    /// The headers, without those of the connection.
    pub headers: [(&'static str, String); 4],
}

/// The signed request that tells a notice at a URL. None if the cryptographic library failed.
pub fn sign(notice: &Notice, target_uri: &str, key: &WebhookKey, now: Timestamp) -> Option<SignedDelivery> {
    let body = body_of(notice);
    let content_digest = content_digest(&body);
    let components =
        [("@method", "POST"), ("@target-uri", target_uri), ("content-type", CONTENT_TYPE), ("content-digest", &content_digest)];
    let names = components.map(|(name, _)| format!("\"{name}\"")).join(" ");
    let parameters = format!(
        "({names});created={};expires={};keyid=\"{}\";alg=\"ed25519\";tag=\"{TAG}\"",
        now.0,
        now.plus(GOOD_FOR).0,
        key.kid()
    );
    let signature = key.sign(base(&components, &parameters).as_bytes())?;
    let headers = [
        ("content-type", CONTENT_TYPE.to_owned()),
        ("signature-input", format!("{LABEL}={parameters}")),
        ("signature", format!("{LABEL}=:{}:", STANDARD.encode(signature))),
        ("content-digest", content_digest),
    ];
    Some(SignedDelivery { body, headers })
}

/// What a receiver reads. The same at every try, but for nothing.
fn body_of(notice: &Notice) -> Vec<u8> {
    let mut data = serde_json::to_value(&notice.event).unwrap_or_default();
    if let Some(members) = data.as_object_mut() {
        members.remove("kind");
    }
    let body = serde_json::json!({
        "id": notice.id,
        "kind": notice.kind(),
        "time": notice.at,
        "environment": notice.environment,
        "tenant": notice.tenant_id,
        "data": data,
    });
    body.to_string().into_bytes()
}

/// The value of `Content-Digest` (RFC 9530 section 2).
fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body)))
}

/// What is signed (RFC 9421 section 2.5).
fn base(components: &[(&str, &str)], parameters: &str) -> String {
    let mut base = String::new();
    for (name, value) in components.iter().chain(&[("@signature-params", parameters)]) {
        base.extend(["\"", name, "\": ", value, "\n"]);
    }
    base.truncate(base.len() - 1);
    base
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

    use super::*;
    use crate::crypto::RootKeys;
    use crate::notice::Event;
    use crate::random::SeededRandom;

    /// RFC 9421 appendix B.1.4 and B.2.6.
    #[test]
    fn rfc_9421_appendix_b_2_6_is_reproduced_byte_for_byte() {
        let components = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@method", "POST"),
            ("@path", "/foo"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ];
        let parameters = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                          ;created=1618884473;keyid=\"test-key-ed25519\"";
        let pkcs8 = STANDARD.decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF").unwrap();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).unwrap();
        let signature = pair.sign(base(&components, parameters).as_bytes());
        assert_eq!(
            STANDARD.encode(signature.as_ref()),
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
        );
    }

    /// RFC 9530 appendix B: the same document with and without its line end.
    #[test]
    fn rfc_9530_digests_are_reproduced() {
        for (body, digest) in [
            ("{\"hello\": \"world\"}", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
            ("{\"hello\": \"world\"}\n", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"),
        ] {
            assert_eq!(content_digest(body.as_bytes()), digest);
        }
    }

    #[test]
    fn a_delivery_verifies_with_the_published_key_and_with_no_change_in_it() {
        let random = SeededRandom::new(1);
        let root_keys = RootKeys::parse(&RootKeys::generate(&random)).unwrap();
        let environment = "sandbox".parse().unwrap();
        let keys = root_keys.webhook_keys(&environment);
        let key = keys.first().unwrap();
        let notice = Notice::new((&environment, None), Event::Test, Timestamp(1_800_000_000), &random);
        let uri = "https://hooks.example/a?b=c";
        let sent = sign(&notice, uri, key, Timestamp(1_800_000_007)).unwrap();
        let header = |name| &sent.headers.iter().find(|(known, _)| *known == name).unwrap().1;
        let parameters = header("signature-input").strip_prefix("mintmark=").unwrap();
        assert_eq!(
            parameters,
            &format!(
                "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\");created=1800000007;expires=1800000307;\
                 keyid=\"{}\";alg=\"ed25519\";tag=\"mintmark-webhook\"",
                key.kid()
            )
        );
        let signature = header("signature").strip_prefix("mintmark=:").unwrap().strip_suffix(':').unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        let verifies = |method, uri, body: &[u8]| {
            let digest = content_digest(body);
            let components =
                [("@method", method), ("@target-uri", uri), ("content-type", CONTENT_TYPE), ("content-digest", &digest)];
            let public = UnparsedPublicKey::new(&ED25519, key.public());
            public.verify(base(&components, parameters).as_bytes(), &signature).is_ok()
        };
        assert!(verifies("POST", uri, &sent.body));
        assert!(!verifies("GET", uri, &sent.body));
        assert!(!verifies("POST", "https://hooks.example/a?b=d", &sent.body));
        assert!(!verifies("POST", uri, b"{}"));
        let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        let expected = serde_json::json!({
            "id": notice.id, "kind": "webhook.test", "time": 1_800_000_000, "environment": "sandbox", "tenant": null, "data": {},
        });
        assert_eq!(body, expected);
        assert_eq!(sign(&notice, uri, key, Timestamp(1_800_009_999)).unwrap().body, sent.body, "a retry has the same body");
    }
}
