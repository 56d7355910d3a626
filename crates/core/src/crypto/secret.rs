//! Client secrets: `mms_<environment>_`, 43 base62 characters (256 random bits), 6 base62 characters of CRC-32.
//!
//! Unreserved characters alone, so no client library has to escape one; a prefix that secret scanners know; a checksum that
//! catches a mistyped one before any look-up.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::EnvironmentName;
use crate::random::Random;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const HINT_LENGTH: usize = 4;

/// A secret text, such as one that a client sent. It never prints, compares in constant time, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Takes charge of a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. Name it where it is needed and let go of it at once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty text, which is no secret.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl Eq for SecretText {}

/// What the form of a text says about its being a client secret, without any look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretShape {
    /// Of Mintmark's form with a right checksum.
    WellFormed,
    /// Of Mintmark's form with a wrong checksum: mistyped or cut off.
    Mistyped,
    /// Of another form: brought along from another server, or no secret of ours at all.
    Foreign,
}

/// A client secret made by Mintmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret(SecretText);

impl ClientSecret {
    /// A regular expression that finds every secret in a text, in the syntax that scanners have in common. What it finds besides, the
    /// checksum rules out.
    pub const PATTERN: &str = "mms_[a-z][a-z0-9-]{0,30}_[0-9A-Za-z]{49}";

    /// A new secret for a client of `environment`.
    pub fn generate(environment: &EnvironmentName, random: &dyn Random) -> Self {
        Self::generate_for(environment.as_str(), random)
    }

    /// A new secret for a client of the management API.
    pub fn generate_for_management(random: &dyn Random) -> Self {
        Self::generate_for("management", random)
    }

    fn generate_for(place: &str, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random.fill(&mut *bytes);
        let mut text = format!("mms_{place}_");
        text.reserve_exact(RANDOM_LENGTH + CHECKSUM_LENGTH);
        push_base62(&mut *bytes, RANDOM_LENGTH, &mut text);
        let checksum = Zeroizing::new(base62_of(crc32fast::hash(text.as_bytes())));
        text.extend(checksum.iter().map(|digit| char::from(*digit)));
        Self(SecretText::new(text))
    }

    /// The secret, to be shown once.
    pub fn text(&self) -> &SecretText {
        &self.0
    }

    /// Its last four characters.
    pub fn hint(&self) -> String {
        Self::hint_of(&self.0)
    }

    /// The same of a text that is a secret.
    pub fn hint_of(secret: &SecretText) -> String {
        let text = secret.expose();
        text.get(text.len().saturating_sub(HINT_LENGTH)..).unwrap_or_default().to_owned()
    }

    /// What a secret is for, as it says itself: an environment's name, or the management API.
    pub fn place_of(secret: &SecretText) -> Option<&str> {
        secret.expose().strip_prefix("mms_")?.split_once('_').map(|(place, _)| place)
    }

    /// Whether a text looks like a secret of Mintmark's, whole or in part.
    pub fn is_like(text: &str) -> bool {
        text.starts_with("mms_")
    }

    /// What the form of `text` says.
    pub fn shape_of(text: &SecretText) -> SecretShape {
        let Some((_, random)) = text.expose().strip_prefix("mms_").and_then(|rest| rest.split_once('_')) else {
            return SecretShape::Foreign;
        };
        let found = match random.len().checked_sub(CHECKSUM_LENGTH).and_then(|at| random.split_at_checked(at)) {
            Some((body, found)) if body.len() == RANDOM_LENGTH => found,
            _ => return SecretShape::Mistyped,
        };
        let checked = text.expose().strip_suffix(found).unwrap_or_default();
        let expected = base62_of(crc32fast::hash(checked.as_bytes()));
        if expected == found.as_bytes() { SecretShape::WellFormed } else { SecretShape::Mistyped }
    }
}

/// A checksum in base62: six digits, which hold more than 32 bits.
fn base62_of(mut checksum: u32) -> [u8; CHECKSUM_LENGTH] {
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((checksum % 62) as usize).copied().unwrap_or(b'0');
        checksum /= 62;
    }
    digits
}

/// Appends a big-endian number as `length` base62 digits, and leaves zero behind.
fn push_base62(number: &mut [u8], length: usize, text: &mut String) {
    let mut digits = Zeroizing::new(vec![0_u8; length]);
    for digit in digits.iter_mut().rev() {
        let remainder = number.iter_mut().fold(0_u32, |carry, byte| {
            let value = carry * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            value % 62
        });
        *digit = BASE62.get(remainder as usize).copied().unwrap_or(b'0');
    }
    text.extend(digits.iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn secret(seed: u64) -> ClientSecret {
        ClientSecret::generate(&"sandbox".parse().unwrap(), &SeededRandom::new(seed))
    }

    #[test]
    fn has_the_published_form() {
        let secret = secret(7);
        let text = secret.text().expose();
        let random = text.strip_prefix("mms_sandbox_").unwrap();
        assert_eq!(random.len(), 49);
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(text.ends_with(&secret.hint()));
        assert_eq!(ClientSecret::shape_of(secret.text()), SecretShape::WellFormed);
    }

    #[test]
    fn any_single_wrong_character_is_noticed() {
        let text = secret(3).text().expose().to_owned();
        for at in "mms_sandbox_".len()..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            let wrong = SecretText::new(String::from_utf8(wrong).unwrap());
            assert_eq!(ClientSecret::shape_of(&wrong), SecretShape::Mistyped, "{at}");
        }
        assert_eq!(ClientSecret::shape_of(&SecretText::new(text[..text.len() - 1].to_owned())), SecretShape::Mistyped);
    }

    #[test]
    fn a_secret_of_another_server_is_foreign() {
        for text in ["", "hunter2", "mms", "sk_live_123", "The oauth client secret"] {
            assert_eq!(ClientSecret::shape_of(&SecretText::new(text.to_owned())), SecretShape::Foreign);
        }
    }

    #[test]
    fn two_secrets_differ_and_none_prints() {
        assert_ne!(secret(1), secret(2));
        assert_eq!(format!("{:?}", secret(1)), "ClientSecret([secret])");
    }

    #[test]
    fn all_256_bits_are_in_the_text() {
        let mut text = String::new();
        push_base62(&mut [0xff; 32], RANDOM_LENGTH, &mut text);
        let mut number = [0xff; 32];
        push_base62(&mut number, RANDOM_LENGTH, &mut String::new());
        assert_eq!(number, [0; 32], "43 digits hold the largest number");
        assert_eq!(text.len(), 43);
    }
}
