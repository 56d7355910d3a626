//! Base64url without padding, canonical only (RFC 7515 section 2, RFC 4648 section 3.5).

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Refuses padding, and bits set behind the last byte: otherwise one token would have many spellings, and a list of
/// revoked spellings would miss some.
const CANONICAL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    CANONICAL.encode(bytes)
}

/// `None` for anything that [`encode`] would not have written.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    CANONICAL.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_decodes() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["-_8=", "-_9", "+/8", "-_8 ", "-_\n8", "-", "-_8%3D"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
