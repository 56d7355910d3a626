//! Base64url without padding (RFC 7515 section 2), for what is written at every token request, and for bytes in JSON.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

/// The engine that the processor runs fastest; there is none but the plain one for most kinds of processor.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Appends what base64url makes of the bytes.
pub(crate) fn push(out: &mut String, bytes: &[u8]) {
    ENGINE.encode_string(bytes, out);
}

/// The length of what base64url makes of so many bytes.
pub(crate) const fn length(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Bytes as JSON has them: `#[serde(with = "crate::base64url::bytes")]`.
pub(crate) mod bytes {
    use std::borrow::Cow;

    use base64::Engine;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::ENGINE.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        super::ENGINE.decode(Cow::<'de, str>::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn every_length_is_written_as_the_plain_engine_writes_it() {
        for size in 0..200_u8 {
            let bytes: Vec<u8> = (0..size).map(|index| index.wrapping_mul(151)).collect();
            let mut text = "x".to_owned();
            push(&mut text, &bytes);
            assert_eq!(text, format!("x{}", URL_SAFE_NO_PAD.encode(&bytes)));
            assert_eq!(text.len() - 1, length(bytes.len()));
        }
    }
}
