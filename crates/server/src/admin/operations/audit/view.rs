//! A change as it is told.

use std::net::IpAddr;

use mintmark_core::audit::ChainName;
use mintmark_core::model::EnvironmentName;
use mintmark_core::store::{AuditRecord, Subject};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::admin::{Moment, schema};

/// One change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub struct AuditView {
    /// Its place among all changes.
    pub position: u64,
    /// Whose chain it is in: a tenant's id, or `operator`.
    pub chain: String,
    /// Which row of the chain it is; null for rows from before there were chains.
    #[schema(required)]
    pub sequence: Option<u64>,
    /// When it was made.
    pub at: Moment,
    /// Who made it: the id of a member or management client, or what the machine calls them.
    pub who: String,
    /// From where on the network, if they came by it.
    #[schema(value_type = Option<String>, required)]
    pub source: Option<IpAddr>,
    /// The request that brought it, if one did.
    #[schema(required)]
    pub request_id: Option<String>,
    /// What was done, such as `client.create`.
    pub action: String,
    /// To which object.
    pub object: ObjectView,
    /// The object before; of secrets there are hints alone.
    #[schema(value_type = Option<Object>, required)]
    pub before: Option<Value>,
    /// The object after.
    #[schema(value_type = Option<Object>, required)]
    pub after: Option<Value>,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditObject)]
pub struct ObjectView {
    /// What it is.
    pub kind: ObjectKind,
    /// Where, if it belongs to an environment.
    #[schema(value_type = Option<schema::EnvironmentName>, required)]
    pub environment: Option<EnvironmentName>,
    /// Its id; of an environment and of the store there is none.
    #[schema(required)]
    pub id: Option<String>,
}

macro_rules! object_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {
        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(as = AuditObjectKind)]
        pub enum ObjectKind { $($(#[doc = $doc])+ #[serde(rename = $word)] #[schema(rename = $word)] $name),+ }

        impl ObjectKind {
            /// All of them.
            pub const ALL: &[ObjectKind] = &[$(ObjectKind::$name),+];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $(ObjectKind::$name => $word),+ }
            }
        }
    };
}

object_kinds! {
    /// A client with its credentials.
    Client = "client";
    /// A business.
    Business = "business";
    /// A tenant.
    Tenant = "tenant";
    /// A person with their sessions.
    Member = "member";
    /// An invitation.
    Invitation = "invitation";
    /// A program that manages the server.
    ManagementClient = "management_client";
    /// A token, by its `jti`.
    Token = "token";
    /// A resource with its scopes.
    Resource = "resource";
    /// A signing key, by its `kid`.
    SigningKey = "signing_key";
    /// An environment.
    Environment = "environment";
    /// The store as a whole.
    Store = "store";
}

impl From<Subject> for ObjectView {
    fn from(subject: Subject) -> Self {
        let environment = subject.environment().cloned();
        let (kind, id) = match subject {
            Subject::Environment { .. } => (ObjectKind::Environment, None),
            Subject::Store => (ObjectKind::Store, None),
            Subject::Tenant { id } => (ObjectKind::Tenant, Some(id.to_string())),
            Subject::Business { id, .. } => (ObjectKind::Business, Some(id.to_string())),
            Subject::Client { id, .. } => (ObjectKind::Client, Some(id.to_string())),
            Subject::Resource { id, .. } => (ObjectKind::Resource, Some(id.to_string())),
            Subject::SigningKey { kid, .. } => (ObjectKind::SigningKey, Some(kid)),
            Subject::Token { id, .. } => (ObjectKind::Token, Some(id)),
            Subject::Member { id } => (ObjectKind::Member, Some(id.to_string())),
            Subject::Invitation { id } => (ObjectKind::Invitation, Some(id.to_string())),
            Subject::ManagementClient { id } => (ObjectKind::ManagementClient, Some(id.to_string())),
        };
        Self { kind, environment, id }
    }
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { position, tenant, sequence, at, actor, source, request_id, action, subject, before, after } = record;
        Self {
            position: position.0,
            chain: ChainName(tenant).to_string(),
            sequence,
            at: at.into(),
            who: actor,
            source,
            request_id,
            action,
            object: subject.into(),
            before,
            after,
        }
    }
}
