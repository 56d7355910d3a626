//! How people become members: the first by a code, others by invitation (rule S24).

use super::ceremony::{Begun, Ceremony, ENROLMENT_LIFETIME};
use super::error::refused;
use super::texts::digest_of;
use super::totp::{self, TotpSecret};
use super::{Authority, Managed, Management, ManagementError, NewSession, PasskeyAttestation, PasskeyChallenge, Permission};
use super::{Principal, TotpEnrolment, Visitor};
use crate::crypto::SecretText;
use crate::model::{EmailAddress, Invitation, InvitationId, MemberId, SealedBytes, TenantId, TokenDigest};
use crate::registry::{CreatedInvitation, Means, NewInvitation, RegistryError, address_taken};
use crate::store::{Page, Store};

/// Where the dashboard takes codes; with `/` and the token behind it, what an invitation's link leads to.
pub const INVITATION_PATH: &str = "/invitation";

/// What somebody who holds an invitation sees: what it is, and what they need to accept it either way.
#[derive(Debug)]
pub struct InvitationView {
    /// The invitation.
    pub invitation: Invitation,
    /// A secret for codes.
    pub totp: TotpEnrolment,
    /// A challenge to make a passkey.
    pub passkey: PasskeyChallenge,
}

/// What somebody says who accepts an invitation.
#[derive(Debug)]
pub struct Acceptance<'a> {
    /// What people call them.
    pub name: &'a str,
    /// What they sign in with, of who sets up a server; all other invitations have it.
    pub email: Option<&'a str>,
    /// What they prove it with.
    pub means: AcceptanceMeans<'a>,
}

/// What somebody will sign in with.
#[derive(Debug)]
pub enum AcceptanceMeans<'a> {
    /// Password and codes.
    Password {
        /// The password.
        password: &'a SecretText,
        /// Of the secret for codes.
        handle: &'a str,
        /// A code of it.
        code: &'a SecretText,
    },
    /// A passkey.
    Passkey {
        /// Of the challenge.
        handle: &'a str,
        /// The answer.
        attestation: &'a PasskeyAttestation,
        /// What its person calls it.
        name: &'a str,
    },
}

impl<S: Store> Management<S> {
    /// The one-time code that makes the first admin, for whoever starts the server to show where only its operator looks. None if there
    /// is a member.
    pub async fn setup_code(&self) -> Managed<Option<SecretText>> {
        Ok(self.registry.create_set_up_code().await?.map(|created| created.token))
    }

    /// Invites somebody.
    pub async fn invite(&self, by: &Authority, new: &NewInvitation) -> Managed<CreatedInvitation> {
        if !by.may_invite(new.role, new.tenant_id) {
            return Err(not_allowed(by, new.tenant_id.is_none_or(|tenant| by.reaches(tenant))));
        }
        // Whoever may see the member of an address is told of it; to others it is as if there were none (rule S4).
        if let Some(holder) = self.member_by_email(by, &new.email).await? {
            return Err(address_taken(&holder).into());
        }
        Ok(self.registry.invite(new, Some(by.principal())).await?)
    }

    /// Invitations within reach, by identifier; of one tenant alone, if it is named.
    pub async fn invitations(
        &self,
        by: &Authority,
        of: Option<TenantId>,
        page: Page<'_, InvitationId>,
    ) -> Managed<Vec<Invitation>> {
        check(by, Permission::EditMembers)?;
        match by.narrowed_to(of) {
            Some(reach) => Ok(self.registry.store.invitations(reach, page).await?),
            None => Ok(Vec::new()),
        }
    }

    /// An invitation within reach.
    pub async fn invitation(&self, by: &Authority, id: InvitationId) -> Managed<Invitation> {
        check(by, Permission::EditMembers)?;
        let found = self.registry.store.invitation_of(by.reach(), id).await?;
        Ok(found.ok_or_else(|| RegistryError::NotFound(format!("invitation {id}")))?)
    }

    /// Takes an invitation back.
    pub async fn cancel_invitation(&self, by: &Authority, id: InvitationId) -> Managed<Invitation> {
        check(by, Permission::EditMembers)?;
        let found = self.registry.store.invitation_of(by.reach(), id).await?;
        if !found.is_some_and(|one| by.may_invite(one.role, one.tenant_id)) {
            return Err(RegistryError::NotFound(format!("invitation {id}")).into());
        }
        Ok(self.registry.cancel_invitation(id).await?)
    }

    /// What an invitation or code is for. Looking at it changes nothing.
    pub async fn view_invitation(&self, token: &SecretText, visitor: Visitor<'_>) -> Managed<InvitationView> {
        let attempt = self.attempts.begin(visitor.source, None, self.registry.clock.now())?;
        let (_, invitation) = self.invitation_of(token).await?;
        attempt.succeeded();
        let member_id = invitation.member_id.unwrap_or_else(|| MemberId::generate(&*self.registry.random));
        let name = invitation.email.as_ref().map_or("admin", EmailAddress::as_str);
        let secret = totp::new_secret(&*self.registry.random);
        let handle = self.begin(Ceremony::AcceptWithCode(invitation.id), member_id, &*secret, ENROLMENT_LIFETIME)?;
        let totp = totp::enrolment(&secret, name, handle);
        let passkey = self.challenge_to_create(Ceremony::AcceptWithPasskey(invitation.id), member_id, (name, name), &[])?;
        Ok(InvitationView { invitation, totp, passkey })
    }

