//! People who sign in: what they may do, the way back for who lost what they sign in with, and where they are signed in.

use std::net::IpAddr;

use mintmark_core::management::{Permission, Role};
use mintmark_core::model::{Member, MemberId, Session, SessionId, Status, TenantId};
use mintmark_core::registry::MemberEdit;
use mintmark_core::store::{self, SessionsToEnd};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::environments::PageFilter;
use super::invitations::{CreatedInvitationView, read_email};
use super::page::{Page, Wanted, page_of, read_page};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A person who signs in. Nothing that they sign in with is in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Its identifier.
    #[schema(value_type = schema::MemberId)]
    pub id: MemberId,
    /// The tenant that it belongs to; nothing for the operator's people.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// What it signs in with; no other member has it.
    #[schema(value_type = schema::Email)]
    pub email: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// A disabled member has no sessions and gets none.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// Whether it can sign in by password and code.
    pub has_password: bool,
    /// How many passkeys it has.
    pub passkeys: usize,
    /// When it was made.
    pub created_at: Moment,
    /// When it last signed in.
    #[schema(required)]
    pub last_sign_in_at: Option<Moment>,
    /// Counts the changes, each sign-in too; the entity tag is made of it.
    pub version: u64,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            has_password: member.password.is_some() && member.totp.is_some(),
            passkeys: member.passkeys.len(),
            id: member.id,
            tenant_id: member.tenant_id,
            email: member.email.as_str().to_owned(),
            name: member.name,
            role: member.role,
            status: member.status,
            created_at: member.created_at.into(),
            last_sign_in_at: member.last_sign_in_at.map(Into::into),
            version: member.version,
        }
    }
}

/// A change of what a member may do. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// Another role where it belongs. It is signed out everywhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Role, required = false)]
    pub role: Option<Role>,
    /// Disabled, it is signed out everywhere, and what it has invited is over.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
}

/// Which members to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MemberFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Those of this status alone.
    #[param(value_type = Option<schema::Status>)]
    pub status: Option<Status>,
    /// The one of this address alone, exactly, whatever the case: there is one at most, of whichever tenant the operator asks.
    #[param(value_type = Option<schema::Email>)]
    pub email: Option<String>,
}

/// A browser that somebody is signed in at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Its identifier. It signs nobody in.
    #[schema(value_type = schema::SessionId)]
    pub id: SessionId,
    /// When it began.
    pub created_at: Moment,
    /// When it was last used, to the minute.
    pub last_seen_at: Moment,
    /// When it ends, however much it is used.
    pub expires_at: Moment,
    /// From where it began.
    #[schema(value_type = Option<String>, required)]
    pub source: Option<IpAddr>,
    /// What the browser called itself.
    pub user_agent: String,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at.into(),
            last_seen_at: session.last_seen_at.into(),
            expires_at: session.expires_at.into(),
            source: session.source,
            user_agent: session.user_agent,
        }
    }
}

/// Which sessions of a member to end.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionsEnd {
    /// This one; all of them, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::SessionId, required = false)]
    pub session_id: Option<SessionId>,
}

/// Members within reach, by identifier.
pub async fn list(desk: &Desk, filter: &MemberFilter) -> Result<Page<MemberView>, Refusal> {
    desk.require(Permission::Read)?;
    let wanted = Wanted::<MemberId>::read(filter.limit, filter.cursor.as_deref())?;
    let email = filter.email.as_deref().map(read_email).transpose()?;
    let email = email.as_ref();
    let read = |after: Option<MemberId>, limit| async move {
        if let Some(email) = email {
            let found = desk.management.member_by_email(&desk.authority, email).await?;
            return Ok(found.into_iter().filter(|member| after.is_none_or(|after| member.id > after)).collect());
        }
        let page = store::Page { after: after.as_ref(), limit };
        Ok(desk.management.members(&desk.authority, filter.tenant_id, page).await?)
    };
    let is_wanted = |member: &Member| {
        filter.status.is_none_or(|status| status == member.status)
            && filter.tenant_id.is_none_or(|tenant| Some(tenant) == member.tenant_id)
    };
    read_page(wanted, read, |member| member.id, |member| is_wanted(&member).then(|| member.into())).await
}

/// One member.
pub async fn read(desk: &Desk, id: MemberId) -> Result<MemberView, Refusal> {
    desk.require(Permission::Read)?;
    let found = desk.management.member(&desk.authority, id).await;
    found.map(Into::into).map_err(Refusal::of_object)
}

/// Changes what a member may do, of the version that the caller saw.
pub async fn edit(desk: &Desk, id: MemberId, patch: &MemberPatch, seen: Option<u64>) -> Result<MemberView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let edit = MemberEdit { role: patch.role, status: patch.status, version: seen };
    let edited = desk.management.edit_member(&desk.authority, id, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_object_change(error, seen))
}

/// Removes a member that is disabled. Its address is free then.
pub async fn remove(desk: &Desk, id: MemberId) -> Result<(), Refusal> {
    desk.require(Permission::EditMembers)?;
    desk.management.remove_member(&desk.authority, id).await.map(drop).map_err(Refusal::of_object)
}

/// Makes a link by which a member who lost what they sign in with sets it anew.
pub async fn invite_back(desk: &Desk, id: MemberId) -> Result<CreatedInvitationView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let created = desk.management.invite_back(&desk.authority, id).await.map_err(Refusal::of_object)?;
    Ok(CreatedInvitationView::new(desk, created))
}

/// Where a member is signed in, the latest first.
pub async fn sessions(desk: &Desk, id: MemberId, filter: &PageFilter) -> Result<Page<SessionView>, Refusal> {
    desk.require(Permission::EditMembers)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all = desk.management.sessions_of(&desk.authority, id).await.map_err(Refusal::of_object)?;
    page_of(all, &wanted, |session| session.id.to_string(), Into::into)
}

/// Ends sessions of a member. One that is over, or another's, is ended in vain.
pub async fn end_sessions(desk: &Desk, id: MemberId, end: &SessionsEnd) -> Result<(), Refusal> {
    desk.require(Permission::EditMembers)?;
    let which = end.session_id.map_or(SessionsToEnd::All, SessionsToEnd::One);
    desk.management.end_sessions(&desk.authority, id, which).await.map_err(Refusal::of_object)
}
