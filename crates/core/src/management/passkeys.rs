//! Passkeys: signing in with one, registering and removing them.

use serde_json::{Value, json};

use super::ceremony::{Begun, CHALLENGE_LIFETIME, Ceremony};
use super::webauthn::{PasskeyAssertion, PasskeyAttestation, WebAuthnError, check_assertion, check_registration};
use super::{Managed, Management, ManagementError, NewSession, SignedIn, Visitor};
use crate::base64url;
use crate::clock::Timestamp;
use crate::model::{Member, MemberId, Passkey, SensitiveAction};
use crate::registry::{Outcome, RegistryError};
use crate::store::Store;

/// The length of a challenge.
const CHALLENGE: usize = 32;
/// The longest name of a passkey, in characters.
const NAME_MAX: usize = 60;

/// What a page asks the browser for.
#[derive(Clone, Debug)]
pub struct PasskeyChallenge {
    /// To be sent back with the answer, as it is.
    pub handle: String,
    /// The `publicKey` of `navigator.credentials.create` or `.get`, for `parseCreationOptionsFromJSON` or
    /// `parseRequestOptionsFromJSON`.
    pub options: Value,
}

impl<S: Store> Management<S> {
    /// A challenge for whatever passkey somebody has: they need not say who they are.
    pub fn begin_passkey_sign_in(&self) -> Managed<PasskeyChallenge> {
        self.challenge_to_use(Ceremony::SignIn, MemberId::none(), &[])
    }

    /// Signs in. The challenge is used up whatever comes of it.
    pub async fn finish_passkey_sign_in(
        &self,
        handle: &str,
        assertion: &PasskeyAssertion,
        visitor: Visitor<'_>,
    ) -> Managed<NewSession> {
        let now = self.registry.clock.now();
        let attempt = self.attempts.begin(visitor.source, None, now)?;
        let begun = self.resume(Ceremony::SignIn, handle)?;
        self.use_up(&begun).await?;
        let id = assertion.user_handle.as_deref().and_then(|handle| std::str::from_utf8(handle).ok()?.parse().ok());
        let id: MemberId = id.ok_or(ManagementError::Refused)?;
        let member = self.registry.store.member(id).await?.ok_or(ManagementError::Refused)?;
        let passkey = find_passkey(&member, &assertion.credential_id).ok_or(ManagementError::Refused)?;
        let count = check_assertion(assertion, passkey, &begun.value, &self.origin).map_err(log)?;
        let started = self.start_session(&member, visitor, |member| use_passkey(member, passkey, count, now)).await?;
        attempt.succeeded();
        Ok(started)
    }

    /// Begins to register a passkey for somebody who has just shown who they are.
    pub fn begin_passkey_registration(&self, signed_in: &SignedIn) -> Managed<PasskeyChallenge> {
        signed_in.check_stepped_up(SensitiveAction::Access, self.registry.clock.now())?;
        let member = &signed_in.member;
        let name = (member.email.as_str(), member.name.as_str());
        self.challenge_to_create(Ceremony::Registration(signed_in.session.id), member.id, name, &member.passkeys)
    }

    /// Registers it.
    pub async fn register_passkey(
        &self,
        signed_in: &SignedIn,
        handle: &str,
        attestation: &PasskeyAttestation,
        name: &str,
    ) -> Managed<Member> {
        signed_in.check_stepped_up(SensitiveAction::Access, self.registry.clock.now())?;
        let begun = self.resume(Ceremony::Registration(signed_in.session.id), handle)?;
        let passkey = self.new_passkey(&begun, attestation, name).await?;
        let edit = |member: &mut Member| {
            if find_passkey(member, &passkey.credential_id).is_some() {
                return Err(RegistryError::Exists("this passkey".to_owned()));
            }
            if member.passkeys.len() >= Member::PASSKEYS_MAX {
                let most = Member::PASSKEYS_MAX;
                return Err(RegistryError::NotAllowed(format!("there are {most} passkeys already; remove one first")));
            }
            member.passkeys.push(passkey.clone());
            Ok((Vec::new(), ()))
        };
        Ok(self.registry.edit_member("member.add_passkey", signed_in.member.id, edit).await?.0)
    }

