//! A key is in wrong hands, or may be: it ends now, and another signs in its place.

use serde_json::json;

use super::super::{Outcome, RegistryError, audited};
use super::plan::{KeyChange, KeyPlan, KeyRow, KeyStep, Situation};
use crate::model::{KeyState, SigningKey};

pub(super) fn plan(situation: &Situation<'_>, kid: &str, new: &[SigningKey]) -> Outcome<KeyPlan<Vec<KeyStep>>> {
    let key = situation.key(kid)?;
    // The active one gives its place up first: at no moment are there two.
    let mut rows = vec![KeyRow::becomes(key, |key| key.revoke(situation.now))];
    match key.state {
        KeyState::Revoked => return Ok(KeyPlan::nothing(Vec::new())),
        KeyState::Active => rows.extend(replace_active(situation, key, new)?),
        KeyState::Next => rows.push(KeyRow::New(new.first().ok_or(RegistryError::Conflict)?.clone())),
        KeyState::Retired | KeyState::Removed => {}
    }
    let (mut after, mut replaced_by) = (None, None);
    for row in &rows {
        match row {
            KeyRow::Changed { key, .. } if key.kid == kid => after = audited(key),
            KeyRow::Changed { key, .. } | KeyRow::New(key) if key.state == KeyState::Active => {
                replaced_by = Some(key.kid.clone());
            }
            KeyRow::Changed { .. } | KeyRow::New(_) | KeyRow::Deleted(_) => {}
        }
    }
    if let (Some(after), Some(kid)) = (after.as_mut().and_then(|after| after.as_object_mut()), replaced_by) {
        after.insert("replaced_by".to_owned(), json!(kid));
    }
    let change = KeyChange { action: "signing_key.revoke", kid: kid.to_owned(), before: audited(key), after, rows };
    Ok(KeyPlan::of(change))
}

/// The next key becomes active whether or not verifiers know it yet: they fetch the JWKS again for a key id that they do not know,
/// and until then refuse, which is better than believing the old one. A next key that does not open makes room for a new one.
fn replace_active(situation: &Situation<'_>, active: &SigningKey, new: &[SigningKey]) -> Outcome<Vec<KeyRow>> {
    let [first, second, ..] = new else { return Err(RegistryError::Conflict) };
    let next = situation.of_state(active.algorithm, KeyState::Next);
    if let Some(next) = next.filter(|next| (situation.check)(next).is_ok()) {
        let activation = KeyRow::becomes(next, |next| next.activate(situation.now));
        return Ok(vec![activation, KeyRow::New(first.clone())]);
    }
    let mut first = first.clone();
    first.activate(situation.now);
    let unusable = next.map(|next| KeyRow::becomes(next, |next| next.remove(situation.now)));
    Ok(unusable.into_iter().chain([KeyRow::New(first), KeyRow::New(second.clone())]).collect())
}
