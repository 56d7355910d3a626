//! What counts as an answer. A fast error is no token: every answer is checked, and of a sample the signature too.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_verify::{Algorithm, JwkSet, VerifyingKey};
use serde::Deserialize;

use crate::answer::{Answer, contains};
use crate::failure::{Context, Done, Failure, fail};

/// What every answer of a load must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// 200 with an access token.
    Token,
    /// 401 without one.
    Refusal,
    /// 200 with keys.
    Keys,
}

impl Expect {
    /// Why an answer is not what was expected.
    pub(crate) fn check(self, answer: &Answer<'_>) -> Result<(), String> {
        let (status, name, must_be_there): (u16, &[u8], bool) = match self {
            Expect::Token => (200, b"\"access_token\"", true),
            Expect::Refusal => (401, b"\"access_token\"", false),
            Expect::Keys => (200, b"\"keys\"", true),
        };
        if answer.status != status {
            return Err(format!("expected status {status}, found {}: {}", answer.status, excerpt(&answer.body)));
        }
        if contains(&answer.body, name) != must_be_there {
            let (name, with) = (String::from_utf8_lossy(name), if must_be_there { "with" } else { "without" });
            return Err(format!("expected an answer {with} {name}, found: {}", excerpt(&answer.body)));
        }
        Ok(())
    }
}

/// The beginning of a body, for a message. Tokens end before their signature.
fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..body.len().min(120)).unwrap_or_default()).into_owned()
}

/// The published keys that a server's tokens must verify with.
#[derive(Debug)]
pub(crate) struct Proof {
    algorithm: Algorithm,
    keys: Vec<(Option<String>, VerifyingKey)>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

impl Proof {
    /// From a JWKS document. Keys of other algorithms are left out; one that names none is taken for what it can be.
    pub(crate) fn from_document(document: &[u8], algorithm: Algorithm) -> Done<Self> {
        let set: JwkSet = serde_json::from_slice(document).context(|| "the JWKS cannot be read".to_owned())?;
        let mut keys = Vec::new();
        for jwk in set.keys {
            let kid = jwk.kid().map(str::to_owned);
            let jwk = if jwk.algorithm().is_none() { jwk.with_algorithm(algorithm) } else { jwk };
            if let Ok(key) = VerifyingKey::try_from(&jwk)
                && key.algorithm() == algorithm
            {
                keys.push((kid, key));
            }
        }
        if keys.is_empty() {
            return fail!("expected a usable {algorithm} key in the JWKS, found: {}", excerpt(document));
        }
        Ok(Self { algorithm, keys })
    }

    /// Checks the signature of the token in an answer's body.
    pub(crate) fn check(&self, body: &[u8]) -> Done<()> {
        let answer: TokenAnswer = serde_json::from_slice(body).context(|| "an answer is no JSON with a token".to_owned())?;
        let malformed = || Failure(format!("expected a signed JWT, found: {}", excerpt(answer.access_token.as_bytes())));
        let (message, signature) = answer.access_token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, _) = message.split_once('.').ok_or_else(malformed)?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed())?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| malformed())?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        if header.alg != self.algorithm.as_str() {
            return fail!("expected a token signed with {}, found {}", self.algorithm, header.alg);
        }
        let may_be = |kid: &Option<String>| header.kid.is_none() || kid.is_none() || *kid == header.kid;
        let candidates = self.keys.iter().filter(|(kid, _)| may_be(kid));
        if candidates.clone().any(|(_, key)| key.verify(message.as_bytes(), &signature).is_ok()) {
            return Ok(());
        }
        fail!("the signature of a token does not verify with the {} published keys of its name", candidates.count())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};

    use super::*;

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer { status, body: Cow::Borrowed(body.as_bytes()), length: 0, close: false }
    }

    #[test]
    fn a_refusal_is_noticed_where_a_token_was_expected() {
        let refused = answer(401, r#"{"error":"invalid_client"}"#);
        assert!(Expect::Token.check(&refused).unwrap_err().contains("found 401"));
        assert_eq!(Expect::Refusal.check(&refused), Ok(()));
    }

    #[test]
    fn a_success_without_a_token_is_noticed() {
        assert!(Expect::Token.check(&answer(200, r#"{"token":"x"}"#)).is_err());
        assert!(Expect::Refusal.check(&answer(401, r#"{"access_token":"x"}"#)).is_err());
        assert!(Expect::Keys.check(&answer(200, "{}")).is_err());
        assert_eq!(Expect::Keys.check(&answer(200, r#"{"keys":[]}"#)), Ok(()));
    }

    fn signed(pair: &SigningKeyPair, alg: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}"}}"#));
        let message = format!("{header}.e30");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()).unwrap()))
    }

    fn proof(pair: &SigningKeyPair) -> Proof {
        let document = format!(r#"{{"keys":[{}]}}"#, serde_json::to_string(&pair.public_jwk().unwrap()).unwrap());
        Proof::from_document(document.as_bytes(), pair.algorithm()).unwrap()
    }

    #[test]
    fn a_good_signature_passes_and_a_bad_one_does_not() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let make = || SigningKeyPair::parse(algorithm, &KeyMaterial::generate(algorithm).unwrap()).unwrap();
            let (mine, other) = (make(), make());
            let body = |token: &str| format!(r#"{{"access_token":"{token}"}}"#);
            let good = body(&signed(&mine, algorithm.as_str()));
            proof(&mine).check(good.as_bytes()).unwrap();
            assert!(proof(&other).check(good.as_bytes()).is_err());
            assert!(proof(&mine).check(good.replace(".e30.", ".e31.").as_bytes()).is_err());
            assert!(proof(&mine).check(body(&signed(&mine, "none")).as_bytes()).is_err());
            assert!(proof(&mine).check(br#"{"access_token":"opaque"}"#).is_err());
        }
    }

    #[test]
    fn a_document_without_a_fitting_key_is_no_proof() {
        assert!(Proof::from_document(br#"{"keys":[]}"#, Algorithm::Es256).is_err());
    }
}
