//! What a registry operation hands to the store.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::management::Principal;
use crate::model::{
    Business, BusinessId, Client, ClientId, Credential, Entitlement, Environment, EnvironmentName, Invitation, InvitationId,
    Leak, ManagementClient, ManagementClientId, Member, MemberId, Quota, Resource, ResourceId, Revocation, RevocationSubject,
    Session, SessionId, SigningKey, Tenant, TenantId, Webhook,
};
use crate::notice::Notice;

/// One change made by people or by the server's own upkeep, to be committed as one transaction.
#[derive(Clone, Debug)]
pub struct Change {
    /// The rows to write, in order.
    pub writes: Vec<Write>,
    /// Who did what.
    pub audit: AuditEntry,
}

impl Change {
    /// What the feed says that the change is about: that a token was revoked is news of its client, wherever that is known. Programs
    /// from before tokens could be revoked read a subject that they do not know as damage, and would read everything anew each time.
    /// Who manages the server is nothing that tokens depend on: the feed says as little of it as it can.
    pub fn feed_subject(&self) -> Subject {
        let client = self.writes.iter().find_map(|write| match write {
            Write::Revoke(Revocation {
                subject: RevocationSubject::Token { environment, client_id: Some(id), .. }, ..
            }) => Some(Subject::Client { environment: environment.clone(), id: id.clone() }),
            _ => None,
        });
        // Nodes hold quotas as they hold what belongs to an environment; of the client or tenant itself nothing changed.
        let quota = self.writes.iter().find_map(|write| match write {
            Write::InsertQuota(quota) | Write::UpdateQuota(quota) | Write::DeleteQuota(quota) => Some(quota),
            _ => None,
        });
        if let Some(quota) = quota {
            return Subject::Environment { environment: quota.environment.clone() };
        }
        let subject = &self.audit.subject;
        if matches!(subject, Subject::Member { .. } | Subject::Invitation { .. } | Subject::ManagementClient { .. }) {
            return Subject::Store;
        }
        client.filter(|_| matches!(subject, Subject::Token { .. })).unwrap_or_else(|| subject.clone())
    }
}

/// One row to write. An update succeeds only if the stored row still has the version before the one given
/// (`version - 1`), else the whole change is a conflict.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant inserts or updates the row that it carries")]
pub enum Write {
    InsertEnvironment(Environment),
    UpdateEnvironment(Environment),
    InsertTenant(Tenant),
    UpdateTenant(Tenant),
    InsertEntitlement(Entitlement),
    UpdateEntitlement(Entitlement),
    /// Inserts the row, unless there are [`QUOTAS_MAX`](crate::quota::QUOTAS_MAX) of them already: then it is a conflict.
    InsertQuota(Quota),
    UpdateQuota(Quota),
    /// Deletes the row, if it still has exactly this version.
    DeleteQuota(Quota),
    InsertBusiness(Business),
    UpdateBusiness(Business),
    InsertClient(Client),
    UpdateClient(Client),
    InsertCredential(Credential),
    UpdateCredential(Credential),
    InsertResource(Resource),
    UpdateResource(Resource),
    InsertSigningKey(SigningKey),
    UpdateSigningKey(SigningKey),
    /// Deletes the row, if it still has exactly this version.
    DeleteSigningKey(SigningKey),
    /// Notes that tokens are refused from the position of this change on; of one that is noted already the position is raised.
    Revoke(Revocation),
    /// Notes that somebody has said, after a restore, what was revoked since the backup was made.
    ConfirmRestore,
    InsertMember(Member),
    UpdateMember(Member),
    /// Deletes the row, if it still has exactly this version.
    DeleteMember(Member),
    /// Changes nothing, and is a conflict if no admin is active.
    KeepAnAdmin,
    InsertSession(Session),
    UpdateSession(Session),
    /// Removes sessions of a member, as many as there are: one that is over already is no conflict.
    EndSessions {
        /// Whose.
        member_id: MemberId,
        /// Which.
        which: SessionsToEnd,
    },
    /// Changes nothing, and is a conflict if the session is not there any more in exactly this version.
    KeepSession {
        /// Which.
        id: SessionId,
        /// The version that it must still have.
        version: u64,
    },
    /// Ends the sessions of a tenant's members, and by another version the tokens of its management clients, as many as there are.
    EndAccessOfTenant {
        /// Whose.
        tenant_id: TenantId,
    },
    InsertInvitation(Invitation),
    UpdateInvitation(Invitation),
    /// Ends invitations that are open, as many as there are: none is no conflict.
    EndInvitations {
        /// Which.
        which: InvitationsToEnd,
        /// When they ended.
        at: Timestamp,
    },
    /// Removes the invitations that expired before a moment, as many as there are.
    ForgetInvitations {
        /// The moment.
        before: Timestamp,
    },
    /// Adds a notice, unless there is one of its key.
    AddNotice(Notice),
    InsertLeak(Leak),
    UpdateLeak(Leak),
    /// Inserts the row, unless its owner has [`MAX_WEBHOOKS`](crate::registry::MAX_WEBHOOKS) already: then it is a conflict.
    InsertWebhook(Webhook),
    UpdateWebhook(Webhook),
    /// Deletes the row, if it still has exactly this version, and the endpoint's deliveries.
    DeleteWebhook(Webhook),
    InsertManagementClient(ManagementClient),
    UpdateManagementClient(ManagementClient),
}

