//! Invitations: how people become members (rule S24).

use super::checks::{check_name, invalid};
use super::member::{check_role, end};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::SecretText;
use crate::management::{Principal, Reach, Role, new_code, new_token};
use crate::model::{
    EmailAddress, Invitation, InvitationId, InvitationKind, Member, MemberId, Passkey, PasswordHash, SealedBytes, Session,
    Status, TenantId, TokenDigest,
};
use crate::store::{Page, SessionsToEnd, Store, Subject, Write};

/// For how many seconds invitations are kept that are over: a month, for whoever looks what became of them.
const KEPT: i64 = 30 * 86_400;
/// How many invitations can be open at a time, in one listing's reach.
pub const OPEN_INVITATIONS_MAX: usize = 500;

/// Whom to invite.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// What they sign in with.
    pub email: EmailAddress,
    /// The role that they get.
    pub role: Role,
    /// The tenant whose member they become; none for the operator's.
    pub tenant_id: Option<TenantId>,
}

/// An invitation that was just made. This is the one time that its token is shown.
#[derive(Debug)]
pub struct CreatedInvitation {
    /// What its holder shows, once.
    pub token: SecretText,
    /// Its record.
    pub invitation: Invitation,
}

/// How somebody who accepts an invitation will sign in. What is sealed is sealed for the member's id.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) name: String,
    /// Said by who sets a server up; otherwise the invitation has it.
    pub(crate) email: Option<EmailAddress>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) totp: Option<SealedBytes>,
    pub(crate) totp_step: u64,
    pub(crate) passkeys: Vec<Passkey>,
}

impl<S: Store> Registry<S> {
    /// Invites somebody. Whoever invites must be allowed to give the role, now and when it is accepted; nobody is asked of
    /// somebody on the machine itself.
    pub async fn invite(&self, new: &NewInvitation, invited_by: Option<Principal>) -> Outcome<CreatedInvitation> {
        check_role(new.role, new.tenant_id)?;
        if let Some(tenant) = new.tenant_id {
            self.existing_tenant(tenant).await?;
        }
        let now = self.clock.now();
        let reach = new.tenant_id.map_or(Reach::Operator, Reach::Tenant);
        if self.open_invitations(reach, now).await?.len() >= OPEN_INVITATIONS_MAX {
            return Err(RegistryError::NotAllowed(format!(
                "{OPEN_INVITATIONS_MAX} invitations are open; take some back first"
            )));
        }
        let mut created = self.new_invitation(InvitationKind::Invite, new_token(&*self.random));
        created.invitation.role = new.role;
        created.invitation.tenant_id = new.tenant_id;
        created.invitation.email = Some(new.email.clone());
        created.invitation.invited_by = invited_by;
        self.insert_invitation("invitation.create", created, Vec::new()).await
    }

    /// Invites a member anew who lost what they sign in with: whoever holds the link sets all of it anew. What was there before is good
    /// until then.
    pub async fn invite_back(&self, id: MemberId, invited_by: Option<Principal>) -> Outcome<CreatedInvitation> {
        let member = self.existing_member(id).await?;
        if member.status == Status::Disabled {
            return Err(RegistryError::NotAllowed("the member is disabled; turn it on first".to_owned()));
        }
        let mut created = self.new_invitation(InvitationKind::Invite, new_token(&*self.random));
        created.invitation.role = member.role;
        created.invitation.tenant_id = member.tenant_id;
        created.invitation.email = Some(member.email);
        created.invitation.member_id = Some(id);
        created.invitation.invited_by = invited_by;
        self.insert_invitation("member.invite_back", created, Vec::new()).await
    }

    /// Takes an invitation back.
    pub async fn cancel_invitation(&self, id: InvitationId) -> Outcome<Invitation> {
        self.update(|| async {
            let found = self.store.invitation(id).await?;
            let before = found.ok_or_else(|| RegistryError::NotFound(format!("invitation {id}")))?;
            let after = ended(&before, self.clock.now());
            let draft = Draft {
                tenant: before.tenant_id,
                action: "invitation.cancel",
                subject: Subject::Invitation { id },
                before: audited(&before),
                after: audited(&after),
                writes: vec![Write::UpdateInvitation(after.clone())],
            };
            Ok((draft, after))
        })
        .await
    }

