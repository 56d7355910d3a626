//! What is stored of who manages the server. Nothing of it is cached: authority is read at each call (rule S1).

use std::future::Future;

use super::{Page, Read};
use crate::clock::Timestamp;
use crate::management::Reach;
use crate::model::{
    EmailAddress, Invitation, InvitationId, ManagementClient, ManagementClientId, Member, MemberId, Session, SessionId,
    TenantId, TokenDigest,
};

/// The part of a store that holds members, sessions, invitations and management clients. Changes go through
/// [`super::Store::commit`] like all others.
pub trait PeopleStore: Send + Sync + 'static {
    /// A member.
    fn member(&self, id: MemberId) -> impl Future<Output = Read<Option<Member>>> + Send;

    /// A member within reach. Another tenant's is not found, by the same query (rule S4).
    fn member_of(&self, reach: Reach, id: MemberId) -> impl Future<Output = Read<Option<Member>>> + Send;

    /// The member of an address.
    fn member_by_email(&self, email: &EmailAddress) -> impl Future<Output = Read<Option<Member>>> + Send;

    /// Whether nobody has said yet, after a restore, what was revoked since the backup was made (rule S15).
    fn is_unconfirmed(&self) -> impl Future<Output = Read<bool>> + Send;

    /// Whether there is any member, also one whose row cannot be read.
    fn has_members(&self) -> impl Future<Output = Read<bool>> + Send;

    /// Members within reach, by identifier.
    fn members(&self, reach: Reach, page: Page<'_, MemberId>) -> impl Future<Output = Read<Vec<Member>>> + Send;

    /// The session of a token's digest, also one that is over.
    fn session(&self, digest: &TokenDigest) -> impl Future<Output = Read<Option<Session>>> + Send;

    /// At most [`SESSIONS_LISTED_MAX`] sessions of a member, the latest first, also those that are over.
    fn sessions_of(&self, member: MemberId) -> impl Future<Output = Read<Vec<Session>>> + Send;

    /// Notes when a session was last used. It moves the time forward only, and is no change: it has no position.
    fn session_seen(&self, id: SessionId, at: Timestamp) -> impl Future<Output = Read<()>> + Send;

    /// The invitation of a token's digest, also one that is over.
    fn invitation_by_digest(&self, digest: &TokenDigest) -> impl Future<Output = Read<Option<Invitation>>> + Send;

    /// An invitation.
    fn invitation(&self, id: InvitationId) -> impl Future<Output = Read<Option<Invitation>>> + Send;

    /// An invitation within reach. Another tenant's is not found, by the same query (rule S4).
    fn invitation_of(&self, reach: Reach, id: InvitationId) -> impl Future<Output = Read<Option<Invitation>>> + Send;

    /// How many invitations of a tenant, or of the operator alone, can be used at a moment, counted up to `limit`.
    fn open_invitations(&self, tenant: Option<TenantId>, now: Timestamp, limit: u32) -> impl Future<Output = Read<u64>> + Send;

    /// Invitations within reach, by identifier, also those that are over and not forgotten.
    fn invitations(&self, reach: Reach, page: Page<'_, InvitationId>) -> impl Future<Output = Read<Vec<Invitation>>> + Send;

    /// A management client.
    fn management_client(&self, id: ManagementClientId) -> impl Future<Output = Read<Option<ManagementClient>>> + Send;

    /// A management client within reach. Another tenant's is not found, by the same query (rule S4).
    fn management_client_of(
        &self,
        reach: Reach,
        id: ManagementClientId,
    ) -> impl Future<Output = Read<Option<ManagementClient>>> + Send;

    /// How many management clients of a tenant are turned on, counted up to `limit`.
    fn active_management_clients(&self, tenant: TenantId, limit: u32) -> impl Future<Output = Read<u64>> + Send;

    /// Management clients within reach, by identifier.
    fn management_clients(
        &self,
        reach: Reach,
        page: Page<'_, ManagementClientId>,
    ) -> impl Future<Output = Read<Vec<ManagementClient>>> + Send;
}

/// How many sessions [`PeopleStore::sessions_of`] gives.
pub const SESSIONS_LISTED_MAX: usize = 100;