/// Which sessions of a member end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionsToEnd {
    /// All.
    All,
    /// All but one.
    Others(SessionId),
    /// One.
    One(SessionId),
}

impl SessionsToEnd {
    /// Whether a session of the member is among them.
    pub fn holds(&self, session: SessionId) -> bool {
        match self {
            SessionsToEnd::All => true,
            SessionsToEnd::Others(kept) => session != *kept,
            SessionsToEnd::One(one) => session == *one,
        }
    }
}

/// Which invitations end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationsToEnd {
    /// Those by which a member comes back.
    Of(MemberId),
    /// Those that somebody made.
    By(Principal),
    /// All set-up codes.
    SetUpCodes,
}

/// The audit row of a change, and by its subject the feed entry.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Whose chain the row belongs to: the tenant that the change concerns; none for what is the operator's alone.
    pub tenant: Option<TenantId>,
    /// Who.
    pub actor: String,
    /// From where on the network, if they came by it.
    pub source: Option<IpAddr>,
    /// The request that brought the change, if one did.
    pub request_id: Option<String>,
    /// What was done, such as `client.create`. It also names the transaction in logs.
    pub action: &'static str,
    /// To which object.
    pub subject: Subject,
    /// The object before, without secrets.
    pub before: Option<serde_json::Value>,
    /// The object after, without secrets.
    pub after: Option<serde_json::Value>,
}

impl AuditEntry {
    /// What somebody on the machine itself, or the server, does to an object of which nothing is told.
    pub fn local(at: Timestamp, actor: impl Into<String>, action: &'static str, subject: Subject) -> Self {
        let (actor, tenant) = (actor.into(), subject.tenant());
        Self { at, tenant, actor, source: None, request_id: None, action, subject, before: None, after: None }
    }
}

/// The object that a change is about. Credentials belong to their client, keys and resources to their environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant names the object of its kind")]
pub enum Subject {
    Environment {
        environment: EnvironmentName,
    },
    Tenant {
        id: TenantId,
    },
    Business {
        environment: EnvironmentName,
        id: BusinessId,
    },
    Client {
        environment: EnvironmentName,
        id: ClientId,
    },
    Resource {
        environment: EnvironmentName,
        id: ResourceId,
    },
    SigningKey {
        environment: EnvironmentName,
        kid: String,
    },
    /// One token, by its `jti`.
    Token {
        environment: EnvironmentName,
        id: String,
    },
    /// A person who signs in. Sessions belong to their member.
    Member {
        id: MemberId,
    },
    Invitation {
        id: InvitationId,
    },
    ManagementClient {
        id: ManagementClientId,
    },
    Store,
}

impl Subject {
    /// The tenant that the object is, if it is one. Whose other objects are, they do not say themselves.
    pub fn tenant(&self) -> Option<TenantId> {
        match self {
            Subject::Tenant { id } => Some(*id),
            _ => None,
        }
    }

    /// The environment that the object belongs to; tenants belong to all.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            Subject::Tenant { .. }
            | Subject::Member { .. }
            | Subject::Invitation { .. }
            | Subject::ManagementClient { .. }
            | Subject::Store => None,
            Subject::Environment { environment }
            | Subject::Business { environment, .. }
            | Subject::Client { environment, .. }
            | Subject::Resource { environment, .. }
            | Subject::SigningKey { environment, .. }
            | Subject::Token { environment, .. } => Some(environment),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Environment { environment } => write!(out, "environment {environment}"),
            Subject::Tenant { id } => write!(out, "tenant {id}"),
            Subject::Business { environment, id } => write!(out, "business {id} in {environment}"),
            Subject::Client { environment, id } => write!(out, "client {id} in {environment}"),
            Subject::Resource { environment, id } => write!(out, "resource {id} in {environment}"),
            Subject::SigningKey { environment, kid } => write!(out, "signing key {kid} in {environment}"),
            Subject::Token { environment, id } => write!(out, "token {id} in {environment}"),
            Subject::Member { id } => write!(out, "member {id}"),
            Subject::Invitation { id } => write!(out, "invitation {id}"),
            Subject::ManagementClient { id } => write!(out, "management client {id}"),
            Subject::Store => out.write_str("the store"),
        }
    }
}