    /// A code that makes the first admin of a server without members; none if it has members. Codes from before are over.
    pub async fn create_set_up_code(&self) -> Outcome<Option<CreatedInvitation>> {
        if self.has_members().await? {
            return Ok(None);
        }
        let created = self.new_invitation(InvitationKind::SetUp, new_code(&*self.random));
        let earlier = self.ends_of_set_up_codes(created.invitation.id).await?;
        self.insert_invitation("invitation.set_up_code", created, earlier).await.map(Some)
    }

    /// A code by which an admin gets back in, or somebody becomes one, on the word of whoever has the machine.
    pub async fn break_glass(&self, email: EmailAddress) -> Outcome<CreatedInvitation> {
        let member = self.store.member_by_email(&email).await?;
        if member.as_ref().is_some_and(|member| member.role != Role::Admin) {
            return Err(RegistryError::NotAllowed(format!(
                "{email} is no admin; give the role first, or name another address"
            )));
        }
        let mut created = self.new_invitation(InvitationKind::BreakGlass, new_code(&*self.random));
        created.invitation.member_id = member.map(|member| member.id);
        created.invitation.email = Some(email);
        self.insert_invitation("member.break_glass", created, Vec::new()).await
    }

    /// Whether there is any member.
    pub async fn has_members(&self) -> Outcome<bool> {
        Ok(!self.store.members(Reach::Operator, Page { after: None, limit: 1 }).await?.is_empty())
    }

    /// Uses an invitation up: its member is made, or comes back, and is signed in, all in one change.
    pub(crate) async fn accept_invitation(&self, digest: &TokenDigest, means: &Means, session: &Session) -> Outcome<Member> {
        let accepted = self.update(|| async {
            let invitation = self.usable_invitation(digest).await?;
            let after = ended(&invitation, self.clock.now());
            let mut writes = vec![Write::UpdateInvitation(after.clone())];
            let member = match invitation.member_id {
                Some(id) => self.member_who_comes_back((id, &invitation), means, &mut writes).await?,
                None => new_member(&invitation, means, session)?,
            };
            if invitation.member_id.is_none() {
                writes.push(Write::InsertMember(member.clone()));
            }
            if invitation.kind == InvitationKind::SetUp {
                // Of two codes that are used at once one finds the other's row changed, and then that there are members.
                writes.extend(self.ends_of_set_up_codes(invitation.id).await?);
            }
            writes.push(Write::InsertSession(session.clone()));
            let subject = Subject::Member { id: member.id };
            let draft = Draft {
                tenant: member.tenant_id,
                action: "invitation.accept",
                subject,
                before: audited(&after),
                after: audited(&member),
                writes,
            };
            Ok((draft, member))
        });
        accepted.await.map_err(|error| match error {
            RegistryError::Exists(_) => RegistryError::Exists("a member of that address".to_owned()),
            other => other,
        })
    }

    /// An invitation that can be used now. All others are as if they did not exist.
    pub(crate) async fn usable_invitation(&self, digest: &TokenDigest) -> Outcome<Invitation> {
        let missing = || RegistryError::NotFound("such invitation".to_owned());
        let found = self.store.invitation_by_digest(digest).await?;
        let invitation = found.filter(|one| one.is_open(self.clock.now())).ok_or_else(missing)?;
        if invitation.kind == InvitationKind::SetUp && self.has_members().await? {
            return Err(missing());
        }
        if self.may_still_invite(&invitation).await? { Ok(invitation) } else { Err(missing()) }
    }

    /// Whether the inviter could still give the role (rule S24), and the tenant still takes members.
    async fn may_still_invite(&self, invitation: &Invitation) -> Outcome<bool> {
        let Some(tenant_is_there) = self.is_tenant_active(invitation.tenant_id).await? else { return Ok(false) };
        let authority = match invitation.invited_by {
            None => return Ok(tenant_is_there),
            Some(Principal::Member(id)) => self.store.member(id).await?.and_then(|member| member.authority()),
            Some(Principal::Client(id)) => self.store.management_client(id).await?.and_then(|client| client.authority()),
        };
        Ok(tenant_is_there && authority.is_some_and(|authority| authority.may_invite(invitation.role, invitation.tenant_id)))
    }

    /// Whether a member's tenant is active; the operator always is. None if there is no such tenant.
    pub(crate) async fn is_tenant_active(&self, tenant_id: Option<TenantId>) -> Outcome<Option<bool>> {
        let Some(id) = tenant_id else { return Ok(Some(true)) };
        Ok(self.store.tenant(id).await?.map(|tenant| tenant.status == Status::Active))
    }

