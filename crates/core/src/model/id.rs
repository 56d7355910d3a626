//! Identifiers: a prefix, `_`, and the base58 form of a UUID, always 22 characters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::Random;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH: usize = 22;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    prefix: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "expected an id of the form {}_ followed by 22 base58 characters", self.prefix)
    }
}

impl std::error::Error for IdError {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// A new identifier: a version 4 UUID (RFC 9562 section 5.4).
            pub fn generate(random: &dyn Random) -> Self {
                Self(uuid_v4(random))
            }

            /// The identifier that no object has, for work done in vain on purpose.
            pub const fn none() -> Self {
                Self(0)
            }

            /// The UUID behind it, as bytes.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                write_base58(self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(parse_base58)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/** Names a tenant. */ TenantId, "ten");
id!(/** Names a business. */ BusinessId, "biz");
id!(/** Names a credential of a client. */ CredentialId, "crd");
id!(/** Names a resource. */ ResourceId, "res");

fn uuid_v4(random: &dyn Random) -> u128 {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let version = 0x4_u128 << 76;
    let variant = 0b10_u128 << 62;
    (u128::from_be_bytes(bytes) & !(0xf_u128 << 76) & !(0b11_u128 << 62)) | version | variant
}

/// A new identifier as text, for names that may also come from elsewhere and so are no [`u128`].
pub(super) fn generate_text(prefix: &str, random: &dyn Random) -> String {
    let mut text = format!("{prefix}_");
    // Writing to a `String` cannot fail.
    let _ = write_base58(uuid_v4(random), &mut text);
    text
}

/// Writes 22 digits, left-padded with `1`, the digit zero.
fn write_base58(mut value: u128, out: &mut impl fmt::Write) -> fmt::Result {
    let mut digits = ['1'; LENGTH];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(value % 58).unwrap_or(0);
        *digit = char::from(ALPHABET.get(index).copied().unwrap_or(b'1'));
        value /= 58;
    }
    digits.iter().try_for_each(|digit| out.write_char(*digit))
}

/// Reads exactly 22 digits; a value over 128 bits is no identifier.
fn parse_base58(text: &str) -> Option<u128> {
    if text.len() != LENGTH {
        return None;
    }
    text.bytes().try_fold(0_u128, |value, byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        value.checked_mul(58)?.checked_add(digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn an_id_of_the_provider_documents_is_the_uuid_that_it_encodes() {
        let id: BusinessId = "biz_GA6EG2qFxA97NZHtxeLPUy".parse().unwrap();
        assert_eq!(id.0, 0x7abd_fefe_a323_4cc8_8459_107f_309c_31d6);
        assert_eq!(id.to_string(), "biz_GA6EG2qFxA97NZHtxeLPUy");
    }

    #[test]
    fn small_and_large_values_keep_their_length() {
        for value in [0, 1, 57, 58, u128::MAX] {
            let text = BusinessId(value).to_string();
            assert_eq!(text.len(), 26);
            assert_eq!(text.parse(), Ok(BusinessId(value)));
        }
    }

    #[test]
    fn generated_ids_are_version_4_uuids() {
        let random = SeededRandom::new(1);
        for _ in 0..100 {
            let id = BusinessId::generate(&random).0;
            assert_eq!((id >> 76) & 0xf, 4);
            assert_eq!((id >> 62) & 0b11, 0b10);
        }
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        let over = format!("biz_{}", "z".repeat(22));
        for text in [
            "",
            "biz_",
            "biz_GA6EG2qFxA97NZHtxeLPU",
            "biz_GA6EG2qFxA97NZHtxeLPU0",
            "ten_GA6EG2qFxA97NZHtxeLPUy",
            "biz_GA6EG2qFxA97NZHtxeLPUyy",
            " biz_GA6EG2qFxA97NZHtxeLPUy",
            over.as_str(),
        ] {
            assert!(text.parse::<BusinessId>().is_err(), "{text}");
        }
    }
}
