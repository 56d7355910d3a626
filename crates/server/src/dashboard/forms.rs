//! What a browser sends when somebody presses a button.

use std::fmt;

use mintmark_core::crypto::SecretText;
use percent_encoding::percent_decode_str;

/// The longest body of a form of somebody who shows no session, in bytes.
pub(crate) const BODY_MAX: usize = 32 * 1024;
/// The longest body of a form, in bytes, as of the API: a browser sends each scope that is ticked as a field of its own.
pub(crate) const SIGNED_IN_BODY_MAX: usize = 1024 * 1024;
/// How many fields a form may have.
const FIELDS_MAX: usize = 5000;
/// What of both is for other fields than scopes: keys, businesses, dialects.
const OTHER_FIELDS: usize = 500;
const OTHER_BYTES: usize = 64 * 1024;

/// Whether a form can be sent that has a field for each of these, so many bytes long with what is between them.
pub(crate) fn have_room(fields: impl Iterator<Item = usize>) -> bool {
    let (count, bytes) = fields.fold((0, 0), |(count, bytes), field| (count + 1, bytes + field));
    count <= FIELDS_MAX - OTHER_FIELDS && bytes <= SIGNED_IN_BODY_MAX - OTHER_BYTES
}

/// How many bytes a browser makes of a text.
pub(crate) fn encoded_length(text: &str) -> usize {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'*' | b'-' | b'.' | b'_');
    text.bytes().map(|byte| if is_kept(byte) { 1 } else { 3 }).sum()
}

/// The fields of a form, in order.
#[derive(Clone, Default)]
pub(crate) struct Fields {
    pairs: Vec<(String, String)>,
}

/// Names alone: a value may be a secret.
impl fmt::Debug for Fields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormError {
    TooManyFields,
    NotText,
}

impl Fields {
    /// Reads a body of type `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, FormError> {
        let text = std::str::from_utf8(body).map_err(|_| FormError::NotText)?;
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == FIELDS_MAX {
                return Err(FormError::TooManyFields);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self { pairs })
    }

    /// The value of a field that there is one of; none where it is missing or repeated.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let mut found = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The values of a field that there may be several of, in order.
    pub(crate) fn many(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all().filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All fields, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a field that is a secret; an empty one where there is none.
    pub(crate) fn secret(&self, name: &str) -> SecretText {
        SecretText::new(self.one(name).unwrap_or_default().to_owned())
    }
}

/// Undoes the encoding of forms. A NUL is refused with what is not UTF-8: PostgreSQL cannot hold it.
fn decode(text: &str) -> Result<String, FormError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| FormError::NotText)?;
    if decoded.contains('\0') { Err(FormError::NotText) } else { Ok(decoded.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        let fields = Fields::parse("name=a+b%26c&note=%E2%9C%93&empty=&bare".as_bytes()).unwrap();
        assert_eq!(fields.one("name"), Some("a b&c"));
        assert_eq!(fields.one("note"), Some("✓"));
        assert_eq!(fields.one("empty"), Some(""));
        assert_eq!(fields.one("bare"), Some(""));
        assert_eq!(fields.one("missing"), None);
    }

    #[test]
    fn a_repeated_field_has_no_single_value() {
        assert_eq!(Fields::parse(b"name=a&name=b").unwrap().one("name"), None);
    }

    #[test]
    fn refuses_what_is_not_text_or_too_much() {
        assert_eq!(Fields::parse(b"a=%FF").unwrap_err(), FormError::NotText);
        assert_eq!(Fields::parse(b"a=%00").unwrap_err(), FormError::NotText);
        assert_eq!(Fields::parse("a&".repeat(5001).as_bytes()).unwrap_err(), FormError::TooManyFields);
        assert!(Fields::parse("a&".repeat(5000).as_bytes()).is_ok());
    }
}
