//! The rows of the store in memory, with the keys and constraints that the SQL schema has.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::management::Role;
use crate::model::{
    Business, BusinessId, Client, ClientId, Credential, CredentialId, Delivery, DeliveryState, Entitlement, Environment,
    EnvironmentName, Invitation, InvitationId, InvitationKind, KeyState, Leak, LeakId, ManagementClient, ManagementClientId,
    Member, MemberId, NoticeId, Position, Quota, QuotaSubject, Resource, ResourceId, Revocation, RevocationKind,
    RevocationSubject, Session, SessionId, SigningKey, Status, Tenant, TenantId, Webhook, WebhookId,
};
use crate::notice::Notice;
use crate::quota::QUOTAS_MAX;
use crate::registry::MAX_WEBHOOKS;
use crate::store::{CommitError, InvitationsToEnd, StoredRevocation, Write};

/// A row and the position of the change that made it.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub(super) value: T,
    created: Position,
}

type Table<K, T> = BTreeMap<K, Row<T>>;
type Done = Result<(), CommitError>;

#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) environments: Table<EnvironmentName, Environment>,
    pub(super) tenants: Table<TenantId, Tenant>,
    pub(super) entitlements: Table<(EnvironmentName, TenantId), Entitlement>,
    pub(super) quotas: Table<(EnvironmentName, QuotaSubject), Quota>,
    pub(super) businesses: Table<(EnvironmentName, BusinessId), Business>,
    pub(super) clients: Table<(EnvironmentName, ClientId), Client>,
    pub(super) credentials: Table<(EnvironmentName, CredentialId), Credential>,
    pub(super) resources: Table<(EnvironmentName, ResourceId), Resource>,
    pub(super) signing_keys: Table<(EnvironmentName, String), SigningKey>,
    pub(super) revocations: BTreeMap<RevocationKey, RevocationRow>,
    pub(super) members: Table<MemberId, Member>,
    pub(super) sessions: Table<SessionId, Session>,
    pub(super) invitations: Table<InvitationId, Invitation>,
    pub(super) management_clients: Table<ManagementClientId, ManagementClient>,
    /// By their keys.
    pub(super) notices: BTreeMap<String, StoredNotice>,
    pub(super) leaks: Table<(EnvironmentName, LeakId), Leak>,
    pub(super) webhooks: Table<(EnvironmentName, WebhookId), Webhook>,
    pub(super) deliveries: BTreeMap<(WebhookId, NoticeId), Delivery>,
}

/// A notice, and whether there are deliveries of it.
#[derive(Clone, Debug)]
pub(super) struct StoredNotice {
    pub(super) notice: Notice,
    pub(super) is_spread: bool,
}

impl StoredNotice {
    pub(super) fn new(notice: &Notice) -> Self {
        Self { notice: notice.clone(), is_spread: false }
    }
}

type RevocationKey = (RevocationKind, Option<EnvironmentName>, String);

/// A revocation, and whose quota it takes.
#[derive(Clone, Debug)]
pub(super) struct RevocationRow {
    pub(super) stored: StoredRevocation,
    pub(super) client_id: Option<ClientId>,
}

/// The rows that `belongs` chooses, in the order they were made.
pub(super) fn in_order<K, T: Clone>(table: &Table<K, T>, belongs: impl Fn(&T) -> bool) -> Vec<T> {
    let mut rows: Vec<_> = table.values().filter(|row| belongs(&row.value)).collect();
    // Stable: rows of one change stay in the order of their keys.
    rows.sort_by_key(|row| row.created);
    rows.into_iter().map(|row| row.value.clone()).collect()
}

impl Tables {
    pub(super) fn credentials_of(&self, environment: &EnvironmentName, client: &ClientId) -> Vec<Credential> {
        in_order(&self.credentials, |credential| credential.environment == *environment && credential.client_id == *client)
    }

    pub(super) fn businesses_of(&self, environment: &EnvironmentName, tenant: TenantId) -> impl Iterator<Item = &Business> {
        let all = self.businesses.values().map(|row| &row.value);
        all.filter(move |business| business.environment == *environment && business.tenant_id == tenant)
    }

