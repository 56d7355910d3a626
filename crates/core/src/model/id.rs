//! Identifiers: a prefix, `_`, and the base58 form of a UUID, always 22 characters.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::Random;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH: usize = 22;
/// A prefix of three letters, `_` and the digits.
const TEXT_LENGTH: usize = 4 + LENGTH;
/// How many digits are taken from 64 bits at a time: the most that fit.
const CHUNK: usize = 10;

/// An identifier as text, without an allocation.
#[derive(Clone, Copy)]
pub struct IdText([u8; TEXT_LENGTH]);

impl IdText {
    fn new(prefix: [u8; 4], value: u128) -> Self {
        let mut text = [0; TEXT_LENGTH];
        let (start, digits) = text.split_at_mut(prefix.len());
        start.copy_from_slice(&prefix);
        digits.copy_from_slice(&base58(value));
        Self(text)
    }
}

impl Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        // It is made of ASCII alone.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for IdText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self)
    }
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    prefix: &'static [u8; 4],
}

impl fmt::Display for IdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = std::str::from_utf8(self.prefix).unwrap_or_default();
        write!(out, "expected an id of the form {prefix} followed by 22 base58 characters")
    }
}

impl std::error::Error for IdError {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:expr) => {
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

            /// As text.
            pub fn to_text(self) -> IdText {
                IdText::new(*$prefix, self.0)
            }

            /// The UUID behind it, as bytes.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.to_text())
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
                let digits = text.as_bytes().strip_prefix($prefix);
                digits.and_then(parse_base58).map(Self).ok_or(IdError { prefix: $prefix })
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

id!(/** Names a tenant. */ TenantId, b"ten_");
id!(/** Names a business. */ BusinessId, b"biz_");
id!(/** Names a credential of a client. */ CredentialId, b"crd_");
id!(/** Names a resource. */ ResourceId, b"res_");
id!(/** Names a member: a person who signs in. */ MemberId, b"mem_");
id!(/** Names a program that uses the management API. */ ManagementClientId, b"mgc_");
id!(/** Names a session of a member. */ SessionId, b"ses_");
id!(/** Names an invitation. */ InvitationId, b"inv_");
id!(/** Names a notice. */ NoticeId, b"ntc_");
id!(/** Names an endpoint that is told notices. */ WebhookId, b"whk_");
id!(/** Names the report that a credential leaked. */ LeakId, b"lek_");

fn uuid_v4(random: &dyn Random) -> u128 {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let version = 0x4_u128 << 76;
    let variant = 0b10_u128 << 62;
    (u128::from_be_bytes(bytes) & !(0xf_u128 << 76) & !(0b11_u128 << 62)) | version | variant
}

/// A new identifier as text, for names that may also come from elsewhere and so are no [`u128`].
pub(super) fn generate_text(prefix: &str, random: &dyn Random) -> String {
    let digits = base58(uuid_v4(random));
    format!("{prefix}_{}", String::from_utf8_lossy(&digits))
}

/// 22 digits, left-padded with `1`, the digit zero.
fn base58(mut value: u128) -> [u8; LENGTH] {
    const CHUNK_VALUE: u128 = 58_u128.pow(10);
    let mut digits = [b'1'; LENGTH];
    // Division of 128 bits is slow, so it happens once for ten digits.
    for chunk in digits.rchunks_mut(CHUNK) {
        let mut rest = u64::try_from(value % CHUNK_VALUE).unwrap_or(0);
        value /= CHUNK_VALUE;
        for digit in chunk.iter_mut().rev() {
            let index = usize::try_from(rest % 58).unwrap_or(0);
            *digit = ALPHABET.get(index).copied().unwrap_or(b'1');
            rest /= 58;
        }
    }
    digits
}

/// Reads exactly 22 digits; a value over 128 bits is no identifier.
fn parse_base58(digits: &[u8]) -> Option<u128> {
    if digits.len() != LENGTH {
        return None;
    }
    digits.iter().try_fold(0_u128, |value, byte| {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
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
