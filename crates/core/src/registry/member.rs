//! Changes to members and their sessions. Who may make them is decided in [`crate::management`]; the command line may make all.

use super::checks::{check_name, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::management::{Reach, Role};
use crate::model::{Member, MemberId, Session, SessionId, Status, TenantId};
use crate::store::{Page, SessionsToEnd, Store, Subject, Write};

/// How many members are read at a time.
const PAGE: u32 = 500;

impl<S: Store> Registry<S> {
    /// Turns a member off or on; turned off, it is signed out everywhere in the same change.
    pub async fn set_member_status(&self, id: MemberId, status: Status) -> Outcome<Member> {
        if status == Status::Disabled {
            self.check_not_the_last_admin(id).await?;
        }
        let edit = |member: &mut Member| {
            member.status = status;
            Ok((if status == Status::Disabled { vec![end(id, SessionsToEnd::All)] } else { Vec::new() }, ()))
        };
        Ok(self.edit_member("member.set_status", id, edit).await?.0)
    }

    /// Gives a member another role where it belongs. It is signed out everywhere in the same change, so that no session outlives
    /// the rights that it began with.
    pub async fn set_member_role(&self, id: MemberId, role: Role) -> Outcome<Member> {
        if role != Role::Admin {
            self.check_not_the_last_admin(id).await?;
        }
        let edit = |member: &mut Member| {
            check_role(role, member.tenant_id)?;
            member.role = role;
            Ok((vec![end(id, SessionsToEnd::All)], ()))
        };
        Ok(self.edit_member("member.set_role", id, edit).await?.0)
    }

    /// Gives a member another name.
    pub async fn rename_member(&self, id: MemberId, name: &str) -> Outcome<Member> {
        check_name("name", name)?;
        let edit = |member: &mut Member| {
            name.clone_into(&mut member.name);
            Ok((Vec::new(), ()))
        };
        Ok(self.edit_member("member.rename", id, edit).await?.0)
    }

    /// Ends sessions of a member.
    pub async fn end_sessions(&self, member_id: MemberId, which: SessionsToEnd) -> Outcome<()> {
        let (action, after) = match &which {
            SessionsToEnd::All => ("session.end_all", None),
            SessionsToEnd::Others(kept) => ("session.end_others", audited(&serde_json::json!({ "kept": kept }))),
            SessionsToEnd::One(one) => ("session.end", audited(&serde_json::json!({ "session": one }))),
        };
        let subject = Subject::Member { id: member_id };
        let tenant = self.existing_member(member_id).await?.tenant_id;
        let draft = Draft { tenant, action, subject, before: None, after, writes: vec![end(member_id, which)] };
        self.insert(draft, || "such a session".to_owned()).await
    }

    /// Begins a session of a member, with what else changes of the member at that moment. Of many sessions the oldest end.
    pub(crate) async fn begin_session(
        &self,
        session: &Session,
        over: &[SessionId],
        edit: impl Fn(&mut Member) -> Outcome<()>,
    ) -> Outcome<Member> {
        self.update(|| async {
            let mut member = self.existing_member(session.member_id).await?;
            edit(&mut member)?;
            member.last_sign_in_at = Some(session.created_at);
            member.version += 1;
            let mut writes = vec![Write::UpdateMember(member.clone()), Write::InsertSession(session.clone())];
            writes.extend(over.iter().map(|id| end(member.id, SessionsToEnd::One(*id))));
            let subject = Subject::Member { id: member.id };
            let (tenant, after) = (member.tenant_id, audited(session));
            Ok((Draft { tenant, action: "session.begin", subject, before: None, after, writes }, member))
        })
        .await
    }

    /// Gives a session another token and notes what for, with what else changes of its member.
    pub(crate) async fn renew_session(&self, session: &Session, edit: impl Fn(&mut Member) -> Outcome<()>) -> Outcome<Member> {
        let done = self.edit_member("session.step_up", session.member_id, |member| {
            edit(member)?;
            Ok((vec![Write::UpdateSession(session.clone())], ()))
        });
        Ok(done.await?.0)
    }

    /// Changes a member, with further writes in the same change.
    pub(crate) async fn edit_member<T>(
        &self,
        action: &'static str,
        id: MemberId,
        edit: impl Fn(&mut Member) -> Outcome<(Vec<Write>, T)>,
    ) -> Outcome<(Member, T)> {
        self.update(|| async {
            let before = self.existing_member(id).await?;
            let mut after = before.clone();
            let (more, value) = edit(&mut after)?;
            after.version += 1;
            let mut writes = vec![Write::UpdateMember(after.clone())];
            writes.extend(more);
            let subject = Subject::Member { id };
            let tenant = before.tenant_id;
            let draft = Draft { tenant, action, subject, before: audited(&before), after: audited(&after), writes };
            Ok((draft, (after, value)))
        })
        .await
    }

    pub(crate) async fn existing_member(&self, id: MemberId) -> Outcome<Member> {
        self.store.member(id).await?.ok_or_else(|| RegistryError::NotFound(format!("member {id}")))
    }

    /// Refuses what would leave nobody who can manage the server. Two admins who remove each other in the same second can still do
    /// it; `mintmark member break-glass` is for that too.
    async fn check_not_the_last_admin(&self, id: MemberId) -> Outcome<()> {
        let is_admin = |member: &Member| member.role == Role::Admin && member.status == Status::Active;
        if !is_admin(&self.existing_member(id).await?) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.store.members(Reach::Operator, Page { after: after.as_ref(), limit: PAGE }).await?;
            if page.iter().any(|other| other.id != id && is_admin(other)) {
                return Ok(());
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Err(RegistryError::NotAllowed("it is the last admin; make another one first".to_owned())),
            }
        }
    }
}

pub(super) fn end(member_id: MemberId, which: SessionsToEnd) -> Write {
    Write::EndSessions { member_id, which }
}

/// A role at the operator goes with no tenant, another with one (rule S1).
pub(super) fn check_role(role: Role, tenant_id: Option<TenantId>) -> Outcome<()> {
    match (role.is_of_operator(), tenant_id) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(_)) => invalid("role", "owner, developer or viewer for a tenant's"),
        (false, None) => invalid("role", "admin or auditor for the operator's"),
    }
}
