//! Showing anew who one is, for one kind of sensitive action (rule S24). The session gets another token, so that one that was copied
//! before gains nothing.

use super::ceremony::Ceremony;
use super::error::refused;
use super::passkeys::{find_passkey, use_passkey};
use super::sign_in::use_code;
use super::texts::new_token;
use super::webauthn::{PasskeyAssertion, check_assertion};
use super::{Managed, Management, ManagementError, NewSession, PasskeyChallenge, SignedIn, Visitor};
use crate::crypto::SecretText;
use crate::model::{Member, SensitiveAction, Session, StepUp};
use crate::registry::Outcome;
use crate::store::Store;

/// What somebody shows.
#[derive(Debug)]
pub enum StepUpProof<'a> {
    /// Password and code.
    Password {
        /// The password.
        password: &'a SecretText,
        /// The code.
        code: &'a SecretText,
    },
    /// A passkey.
    Passkey {
        /// Of the challenge that it answers.
        handle: &'a str,
        /// The answer.
        assertion: &'a PasskeyAssertion,
    },
}

impl<S: Store> Management<S> {
    /// A challenge for one's own passkeys.
    pub fn begin_step_up(&self, signed_in: &SignedIn, action: SensitiveAction) -> Managed<PasskeyChallenge> {
        let ceremony = Ceremony::StepUp(signed_in.session.id, action);
        self.challenge_to_use(ceremony, signed_in.member.id, &signed_in.member.passkeys)
    }

    /// Shows anew who one is.
    pub async fn step_up(
        &self,
        signed_in: &SignedIn,
        action: SensitiveAction,
        proof: StepUpProof<'_>,
        visitor: Visitor<'_>,
    ) -> Managed<NewSession> {
        let member = &signed_in.member;
        let now = self.registry.clock.now();
        let attempt = self.attempts.begin(visitor.source, Some(member.email.as_str()), now)?;
        let session = match proof {
            StepUpProof::Password { password, code } => {
                let step = self.check_password_and_code(Some(member), password, code).await?;
                let step = step.ok_or(ManagementError::Refused)?;
                self.renew(signed_in, action, visitor, |now| use_code(now, member, step)).await?
            }
            StepUpProof::Passkey { handle, assertion } => {
                let begun = self.resume(Ceremony::StepUp(signed_in.session.id, action), handle)?;
                self.use_up(&begun).await?;
                let passkey = find_passkey(member, &assertion.credential_id).ok_or(ManagementError::Refused)?;
                let count = check_assertion(assertion, passkey, &begun.value, &self.origin).map_err(super::passkeys::log)?;
                self.renew(signed_in, action, visitor, |member| use_passkey(member, passkey, count, now)).await?
            }
        };
        attempt.succeeded();
        Ok(session)
    }

    async fn renew(
        &self,
        signed_in: &SignedIn,
        action: SensitiveAction,
        visitor: Visitor<'_>,
        edit: impl Fn(&mut Member) -> Outcome<()>,
    ) -> Managed<NewSession> {
        let (token, digest) = new_token(&*self.registry.random);
        let step_up = Some(StepUp { at: self.registry.clock.now(), action });
        let session = Session { digest, step_up, version: signed_in.session.version + 1, ..signed_in.session.clone() };
        let registry = self.registry.acting_as(self.actor_of(signed_in.member.id, visitor));
        let member = registry.renew_session(&session, edit).await.map_err(refused)?;
        Ok(NewSession { token, session, member })
    }
}
