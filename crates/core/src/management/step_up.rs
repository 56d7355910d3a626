//! Showing anew who one is, for one kind of sensitive action (rule S24). The session gets another token, so that one that was copied
//! before gains nothing.
//!
//! A browser takes the answer to the last press of a button, and drops those before it: the token that a dropped answer brought would
//! be lost, and the session with it. So the next token is made of the one before and of a nonce that the form carries: the form, sent
//! again within a minute, brings the same one again ([`Management::stepped_up_before`]), and nothing is shown or used up twice.

use super::ceremony::Ceremony;
use super::error::refused;
use super::passkeys::{find_passkey, use_passkey};
use super::sign_in::use_code;
use super::texts::{digest_of, next_token};
use super::webauthn::{PasskeyAssertion, check_assertion};
use super::{Managed, Management, ManagementError, NewSession, PasskeyChallenge, SignedIn, Visitor};
use crate::clock::Timestamp;
use crate::crypto::SecretText;
use crate::model::{Member, MemberId, SensitiveAction, Session, StepUp};
use crate::registry::Outcome;
use crate::store::{Store, StoreError};

/// For how many seconds a form that showed who somebody is may come again.
const REPEATED_MAX: u32 = 60;

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

/// The token that a session gets by a step-up.
#[derive(Debug)]
pub struct NextToken(SecretText);

impl NextToken {
    /// Made of the session's token and of the nonce of a form, of which the server keeps nothing: who knows one of them alone cannot
    /// tell it.
    pub fn of(former: &SecretText, nonce: &SecretText) -> Self {
        Self(next_token(former, nonce))
    }

    /// The token itself.
    pub fn into_token(self) -> SecretText {
        self.0
    }
}

/// What tries of whoever is signed in are counted by. An address is never of this form.
pub(super) fn account_of(member: MemberId) -> String {
    format!("signed in: {member}")
}

impl<S: Store> Management<S> {
    /// A challenge for one's own passkeys.
    pub fn begin_step_up(&self, signed_in: &SignedIn, action: SensitiveAction) -> Managed<PasskeyChallenge> {
        let ceremony = Ceremony::StepUp(signed_in.session.id, action);
        self.challenge_to_use(ceremony, signed_in.member.id, &signed_in.member.passkeys)
    }

    /// Shows anew who one is. `next` is the token that the session then has.
    pub async fn step_up(
        &self,
        signed_in: &SignedIn,
        action: SensitiveAction,
        proof: StepUpProof<'_>,
        (visitor, next): (Visitor<'_>, NextToken),
    ) -> Managed<NewSession> {
        let member = &signed_in.member;
        let now = self.registry.clock.now();
        // A passkey is not guessed; and for a password it is not the address that counts, which others can try.
        let account = matches!(proof, StepUpProof::Password { .. }).then(|| account_of(member.id));
        let attempt = self.attempts.begin(visitor.source, account.as_deref(), now)?;
        let session = match proof {
            StepUpProof::Password { password, code } => {
                let step = self.check_password_and_code(Some(member), password, code).await?;
                let step = step.ok_or(ManagementError::Refused)?;
                self.renew(signed_in, action, (visitor, next), |now| use_code(now, member, step)).await?
            }
            StepUpProof::Passkey { handle, assertion } => {
                let begun = self.resume(Ceremony::StepUp(signed_in.session.id, action), handle)?;
                self.use_up(&begun).await?;
                let passkey = find_passkey(member, &assertion.credential_id).ok_or(ManagementError::Refused)?;
                let count = check_assertion(assertion, passkey, &begun.value, &self.origin).map_err(super::passkeys::log)?;
                self.renew(signed_in, action, (visitor, next), |member| use_passkey(member, passkey, count, now)).await?
            }
        };
        attempt.succeeded();
        Ok(session)
    }

    /// Who is signed in with the token `next`, if it was given to a session within the last minute by a step-up for this action: then
    /// a form came before whose answer the browser did not take.
    pub async fn stepped_up_before(
        &self,
        next: &NextToken,
        action: SensitiveAction,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        let is_recent = |step_up: &StepUp| step_up.action == action && now < step_up.at.plus(REPEATED_MAX);
        let found = self.session(&next.0, now).await?;
        Ok(found.filter(|signed_in| signed_in.session.step_up.as_ref().is_some_and(is_recent)))
    }

    async fn renew(
        &self,
        signed_in: &SignedIn,
        action: SensitiveAction,
        (visitor, NextToken(token)): (Visitor<'_>, NextToken),
        edit: impl Fn(&mut Member) -> Outcome<()>,
    ) -> Managed<NewSession> {
        let digest = digest_of(&token).ok_or(ManagementError::Refused)?;
        let step_up = Some(StepUp { at: self.registry.clock.now(), action });
        let session = Session { digest, step_up, version: signed_in.session.version + 1, ..signed_in.session.clone() };
        let registry = self.registry.acting_as(self.actor_of(signed_in.member.id, visitor));
        let member = registry.renew_session(&session, edit).await.map_err(refused)?;
        Ok(NewSession { token, session, member })
    }
}
