//! Names that people or other systems choose, each with its grammar and its limit.

use std::fmt;

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    pub(super) expected: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "expected {}", self.expected)
    }
}

impl std::error::Error for NameError {}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(::std::sync::Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) { Ok(Self(text.into())) } else { Err(NameError { expected: $expected }) }
            }
        }

        impl ::std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, out)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}
pub(super) use name;

name!(
    /// Names an environment. It stands in every secret, so it holds no underscore.
    EnvironmentName,
    "1 to 31 lower-case letters, digits and hyphens, a letter first",
    |text| is_kebab(text, 31)
);

name!(
    /// Names a dialect.
    DialectName,
    "1 to 63 lower-case letters, digits and hyphens, a letter first",
    |text| is_kebab(text, 63)
);

name!(
    /// An OAuth client identifier (RFC 6749 section 2.2): printable ASCII, at most 128 characters. Clients that moved in from
    /// elsewhere keep theirs, so nothing more is asked of its form.
    ClientId,
    "1 to 128 printable ASCII characters",
    |text| !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
);

impl ClientId {
    /// A new identifier: `cli_` and 22 base58 characters.
    pub fn generate(random: &dyn crate::random::Random) -> Self {
        Self(super::id::generate_text("cli", random).into())
    }
}

fn is_kebab(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_name_is_short_and_plain() {
        for good in ["sandbox", "production", "eu-1", "a"] {
            assert!(good.parse::<EnvironmentName>().is_ok(), "{good}");
        }
        for bad in ["", "Sandbox", "1st", "a_b", "-a", "a b", "ä", &"a".repeat(32)] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_is_printable_ascii_of_at_most_128_characters() {
        assert!(" ".parse::<ClientId>().is_ok());
        assert!("a".repeat(128).parse::<ClientId>().is_ok());
        for bad in ["", "a\0", "a\n", "é", &"a".repeat(129)] {
            assert!(bad.parse::<ClientId>().is_err(), "{bad:?}");
        }
    }
}
