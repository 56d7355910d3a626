//! A next key takes the place of the active one.

use mintmark_verify::Algorithm;

use super::super::{Outcome, RegistryError, audited};
use super::plan::{KeyChange, KeyPlan, KeyRow, Situation};
use crate::clock::Timestamp;
use crate::keys::MAX_PUBLISHED;
use crate::model::{EnvironmentName, KeyState, SigningKey};

/// What asking for a rotation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next key signs from now on, and the new key is the next one.
    Rotated {
        /// The key that signs now.
        active: SigningKey,
    },
    /// There was no next key: the new key is published as one, and the active one goes on signing.
    Prepared {
        /// From when on the next key may sign.
        usable_at: Timestamp,
    },
    /// The next key is not known to verifiers for long enough.
    TooEarly {
        /// From when on it may sign.
        usable_at: Timestamp,
    },
    /// Somebody else was quicker: another key is active than the one that was to be replaced.
    Done {
        /// The key that signs now.
        active: SigningKey,
    },
}

/// What to rotate.
#[derive(Clone, Copy, Debug)]
pub struct RotationRequest<'a> {
    /// Where.
    pub environment: &'a EnvironmentName,
    /// Which key: there is one active for each algorithm.
    pub algorithm: Algorithm,
    /// The key id that the caller saw active and wants replaced. Of any number that ask with one id, one rotates.
    pub active_kid: &'a str,
    /// Whether to use a next key that verifiers may not know yet. Those that keep the JWKS refuse its tokens for some minutes.
    pub at_once: bool,
}

pub(super) fn plan(situation: &Situation<'_>, request: &RotationRequest<'_>, new: &[SigningKey]) -> Outcome<KeyPlan<Rotation>> {
    let missing = || RegistryError::NotFound(format!("active {} key in {}", request.algorithm, request.environment));
    let active = situation.of_state(request.algorithm, KeyState::Active).ok_or_else(missing)?;
    if active.kid != request.active_kid {
        return Ok(KeyPlan::nothing(Rotation::Done { active: active.clone() }));
    }
    match (situation.of_state(request.algorithm, KeyState::Next), new) {
        (Some(next), [new, ..]) if request.at_once || next.usable_at() <= situation.now => {
            // A key that does not open, or is not the one that its id says, would be an active one that signs nothing.
            (situation.check)(next).map_err(|reason| unusable(&next.kid, &reason))?;
            check_room(situation)?;
            let activation = KeyRow::becomes(next, |next| next.activate(situation.now));
            Ok(succeed(situation, active, activation, new))
        }
        (Some(next), _) => Ok(KeyPlan::nothing(Rotation::TooEarly { usable_at: next.usable_at() })),
        (None, [first, second, ..]) if request.at_once => {
            let mut first = first.clone();
            first.activate(situation.now);
            Ok(succeed(situation, active, KeyRow::New(first), second))
        }
        (None, [new, ..]) => Ok(prepare(active, new)),
        (None, []) => Err(RegistryError::Conflict),
    }
}

/// Each replaced key stays published for two days, so whoever rotates all the time fills the JWKS.
fn check_room(situation: &Situation<'_>) -> Outcome<()> {
    let published = situation.keys.iter().filter(|key| key.state.is_published()).count();
    if published < MAX_PUBLISHED {
        return Ok(());
    }
    Err(RegistryError::NotAllowed(format!(
        "{published} keys of {} are published, each until no token of it can be valid; more than {MAX_PUBLISHED} are too many for \
         verifiers: rotate less often",
        situation.environment
    )))
}

fn unusable(kid: &str, reason: &str) -> RegistryError {
    RegistryError::NotAllowed(format!(
        "the next key {kid} cannot be used: {reason}; have another one made in its place: mintmark key revoke {kid}"
    ))
}

fn succeed(situation: &Situation<'_>, active: &SigningKey, activation: KeyRow, new: &SigningKey) -> KeyPlan<Rotation> {
    let (KeyRow::New(activated) | KeyRow::Changed { key: activated, .. } | KeyRow::Deleted(activated)) = &activation;
    let activated = activated.clone();
    let change = KeyChange {
        action: "signing_key.rotate",
        kid: activated.kid.clone(),
        before: audited(active),
        after: audited(&activated),
        // The active one gives its place up first: at no moment are there two.
        rows: vec![KeyRow::becomes(active, |key| key.retire(situation.now)), activation, KeyRow::New(new.clone())],
    };
    KeyPlan { outcome: Rotation::Rotated { active: activated }, change: Some(change) }
}

fn prepare(active: &SigningKey, new: &SigningKey) -> KeyPlan<Rotation> {
    let change = KeyChange {
        action: "signing_key.prepare",
        kid: new.kid.clone(),
        before: None,
        after: audited(new),
        // With the active key's version, so that a rotation that comes between is noticed.
        rows: vec![KeyRow::becomes(active, |_| ()), KeyRow::New(new.clone())],
    };
    KeyPlan { outcome: Rotation::Prepared { usable_at: new.usable_at() }, change: Some(change) }
}
