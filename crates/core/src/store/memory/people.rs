//! Members, sessions, invitations and management clients in memory.

use super::tables::Row;
use super::{MemoryStore, Page, Read};
use crate::clock::Timestamp;
use crate::management::Reach;
use crate::model::{
    EmailAddress, Invitation, InvitationId, ManagementClient, ManagementClientId, Member, MemberId, Session, SessionId, Status,
    TenantId, TokenDigest,
};
use crate::store::{PeopleStore, SESSIONS_LISTED_MAX};

/// The rows of one page: those after an identifier whose tenant is within reach.
fn page_of<'a, I: Ord + Copy + 'a, T: Clone + 'a>(
    rows: impl Iterator<Item = (&'a I, &'a Row<T>)>,
    tenant_of: impl Fn(&T) -> Option<TenantId>,
    reach: Reach,
    page: Page<'_, I>,
) -> Vec<T> {
    let is_wanted = |row: &T| is_within(reach, tenant_of(row));
    let later = rows.filter(|(id, row)| page.after.is_none_or(|after| *id > after) && is_wanted(&row.value));
    later.take(page.limit as usize).map(|(_, row)| row.value.clone()).collect()
}

fn is_within(reach: Reach, tenant: Option<TenantId>) -> bool {
    match reach {
        Reach::Operator => true,
        Reach::Tenant(own) => tenant == Some(own),
    }
}

fn counted(rows: impl Iterator, limit: u32) -> u64 {
    rows.take(limit as usize).count() as u64
}

impl PeopleStore for MemoryStore {
    async fn member(&self, id: MemberId) -> Read<Option<Member>> {
        Ok(self.usable()?.tables.members.get(&id).map(|row| row.value.clone()))
    }

    async fn member_of(&self, reach: Reach, id: MemberId) -> Read<Option<Member>> {
        Ok(self.member(id).await?.filter(|member| is_within(reach, member.tenant_id)))
    }

    async fn member_by_email(&self, email: &EmailAddress) -> Read<Option<Member>> {
        let state = self.usable()?;
        Ok(state.tables.members.values().map(|row| &row.value).find(|member| member.email == *email).cloned())
    }

    async fn is_unconfirmed(&self) -> Read<bool> {
        Ok(self.usable()?.is_unconfirmed)
    }

    async fn has_members(&self) -> Read<bool> {
        Ok(!self.usable()?.tables.members.is_empty())
    }

    async fn members(&self, reach: Reach, page: Page<'_, MemberId>) -> Read<Vec<Member>> {
        Ok(page_of(self.usable()?.tables.members.iter(), |member| member.tenant_id, reach, page))
    }

    async fn session(&self, digest: &TokenDigest) -> Read<Option<Session>> {
        let state = self.usable()?;
        Ok(state.tables.sessions.values().map(|row| &row.value).find(|session| session.digest == *digest).cloned())
    }

    async fn sessions_of(&self, member: MemberId) -> Read<Vec<Session>> {
        let state = self.usable()?;
        let rows = state.tables.sessions.values().map(|row| &row.value);
        let mut found: Vec<_> = rows.filter(|session| session.member_id == member).cloned().collect();
        found.sort_by_key(|session| (std::cmp::Reverse(session.created_at), session.id));
        found.truncate(SESSIONS_LISTED_MAX);
        Ok(found)
    }

    async fn session_seen(&self, id: SessionId, at: Timestamp) -> Read<()> {
        let mut state = self.usable()?;
        if let Some(row) = state.tables.sessions.get_mut(&id) {
            row.value.last_seen_at = row.value.last_seen_at.max(at);
        }
        Ok(())
    }

    async fn invitation_by_digest(&self, digest: &TokenDigest) -> Read<Option<Invitation>> {
        let state = self.usable()?;
        Ok(state.tables.invitations.values().map(|row| &row.value).find(|one| one.digest == *digest).cloned())
    }

    async fn invitation(&self, id: InvitationId) -> Read<Option<Invitation>> {
        Ok(self.usable()?.tables.invitations.get(&id).map(|row| row.value.clone()))
    }

    async fn invitation_of(&self, reach: Reach, id: InvitationId) -> Read<Option<Invitation>> {
        Ok(self.invitation(id).await?.filter(|one| is_within(reach, one.tenant_id)))
    }

    async fn open_invitations(&self, tenant: Option<TenantId>, now: Timestamp, limit: u32) -> Read<u64> {
        let state = self.usable()?;
        let all = state.tables.invitations.values().map(|row| &row.value);
        Ok(counted(all.filter(|one| one.tenant_id == tenant && one.is_open(now)), limit))
    }

    async fn invitations(&self, reach: Reach, page: Page<'_, InvitationId>) -> Read<Vec<Invitation>> {
        Ok(page_of(self.usable()?.tables.invitations.iter(), |one| one.tenant_id, reach, page))
    }

    async fn management_client(&self, id: ManagementClientId) -> Read<Option<ManagementClient>> {
        Ok(self.usable()?.tables.management_clients.get(&id).map(|row| row.value.clone()))
    }

    async fn management_client_of(&self, reach: Reach, id: ManagementClientId) -> Read<Option<ManagementClient>> {
        Ok(self.management_client(id).await?.filter(|client| is_within(reach, client.tenant_id)))
    }

    async fn active_management_clients(&self, tenant: TenantId, limit: u32) -> Read<u64> {
        let state = self.usable()?;
        let all = state.tables.management_clients.values().map(|row| &row.value);
        Ok(counted(all.filter(|one| one.tenant_id == Some(tenant) && one.status == Status::Active), limit))
    }

    async fn management_clients(&self, reach: Reach, page: Page<'_, ManagementClientId>) -> Read<Vec<ManagementClient>> {
        Ok(page_of(self.usable()?.tables.management_clients.iter(), |one| one.tenant_id, reach, page))
    }
}
