//! Base64url without padding, canonical only (RFC 7515 section 2, RFC 4648 section 3.5).
//!
//! Refused are padding, and bits set behind the last byte: otherwise one token would have many spellings, and a list of
//! revoked spellings would miss some.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

/// The engine that the processor runs fastest; there is none but the plain one for most kinds of processor.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    ENGINE.encode(bytes)
}

/// `None` for anything that [`encode`] would not have written.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// As [`decode`], into a buffer that is used again: what was in it is gone, also after a failure.
pub(crate) fn decode_into<'a>(text: &str, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    buffer.clear();
    ENGINE.decode_vec(text, buffer).ok()?;
    Some(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_decodes() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["-_8=", "-_9", "+/8", "-_8 ", "-_\n8", "-", "-_8%3D"] {
            assert_eq!(decode(text), None, "{text:?}");
            assert_eq!(decode_into(text, &mut vec![1]), None, "{text:?}");
        }
    }

    #[test]
    fn no_two_spellings_of_the_last_bytes_decode() {
        let characters: Vec<char> = ('\0'..='\x7f').collect();
        for &first in &characters {
            assert_eq!(decode(&first.to_string()), None);
            for &second in &characters {
                for text in [format!("{first}{second}"), format!("Z{first}{second}"), format!("ZZZZ{first}{second}")] {
                    assert!(decode(&text).is_none_or(|bytes| encode(bytes) == text), "{text:?}");
                }
            }
        }
    }

    /// At every length, as the ends of a text are decoded in another way than its middle.
    #[test]
    fn every_byte_counts_wherever_it_is() {
        for length in 0..200_u8 {
            let bytes: Vec<u8> = (0..length).map(|index| index.wrapping_mul(151)).collect();
            let text = encode(&bytes);
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..]));
            for index in 0..text.len() {
                for other in ["=", "+", "/", ".", " ", "\0", "\x7f", "@", "[", "`", "{", ":"] {
                    let mut wrong = text.clone();
                    wrong.replace_range(index..=index, other);
                    assert_eq!(decode(&wrong), None, "{wrong:?}");
                }
            }
        }
    }

    #[test]
    fn a_buffer_holds_the_last_text_alone() {
        let mut buffer = vec![7; 100];
        assert_eq!(decode_into("-_8", &mut buffer), Some(&[0xfb, 0xff][..]));
        assert_eq!(decode_into("AA", &mut buffer), Some(&[0][..]));
    }
}
