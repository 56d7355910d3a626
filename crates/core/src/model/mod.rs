//! The nouns: what an environment, a tenant, a client and the rest are made of, and the grammar of their names.
//!
//! Plain data. Nothing here decides anything; the rules are in [`crate::registry`] and [`crate::token`].

mod attributes;
mod business;
mod client;
mod credential;
mod entitlement;
mod environment;
mod id;
mod invitation;
mod leak;
mod limits;
mod management_client;
mod member;
mod name;
mod network;
mod passkey;
mod proof;
mod quota;
mod resource;
mod revocation;
mod rotation;
mod scope;
mod session;
mod signing_key;
mod tenant;
mod webhook;

pub use attributes::{AttributeValue, Attributes};
pub use business::Business;
pub use client::{AssertionAudience, BusinessAccess, Client, ClientRecord, Grant, Profile, TokenBinding};
pub use credential::{Credential, Imported, StoredMac, StoredSecret};
pub use entitlement::{Entitlement, Excess};
pub use environment::Environment;
pub use id::{
    BusinessId, CredentialId, IdError, InvitationId, LeakId, ManagementClientId, MemberId, NoticeId, ResourceId, SessionId,
    TenantId, WebhookId,
};
pub use invitation::{Invitation, InvitationKind};
pub use leak::{Leak, LeakState};
pub use limits::CredentialLimits;
pub use management_client::ManagementClient;
pub use member::{EmailAddress, EmailError, Member, PasswordHash};
pub use name::{ClientId, DialectName, EnvironmentName, NameError};
pub use network::{IpNetwork, NotANetwork};
pub use passkey::{Passkey, PasskeyAlgorithm};
pub use proof::{CertificateFingerprint, CertificateName, Federation, KeySetLocation, Proof, ProofKind, PublicKey};
pub use quota::{Quota, QuotaKind, QuotaLimits, QuotaMode, QuotaSubject};
pub use resource::{Resource, ResourceUri, ScopeDefinition, TokenFormat};
pub use revocation::{Revocation, RevocationKind, RevocationSubject};
pub use rotation::SecretRotation;
pub use scope::{ScopeError, ScopeSet, ScopeToken};
pub use session::{SensitiveAction, Session, StepUp, TokenDigest};
pub use signing_key::{KeyState, SealedBytes, SigningKey};
pub use tenant::Tenant;
pub use webhook::{Delivery, DeliveryState, Webhook};

use serde::{Deserialize, Serialize};

/// Whether an object may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may.
    Active,
    /// Somebody turned it off; it can be turned on again.
    Disabled,
}

impl Status {
    /// The word that the store and the wire of the management side use.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Disabled => "disabled",
        }
    }

    /// The status that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "active" => Some(Status::Active),
            "disabled" => Some(Status::Disabled),
            _ => None,
        }
    }
}

/// Where a change stands in the change feed. Positions rise by one with each committed change, so their order is the
/// order of commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);
