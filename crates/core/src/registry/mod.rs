//! Changes made by people: one set of rules behind the command line and whatever else edits the registry.
//!
//! Each operation reads, checks, and hands the store a [`Change`]: rows, an audit row, a feed entry, committed together. An
//! operation that lost a race against another starts again.

mod business;
mod checks;
mod client;
mod configuration;
mod credential;
mod entitlement;
mod environment;
mod import;
mod invitation;
mod key;
mod leak;
mod limits;
mod management_client;
mod member;
mod promotion;
mod quota;
mod resealing;
mod resource;
mod revocation;
mod rotation;
mod secret;
mod store;
mod tenant;
mod webhook;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

pub use business::{BusinessEdit, MAX_EXTERNAL_ID, NewBusiness};
pub use checks::{MAX_ATTRIBUTES, MAX_NAME, check_issuer};
pub use client::{ClientEdit, ClientSecurity, CreatedClient, MAX_BUSINESSES, MAX_SERVED, NewClient, NewGrant};
pub use configuration::{
    ApplyFailure, CHANGES_AT_ONCE, ConfigurationPlan, NewSecret, PlanOptions, PlannedAction, PlannedChange,
};
pub use credential::{CreatedSharedKey, MAX_CONDITIONS, MAX_CREDENTIALS, MAX_LIVE_PROOFS, MAX_TEXT, NewCredential};
pub use entitlement::{EntitlementEdit, MAX_ENTITLED_DIALECTS, MAX_ENTITLED_RESOURCES};
pub use environment::{NewEnvironment, RESERVED_ENVIRONMENT_NAMES};
pub use import::{
    ClientToImport, CredentialToImport, IMPORTED_AT_ONCE, Import, ImportPlace, ImportVerdict, ImportedClient, LeftOut,
    MAX_IMPORTED_SECRET, ProofToImport,
};
pub use invitation::{CreatedInvitation, NewInvitation, OPEN_INVITATIONS_MAX};
pub(crate) use invitation::{Means, address_taken};
pub use key::{KeyMaker, KeyStep, KeyUpkeep, Rotation, RotationRequest, Run};
pub use leak::{LeakPolicy, LeakReport};
pub use limits::MAX_NETWORKS;
pub use management_client::{ACTIVE_MANAGEMENT_CLIENTS_MAX, CreatedManagementClient, NewManagementClient};
pub use member::MemberEdit;
pub use promotion::{Blocked, Difference, Promoted, PromotionPlan};
pub use quota::QuotaEdit;
pub use resource::{MAX_SCOPES, NewResource, ResourceEdit};
pub use revocation::{LISTED_TOKENS_MAX, REVOKED_TOKENS_MAX, TokenRevoked, TokenToRevoke};
pub(crate) use revocation::{RevokedBy, revoke_all_of_client, revoke_token};
pub use rotation::{Grace, Retirement, Rotated, RotationState, rotation_state, safe_to_retire};
pub use secret::{CreatedSecret, CredentialEdit, MAX_COMPARED_SECRETS, MAX_LIVE_SECRETS};
pub use tenant::TenantEdit;
pub use webhook::{MAX_WEBHOOKS, WebhookEdit};

use crate::clock::{Clock, Timestamp};
use crate::crypto::RootKeys;
use crate::dialect::DialectSet;
use crate::model::TenantId;
use crate::random::Random;
use crate::store::{AuditEntry, Change, CommitError, Store, StoreError, Subject, Write};

/// How often an operation that lost a race starts again.
const TRIES: usize = 8;

/// Who makes a change, as the audit names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who: a member's or management client's id, or who uses the command line as far as the machine knows.
    pub who: String,
    /// From where on the network, if it came by it.
    pub source: Option<IpAddr>,
    /// The request that brought it, if one did.
    pub request_id: Option<String>,
}

impl Actor {
    /// Somebody on the machine itself, or the server.
    pub fn local(who: impl Into<String>) -> Self {
        Self { who: who.into(), source: None, request_id: None }
    }
}

