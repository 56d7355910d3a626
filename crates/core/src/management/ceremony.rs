//! What is begun in one request and finished in another: a challenge to a passkey, a code's secret that is not confirmed yet.
//!
//! Nothing is stored when it begins, since anybody may begin one: the browser is given a sealed handle and sends it back. It opens for
//! the same purpose, at the same origin and within its time; and what may be used once is decided by an insert in the store (rule S16).

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Managed, Management, ManagementError};
use crate::clock::Timestamp;
use crate::crypto::{Purpose, SealContext};
use crate::model::{InvitationId, MemberId, SensitiveAction, SessionId};
use crate::store::{Store, UseDigest};

/// The longest handle, in bytes.
const HANDLE_MAX: usize = 1024;
/// For how many seconds a challenge can be answered.
pub(super) const CHALLENGE_LIFETIME: u32 = 5 * 60;
/// For how many seconds a secret can be confirmed: people look for their telephones.
pub(super) const ENROLMENT_LIFETIME: u32 = 30 * 60;

/// What is begun. A handle of one purpose opens for no other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ceremony {
    SignIn,
    StepUp(SessionId, SensitiveAction),
    Registration(SessionId),
    Totp(SessionId),
    AcceptWithPasskey(InvitationId),
    AcceptWithCode(InvitationId),
}

impl Ceremony {
    fn name(self) -> String {
        match self {
            Ceremony::SignIn => "sign in".to_owned(),
            Ceremony::StepUp(session, action) => format!("step up {session} {}", action.as_str()),
            Ceremony::Registration(session) => format!("register {session}"),
            Ceremony::Totp(session) => format!("totp {session}"),
            Ceremony::AcceptWithPasskey(invitation) => format!("accept with passkey {invitation}"),
            Ceremony::AcceptWithCode(invitation) => format!("accept with code {invitation}"),
        }
    }
}

/// What a handle holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    expires_at: Timestamp,
    /// The member that it is for; the one that is to be, where somebody accepts an invitation.
    pub(super) member_id: MemberId,
    /// A challenge, or a code's secret.
    #[serde(with = "crate::base64url::bytes")]
    pub(super) value: Vec<u8>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.value);
    }
}

impl<S: Store> Management<S> {
    /// Begins a ceremony.
    pub(super) fn begin(&self, ceremony: Ceremony, member_id: MemberId, value: &[u8], lifetime: u32) -> Managed<String> {
        let expires_at = self.registry.clock.now().plus(lifetime);
        let begun = Begun { expires_at, member_id, value: value.to_vec() };
        let text = Zeroizing::new(serde_json::to_vec(&begun).map_err(|_| ManagementError::Busy)?);
        let (name, random) = (ceremony.name(), &*self.registry.random);
        let sealed = self.registry.root_keys.sealer.seal(self.ceremony_context(&name), &text, random);
        Ok(URL_SAFE_NO_PAD.encode(sealed.ok_or(ManagementError::Busy)?))
    }

    /// Takes a ceremony up again that was begun for the same.
    pub(super) fn resume(&self, ceremony: Ceremony, handle: &str) -> Managed<Begun> {
        let bytes = (handle.len() <= HANDLE_MAX).then(|| URL_SAFE_NO_PAD.decode(handle).ok()).flatten();
        let name = ceremony.name();
        let sealer = &self.registry.root_keys.sealer;
        let opened = bytes.and_then(|bytes| sealer.unseal_brought(self.ceremony_context(&name), &bytes).ok());
        let begun = opened.and_then(|text| serde_json::from_slice::<Begun>(&text).ok());
        begun.filter(|begun| self.registry.clock.now() < begun.expires_at).ok_or(ManagementError::Refused)
    }

    /// Uses a challenge up. Of all who answer one, the first is told to go on.
    pub(super) async fn use_up(&self, begun: &Begun) -> Managed<()> {
        let mut context = Context::new(&SHA256);
        context.update(b"mintmark 1 passkey challenge\0");
        context.update(&begun.value);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        let forgotten_at = begun.expires_at.plus(CHALLENGE_LIFETIME);
        let is_first = self.registry.store.use_once(&UseDigest(digest), forgotten_at).await?;
        if is_first { Ok(()) } else { Err(ManagementError::Refused) }
    }

    fn ceremony_context<'a>(&'a self, name: &'a str) -> SealContext<'a> {
        SealContext { purpose: Purpose::Ceremony, environment: self.origin.as_str(), id: name, algorithm: "" }
    }
}
