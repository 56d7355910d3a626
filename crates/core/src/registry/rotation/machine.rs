//! What a rotation may do next, from the stored secrets and the time alone.

use super::Grace;
use crate::clock::Timestamp;
use crate::model::{Credential, CredentialId, ProofKind, SecretRotation, Status};
use crate::registry::checks::invalid;
use crate::registry::{Outcome, RegistryError};

/// Where the rotation of a secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationState {
    /// There is none; it may be started.
    Idle,
    /// Both secrets prove the client, the old one until the deadline. It may be extended, completed or cancelled.
    UnderWay(SecretRotation),
    /// The old secret is over, by the deadline or because somebody ended it. It does not come back.
    Over(SecretRotation),
}

/// Where the rotation stands that a secret is the old one of.
pub fn rotation_state(old: &Credential, now: Timestamp) -> RotationState {
    match old.rotation {
        None => RotationState::Idle,
        Some(rotation) if is_in_force(old, now) => RotationState::UnderWay(rotation),
        Some(rotation) => RotationState::Over(rotation),
    }
}

/// Whether the expiry of a secret may be set, as far as rotations are concerned: none may end with neither secret in force.
pub(in crate::registry) fn check_expiry(
    all: &[Credential],
    (id, expires_at): (CredentialId, Timestamp),
    now: Timestamp,
) -> Outcome<()> {
    let under_way = all.iter().filter_map(|one| match rotation_state(one, now) {
        RotationState::UnderWay(rotation) => Some(rotation),
        RotationState::Idle | RotationState::Over(_) => None,
    });
    for rotation in under_way {
        let why = if rotation.old == id {
            "it is being rotated: extend, complete or cancel the rotation, or disable it".to_owned()
        } else if rotation.new == id && expires_at < rotation.deadline {
            format!("it takes the place of {} and would end before it; complete or cancel the rotation first", rotation.old)
        } else {
            continue;
        };
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(())
}

/// The old secret of the rotation under way that a secret is the new one of.
pub(in crate::registry) fn replaced_by(all: &[Credential], new: CredentialId, now: Timestamp) -> Option<CredentialId> {
    let is_old =
        |one: &&Credential| matches!(rotation_state(one, now), RotationState::UnderWay(rotation) if rotation.new == new);
    all.iter().find(is_old).map(|old| old.id)
}

/// The secret, if a rotation of it may be started; nothing if there is none of the id.
pub(super) fn startable(all: &[Credential], id: CredentialId, now: Timestamp) -> Outcome<Option<&Credential>> {
    let Some(old) = all.iter().find(|credential| credential.id == id) else { return Ok(None) };
    let why = match (rotation_state(old, now), replaced_by(all, id, now)) {
        _ if old.proof.kind() != ProofKind::Secret => {
            "only secrets are rotated; of other credentials add a second one, and disable the first when it is used no more"
                .to_owned()
        }
        (RotationState::UnderWay(rotation), _) => format!(
            "it is being rotated already, to {}, and is in force until {} in unix time; extend, complete or cancel that rotation",
            rotation.new, rotation.deadline.0
        ),
        (RotationState::Over(rotation), _) => {
            format!("it was rotated and is over; rotate {}, which took its place, or add a secret", rotation.new)
        }
        (RotationState::Idle, _) if !is_in_force(old, now) => "it is not in force any more; add a secret".to_owned(),
        (RotationState::Idle, Some(first)) => {
            format!("it takes the place of {first}, and that rotation is under way; complete or cancel it first")
        }
        (RotationState::Idle, None) => return Ok(Some(old)),
    };
    Err(RegistryError::NotAllowed(why))
}

/// The rotation of a secret, if it is under way.
pub(super) fn running(all: &[Credential], old: &Credential, now: Timestamp) -> Outcome<SecretRotation> {
    let why = match (rotation_state(old, now), replaced_by(all, old.id, now)) {
        (RotationState::UnderWay(rotation), _) => return Ok(rotation),
        (RotationState::Over(rotation), _) => {
            format!("the rotation is over: the old secret is not in force any more; {} took its place", rotation.new)
        }
        (RotationState::Idle, Some(first)) => {
            format!("it is the new secret of a rotation; name the old one, {first}")
        }
        (RotationState::Idle, None) => "it is not being rotated; start a rotation first".to_owned(),
    };
    Err(RegistryError::NotAllowed(why))
}

/// When a successor expires of which nothing is said: it is made for as long as the secret before it was.
pub(super) fn same_life(old: &Credential, now: Timestamp) -> Option<Timestamp> {
    let life = old.expires_at?.0.saturating_sub(old.created_at.0);
    Some(Timestamp(now.0.saturating_add(life)))
}

/// The old secret as a rotation begins.
pub(super) fn started(old: &Credential, new: &Credential, (grace, now): (Grace, Timestamp)) -> Outcome<Credential> {
    let deadline = grace.deadline(now, old.expires_at);
    if new.expires_at.is_some_and(|end| end < deadline) {
        return invalid("expires_at", "a moment that is not before the old secret's last");
    }
    let rotation = SecretRotation { old: old.id, new: new.id, started_at: now, deadline, former_expires_at: old.expires_at };
    Ok(Credential { expires_at: Some(deadline), rotation: Some(rotation), ..old.clone() })
}

/// The old secret with a later deadline.
pub(super) fn extended(old: &Credential, (grace, now): (Grace, Timestamp)) -> Outcome<Credential> {
    let Some(rotation) = old.rotation else { return Ok(old.clone()) };
    let deadline = grace.deadline(now, rotation.former_expires_at);
    if deadline <= rotation.deadline {
        let why = if rotation.former_expires_at == Some(rotation.deadline) {
            "the old secret expires at its deadline anyway, and a rotation prolongs nothing; complete it, or cancel it"
        } else {
            "that is no later than the deadline that it has; name a longer grace, or complete it to end the old secret now"
        };
        return Err(RegistryError::NotAllowed(why.to_owned()));
    }
    Ok(ending_at(old, rotation, deadline))
}

/// The old secret at its end.
pub(super) fn completed(old: &Credential, new: &Credential, now: Timestamp) -> Outcome<Credential> {
    let Some(rotation) = old.rotation else { return Ok(old.clone()) };
    if !is_in_force(new, now) || !new.limits.has_begun(now) {
        let why = format!(
            "the new secret, {}, does not prove the client now: that would leave it without; cancel the rotation",
            new.id
        );
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(ending_at(old, rotation, now))
}

/// The old secret as it was before.
pub(super) fn restored(old: &Credential) -> Credential {
    let former = old.rotation.map_or(old.expires_at, |rotation| rotation.former_expires_at);
    Credential { expires_at: former, rotation: None, ..old.clone() }
}

fn ending_at(old: &Credential, rotation: SecretRotation, deadline: Timestamp) -> Credential {
    let rotation = SecretRotation { deadline, ..rotation };
    Credential { expires_at: Some(deadline), rotation: Some(rotation), ..old.clone() }
}

fn is_in_force(credential: &Credential, now: Timestamp) -> bool {
    credential.status == Status::Active && !credential.is_expired(now)
}