    pub(super) fn write(&mut self, write: &Write, position: Position) -> Done {
        match write {
            Write::ConfirmRestore => Ok(()),
            Write::Revoke(row) => {
                self.revoke(row, position);
                Ok(())
            }
            Write::AddNotice(notice) => {
                self.notices.entry(notice.key()).or_insert_with(|| StoredNotice::new(notice));
                Ok(())
            }
            Write::InsertLeak(row) => insert(&mut self.leaks, (row.environment.clone(), row.id), row, position),
            Write::UpdateLeak(row) => {
                let same = |old: &Leak| old.credential_id == row.credential_id;
                update(&mut self.leaks, &(row.environment.clone(), row.id), row, same)
            }
            Write::InsertWebhook(row) => insert(&mut self.webhooks, (row.environment.clone(), row.id), row, position),
            Write::UpdateWebhook(row) => {
                self.give_up_deliveries(row);
                update(&mut self.webhooks, &(row.environment.clone(), row.id), row, |old| old.tenant_id == row.tenant_id)
            }
            Write::DeleteWebhook(row) => {
                delete(&mut self.webhooks, &(row.environment.clone(), row.id), row)?;
                self.deliveries.retain(|(webhook, _), _| *webhook != row.id);
                Ok(())
            }
            Write::InsertEnvironment(row) => insert(&mut self.environments, row.name.clone(), row, position),
            Write::UpdateEnvironment(row) => update(&mut self.environments, &row.name, row, |_| true),
            Write::InsertTenant(row) => insert(&mut self.tenants, row.id, row, position),
            Write::UpdateTenant(row) => update(&mut self.tenants, &row.id, row, |_| true),
            Write::InsertEntitlement(row) => {
                insert(&mut self.entitlements, (row.environment.clone(), row.tenant_id), row, position)
            }
            Write::UpdateEntitlement(row) => {
                update(&mut self.entitlements, &(row.environment.clone(), row.tenant_id), row, |_| true)
            }
            Write::InsertQuota(row) => {
                holds(self.quotas.len() < QUOTAS_MAX)?;
                insert(&mut self.quotas, (row.environment.clone(), row.subject.clone()), row, position)
            }
            Write::UpdateQuota(row) => update(&mut self.quotas, &(row.environment.clone(), row.subject.clone()), row, |_| true),
            Write::DeleteQuota(row) => delete(&mut self.quotas, &(row.environment.clone(), row.subject.clone()), row),
            Write::InsertBusiness(row) => insert(&mut self.businesses, (row.environment.clone(), row.id), row, position),
            Write::UpdateBusiness(row) => {
                update(&mut self.businesses, &(row.environment.clone(), row.id), row, |old| old.tenant_id == row.tenant_id)
            }
            Write::InsertClient(row) => insert(&mut self.clients, (row.environment.clone(), row.id.clone()), row, position),
            Write::UpdateClient(row) => {
                update(&mut self.clients, &(row.environment.clone(), row.id.clone()), row, |old| old.tenant_id == row.tenant_id)
            }
            Write::InsertCredential(row) => insert(&mut self.credentials, (row.environment.clone(), row.id), row, position),
            Write::UpdateCredential(row) => {
                update(&mut self.credentials, &(row.environment.clone(), row.id), row, |old| old.client_id == row.client_id)
            }
            Write::InsertResource(row) => insert(&mut self.resources, (row.environment.clone(), row.id), row, position),
            Write::UpdateResource(row) => update(&mut self.resources, &(row.environment.clone(), row.id), row, |_| true),
            Write::InsertSigningKey(row) => {
                insert(&mut self.signing_keys, (row.environment.clone(), row.kid.clone()), row, position)
            }
            Write::UpdateSigningKey(row) => {
                let key = (row.environment.clone(), row.kid.clone());
                update(&mut self.signing_keys, &key, row, |old| old.algorithm == row.algorithm)
            }
            Write::DeleteSigningKey(row) => delete(&mut self.signing_keys, &(row.environment.clone(), row.kid.clone()), row),
            Write::InsertMember(row) => insert(&mut self.members, row.id, row, position),
            Write::UpdateMember(row) => update(&mut self.members, &row.id, row, |old| old.tenant_id == row.tenant_id),
            Write::DeleteMember(row) => delete(&mut self.members, &row.id, row),
            Write::KeepAnAdmin => {
                let is_one = |member: &Member| member.role == Role::Admin && member.status == Status::Active;
                holds(self.members.values().any(|row| is_one(&row.value)))
            }
            Write::InsertSession(row) => insert(&mut self.sessions, row.id, row, position),
            Write::UpdateSession(row) => update(&mut self.sessions, &row.id, row, |old| old.member_id == row.member_id),
            Write::EndSessions { member_id, which } => {
                self.sessions.retain(|_, row| row.value.member_id != *member_id || !which.holds(row.value.id));
                Ok(())
            }
            Write::EndAccessOfTenant { tenant_id } => {
                self.end_access_of(*tenant_id);
                Ok(())
            }
            Write::KeepSession { id, version } => holds(self.sessions.get(id).is_some_and(|row| row.value.version == *version)),
            Write::InsertInvitation(row) => insert(&mut self.invitations, row.id, row, position),
            Write::UpdateInvitation(row) => update(&mut self.invitations, &row.id, row, |old| old.tenant_id == row.tenant_id),
            Write::EndInvitations { which, at } => {
                self.end_invitations(*which, *at);
                Ok(())
            }
            Write::ForgetInvitations { before } => {
                self.invitations.retain(|_, row| row.value.expires_at >= *before);
                Ok(())
            }
            Write::InsertManagementClient(row) => insert(&mut self.management_clients, row.id, row, position),
            Write::UpdateManagementClient(row) => {
                update(&mut self.management_clients, &row.id, row, |old| old.tenant_id == row.tenant_id)
            }
        }?;
        self.check(write)
    }

