//! `Authorization: Basic` (RFC 7617, RFC 6749 section 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::fields::decode_component;
use crate::crypto::SecretText;
use crate::dialect::rules::{BasicDecoding, Encoding};

/// The longest secret, in bytes, as in the body: what is longer is not worth comparing.
const LONGEST_SECRET: usize = 256;

/// What the header holds.
pub(super) enum Basic {
    /// There is none.
    Absent,
    /// There is more than one.
    Repeated,
    /// Another scheme, or no pair of texts.
    Malformed,
    /// A pair.
    Pair { client_id: String, secret: SecretText },
}

pub(super) fn read(headers: &HeaderMap, decoding: BasicDecoding, encoding: Encoding) -> Basic {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Basic::Absent,
        (Some(_), Some(_)) => Basic::Repeated,
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(|text| read_pair(text, decoding, encoding))
            .filter(|(_, secret)| secret.expose().len() <= LONGEST_SECRET)
            .map_or(Basic::Malformed, |(client_id, secret)| Basic::Pair { client_id, secret }),
    }
}

fn read_pair(text: &str, decoding: BasicDecoding, encoding: Encoding) -> Option<(String, SecretText)> {
    let (scheme, credentials) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let pair = zeroize::Zeroizing::new(pair);
    let (client_id, secret) = pair.split_once(':')?;
    match decoding {
        BasicDecoding::Raw => Some((client_id.to_owned(), SecretText::new(secret.to_owned()))),
        BasicDecoding::Form => {
            let (client_id, id_malformed) = decode_component(client_id.as_bytes());
            let (secret, secret_malformed) = decode_component(secret.as_bytes());
            let secret = SecretText::new(secret.into_owned());
            let is_refused = encoding == Encoding::Refuse && (id_malformed || secret_malformed);
            (!is_refused).then(|| (client_id.into_owned(), secret))
        }
    }
}
