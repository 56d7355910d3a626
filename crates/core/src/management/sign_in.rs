//! Signing in by password and code. Neither is enough: a password is guessed or given away, a code is seen over a shoulder.
//!
//! An unknown address, a wrong password and a wrong code are told alike, and take the same work.

use zeroize::Zeroizing;

use super::ceremony::{Ceremony, ENROLMENT_LIFETIME};
use super::totp::{self, SECRET};
use super::{Managed, Management, ManagementError, NewSession, SignedIn, TotpEnrolment, Visitor};
use crate::crypto::SecretText;
use crate::model::{EmailAddress, Member, SensitiveAction};
use crate::registry::{Outcome, RegistryError};
use crate::store::{SessionsToEnd, Store, Write};

impl<S: Store> Management<S> {
    /// Signs in.
    pub async fn sign_in_with_password(
        &self,
        email: &str,
        password: &SecretText,
        code: &SecretText,
        visitor: Visitor<'_>,
    ) -> Managed<NewSession> {
        let attempt = self.attempts.begin(visitor.source, Some(email), self.registry.clock.now())?;
        let member = match email.trim().parse::<EmailAddress>() {
            Ok(email) => self.registry.store.member_by_email(&email).await?,
            Err(_) => None,
        };
        let step = self.check_password_and_code(member.as_ref(), password, code).await?;
        let (Some(member), Some(step)) = (member, step) else {
            // Not what was typed as the address: people type passwords there.
            tracing::info!(source = ?visitor.source, "a sign-in by password was refused");
            return Err(ManagementError::Refused);
        };
        let started = self.start_session(&member, visitor, |now| use_code(now, &member, step)).await?;
        attempt.succeeded();
        Ok(started)
    }

    /// The time step of the code, if password and code are the member's. The work is the same whatever is wrong, and where there is no
    /// member.
    pub(super) async fn check_password_and_code(
        &self,
        member: Option<&Member>,
        password: &SecretText,
        code: &SecretText,
    ) -> Managed<Option<u64>> {
        let sealer = &self.registry.root_keys.sealer;
        let stored = member.and_then(|member| Some((member.id, member.password.as_ref()?)));
        let is_password = self.passwords.is(sealer, stored, password).await?;
        let secret = member.and_then(|member| totp::open(sealer, member.id, member.totp.as_ref()?));
        let has_secret = secret.is_some();
        let secret = secret.unwrap_or_else(|| Zeroizing::new([0; SECRET]));
        let step = totp::step_of(&secret, code.expose(), self.registry.clock.now());
        let step = step.filter(|step| member.is_some_and(|member| *step > member.totp_step));
        Ok(step.filter(|_| is_password && has_secret))
    }

    /// Gives a member another password, who has just shown who they are. Their other sessions end.
    pub async fn change_password(&self, signed_in: &SignedIn, password: &SecretText) -> Managed<()> {
        signed_in.check_stepped_up(SensitiveAction::Access, self.registry.clock.now())?;
        let id = signed_in.member.id;
        let by = (&self.registry.root_keys.sealer, &*self.registry.random);
        let stored = self.passwords.store(by, id, password).await?;
        let edit = |member: &mut Member| {
            member.password = Some(stored.clone());
            Ok((vec![others_end(signed_in)], ()))
        };
        self.registry.edit_member("member.set_password", id, edit).await?;
        Ok(())
    }

    /// Begins to give a member another secret for codes, who has just shown who they are.
    pub fn begin_totp(&self, signed_in: &SignedIn) -> Managed<TotpEnrolment> {
        signed_in.check_stepped_up(SensitiveAction::Access, self.registry.clock.now())?;
        let secret = totp::new_secret(&*self.registry.random);
        let ceremony = Ceremony::Totp(signed_in.session.id);
        let handle = self.begin(ceremony, signed_in.member.id, &*secret, ENROLMENT_LIFETIME)?;
        Ok(totp::enrolment(&secret, signed_in.member.email.as_str(), handle))
    }

    /// Finishes it with a code of the new secret. Their other sessions end.
    pub async fn enrol_totp(&self, signed_in: &SignedIn, handle: &str, code: &SecretText) -> Managed<()> {
        let now = self.registry.clock.now();
        signed_in.check_stepped_up(SensitiveAction::Access, now)?;
        let attempt = self.attempts.begin(signed_in.session.source, Some(signed_in.member.email.as_str()), now)?;
        let begun = self.resume(Ceremony::Totp(signed_in.session.id), handle)?;
        let (sealed, step) = self.confirm_totp(&begun, begun.member_id, code)?;
        let edit = |member: &mut Member| {
            member.totp = Some(sealed.clone());
            member.totp_step = step;
            Ok((vec![others_end(signed_in)], ()))
        };
        self.registry.edit_member("member.set_totp", signed_in.member.id, edit).await?;
        attempt.succeeded();
        Ok(())
    }
}

fn others_end(signed_in: &SignedIn) -> Write {
    let which = SessionsToEnd::Others(signed_in.session.id);
    Write::EndSessions { member_id: signed_in.member.id, which }
}

/// Uses a code up, unless it was used meanwhile, or password or secret are others since they were checked.
pub(super) fn use_code(now: &mut Member, checked: &Member, step: u64) -> Outcome<()> {
    let is_as_checked = now.password == checked.password && now.totp == checked.totp;
    if !is_as_checked || step <= now.totp_step {
        return Err(RegistryError::NotAllowed("the code was used before".to_owned()));
    }
    now.totp_step = step;
    Ok(())
}
