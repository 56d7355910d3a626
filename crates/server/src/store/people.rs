//! Reads of who manages the server. None is cached: each is an indexed read of one row (rule S1).

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Reach;
use mintmark_core::model::{
    EmailAddress, Invitation, InvitationId, ManagementClient, ManagementClientId, Member, MemberId, Session, SessionId,
    TenantId, TokenDigest,
};
use mintmark_core::store::{Page, PeopleStore, Read, SESSIONS_LISTED_MAX, StoreError};

use super::SqlStore;
use super::engine::{Query, Row, WriteError};
use super::fields::Fields;
use super::people_rows;
use super::reads::start;
use super::rows::readable;
use super::statements::{
    INVITATION, INVITATION_BY_DIGEST, INVITATION_OF_TENANT, INVITATIONS_AFTER, INVITATIONS_OF_TENANT_AFTER, INVITATIONS_OPEN,
    INVITATIONS_OPEN_OF_TENANT, MANAGEMENT_CLIENT, MANAGEMENT_CLIENT_OF_TENANT, MANAGEMENT_CLIENTS_ACTIVE,
    MANAGEMENT_CLIENTS_AFTER, MANAGEMENT_CLIENTS_OF_TENANT_AFTER, MEMBER, MEMBER_ANY, MEMBER_BY_EMAIL, MEMBER_OF_TENANT,
    MEMBERS_AFTER, MEMBERS_OF_TENANT_AFTER, SESSION, SESSION_SEEN, SESSIONS_OF, STORE, Statement,
};

impl PeopleStore for SqlStore {
    async fn member(&self, id: MemberId) -> Read<Option<Member>> {
        self.one(MEMBER.query().bind(id.to_string()), people_rows::member).await
    }

    async fn member_of(&self, reach: Reach, id: MemberId) -> Read<Option<Member>> {
        self.one(by_id(&id, reach, (MEMBER, MEMBER_OF_TENANT)), people_rows::member).await
    }

    async fn member_by_email(&self, email: &EmailAddress) -> Read<Option<Member>> {
        self.one(MEMBER_BY_EMAIL.query().bind(email.as_str()), people_rows::member).await
    }

    async fn is_unconfirmed(&self) -> Read<bool> {
        let row = self.engine.row(STORE.query()).await?;
        let row = row.ok_or_else(|| StoreError::Corrupt("the store's own row is missing".to_owned()))?;
        Ok(Fields::of(&row, "store", "incarnation").number::<u8>("unconfirmed")? != 0)
    }

    async fn has_members(&self) -> Read<bool> {
        Ok(self.engine.row(MEMBER_ANY.query()).await?.is_some())
    }

    async fn members(&self, reach: Reach, page: Page<'_, MemberId>) -> Read<Vec<Member>> {
        self.within(reach, page, (MEMBERS_AFTER, MEMBERS_OF_TENANT_AFTER), people_rows::member).await
    }

    async fn session(&self, digest: &TokenDigest) -> Read<Option<Session>> {
        self.one(SESSION.query().bind(&digest.0[..]), people_rows::session).await
    }

    async fn sessions_of(&self, member: MemberId) -> Read<Vec<Session>> {
        let limit = i64::try_from(SESSIONS_LISTED_MAX).unwrap_or(i64::MAX);
        let found = self.engine.rows(SESSIONS_OF.query().bind(member.to_string()).bind(limit)).await?;
        Ok(readable(&found, people_rows::session))
    }

    async fn session_seen(&self, id: SessionId, at: Timestamp) -> Read<()> {
        let note = || self.engine.execute(SESSION_SEEN.query().bind(id.to_string()).bind(at.0));
        self.engine.write(SESSION_SEEN.name, note).await.map(|_| ()).map_err(WriteError::into_store_error)
    }

    async fn invitation_by_digest(&self, digest: &TokenDigest) -> Read<Option<Invitation>> {
        self.one(INVITATION_BY_DIGEST.query().bind(&digest.0[..]), people_rows::invitation).await
    }

    async fn invitation(&self, id: InvitationId) -> Read<Option<Invitation>> {
        self.one(INVITATION.query().bind(id.to_string()), people_rows::invitation).await
    }

    async fn invitation_of(&self, reach: Reach, id: InvitationId) -> Read<Option<Invitation>> {
        self.one(by_id(&id, reach, (INVITATION, INVITATION_OF_TENANT)), people_rows::invitation).await
    }

    async fn open_invitations(&self, tenant: Option<TenantId>, now: Timestamp, limit: u32) -> Read<u64> {
        let limit = i64::from(limit);
        self.count(match tenant {
            None => INVITATIONS_OPEN.query().bind(now.0).bind(limit),
            Some(tenant) => INVITATIONS_OPEN_OF_TENANT.query().bind(now.0).bind(limit).bind(tenant.to_string()),
        })
        .await
    }

    async fn invitations(&self, reach: Reach, page: Page<'_, InvitationId>) -> Read<Vec<Invitation>> {
        self.within(reach, page, (INVITATIONS_AFTER, INVITATIONS_OF_TENANT_AFTER), people_rows::invitation).await
    }

    async fn management_client(&self, id: ManagementClientId) -> Read<Option<ManagementClient>> {
        self.one(MANAGEMENT_CLIENT.query().bind(id.to_string()), people_rows::management_client).await
    }

    async fn management_client_of(&self, reach: Reach, id: ManagementClientId) -> Read<Option<ManagementClient>> {
        let statements = (MANAGEMENT_CLIENT, MANAGEMENT_CLIENT_OF_TENANT);
        self.one(by_id(&id, reach, statements), people_rows::management_client).await
    }

    async fn active_management_clients(&self, tenant: TenantId, limit: u32) -> Read<u64> {
        self.count(MANAGEMENT_CLIENTS_ACTIVE.query().bind(tenant.to_string()).bind(i64::from(limit))).await
    }

    async fn management_clients(&self, reach: Reach, page: Page<'_, ManagementClientId>) -> Read<Vec<ManagementClient>> {
        let statements = (MANAGEMENT_CLIENTS_AFTER, MANAGEMENT_CLIENTS_OF_TENANT_AFTER);
        self.within(reach, page, statements, people_rows::management_client).await
    }
}

/// One of all, or of a tenant's.
fn by_id(id: &impl ToString, reach: Reach, (of_all, of_tenant): (Statement, Statement)) -> Query {
    match reach {
        Reach::Operator => of_all.query().bind(id.to_string()),
        Reach::Tenant(tenant) => of_tenant.query().bind(id.to_string()).bind(tenant.to_string()),
    }
}

impl SqlStore {
    async fn count(&self, query: Query) -> Read<u64> {
        let Some(row) = self.engine.row(query).await? else { return Ok(0) };
        Fields::of(&row, "count", "found").number("found")
    }

    async fn one<T>(&self, query: Query, parse: fn(&Row) -> Read<T>) -> Read<Option<T>> {
        self.engine.row(query).await?.as_ref().map(parse).transpose()
    }

    /// A page of everything, or of what is a tenant's.
    async fn within<I: ToString, T>(
        &self,
        reach: Reach,
        page: Page<'_, I>,
        (of_all, of_tenant): (Statement, Statement),
        parse: fn(&Row) -> Read<T>,
    ) -> Read<Vec<T>> {
        let query = |after: &str, limit| match reach {
            Reach::Operator => of_all.query().bind(after).bind(limit),
            Reach::Tenant(tenant) => of_tenant.query().bind(after).bind(limit).bind(tenant.to_string()),
        };
        self.listing(start(page.after), page.limit, query, parse).await
    }
}
