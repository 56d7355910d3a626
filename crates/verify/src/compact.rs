//! Takes the compact serialization apart, strictly (RFC 7515 section 7.1). Owns the bytes' form, not their meaning.

use memchr::memchr_iter;

use crate::{Part, TokenError, base64url};

/// Longer tokens are refused before anything is decoded. It is also what common servers accept as one header.
pub(crate) const MAX_LENGTH: usize = 8 * 1024;

/// The three parts of a token, still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, TokenError> {
        Self::split_within(token, MAX_LENGTH)
    }

    /// As [`Compact::split`], for what may be longer than a token, in bytes.
    pub(crate) fn split_within(token: &'a str, limit: usize) -> Result<Self, TokenError> {
        if token.len() > limit {
            return Err(TokenError::TooLong);
        }
        if !token.is_ascii() {
            return Err(TokenError::NotCompact);
        }
        // Three parts have two dots; JWE has five parts (RFC 7516).
        let mut dots = memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(TokenError::NotCompact);
        };
        let parts = (token.get(..first), token.get(first + 1..second), token.get(second + 1..), token.get(..second));
        let (Some(header), Some(claims), Some(signature), Some(signed)) = parts else {
            return Err(TokenError::NotCompact);
        };
        if header.is_empty() || claims.is_empty() || signature.is_empty() {
            return Err(TokenError::NotCompact);
        }
        Ok(Self { header, claims, signature, signed })
    }

    /// An empty buffer in which each part has room.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        Vec::with_capacity(self.header.len().max(self.claims.len()).max(self.signature.len()))
    }

    pub(crate) fn header<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], TokenError> {
        decode(self.header, Part::Header, buffer)
    }

    pub(crate) fn claims<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], TokenError> {
        decode(self.claims, Part::Claims, buffer)
    }

    pub(crate) fn signature<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], TokenError> {
        decode(self.signature, Part::Signature, buffer)
    }

    /// The JWS signing input (RFC 7515 section 5.2).
    pub(crate) const fn signed_bytes(&self) -> &[u8] {
        self.signed.as_bytes()
    }
}

fn decode<'b>(part: &str, name: Part, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], TokenError> {
    base64url::decode_into(part, buffer).ok_or(TokenError::Encoding(name))
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
        assert!(Compact::split(general).and_then(|token| token.header(&mut Vec::new()).map(<[u8]>::len)).is_err());
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
