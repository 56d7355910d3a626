//! Takes the compact serialization apart, strictly (RFC 7515 section 7.1). Owns the bytes' form, not their meaning.

use crate::{Part, TokenError, base64url};

/// Longer tokens are refused before anything is decoded. It is also what common servers accept as one header.
const MAX_LENGTH: usize = 8 * 1024;

/// The three parts of a token, still encoded.
pub(crate) struct Compact<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_LENGTH {
            return Err(TokenError::TooLong);
        }
        if !token.is_ascii() {
            return Err(TokenError::NotCompact);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::NotCompact)?;
        // Four or more parts (JWE has five, RFC 7516) leave a dot in the middle one.
        if header.is_empty() || claims.is_empty() || signature.is_empty() || claims.contains('.') {
            return Err(TokenError::NotCompact);
        }
        Ok(Self { header, claims, signature, signed })
    }

    pub(crate) fn header(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.header, Part::Header)
    }

    pub(crate) fn claims(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.claims, Part::Claims)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.signature, Part::Signature)
    }

    /// The JWS signing input (RFC 7515 section 5.2).
    pub(crate) const fn signed_bytes(&self) -> &[u8] {
        self.signed.as_bytes()
    }
}

fn decode(part: &str, name: Part) -> Result<Vec<u8>, TokenError> {
    base64url::decode(part).ok_or(TokenError::Encoding(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(token: &str) -> Option<TokenError> {
        Compact::split(token).err()
    }

    #[test]
    fn only_three_parts_that_are_not_empty_are_a_token() {
        assert_eq!(fault("a.b.c"), None);
        for token in ["", ".", "..", "a", "a.b", ".b.c", "a..c", "a.b.", "a.b.c.", ".a.b.c", "a.b.c.d", "a.b.c.d.e"] {
            assert_eq!(fault(token), Some(TokenError::NotCompact), "{token:?}");
        }
    }

    #[test]
    fn a_json_serialization_is_no_token() {
        let flattened = r#"{"payload":"e30","protected":"e30","signature":"AA"}"#;
        assert_eq!(fault(flattened), Some(TokenError::NotCompact));
        let general = r#"{"payload":"a.b","signatures":[{"protected":"c.d"}]}"#;
        assert!(Compact::split(general).and_then(|token| token.header()).is_err());
    }

    #[test]
    fn characters_beyond_ascii_are_refused_before_decoding() {
        assert_eq!(fault("a.b.\u{ff43}"), Some(TokenError::NotCompact));
    }

    #[test]
    fn eight_kibibytes_are_the_limit() {
        let longest = format!("a.b.{}", "c".repeat(MAX_LENGTH - 4));
        assert_eq!(fault(&longest), None);
        assert_eq!(fault(&format!("{longest}c")), Some(TokenError::TooLong));
    }
}
