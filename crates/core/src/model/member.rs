use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::{MemberId, Passkey, SealedBytes, Status, TenantId};
use crate::clock::Timestamp;
use crate::management::{Authority, Principal, Reach, Role};

/// Where a person gets mail, as a name to sign in with. Nothing is ever sent to it. In lower case, so that one person has one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// Why a text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailError;

impl fmt::Display for EmailError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("expected an e-mail address of at most 254 visible ASCII characters")
    }
}

impl std::error::Error for EmailError {}

impl EmailAddress {
    /// The longest address, in bytes (RFC 5321 section 4.5.3.1.3).
    pub const MAX: usize = 254;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte));
        let has_one_at = !domain.contains('@');
        if text.len() > Self::MAX || local.is_empty() || domain.is_empty() || !has_one_at || !is_plain {
            return Err(EmailError);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A password as it is stored: its Argon2id hash, sealed for its member, so that a stolen database is no list to guess against and a
/// row copied to another member is worthless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(pub SealedBytes);

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its identifier.
    pub id: MemberId,
    /// The tenant that it belongs to; none for the operator's own people.
    pub tenant_id: Option<TenantId>,
    /// What it signs in with; no other member has it.
    pub email: EmailAddress,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// A disabled member has no sessions and gets none.
    pub status: Status,
    /// Its password, if it has one. It signs nobody in without a code.
    #[serde(skip)]
    pub password: Option<PasswordHash>,
    /// The secret that its codes are made of (RFC 6238), sealed for the member.
    #[serde(skip)]
    pub totp: Option<SealedBytes>,
    /// The latest time step whose code was accepted: of that one and earlier ones none is accepted again (RFC 6238 section 5.2).
    #[serde(skip)]
    pub totp_step: u64,
    /// Its passkeys.
    pub passkeys: Vec<Passkey>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: u64,
}

impl Member {
    /// How many passkeys a member has at most.
    pub const PASSKEYS_MAX: usize = 10;

    /// Whose objects it sees.
    pub fn reach(&self) -> Reach {
        self.tenant_id.map_or(Reach::Operator, Reach::Tenant)
    }

    /// What it may do; nothing if it is disabled, or if its role is not one of where it belongs.
    pub fn authority(&self) -> Option<Authority> {
        let authority = Authority::new(Principal::Member(self.id), self.role, self.reach());
        authority.filter(|_| self.status == Status::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_any_case() {
        let address: EmailAddress = "Ann@Example.ORG".parse().unwrap();
        assert_eq!(address.as_str(), "ann@example.org");
    }

    #[test]
    fn refuses_what_is_no_address() {
        let long = format!("{}@example.org", "a".repeat(250));
        for text in ["", "ann", "@example.org", "ann@", "a@b@c", "ann @example.org", "änn@example.org", "<a@b>", "a\n@b", &long]
        {
            assert_eq!(text.parse::<EmailAddress>(), Err(EmailError), "{text}");
        }
    }
}
