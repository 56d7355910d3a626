//! Changes to members and their sessions. Who may make them is decided in [`crate::management`]; the command line may make all.

use super::checks::{check_name, check_version, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::management::{Principal, Reach, Role};
use crate::model::{Member, MemberId, SensitiveAction, Session, SessionId, Status, TenantId};
use crate::store::{InvitationsToEnd, Page, SessionsToEnd, Store, Subject, Write};

/// How many members are read at a time.
const PAGE: u32 = 500;

/// A change of what a member may do. What is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberEdit {
    /// Its role.
    pub role: Option<Role>,
    /// Whether it may sign in.
    pub status: Option<Status>,
    /// The version that the caller saw; whichever there is, if none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Turns a member off or on; turned off, it is signed out everywhere in the same change, and what it has invited, or would come
    /// back by, is over for good.
    pub async fn set_member_status(&self, id: MemberId, status: Status) -> Outcome<Member> {
        self.change_member(id, &MemberEdit { status: Some(status), ..MemberEdit::default() }).await
    }

    /// Gives a member another role where it belongs. It is signed out everywhere in the same change, so that no session outlives
    /// the rights that it began with; what it has invited is over if it could not give its role of before any more.
    pub async fn set_member_role(&self, id: MemberId, role: Role) -> Outcome<Member> {
        self.change_member(id, &MemberEdit { role: Some(role), ..MemberEdit::default() }).await
    }

    /// Changes role and status of a member, with what [`Self::set_member_role`] and [`Self::set_member_status`] end.
    pub async fn change_member(&self, id: MemberId, edit: &MemberEdit) -> Outcome<Member> {
        let MemberEdit { role, status, version } = *edit;
        let is_off = status == Some(Status::Disabled);
        if is_off || role.is_some_and(|role| role != Role::Admin) {
            self.check_not_the_last_admin(id).await?;
        }
        let change = |member: &mut Member| {
            check_version(version, member.version)?;
            let (was_admin, was, now) = (is_active_admin(member), member.role, self.clock.now());
            if let Some(role) = role {
                check_role(role, member.tenant_id)?;
                member.role = role;
            }
            member.status = status.unwrap_or(member.status);
            let mut writes = match role {
                _ if is_off => everything_ends(id, now),
                Some(_) => vec![end(id, SessionsToEnd::All), recovery_ends(id, now)],
                None => Vec::new(),
            };
            // An invitation gives no more than its inviter holds when it is used (rule S24). It ends with what its inviter held, so
            // that of an acceptance in the same moment and this change one finds what the other did.
            if !is_off && role.is_some_and(|role| role != was && !role.may_give(was)) {
                writes.push(invitations_end(id, now));
            }
            writes.extend((was_admin && !is_active_admin(member)).then_some(Write::KeepAnAdmin));
            Ok((writes, ()))
        };
        let action = match (role, status) {
            (Some(_), None) => "member.set_role",
            (None, Some(_)) => "member.set_status",
            _ => "member.edit",
        };
        Ok(self.edit_member(action, id, change).await?.0)
    }

    /// Removes a member that is turned off: its address is free for whoever is invited next, of whatever tenant. The audit keeps what
    /// it was.
    pub async fn remove_member(&self, id: MemberId) -> Outcome<Member> {
        self.update(|| async {
            let before = self.existing_member(id).await?;
            if before.status != Status::Disabled {
                return Err(RegistryError::NotAllowed("the member is active; disable it first".to_owned()));
            }
            let mut writes = everything_ends(id, self.clock.now());
            writes.push(Write::DeleteMember(before.clone()));
            let (tenant, subject) = (before.tenant_id, Subject::Member { id });
            let draft = Draft { tenant, action: "member.remove", subject, before: audited(&before), after: None, writes };
            Ok((draft, before))
        })
        .await
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

    /// Ends sessions of a member. Where there is none to end, nothing changes.
    pub async fn end_sessions(&self, member_id: MemberId, which: SessionsToEnd) -> Outcome<()> {
        let (action, after) = match &which {
            SessionsToEnd::All => ("session.end_all", None),
            SessionsToEnd::Others(kept) => ("session.end_others", audited(&serde_json::json!({ "kept": kept }))),
            SessionsToEnd::One(one) => ("session.end", audited(&serde_json::json!({ "session": one }))),
        };
        let subject = Subject::Member { id: member_id };
        let tenant = self.existing_member(member_id).await?.tenant_id;
        if !self.store.sessions_of(member_id).await?.iter().any(|session| which.holds(session.id)) {
            return Ok(());
        }
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
        self.update(|| async {
            let mut member = self.existing_member(session.member_id).await?;
            edit(&mut member)?;
            member.version += 1;
            let writes = vec![Write::UpdateMember(member.clone()), Write::UpdateSession(session.clone())];
            let subject = Subject::Member { id: member.id };
            let (tenant, after) = (member.tenant_id, audited(session));
            Ok((Draft { tenant, action: "session.step_up", subject, before: None, after, writes }, member))
        })
        .await
    }

    /// Changes one's own means to sign in, by a session that is there and stepped up when the change is made, not only before. Links
    /// and codes by which the member would come back end: whoever holds one has no part in the new means.
    pub(crate) async fn edit_own_access(
        &self,
        action: &'static str,
        session: &Session,
        edit: impl Fn(&mut Member) -> Outcome<Vec<Write>>,
    ) -> Outcome<Member> {
        self.update(|| async {
            let before = self.member_signed_in(session).await?;
            let (id, tenant) = (before.id, before.tenant_id);
            let mut after = before.clone();
            let more = edit(&mut after)?;
            after.version += 1;
            let keep = Write::KeepSession { id: session.id, version: session.version };
            let mut writes = vec![keep, Write::UpdateMember(after.clone()), recovery_ends(id, self.clock.now())];
            writes.extend(more);
            let subject = Subject::Member { id };
            let draft = Draft { tenant, action, subject, before: audited(&before), after: audited(&after), writes };
            Ok((draft, after))
        })
        .await
    }

    /// The member of a session that is as it was, and stepped up for access.
    async fn member_signed_in(&self, session: &Session) -> Outcome<Member> {
        let now = self.clock.now();
        let is_it = |found: Session| {
            let is_as_before = found.id == session.id && found.version == session.version && !found.is_over(now);
            is_as_before && found.is_stepped_up_for(SensitiveAction::Access, now)
        };
        let is_there = self.store.session(&session.digest).await?.is_some_and(is_it);
        let member = self.existing_member(session.member_id).await?;
        let is_active = member.authority().is_some() && self.is_tenant_active(member.tenant_id).await? == Some(true);
        if is_there && is_active {
            return Ok(member);
        }
        Err(RegistryError::NotAllowed("the session is over; sign in again".to_owned()))
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

    /// Refuses what would leave nobody who can manage the server. Of two admins who remove each other in the same moment
    /// [`Write::KeepAnAdmin`] stops the second.
    async fn check_not_the_last_admin(&self, id: MemberId) -> Outcome<()> {
        if !is_active_admin(&self.existing_member(id).await?) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.store.members(Reach::Operator, Page { after: after.as_ref(), limit: PAGE }).await?;
            if page.iter().any(|other| other.id != id && is_active_admin(other)) {
                return Ok(());
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Err(RegistryError::NotAllowed("it is the last admin; make another one first".to_owned())),
            }
        }
    }
}

fn is_active_admin(member: &Member) -> bool {
    member.role == Role::Admin && member.status == Status::Active
}

pub(super) fn end(member_id: MemberId, which: SessionsToEnd) -> Write {
    Write::EndSessions { member_id, which }
}

/// Ends the links and codes by which a member would come back.
pub(super) fn recovery_ends(id: MemberId, at: Timestamp) -> Write {
    Write::EndInvitations { which: InvitationsToEnd::Of(id), at }
}

/// Ends a member's sessions, the links and codes by which it would come back, and the invitations that it made.
pub(super) fn everything_ends(id: MemberId, at: Timestamp) -> Vec<Write> {
    vec![end(id, SessionsToEnd::All), recovery_ends(id, at), invitations_end(id, at)]
}

/// Ends the invitations that a member made.
fn invitations_end(id: MemberId, at: Timestamp) -> Write {
    Write::EndInvitations { which: InvitationsToEnd::By(Principal::Member(id)), at }
}

/// A role at the operator goes with no tenant, another with one (rule S1).
pub(super) fn check_role(role: Role, tenant_id: Option<TenantId>) -> Outcome<()> {
    match (role.is_of_operator(), tenant_id) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(_)) => invalid("role", "owner, developer or viewer for a tenant's"),
        (false, None) => invalid("role", "admin or auditor for the operator's"),
    }
}
