//! How people become members: links that work once. No mail is sent; whoever invites hands the link over.

use mintmark_core::crypto::SecretText;
use mintmark_core::management::{INVITATION_PATH, Permission, Role};
use mintmark_core::model::{EmailAddress, Invitation, InvitationId, InvitationKind, MemberId, TenantId};
use mintmark_core::registry::{CreatedInvitation, NewInvitation};
use mintmark_core::store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ShownSecret;
use super::page::{Page, Wanted, read_page};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A link or code that makes its holder a member, once. The link is not in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// Its identifier. It lets nobody in.
    #[schema(value_type = schema::InvitationId)]
    pub id: InvitationId,
    /// What it is for.
    #[schema(value_type = schema::InvitationKind)]
    pub kind: InvitationKind,
    /// The tenant whose member its holder becomes; nothing for the operator's.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// The role that it gives.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// The address that its holder signs in with; who sets up a server says so then.
    #[schema(required)]
    pub email: Option<String>,
    /// The member who gets back in; nothing where somebody becomes one.
    #[schema(value_type = Option<schema::MemberId>, required)]
    pub member_id: Option<MemberId>,
    /// The member or management client who invited; nothing for somebody on the machine itself.
    #[schema(required)]
    pub invited_by: Option<String>,
    /// When it was made.
    pub created_at: Moment,
    /// When it can be used no more.
    pub expires_at: Moment,
    /// When it was used, or taken back.
    #[schema(required)]
    pub ended_at: Option<Moment>,
    /// Counts the changes.
    pub version: u64,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            kind: invitation.kind,
            tenant_id: invitation.tenant_id,
            role: invitation.role,
            email: invitation.email.map(|email| email.as_str().to_owned()),
            member_id: invitation.member_id,
            invited_by: invitation.invited_by.map(|by| by.to_string()),
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            ended_at: invitation.ended_at.map(Into::into),
            version: invitation.version,
        }
    }
}

/// Whom to invite.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitationBody {
    /// What they will sign in with.
    #[schema(value_type = schema::Email)]
    pub email: String,
    /// The role that they get.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// The tenant whose member they become. Left out, it is the caller's own, or the operator's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TenantId, required = false)]
    pub tenant_id: Option<TenantId>,
}

/// An invitation that was just made. This is the one time that its link is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CreatedInvitation)]
pub struct CreatedInvitationView {
    /// The invitation.
    pub invitation: InvitationView,
    /// What its holder opens, once.
    pub link: ShownSecret,
}

impl CreatedInvitationView {
    pub(super) fn new(desk: &Desk, created: CreatedInvitation) -> Self {
        let CreatedInvitation { token, invitation } = created;
        let link = SecretText::new(format!("{}{INVITATION_PATH}/{}", desk.management.origin, token.expose()));
        Self { invitation: invitation.into(), link: link.into() }
    }
}

/// Which invitations to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct InvitationFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Those that can be used alone, or those alone that cannot.
    pub open: Option<bool>,
}

/// Invitations within reach, by identifier. Those that are over are kept for a month.
pub async fn list(desk: &Desk, filter: &InvitationFilter) -> Result<Page<InvitationView>, Refusal> {
    desk.require(Permission::EditMembers)?;
    let wanted = Wanted::<InvitationId>::read(filter.limit, filter.cursor.as_deref())?;
    let now = desk.registry.clock.now();
    let read = |after: Option<InvitationId>, limit| async move {
        let page = store::Page { after: after.as_ref(), limit };
        Ok(desk.management.invitations(&desk.authority, filter.tenant_id, page).await?)
    };
    let is_wanted = |one: &Invitation| filter.open.is_none_or(|open| open == one.is_open(now));
    read_page(wanted, read, |one| one.id, |one| is_wanted(&one).then(|| one.into())).await
}

/// One invitation.
pub async fn read(desk: &Desk, id: InvitationId) -> Result<InvitationView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let found = desk.management.invitation(&desk.authority, id).await;
    found.map(Into::into).map_err(Refusal::of_object)
}

/// Invites somebody.
pub async fn create(desk: &Desk, new: &NewInvitationBody) -> Result<CreatedInvitationView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let new = NewInvitation { email: read_email(&new.email)?, role: new.role, tenant_id: new.tenant_id.or(desk.only_tenant()) };
    let created = desk.management.invite(&desk.authority, &new).await?;
    Ok(CreatedInvitationView::new(desk, created))
}

pub(super) fn read_email(text: &str) -> Result<EmailAddress, Refusal> {
    text.trim().parse::<EmailAddress>().map_err(|error| Refusal::Invalid {
        field: "email",
        expected: error.to_string().trim_start_matches("expected ").to_owned(),
    })
}

/// Takes an invitation back. One that is over stays as it is.
pub async fn cancel(desk: &Desk, id: InvitationId) -> Result<(), Refusal> {
    desk.require(Permission::EditMembers)?;
    desk.management.cancel_invitation(&desk.authority, id).await.map(drop).map_err(Refusal::of_object)
}