    /// Uses an invitation or code up: its holder is a member, and signed in.
    pub async fn accept_invitation(
        &self,
        token: &SecretText,
        acceptance: &Acceptance<'_>,
        visitor: Visitor<'_>,
    ) -> Managed<NewSession> {
        let attempt = self.attempts.begin(visitor.source, None, self.registry.clock.now())?;
        let (digest, invitation) = self.invitation_of(token).await?;
        let email = acceptance.email.map(|email| email.trim().parse::<EmailAddress>()).transpose();
        let email = email.map_err(|error| RegistryError::Invalid { field: "email", expected: error.to_string() })?;
        let means = Means {
            name: acceptance.name.trim().to_owned(),
            email,
            password: None,
            totp: None,
            totp_step: 0,
            passkeys: Vec::new(),
        };
        let (member_id, means) = self.prove(&invitation, &acceptance.means, means).await?;
        let (token, session) = self.new_session(member_id, visitor);
        let registry = self.registry.acting_as(self.actor_of(member_id, visitor));
        let member = registry.accept_invitation(&digest, &means, &session).await.map_err(|error| match error {
            // That the address is a member's already, perhaps of another tenant, is not told either.
            missing @ RegistryError::NotFound(_) => refused(missing),
            RegistryError::Exists(_) => ManagementError::Refused,
            other => ManagementError::Registry(other),
        })?;
        attempt.succeeded();
        Ok(NewSession { token, session, member })
    }

    async fn invitation_of(&self, token: &SecretText) -> Managed<(TokenDigest, Invitation)> {
        let digest = digest_of(token).ok_or(ManagementError::Refused)?;
        let invitation = self.registry.usable_invitation(&digest).await.map_err(refused)?;
        Ok((digest, invitation))
    }

    /// Checks what somebody will sign in with, and completes what is stored of it.
    async fn prove(&self, invitation: &Invitation, by: &AcceptanceMeans<'_>, mut means: Means) -> Managed<(MemberId, Means)> {
        let begun = match by {
            AcceptanceMeans::Password { password, handle, code } => {
                let begun = self.resume(Ceremony::AcceptWithCode(invitation.id), handle)?;
                let (sealed, step) = self.confirm_totp(&begun, begun.member_id, code)?;
                let keys = (&self.registry.root_keys.sealer, &*self.registry.random);
                means.password = Some(self.passwords.store(keys, begun.member_id, password).await?);
                (means.totp, means.totp_step) = (Some(sealed), step);
                begun
            }
            AcceptanceMeans::Passkey { handle, attestation, name } => {
                let begun = self.resume(Ceremony::AcceptWithPasskey(invitation.id), handle)?;
                means.passkeys.push(self.new_passkey(&begun, attestation, name).await?);
                begun
            }
        };
        // Who comes back is who they were, whatever was begun.
        let is_right = invitation.member_id.is_none_or(|id| id == begun.member_id);
        if is_right { Ok((begun.member_id, means)) } else { Err(ManagementError::Refused) }
    }

    /// What is stored of a secret for codes that somebody has confirmed with a code of it.
    pub(super) fn confirm_totp(&self, begun: &Begun, member: MemberId, code: &SecretText) -> Managed<(SealedBytes, u64)> {
        let secret: TotpSecret =
            begun.value.as_slice().try_into().map(zeroize::Zeroizing::new).map_err(|_| ManagementError::Refused)?;
        let step = totp::step_of(&secret, code.expose(), self.registry.clock.now()).ok_or(ManagementError::Refused)?;
        let sealed = totp::seal(&self.registry.root_keys.sealer, member, &secret, &*self.registry.random);
        Ok((sealed.ok_or(ManagementError::Busy)?, step))
    }
}

/// Refuses whoever lacks a permission.
pub(super) fn check(by: &Authority, permission: Permission) -> Managed<()> {
    if by.permits(permission) { Ok(()) } else { Err(not_allowed(by, true)) }
}

/// Out of reach is as if it did not exist (rule S4); within it, one is told what one lacks.
fn not_allowed(by: &Authority, is_within_reach: bool) -> ManagementError {
    let kind = match by.principal() {
        Principal::Member(_) => "member",
        Principal::Client(_) => "management client",
    };
    let role = by.role();
    if is_within_reach {
        RegistryError::NotAllowed(format!("a {kind} of the role {role} may not do this")).into()
    } else {
        RegistryError::NotFound("such tenant".to_owned()).into()
    }
}
