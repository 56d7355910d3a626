//! Members, sessions, invitations and management clients in memory.

use super::tables::Row;
use super::{MemoryStore, Page, Read};
use crate::clock::Timestamp;
use crate::management::Reach;
use crate::model::{
    EmailAddress, Invitation, InvitationId, ManagementClient, ManagementClientId, Member, MemberId, Session, SessionId,
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
    let is_within = |row: &T| match reach {
        Reach::Operator => true,
        Reach::Tenant(tenant) => tenant_of(row) == Some(tenant),
    };
    let later = rows.filter(|(id, row)| page.after.is_none_or(|after| *id > after) && is_within(&row.value));
    later.take(page.limit as usize).map(|(_, row)| row.value.clone()).collect()
}

impl PeopleStore for MemoryStore {
    async fn member(&self, id: MemberId) -> Read<Option<Member>> {
        Ok(self.usable()?.tables.members.get(&id).map(|row| row.value.clone()))
    }

    async fn member_by_email(&self, email: &EmailAddress) -> Read<Option<Member>> {
        let state = self.usable()?;
        Ok(state.tables.members.values().map(|row| &row.value).find(|member| member.email == *email).cloned())
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

    async fn invitations(&self, reach: Reach, page: Page<'_, InvitationId>) -> Read<Vec<Invitation>> {
        Ok(page_of(self.usable()?.tables.invitations.iter(), |one| one.tenant_id, reach, page))
    }

    async fn management_client(&self, id: ManagementClientId) -> Read<Option<ManagementClient>> {
        Ok(self.usable()?.tables.management_clients.get(&id).map(|row| row.value.clone()))
    }

    async fn management_clients(&self, reach: Reach, page: Page<'_, ManagementClientId>) -> Read<Vec<ManagementClient>> {
        Ok(page_of(self.usable()?.tables.management_clients.iter(), |one| one.tenant_id, reach, page))
    }
}
