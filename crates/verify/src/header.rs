//! The JOSE header (RFC 7515 section 4) and what it must not contain.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Algorithm, Part, TOKEN_TYPE, TokenError, json, plain};

/// `crit` asks for extensions, and this crate has none (RFC 7515 section 4.1.11). `b64` (RFC 7797), `zip` and `enc` (RFC
/// 7516) change what is signed. The others bring the key along, so that anyone could sign with a key of their own, or
/// make the verifier fetch a URL of their choice.
const FORBIDDEN: [&str; 8] = ["crit", "b64", "zip", "enc", "jku", "x5u", "x5c", "jwk"];

/// Longest `kid`: it is a key into a map, and is written to logs.
pub(crate) const MAX_KEY_ID: usize = 128;

/// The types that a token without a type of its own has.
pub(crate) const PLAIN_TYPES: &[&str] = &[TOKEN_TYPE, "JWT"];

/// What the header of an issuer's access tokens must be.
pub(crate) struct Expected<'a> {
    pub(crate) types: &'a [&'a str],
    pub(crate) needs_type: bool,
    pub(crate) algorithms: &'a [Algorithm],
    /// The name of the key of tokens that name none.
    pub(crate) unnamed_key: Option<&'a str>,
}

impl<'a> Expected<'a> {
    /// What RFC 9068 section 4 allows.
    pub(crate) const TYPES: &'static [&'static str] = &[TOKEN_TYPE];

    /// Mintmark's own.
    pub(crate) const fn own(algorithms: &'a [Algorithm]) -> Self {
        Self { types: Self::TYPES, needs_type: true, algorithms, unnamed_key: None }
    }

    fn has_type(&self, typ: Option<&str>) -> bool {
        typ.map_or(!self.needs_type, |typ| self.types.iter().any(|known| is_media_type(typ, known)))
    }
}

/// The members of the JOSE header that a verifier uses, as they are in the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The algorithm's name, not checked.
    pub alg: String,
    /// The media type of the token; `at+jwt` in an access token (RFC 9068 section 2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// The name of the key that made the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

/// A header and what was seen in it. Reading refuses only what cannot be read; [`ReadHeader::check`] does the rest.
pub(crate) struct ReadHeader<'a> {
    alg: Cow<'a, str>,
    typ: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    forbidden: Option<&'static str>,
}

impl<'a> ReadHeader<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, TokenError> {
        Self::read_plain(bytes).map_or_else(|| Self::read_any(bytes), Ok)
    }

    /// The header that every issuer writes: these three members, as text.
    fn read_plain(bytes: &'a [u8]) -> Option<Self> {
        let (mut alg, mut typ, mut kid) = (None, None, None);
        plain::read(bytes, |name, value| {
            let slot = match name {
                "alg" => &mut alg,
                "typ" => &mut typ,
                "kid" => &mut kid,
                _ => return None,
            };
            plain::fill(slot, Cow::Borrowed(value.text()?))
        })?;
        Some(Self { alg: alg?, typ, kid, forbidden: None })
    }

    fn read_any(bytes: &[u8]) -> Result<Self, TokenError> {
        let mut members: Map<String, Value> = json::from_slice(bytes).map_err(|fault| fault.of(Part::Header))?;
        let forbidden = forbidden(&members);
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(Cow::Owned(text))),
            Some(_) => Err(TokenError::Malformed(Part::Header)),
        };
        let alg = text("alg")?.ok_or(TokenError::Malformed(Part::Header))?;
        Ok(Self { alg, typ: text("typ")?, kid: text("kid")?, forbidden })
    }

    /// The algorithm and the key id, if this is the header of an access token as it is expected.
    pub(crate) fn check<'b>(&'b self, expected: &Expected<'b>) -> Result<(Algorithm, &'b str), TokenError> {
        if let Some(name) = self.forbidden {
            return Err(TokenError::ForbiddenHeader(name));
        }
        if !expected.has_type(self.typ.as_deref()) {
            return Err(TokenError::WrongType);
        }
        let algorithm = self.alg.parse().map_err(|_| TokenError::AlgorithmNotAllowed)?;
        if !expected.algorithms.contains(&algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        match self.kid.as_deref().or(expected.unnamed_key) {
            None | Some("") => Err(TokenError::KeyIdMissing),
            Some(kid) if kid.chars().count() > MAX_KEY_ID => Err(TokenError::KeyIdTooLong),
            Some(kid) => Ok((algorithm, kid)),
        }
    }

    /// The header for whoever looks at it, whether or not it passes [`ReadHeader::check`].
    pub(crate) fn into_header(self) -> Header {
        Header { alg: self.alg.into_owned(), typ: self.typ.map(Cow::into_owned), kid: self.kid.map(Cow::into_owned) }
    }
}

/// The first of the members that no header may have, if there is one.
pub(crate) fn forbidden(members: &Map<String, Value>) -> Option<&'static str> {
    FORBIDDEN.into_iter().find(|name| members.contains_key(*name))
}

/// Whether `typ` names the media type `application/{subtype}`. Media types are compared without regard to case, and
/// `application/` may be left out (RFC 7515 section 4.1.9).
pub(crate) fn is_media_type(typ: &str, subtype: &str) -> bool {
    const PREFIX: &str = "application/";
    let named = match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    };
    named.eq_ignore_ascii_case(subtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_compared_as_a_media_type() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(is_media_type(typ, TOKEN_TYPE), "{typ}");
        }
        for typ in ["", "JWT", "jwt", "at+jwt ", "at+jwt;v=1", "application/", "application/jwt", "text/at+jwt"] {
            assert!(!is_media_type(typ, TOKEN_TYPE), "{typ}");
        }
        assert!(!is_media_type("application/application/at+jwt", TOKEN_TYPE));
    }

    #[test]
    fn reads_a_header_that_it_would_refuse_so_that_it_can_be_shown() {
        let read = ReadHeader::read(br#"{"alg":"none","typ":"JWT","jku":"https://evil.example"}"#);
        let shown = read.map(|read| read.into_header().alg);
        assert_eq!(shown, Ok("none".to_owned()));
    }

    #[test]
    fn members_of_the_wrong_type_are_malformed() {
        for text in [
            "{}",
            "[]",
            r#"["ES256","at+jwt","1"]"#,
            r#"{"alg":null}"#,
            r#"{"alg":["ES256"]}"#,
            r#"{"alg":"ES256","kid":1}"#,
            r#"{"alg":"ES256","typ":null}"#,
        ] {
            let fault = ReadHeader::read(text.as_bytes()).err();
            assert_eq!(fault, Some(TokenError::Malformed(Part::Header)), "{text}");
        }
    }
}