    /// Nothing is sent to an endpoint that is turned off.
    fn give_up_deliveries(&mut self, to: &Webhook) {
        let waiting = |one: &&mut Delivery| one.webhook_id == to.id && one.state == DeliveryState::Waiting;
        if to.status == Status::Disabled {
            self.deliveries.values_mut().filter(waiting).for_each(|one| one.state = DeliveryState::Failed);
        }
    }

    /// The constraints beyond keys: what the row refers to exists, what must be unique is.
    fn check(&self, write: &Write) -> Done {
        match write {
            Write::InsertEnvironment(row) | Write::UpdateEnvironment(row) => {
                unique(&self.environments, |other| other.issuer == row.issuer)
            }
            Write::InsertTenant(row) | Write::UpdateTenant(row) => unique(&self.tenants, |other| other.name == row.name),
            Write::InsertEntitlement(row) => self.refers_to(&row.environment, Some(row.tenant_id)),
            Write::InsertQuota(row) => self.refers_to(&row.environment, Some(row.tenant_id)),
            Write::InsertBusiness(row) => self.refers_to(&row.environment, Some(row.tenant_id)),
            Write::InsertClient(row) => self.refers_to(&row.environment, Some(row.tenant_id)),
            Write::InsertCredential(row) => holds(self.clients.contains_key(&(row.environment.clone(), row.client_id.clone()))),
            Write::InsertLeak(row) => {
                unique(&self.leaks, |other| other.environment == row.environment && other.credential_id == row.credential_id)
            }
            Write::InsertWebhook(row) => {
                let all = self.webhooks.values().map(|other| &other.value);
                let of_owner = all.filter(|other| other.environment == row.environment && other.tenant_id == row.tenant_id);
                holds(of_owner.count() <= MAX_WEBHOOKS as usize)?;
                self.refers_to(&row.environment, None)
            }
            Write::InsertResource(row) | Write::UpdateResource(row) => {
                unique(&self.resources, |other| other.environment == row.environment && other.uri == row.uri)?;
                self.refers_to(&row.environment, None)
            }
            Write::InsertSigningKey(row) | Write::UpdateSigningKey(row) => {
                let is_active = |key: &SigningKey| key.state == KeyState::Active;
                let like_this = |key: &SigningKey| key.environment == row.environment && key.algorithm == row.algorithm;
                unique(&self.signing_keys, |other| is_active(other) && like_this(other))?;
                self.refers_to(&row.environment, None)
            }
            Write::InsertMember(row) | Write::UpdateMember(row) => {
                unique(&self.members, |other| other.email == row.email)?;
                holds(row.tenant_id.is_none_or(|tenant| self.tenants.contains_key(&tenant)))
            }
            Write::InsertSession(row) | Write::UpdateSession(row) => {
                unique(&self.sessions, |other| other.digest == row.digest)?;
                holds(self.members.contains_key(&row.member_id))
            }
            Write::InsertInvitation(row) => {
                unique(&self.invitations, |other| other.digest == row.digest)?;
                holds(row.tenant_id.is_none_or(|tenant| self.tenants.contains_key(&tenant)))
            }
            Write::InsertManagementClient(row) => holds(row.tenant_id.is_none_or(|tenant| self.tenants.contains_key(&tenant))),
            Write::EndSessions { .. }
            | Write::KeepSession { .. }
            | Write::DeleteMember(_)
            | Write::KeepAnAdmin
            | Write::AddNotice(_)
            | Write::UpdateLeak(_)
            | Write::UpdateWebhook(_)
            | Write::DeleteWebhook(_)
            | Write::EndAccessOfTenant { .. }
            | Write::EndInvitations { .. }
            | Write::UpdateInvitation(_)
            | Write::ForgetInvitations { .. }
            | Write::UpdateManagementClient(_)
            | Write::UpdateEntitlement(_)
            | Write::UpdateQuota(_)
            | Write::DeleteQuota(_)
            | Write::UpdateBusiness(_)
            | Write::UpdateClient(_)
            | Write::UpdateCredential(_)
            | Write::DeleteSigningKey(_)
            | Write::Revoke(_)
            | Write::ConfirmRestore => Ok(()),
        }
    }

