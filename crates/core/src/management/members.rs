//! What one member may do to another: within reach, and no more than they hold themselves (rules S1 and S4).

use super::invitations::check;
use super::{Authority, Managed, Management, Permission, Role};
use crate::model::{EmailAddress, Member, MemberId, Status, TenantId};
use crate::registry::{CreatedInvitation, MemberEdit, RegistryError};
use crate::store::{Page, Store};

impl<S: Store> Management<S> {
    /// Members within reach, by identifier; of one tenant alone, if it is named.
    pub async fn members(&self, by: &Authority, of: Option<TenantId>, page: Page<'_, MemberId>) -> Managed<Vec<Member>> {
        check(by, Permission::Read)?;
        match by.narrowed_to(of) {
            Some(reach) => Ok(self.registry.store.members(reach, page).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The member of an address, if it is within reach.
    pub async fn member_by_email(&self, by: &Authority, email: &EmailAddress) -> Managed<Option<Member>> {
        check(by, Permission::Read)?;
        let found = self.registry.store.member_by_email(email).await?;
        Ok(found.filter(|member| is_within(by, member.tenant_id)))
    }

    /// A member within reach.
    pub async fn member(&self, by: &Authority, id: MemberId) -> Managed<Member> {
        self.member_to_change(by, id, Permission::Read).await
    }

    /// Gives a member another role. It is signed out everywhere.
    pub async fn change_role(&self, by: &Authority, id: MemberId, role: Role) -> Managed<Member> {
        self.edit_member(by, id, &MemberEdit { role: Some(role), ..MemberEdit::default() }).await
    }

    /// Turns a member off or on. Turned off, it is signed out everywhere.
    pub async fn set_member_status(&self, by: &Authority, id: MemberId, status: Status) -> Managed<Member> {
        self.edit_member(by, id, &MemberEdit { status: Some(status), ..MemberEdit::default() }).await
    }

    /// Changes role and status of a member, who is signed out everywhere by another role and by being turned off.
    pub async fn edit_member(&self, by: &Authority, id: MemberId, edit: &MemberEdit) -> Managed<Member> {
        let member = self.member_to_change(by, id, Permission::EditMembers).await?;
        check_gift(by, member.role, member.tenant_id)?;
        if let Some(role) = edit.role {
            check_gift(by, role, member.tenant_id)?;
        }
        Ok(self.registry.change_member(id, edit).await?)
    }

    /// Removes a member that is turned off. Its address is free then.
    pub async fn remove_member(&self, by: &Authority, id: MemberId) -> Managed<Member> {
        let member = self.member_to_change(by, id, Permission::EditMembers).await?;
        check_gift(by, member.role, member.tenant_id)?;
        Ok(self.registry.remove_member(id).await?)
    }

    /// Invites a member anew who lost what they sign in with. It gives whoever holds the link the member's place, so it takes who could
    /// give the role; and the member notices, since all that they had is worth nothing once the link is used.
    pub async fn invite_back(&self, by: &Authority, id: MemberId) -> Managed<CreatedInvitation> {
        let member = self.member_to_change(by, id, Permission::EditMembers).await?;
        check_gift(by, member.role, member.tenant_id)?;
        Ok(self.registry.invite_back(id, Some(by.principal())).await?)
    }

    /// A member within reach, for whoever has the permission. Others' members are as if they did not exist (rule S4).
    pub(super) async fn member_to_change(&self, by: &Authority, id: MemberId, permission: Permission) -> Managed<Member> {
        let found = self.registry.store.member_of(by.reach(), id).await?;
        let member = found.ok_or_else(|| RegistryError::NotFound(format!("member {id}")))?;
        check(by, permission)?;
        Ok(member)
    }
}

/// Whether what belongs to a tenant, or to the operator, is within reach.
pub(super) fn is_within(by: &Authority, tenant: Option<TenantId>) -> bool {
    tenant.map_or(by.reach() == super::Reach::Operator, |tenant| by.reaches(tenant))
}

/// Nobody gives or takes a role that they could not give.
pub(super) fn check_gift(by: &Authority, role: Role, tenant: Option<TenantId>) -> Managed<()> {
    if by.may_invite(role, tenant) {
        return Ok(());
    }
    Err(RegistryError::NotAllowed(format!("the role {} may not give or take the role {role}", by.role())).into())
}