/// Why a change was not made.
#[derive(Debug)]
pub enum RegistryError {
    /// A value is not of its form.
    Invalid {
        /// Which one.
        field: &'static str,
        /// What was expected.
        expected: String,
    },
    /// There is no such object.
    NotFound(String),
    /// There is one already.
    Exists(String),
    /// The rules do not allow it.
    NotAllowed(String),
    /// Tokens that a signing key signed may still be valid, and it was not confirmed that they may be refused.
    KeyNeeded {
        /// The key's id.
        kid: String,
        /// Until when they may be, if that is known.
        until: Option<Timestamp>,
    },
    /// Somebody else changed the object again and again meanwhile.
    Conflict,
    /// The store failed; nothing was changed.
    Store(StoreError),
    /// The store was lost while it committed: whether the change was made is unknown.
    Unknown(String),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistryError::Invalid { field, expected } => write!(out, "{field}: expected {expected}"),
            RegistryError::NotFound(what) => write!(out, "there is no {what}"),
            RegistryError::Exists(what) => write!(out, "there is already {what}"),
            RegistryError::NotAllowed(why) => out.write_str(why),
            RegistryError::KeyNeeded { kid, until } => {
                write!(out, "tokens that {kid} signed may still be valid; without the key they are refused everywhere")?;
                until.map_or(Ok(()), |until| write!(out, " (until {} in unix time)", until.0))
            }
            RegistryError::Conflict => out.write_str("somebody else is changing the same object; try again"),
            RegistryError::Store(error) => write!(out, "nothing was changed: {error}"),
            RegistryError::Unknown(cause) => {
                write!(out, "whether the change was made is unknown, look before you try again: {cause}")
            }
        }
    }
}

impl std::error::Error for RegistryError {}

impl From<StoreError> for RegistryError {
    fn from(error: StoreError) -> Self {
        RegistryError::Store(error)
    }
}

/// What an operation gives back.
pub type Outcome<T> = Result<T, RegistryError>;

/// The rules for changes.
pub struct Registry<S> {
    /// Where changes go.
    pub store: Arc<S>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for identifiers and secrets.
    pub random: Arc<dyn Random>,
    /// The peppers and master keys.
    pub root_keys: Arc<RootKeys>,
    /// The dialects that clients may be given, for what these ask of a client.
    pub dialects: DialectSet,
    /// Who makes the changes.
    pub actor: Actor,
}

/// A change before its audit row is complete.
#[derive(Debug)]
struct Draft {
    /// Whose audit chain the row belongs to; none for the operator's.
    tenant: Option<TenantId>,
    action: &'static str,
    subject: Subject,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
    writes: Vec<Write>,
}

impl<S> Registry<S> {
    /// The same rules for somebody else.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            root_keys: Arc::clone(&self.root_keys),
            dialects: self.dialects.clone(),
            actor,
        }
    }
}

impl<S: Store> Registry<S> {
    async fn commit(&self, draft: Draft) -> Result<(), CommitError> {
        self.store.commit(&self.audited_change(draft)).await.map(|_| ())
    }

    /// A change with its whole audit row.
    fn audited_change(&self, draft: Draft) -> Change {
        let Draft { tenant, action, subject, before, after, writes } = draft;
        let (at, Actor { who: actor, source, request_id }) = (self.clock.now(), self.actor.clone());
        let audit = AuditEntry { at, tenant, actor, source, request_id, action, subject, before, after };
        Change { writes, audit }
    }

    /// Makes something new.
    async fn insert(&self, draft: Draft, what: impl Fn() -> String) -> Outcome<()> {
        self.commit(draft).await.map_err(|error| match error {
            CommitError::Exists => RegistryError::Exists(what()),
            CommitError::Conflict => RegistryError::Conflict,
            CommitError::Store(error) => RegistryError::Store(error),
            CommitError::Unknown(cause) => RegistryError::Unknown(cause),
        })
    }

    /// Reads, changes and writes, again from the start whenever somebody else was quicker.
    async fn update<T, F>(&self, attempt: impl Fn() -> F) -> Outcome<T>
    where
        F: Future<Output = Outcome<(Draft, T)>>,
    {
        for _ in 0..TRIES {
            let (draft, value) = attempt().await?;
            if self.is_committed(draft).await? {
                return Ok(value);
            }
        }
        Err(RegistryError::Conflict)
    }

    /// Makes a change. `false` where somebody else was quicker.
    async fn is_committed(&self, draft: Draft) -> Outcome<bool> {
        match self.commit(draft).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(CommitError::Exists) => Err(RegistryError::Exists("an object of that name".to_owned())),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Unknown(cause)) => Err(RegistryError::Unknown(cause)),
        }
    }
}

/// An object as the audit shows it. Secrets are not serialized by the nouns themselves.
fn audited<T: serde::Serialize>(object: &T) -> Option<serde_json::Value> {
    serde_json::to_value(object).ok()
}

#[cfg(test)]
mod tests;