    /// Removes a passkey of somebody who has just shown who they are, unless nothing would be left to sign in with.
    pub async fn remove_passkey(&self, signed_in: &SignedIn, credential_id: &[u8]) -> Managed<Member> {
        signed_in.check_stepped_up(SensitiveAction::Access, self.registry.clock.now())?;
        let edit = |member: &mut Member| {
            let before = member.passkeys.len();
            member.passkeys.retain(|passkey| passkey.credential_id != credential_id);
            if member.passkeys.len() == before {
                return Err(RegistryError::NotFound("such passkey".to_owned()));
            }
            if member.passkeys.is_empty() && (member.password.is_none() || member.totp.is_none()) {
                let why = "nothing would be left to sign in with; set a password and codes first, or register another passkey";
                return Err(RegistryError::NotAllowed(why.to_owned()));
            }
            Ok((Vec::new(), ()))
        };
        Ok(self.registry.edit_member("member.remove_passkey", signed_in.member.id, edit).await?.0)
    }

    /// The passkey that answers a challenge to make one. The challenge is used up whatever comes of it.
    pub(super) async fn new_passkey(&self, begun: &Begun, attestation: &PasskeyAttestation, name: &str) -> Managed<Passkey> {
        self.use_up(begun).await?;
        if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            let expected = format!("1 to {NAME_MAX} characters, no control characters");
            return Err(RegistryError::Invalid { field: "name of the passkey", expected }.into());
        }
        let key = check_registration(attestation, &begun.value, &self.origin).map_err(log)?;
        Ok(Passkey {
            credential_id: key.credential_id,
            name: name.to_owned(),
            algorithm: key.algorithm,
            public_key: key.public_key,
            sign_count: key.sign_count,
            created_at: self.registry.clock.now(),
            last_used_at: None,
        })
    }

    /// A challenge to use one of some passkeys, or any if none is named.
    pub(super) fn challenge_to_use(
        &self,
        ceremony: Ceremony,
        member_id: MemberId,
        passkeys: &[Passkey],
    ) -> Managed<PasskeyChallenge> {
        let (handle, challenge) = self.challenge(ceremony, member_id)?;
        let options = json!({
            "challenge": challenge,
            "rpId": self.origin.relying_party_id(),
            "timeout": u64::from(CHALLENGE_LIFETIME) * 1000,
            "userVerification": "required",
            "allowCredentials": descriptors(passkeys),
        });
        Ok(PasskeyChallenge { handle, options })
    }

    /// A challenge to make a passkey that finds its member by itself, for who has an address and a name.
    pub(super) fn challenge_to_create(
        &self,
        ceremony: Ceremony,
        member_id: MemberId,
        (name, shown): (&str, &str),
        passkeys: &[Passkey],
    ) -> Managed<PasskeyChallenge> {
        let (handle, challenge) = self.challenge(ceremony, member_id)?;
        let algorithms = [-8, -7, -257].map(|algorithm| json!({ "type": "public-key", "alg": algorithm }));
        let options = json!({
            "challenge": challenge,
            "rp": { "id": self.origin.relying_party_id(), "name": "Mintmark" },
            "user": { "id": encoded(member_id.to_text().as_bytes()), "name": name, "displayName": shown },
            "pubKeyCredParams": algorithms,
            "timeout": u64::from(CHALLENGE_LIFETIME) * 1000,
            "excludeCredentials": descriptors(passkeys),
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            },
            "attestation": "none",
        });
        Ok(PasskeyChallenge { handle, options })
    }

    fn challenge(&self, ceremony: Ceremony, member_id: MemberId) -> Managed<(String, String)> {
        let mut challenge = [0; CHALLENGE];
        self.registry.random.fill(&mut challenge);
        Ok((self.begin(ceremony, member_id, &challenge, CHALLENGE_LIFETIME)?, encoded(&challenge)))
    }
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|passkey| json!({ "type": "public-key", "id": encoded(&passkey.credential_id) })).collect()
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(base64url::length(bytes.len()));
    base64url::push(&mut text, bytes);
    text
}

pub(super) fn find_passkey<'a>(member: &'a Member, credential_id: &[u8]) -> Option<&'a Passkey> {
    member.passkeys.iter().find(|passkey| passkey.credential_id == credential_id)
}

/// Notes a passkey's use, unless it was removed, or counted further, since it was checked.
pub(super) fn use_passkey(member: &mut Member, checked: &Passkey, count: u32, now: Timestamp) -> Outcome<()> {
    let is_it = |passkey: &&mut Passkey| {
        passkey.credential_id == checked.credential_id
            && passkey.public_key == checked.public_key
            && passkey.sign_count == checked.sign_count
    };
    let found = member.passkeys.iter_mut().find(is_it);
    let passkey = found.ok_or_else(|| RegistryError::NotAllowed("the passkey was used or removed meanwhile".to_owned()))?;
    passkey.sign_count = count;
    passkey.last_used_at = Some(now);
    Ok(())
}

/// Why a passkey was refused is for the log alone.
pub(super) fn log(error: WebAuthnError) -> ManagementError {
    tracing::info!(%error, "a passkey was refused");
    ManagementError::Refused
}
