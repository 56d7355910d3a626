//! Invitations: how people become members (rule S24).

use super::checks::{check_name, invalid};
use super::member::{check_role, end, everything_ends, recovery_ends};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::SecretText;
use crate::management::{Principal, Role, new_code, new_token};
use crate::model::{
    EmailAddress, Invitation, InvitationId, InvitationKind, Member, MemberId, Passkey, PasswordHash, SealedBytes, Session,
    Status, TenantId, TokenDigest,
};
use crate::store::{InvitationsToEnd, SessionsToEnd, Store, Subject, Write};

/// For how many seconds invitations are kept that are over: a month, for whoever looks what became of them.
const KEPT: i64 = 30 * 86_400;
/// How many invitations can be open at a time, of one tenant or of the operator.
pub const OPEN_INVITATIONS_MAX: u32 = 500;

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
    /// somebody on the machine itself, who is told where the address is a member's.
    pub async fn invite(&self, new: &NewInvitation, invited_by: Option<Principal>) -> Outcome<CreatedInvitation> {
        check_role(new.role, new.tenant_id)?;
        if let Some(tenant) = new.tenant_id {
            self.existing_tenant(tenant).await?;
        }
        if invited_by.is_none()
            && let Some(holder) = self.store.member_by_email(&new.email).await?
        {
            return Err(address_taken(&holder));
        }
        self.check_open_invitations(new.tenant_id).await?;
        let mut created = self.new_invitation(InvitationKind::Invite, new_token(&*self.random));
        created.invitation.role = new.role;
        created.invitation.tenant_id = new.tenant_id;
        created.invitation.email = Some(new.email.clone());
        created.invitation.invited_by = invited_by;
        self.insert_invitation("invitation.create", created, Vec::new()).await
    }

    /// Invites a member anew who lost what they sign in with: whoever holds the link sets all of it anew and ends links from before. What was there
    /// before is good until then.
    pub async fn invite_back(&self, id: MemberId, invited_by: Option<Principal>) -> Outcome<CreatedInvitation> {
        let member = self.existing_member(id).await?;
        if member.status == Status::Disabled {
            return Err(RegistryError::NotAllowed("the member is disabled; turn it on first".to_owned()));
        }
        self.check_open_invitations(member.tenant_id).await?;
        let mut created = self.new_invitation(InvitationKind::Invite, new_token(&*self.random));
        created.invitation.role = member.role;
        created.invitation.tenant_id = member.tenant_id;
        created.invitation.email = Some(member.email);
        created.invitation.member_id = Some(id);
        created.invitation.invited_by = invited_by;
        let earlier = vec![recovery_ends(id, self.clock.now())];
        self.insert_invitation("member.invite_back", created, earlier).await
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
        let earlier = vec![self.set_up_codes_end()];
        self.insert_invitation("invitation.set_up_code", created, earlier).await.map(Some)
    }

    /// A code by which an admin gets back in, or somebody becomes one, on the word of whoever has the machine.
    /// Links and codes from before by which the same member would come back are over.
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
        let earlier = created.invitation.member_id.map(|id| recovery_ends(id, self.clock.now()));
        self.insert_invitation("member.break_glass", created, earlier.into_iter().collect()).await
    }

    /// Whether there is any member.
    pub async fn has_members(&self) -> Outcome<bool> {
        Ok(self.store.has_members().await?)
    }

    /// Uses an invitation up: its member is made, or comes back, and is signed in, all in one change.
    pub(crate) async fn accept_invitation(&self, digest: &TokenDigest, means: &Means, session: &Session) -> Outcome<Member> {
        let accepted = self.update(|| async {
            let invitation = self.usable_invitation(digest).await?;
            let after = ended(&invitation, self.clock.now());
            let mut writes = vec![Write::UpdateInvitation(after.clone())];
            let (before, member) = if let Some(id) = invitation.member_id {
                let (before, member) = self.member_who_comes_back((id, &invitation), means, &mut writes).await?;
                (audited(&serde_json::json!({ "invitation": after, "member": before })), member)
            } else {
                let member = new_member(&invitation, means, session)?;
                writes.push(Write::InsertMember(member.clone()));
                (audited(&after), member)
            };
            if invitation.kind == InvitationKind::SetUp {
                // Of two codes that are used at once one finds the other's row changed, and then that there are members.
                writes.push(self.set_up_codes_end());
            }
            writes.push(Write::InsertSession(session.clone()));
            let subject = Subject::Member { id: member.id };
            let draft = Draft {
                tenant: member.tenant_id,
                action: "invitation.accept",
                subject,
                before,
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
        if invitation.kind == InvitationKind::Invite && self.store.is_unconfirmed().await? {
            return Err(missing());
        }
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

    /// The member as it was and as it is then.
    async fn member_who_comes_back(
        &self,
        (id, invitation): (MemberId, &Invitation),
        means: &Means,
        writes: &mut Vec<Write>,
    ) -> Outcome<(Member, Member)> {
        let before = self.existing_member(id).await?;
        let mut member = before.clone();
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
        if is_break_glass {
            writes.extend(everything_ends(id, self.clock.now()));
        } else {
            writes.extend([end(id, SessionsToEnd::All), recovery_ends(id, self.clock.now())]);
        }
        Ok((before, member))
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
        earlier: Vec<Write>,
    ) -> Outcome<CreatedInvitation> {
        let before = Timestamp(self.clock.now().0.saturating_sub(KEPT));
        let mut writes = vec![Write::ForgetInvitations { before }];
        writes.extend(earlier);
        writes.push(Write::InsertInvitation(created.invitation.clone()));
        let subject = Subject::Invitation { id: created.invitation.id };
        let (tenant, after) = (created.invitation.tenant_id, audited(&created.invitation));
        let draft = Draft { tenant, action, subject, before: None, after, writes };
        self.insert(draft, || "such an invitation".to_owned()).await?;
        Ok(created)
    }

    fn set_up_codes_end(&self) -> Write {
        Write::EndInvitations { which: InvitationsToEnd::SetUpCodes, at: self.clock.now() }
    }

    /// Refuses one more where too many are open: of a tenant its own, of the operator those of no tenant.
    async fn check_open_invitations(&self, tenant_id: Option<TenantId>) -> Outcome<()> {
        let open = self.store.open_invitations(tenant_id, self.clock.now(), OPEN_INVITATIONS_MAX).await?;
        if open < u64::from(OPEN_INVITATIONS_MAX) {
            return Ok(());
        }
        Err(RegistryError::NotAllowed(format!("{OPEN_INVITATIONS_MAX} invitations are open; take some back first")))
    }
}

/// That an address is a member's already, for whoever may know of that member.
pub(crate) fn address_taken(holder: &Member) -> RegistryError {
    let of = holder.tenant_id.map_or_else(|| "the operator".to_owned(), |tenant| format!("the tenant {tenant}"));
    let why = "each address belongs to one member of the server; invite another one, or have that member removed";
    RegistryError::NotAllowed(format!("the address {} is that of the member {} of {of}: {why}", holder.email, holder.id))
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
