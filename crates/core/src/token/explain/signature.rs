//! Who signed a token, and whether they did.

use mintmark_verify::jws::Jws;
use mintmark_verify::{KeySource, TOKEN_TYPE};

use super::report::{EndedBy, LineVerdict, Lines, TokenStanding};
use crate::directory::EnvironmentView;
use crate::model::KeyState;

/// Checks type, key, algorithm and signature; what the token is worth if one of them is wrong.
pub(super) fn check_signature(jws: &Jws<'_>, view: &EnvironmentView, lines: &mut Lines) -> Result<(), TokenStanding> {
    let typ = jws.typ().unwrap_or("(none)");
    let is_typed = lines.check("type", jws.has_type(TOKEN_TYPE), format!("typ is {typ}, access tokens have {TOKEN_TYPE}"));
    let checked = check_key(jws, view, lines);
    if checked.is_err() {
        lines.put("signature", LineVerdict::NotChecked, "there is no key to verify it with");
    }
    let key = checked?;
    let algorithm = key.algorithm();
    let is_algorithm = jws.algorithm() == algorithm.as_str();
    if !lines.check("algorithm", is_algorithm, format!("alg is {}, the key's is {algorithm}", jws.algorithm())) {
        lines.put("signature", LineVerdict::NotChecked, "a key is used with its own algorithm alone");
        return Err(TokenStanding::Invalid);
    }
    let is_signed = jws.verify(&key).is_ok();
    let detail = if is_signed { "made by that key" } else { "not made by that key for these bytes: changed, or cut off" };
    if lines.check("signature", is_signed, detail) && is_typed { Ok(()) } else { Err(TokenStanding::Invalid) }
}

fn check_key(
    jws: &Jws<'_>,
    view: &EnvironmentView,
    lines: &mut Lines,
) -> Result<std::sync::Arc<mintmark_verify::VerifyingKey>, TokenStanding> {
    let Some(kid) = jws.key_id() else {
        lines.check("key", false, "the header names no key");
        return Err(TokenStanding::Invalid);
    };
    let row = view.signing_key(kid);
    if let Some(key) = view.key(kid) {
        let state = row.map_or("published", |row| row.state.as_str());
        lines.check("key", true, format!("{kid}, {state}"));
        return Ok(key);
    }
    if row.is_some_and(|row| row.state == KeyState::Revoked) || view.revoked_kids().iter().any(|revoked| revoked == kid) {
        lines.check("key", false, "it was revoked, and with it all that it signed");
        return Err(TokenStanding::Revoked { by: EndedBy::Key, when: row.and_then(|row| row.withdrawn_at) });
    }
    let is_removed = row.is_some_and(|row| row.state == KeyState::Removed);
    let detail = if is_removed { "it was removed, and is published no more" } else { "the environment has no such key" };
    lines.check("key", false, detail);
    Err(TokenStanding::Invalid)
}
