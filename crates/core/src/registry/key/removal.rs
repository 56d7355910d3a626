//! A key leaves the JWKS because nobody needs it any more, and comes back if somebody does.
//!
//! Removing a key that some token still names makes good tokens worthless at once, and verifiers' caches prolong it. So it is
//! refused until a computed time, it is undone in one step, and nothing removes again what was put back before another such time.

use super::super::{Outcome, RegistryError, audited};
use super::plan::{KeyChange, KeyPlan, KeyRow, KeyStep, Situation};
use crate::model::{KeyState, SigningKey};

pub(super) fn plan_removal(situation: &Situation<'_>, kid: &str, confirmed: Option<&str>) -> Outcome<KeyPlan<Vec<KeyStep>>> {
    let key = situation.key(kid)?;
    match key.state {
        // No node signs with a next key, whatever it knows.
        KeyState::Next => {}
        KeyState::Retired if key.removable_at().is_some_and(|at| at <= situation.now) || confirmed == Some(kid) => {}
        KeyState::Retired => {
            return Err(RegistryError::KeyNeeded { kid: kid.to_owned(), until: key.removable_at() });
        }
        KeyState::Active => {
            return refused(format!("{kid} is the active key; first let another take its place: mintmark key rotate"));
        }
        KeyState::Removed => return Ok(KeyPlan::nothing(Vec::new())),
        KeyState::Revoked => return refused(format!("{kid} was revoked, and is not published since")),
    }
    let row = KeyRow::becomes(key, |key| key.remove(situation.now));
    Ok(KeyPlan::of(one("signing_key.remove", key, row)))
}

pub(super) fn plan_restoration(situation: &Situation<'_>, kid: &str) -> Outcome<KeyPlan<Vec<KeyStep>>> {
    let key = situation.key(kid)?;
    match key.state {
        KeyState::Removed if key.activated_at.is_none() && key.retired_at.is_none() => {
            refused(format!("{kid} has never signed anything; a new next key is published in its place"))
        }
        KeyState::Removed => {
            let row = KeyRow::becomes(key, |key| key.retire(situation.now));
            Ok(KeyPlan::of(one("signing_key.restore", key, row)))
        }
        KeyState::Next | KeyState::Active | KeyState::Retired => Ok(KeyPlan::nothing(Vec::new())),
        KeyState::Revoked => refused(format!("{kid} was revoked, which cannot be undone")),
    }
}

/// Deletes the row of a key that was removed long enough ago.
pub(super) fn plan_deletion(situation: &Situation<'_>, kid: &str) -> Outcome<KeyPlan<Vec<KeyStep>>> {
    let key = situation.key(kid)?;
    if key.restorable_until().is_none_or(|at| at > situation.now) {
        return Ok(KeyPlan::nothing(Vec::new()));
    }
    Ok(KeyPlan::of(one("signing_key.delete", key, KeyRow::Deleted(key.clone()))))
}

/// Notes that a key is retired since now at the latest, where a program of an earlier version did not.
pub(super) fn plan_note(situation: &Situation<'_>, kid: &str) -> Outcome<KeyPlan<Vec<KeyStep>>> {
    let key = situation.key(kid)?;
    if key.state != KeyState::Retired || key.retired_at.is_some() {
        return Ok(KeyPlan::nothing(Vec::new()));
    }
    let row = KeyRow::becomes(key, |key| key.retire(situation.now));
    Ok(KeyPlan::of(one("signing_key.note_retirement", key, row)))
}

/// A change of one key alone.
fn one(action: &'static str, before: &SigningKey, row: KeyRow) -> KeyChange {
    let after = match &row {
        KeyRow::New(key) | KeyRow::Changed { key, .. } => audited(key),
        KeyRow::Deleted(_) => None,
    };
    KeyChange { action, kid: before.kid.clone(), before: audited(before), after, rows: vec![row] }
}

fn refused<T>(why: String) -> Outcome<T> {
    Err(RegistryError::NotAllowed(why))
}