    async fn member_who_comes_back(
        &self,
        (id, invitation): (MemberId, &Invitation),
        means: &Means,
        writes: &mut Vec<Write>,
    ) -> Outcome<Member> {
        let mut member = self.existing_member(id).await?;
        // Whoever has the machine turns an admin on again; an invitation does not, nor does it outlive a change of the role.
        let is_break_glass = invitation.kind == InvitationKind::BreakGlass;
        if member.role != invitation.role || (member.status == Status::Disabled && !is_break_glass) {
            return Err(RegistryError::NotFound("such invitation".to_owned()));
        }
        member.status = Status::Active;
        member.password.clone_from(&means.password);
        member.totp.clone_from(&means.totp);
        member.totp_step = means.totp_step;
        member.passkeys.clone_from(&means.passkeys);
        member.last_sign_in_at = Some(self.clock.now());
        member.version += 1;
        writes.push(Write::UpdateMember(member.clone()));
        writes.push(end(id, SessionsToEnd::All));
        Ok(member)
    }

    fn new_invitation(&self, kind: InvitationKind, (token, digest): (SecretText, TokenDigest)) -> CreatedInvitation {
        let now = self.clock.now();
        let invitation = Invitation {
            id: InvitationId::generate(&*self.random),
            kind,
            digest,
            tenant_id: None,
            role: Role::Admin,
            email: None,
            member_id: None,
            invited_by: None,
            created_at: now,
            expires_at: now.plus(kind.lifetime()),
            ended_at: None,
            version: 1,
        };
        CreatedInvitation { token, invitation }
    }

    async fn insert_invitation(
        &self,
        action: &'static str,
        created: CreatedInvitation,
        more: Vec<Write>,
    ) -> Outcome<CreatedInvitation> {
        let before = Timestamp(self.clock.now().0.saturating_sub(KEPT));
        let mut writes = vec![Write::ForgetInvitations { before }, Write::InsertInvitation(created.invitation.clone())];
        writes.extend(more);
        let subject = Subject::Invitation { id: created.invitation.id };
        let (tenant, after) = (created.invitation.tenant_id, audited(&created.invitation));
        let draft = Draft { tenant, action, subject, before: None, after, writes };
        self.insert(draft, || "such an invitation".to_owned()).await?;
        Ok(created)
    }

    /// Ends all set-up codes but one.
    async fn ends_of_set_up_codes(&self, but: InvitationId) -> Outcome<Vec<Write>> {
        let now = self.clock.now();
        let open = self.open_invitations(Reach::Operator, now).await?;
        let others = open.iter().filter(|one| one.kind == InvitationKind::SetUp && one.id != but);
        Ok(others.map(|one| Write::UpdateInvitation(ended(one, now))).collect())
    }

    async fn open_invitations(&self, reach: Reach, now: Timestamp) -> Outcome<Vec<Invitation>> {
        let mut open = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.invitations(reach, Page { after: after.as_ref(), limit: 500 }).await?;
            after = page.last().map(|last| last.id);
            open.extend(page.into_iter().filter(|one| one.is_open(now)));
            if after.is_none() || open.len() >= OPEN_INVITATIONS_MAX {
                return Ok(open);
            }
        }
    }
}

fn ended(invitation: &Invitation, now: Timestamp) -> Invitation {
    Invitation { ended_at: invitation.ended_at.or(Some(now)), version: invitation.version + 1, ..invitation.clone() }
}

fn new_member(invitation: &Invitation, means: &Means, session: &Session) -> Outcome<Member> {
    let email = invitation.email.as_ref().or(means.email.as_ref());
    let Some(email) = email else { return invalid("email", "an e-mail address") };
    check_name("name", &means.name)?;
    Ok(Member {
        id: session.member_id,
        tenant_id: invitation.tenant_id,
        email: email.clone(),
        name: means.name.clone(),
        role: invitation.role,
        status: Status::Active,
        password: means.password.clone(),
        totp: means.totp.clone(),
        totp_step: means.totp_step,
        passkeys: means.passkeys.clone(),
        created_at: session.created_at,
        last_sign_in_at: Some(session.created_at),
        version: 1,
    })
}