    fn end_access_of(&mut self, tenant: TenantId) {
        let members = &self.members;
        let is_of_tenant = |id: &MemberId| members.get(id).is_some_and(|member| member.value.tenant_id == Some(tenant));
        self.sessions.retain(|_, row| !is_of_tenant(&row.value.member_id));
        for client in self.management_clients.values_mut().map(|row| &mut row.value) {
            if client.tenant_id == Some(tenant) {
                client.version += 1;
            }
        }
    }

    fn end_invitations(&mut self, which: InvitationsToEnd, at: Timestamp) {
        let is_meant = |one: &Invitation| match which {
            InvitationsToEnd::Of(member) => one.member_id == Some(member),
            InvitationsToEnd::By(who) => one.invited_by == Some(who),
            InvitationsToEnd::SetUpCodes => one.kind == InvitationKind::SetUp,
        };
        for row in self.invitations.values_mut().map(|row| &mut row.value) {
            if is_meant(row) && row.is_open(at) {
                row.ended_at = Some(at);
                row.version += 1;
            }
        }
    }

    fn revoke(&mut self, row: &Revocation, position: Position) {
        let (kind, environment, id) = (row.subject.kind(), row.subject.environment().cloned(), row.subject.id());
        let client_id = match &row.subject {
            RevocationSubject::Token { client_id, .. } => client_id.clone(),
            _ => None,
        };
        let key = (kind, environment.clone(), id.clone());
        let new = || RevocationRow {
            stored: StoredRevocation { kind, environment, id, position, expires_at: row.expires_at },
            client_id,
        };
        let stored = &mut self.revocations.entry(key).or_insert_with(new).stored;
        stored.position = stored.position.max(position);
        stored.expires_at = stored.expires_at.max(row.expires_at);
    }

    fn refers_to(&self, environment: &EnvironmentName, tenant: Option<TenantId>) -> Done {
        holds(self.environments.contains_key(environment) && tenant.is_none_or(|tenant| self.tenants.contains_key(&tenant)))
    }
}

/// What a write relies on. Where it does not hold that is a conflict, as somebody else was quicker: a row refers to what was removed, or the
/// last place was taken.
fn holds(condition: bool) -> Done {
    if condition { Ok(()) } else { Err(CommitError::Conflict) }
}

/// After the write at most one row, the one written, may match.
fn unique<K, T>(table: &Table<K, T>, matches: impl Fn(&T) -> bool) -> Done {
    if table.values().filter(|row| matches(&row.value)).nth(1).is_none() { Ok(()) } else { Err(CommitError::Exists) }
}

/// What the tables need to know of a row.
trait Versioned: Clone {
    fn version(&self) -> u64;

    /// Takes over what an update never changes.
    fn keep(&mut self, stored: &Self);
}

macro_rules! versioned {
    ($($noun:ty { $($kept:ident),+ })+) => {$(
        impl Versioned for $noun {
            fn version(&self) -> u64 {
                self.version
            }

            fn keep(&mut self, stored: &Self) {
                $(self.$kept = stored.$kept;)+
            }
        }
    )+};
}

versioned! {
    Environment { created_at }
    Tenant { created_at }
    Entitlement { tenant_id }
    Quota { tenant_id }
    Business { created_at }
    Client { created_at }
    // Uses are not changes: an update must not take them back to what its writer had read.
    Credential { created_at, last_used_at, last_used_from }
    Resource { created_at }
    SigningKey { created_at }
    Member { created_at }
    // What is noted without a change stays, here too.
    Session { created_at, last_seen_at }
    Invitation { created_at }
    ManagementClient { created_at }
    Webhook { created_at, dropped }
    Leak { tenant_id }
}

fn insert<K: Ord, T: Versioned>(table: &mut Table<K, T>, key: K, row: &T, position: Position) -> Done {
    if table.contains_key(&key) {
        return Err(CommitError::Exists);
    }
    table.insert(key, Row { value: row.clone(), created: position });
    Ok(())
}

fn delete<K: Ord, T: Versioned>(table: &mut Table<K, T>, key: &K, row: &T) -> Done {
    let is_it = table.get(key).is_some_and(|stored| stored.value.version() == row.version());
    table.retain(|other, _| other != key || !is_it);
    holds(is_it)
}

fn update<K: Ord, T: Versioned>(table: &mut Table<K, T>, key: &K, row: &T, same_owner: impl Fn(&T) -> bool) -> Done {
    let stored = table.get_mut(key).filter(|stored| stored.value.version() + 1 == row.version() && same_owner(&stored.value));
    let Some(stored) = stored else { return Err(CommitError::Conflict) };
    let mut value = row.clone();
    value.keep(&stored.value);
    stored.value = value;
    Ok(())
}
