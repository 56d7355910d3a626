//! Secret scanners whose reports are signed, as those of GitHub's partner programme are: ECDSA with P-256 and SHA-256 over the body, in
//! base64, beside the name of the key. Their public keys are in a file of the form that GitHub publishes.

use std::fmt;
use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

/// The largest file, in bytes.
const MAX_FILE: u64 = 256 * 1024;
/// The longest name of a key, and the longest signature in base64, in characters.
const MAX_TEXT: usize = 256;
/// What stands before the point in the `SubjectPublicKeyInfo` of a P-256 key (RFC 5480 section 2).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Why a file cannot be used. The text names the file and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportersError(String);

impl fmt::Display for ReportersError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ReportersError {}

/// The scanners of a deployment.
#[derive(Debug, Default)]
pub struct Reporters {
    keys: Vec<ReporterKey>,
}

#[derive(Debug)]
struct ReporterKey {
    id: String,
    name: String,
    /// The point, uncompressed.
    point: Vec<u8>,
}

#[derive(Deserialize)]
struct File {
    public_keys: Vec<Entry>,
}

/// What else GitHub writes of a key, such as whether it is the current one, changes nothing here.
#[derive(Deserialize)]
struct Entry {
    key_identifier: String,
    key: String,
    /// What people call the scanner; `github` where it is not said.
    reporter: Option<String>,
}

impl Reporters {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ReportersError> {
        let failed = |cause: &dyn fmt::Display| ReportersError(format!("leaks.reporters_file: {}: {cause}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
        if size > MAX_FILE {
            return Err(failed(&"it is larger than 256 KiB"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        Self::parse(&text).map_err(|cause| failed(&cause))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected {\"public_keys\": [{\"key_identifier\": …, \"key\": …}]}";
        let file: File = serde_json::from_str(text).map_err(|error| format!("{expected}; {error}"))?;
        let keys = file.public_keys.into_iter().map(ReporterKey::read).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// The name of the scanner that signed a body, by the name of its key and the signature.
    pub(crate) fn verify(&self, key_id: &str, signature: &str, body: &[u8]) -> Option<&str> {
        let key = self.keys.iter().find(|key| key.id == key_id && signature.len() <= MAX_TEXT)?;
        let signature = STANDARD.decode(signature).ok()?;
        let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point).verify(body, &signature);
        verified.ok().map(|()| key.name.as_str())
    }
}

impl ReporterKey {
    fn read(Entry { key_identifier: id, key, reporter }: Entry) -> Result<Self, String> {
        let name = reporter.unwrap_or_else(|| "github".to_owned());
        let is_plain =
            |text: &str| !text.is_empty() && text.len() <= MAX_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain(&id) || !is_plain(&name) || name == "holder" {
            return Err(format!("the key {id:?}: expected a name of visible ASCII, and a reporter that is not `holder`"));
        }
        let wrong = || format!("the key {id}: expected the PEM of a public P-256 key");
        let spki = SubjectPublicKeyInfoDer::from_pem_slice(key.as_bytes()).map_err(|_| wrong())?;
        let point = spki.strip_prefix(&P256_SPKI).filter(|point| point.len() == 65).ok_or_else(wrong)?.to_vec();
        Ok(Self { id, name, point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation of its partner programme, with the key that it published then.
    const ID: &str = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";
    const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n\
                       AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n";
    const BODY: &str =
        r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;
    const SIGNATURE: &str = "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";

    fn file(key: &str) -> String {
        serde_json::json!({ "public_keys": [{ "key_identifier": ID, "key": key, "is_current": true }] }).to_string()
    }

    #[test]
    fn the_signed_example_of_githubs_documentation_is_believed() {
        let reporters = Reporters::parse(&file(KEY)).unwrap();
        assert_eq!(reporters.verify(ID, SIGNATURE, BODY.as_bytes()), Some("github"));
    }

    #[test]
    fn nothing_else_is() {
        let reporters = Reporters::parse(&file(KEY)).unwrap();
        let changed = BODY.replace("some_token", "same_token");
        let long = "A".repeat(2000);
        for (id, signature, body) in [
            (ID, SIGNATURE, changed.as_str()),
            (ID, "", BODY),
            (ID, "MEQC", BODY),
            (ID, long.as_str(), BODY),
            ("other", SIGNATURE, BODY),
            ("", SIGNATURE, BODY),
        ] {
            assert_eq!(reporters.verify(id, signature, body.as_bytes()), None, "{id} {signature}");
        }
        assert_eq!(Reporters::default().verify(ID, SIGNATURE, BODY.as_bytes()), None);
    }

    #[test]
    fn a_file_that_holds_no_keys_of_the_kind_is_refused() {
        for text in
            [String::new(), "{}".to_owned(), file(""), file("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")]
        {
            assert!(Reporters::parse(&text).is_err(), "{text}");
        }
        let held = file(KEY).replace("\"is_current\":true", "\"reporter\":\"holder\"");
        assert!(Reporters::parse(&held).unwrap_err().contains("not `holder`"));
    }
}
