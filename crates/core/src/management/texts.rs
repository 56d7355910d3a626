//! Texts that are shown once and stored as their SHA-256: sessions' and invitations' tokens, and codes for people to type.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::base64url;
use crate::crypto::SecretText;
use crate::model::TokenDigest;
use crate::random::Random;

/// The longest text that is looked at, in bytes.
const MAX: usize = 128;
/// 128 bits in base32.
const CODE_LENGTH: usize = 26;
const CODE_GROUP: usize = 5;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// 256 random bits in base64url.
pub(crate) fn new_token(random: &dyn Random) -> (SecretText, TokenDigest) {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(&mut *bytes);
    let mut text = String::with_capacity(base64url::length(32));
    base64url::push(&mut text, &*bytes);
    let digest = of(&text);
    (SecretText::new(text), digest)
}

/// A session's token that is made of the one before it and of a form's nonce: 256 bits, in base64url.
pub(super) fn next_token(former: &SecretText, nonce: &SecretText) -> SecretText {
    let key = hmac::Key::new(hmac::HMAC_SHA256, former.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(b"mintmark session after a step-up");
    context.update(nonce.expose().as_bytes());
    let mut text = String::with_capacity(base64url::length(32));
    base64url::push(&mut text, context.sign().as_ref());
    SecretText::new(text)
}

/// 128 random bits for people to type (rule S24): groups of five letters and digits.
pub(crate) fn new_code(random: &dyn Random) -> (SecretText, TokenDigest) {
    let mut bytes = Zeroizing::new([0; 16]);
    random.fill(&mut *bytes);
    let code = Zeroizing::new(base32(&*bytes));
    let digest = of(&code);
    let groups = code.as_bytes().chunks(CODE_GROUP).map(String::from_utf8_lossy).collect::<Vec<_>>();
    (SecretText::new(groups.join("-")), digest)
}

/// What is stored of a text that somebody shows; none for one that nothing is stored of. A code is the same however it is typed.
pub(super) fn digest_of(text: &SecretText) -> Option<TokenDigest> {
    let text = text.expose().trim();
    if text.is_empty() || text.len() > MAX {
        return None;
    }
    let typed = text.chars().filter(|one| !matches!(one, '-' | ' ')).map(|one| one.to_ascii_uppercase());
    let typed = Zeroizing::new(typed.collect::<String>());
    let is_code = typed.len() == CODE_LENGTH && typed.bytes().all(|byte| BASE32.contains(&byte));
    Some(of(if is_code { &typed } else { text }))
}

fn of(text: &str) -> TokenDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    TokenDigest(bytes)
}

/// Base32 without padding (RFC 4648 section 6).
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0_u32);
    let mut push = |index: u32| text.push(char::from(BASE32.get(index as usize & 31).copied().unwrap_or(b'A')));
    for byte in bytes {
        held = ((held << 8) | u32::from(*byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_has_128_bits() {
        let (code, digest) = new_code(&SeededRandom::new(1));
        let typed = code.expose().replace('-', " ").to_lowercase();
        assert_eq!(digest_of(&SecretText::new(typed)), Some(digest));
        assert_eq!(code.expose().replace('-', "").len() * 5 / 8, 16);
    }

    #[test]
    fn a_token_is_its_digest_and_no_other_text_is() {
        let (token, digest) = new_token(&SeededRandom::new(1));
        assert_eq!(token.expose().len(), 43);
        assert_eq!(digest_of(&token), Some(digest));
        assert_ne!(digest_of(&SecretText::new(token.expose().to_uppercase())), Some(digest));
        for text in [String::new(), " ".to_owned(), "x".repeat(129)] {
            assert_eq!(digest_of(&SecretText::new(text)), None);
        }
    }
}
