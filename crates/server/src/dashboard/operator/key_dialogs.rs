//! What can be done with a signing key, each with what it does in words.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::KeyState;
use mintmark_verify::Algorithm;

use super::key_pages::{exactly, href, short};
use crate::admin::operations::keys::KeyView;
use crate::dashboard::seat::Seat;
use crate::dashboard::views::KeyDialog;
use crate::dashboard::words;

/// From when on the next key may sign, where verifiers do not know it yet: to rotate before would change nothing.
pub(super) fn too_early(seat: &Seat, next: Option<&KeyView>) -> Option<Timestamp> {
    next.and_then(|next| next.usable_at).map(|at| at.0).filter(|at| *at > seat.app.now())
}

pub(super) fn early(at: Timestamp) -> String {
    words::keys::rotate_early(&exactly(at))
}

/// The dialog of an algorithm: several are on one page.
fn rotation_id(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "rotate-rs256",
        Algorithm::Ps256 => "rotate-ps256",
        Algorithm::Es256 => "rotate-es256",
        Algorithm::EdDsa => "rotate-eddsa",
    }
}

pub(super) fn rotation(active: &KeyView, next: Option<&KeyView>, dialog: &str) -> KeyDialog {
    let id = rotation_id(active.algorithm);
    let effect = match next.and_then(|next| next.usable_at) {
        None => words::keys::ROTATE_PREPARE.to_owned(),
        Some(_) => words::keys::ROTATE_READY.to_owned(),
    };
    KeyDialog {
        id,
        title: words::keys::rotate(active.algorithm.as_str()),
        effect,
        action: format!("{}/rotate", href(active)),
        label: words::keys::ROTATE,
        dangerous: false,
        typed: None,
        open: dialog == id,
    }
}

/// What can be done with a key that can be undone, or is done in time anyway.
pub(super) fn changes(seat: &Seat, key: &KeyView, next: Option<&KeyView>, dialog: &str) -> Vec<KeyDialog> {
    match key.state {
        KeyState::Active if too_early(seat, next).is_some() => Vec::new(),
        KeyState::Active => vec![rotation(key, next, dialog)],
        KeyState::Next | KeyState::Retired => vec![removal(seat, key, dialog)],
        KeyState::Removed => vec![KeyDialog {
            id: "restore",
            title: words::keys::restore(&short(&key.kid)),
            effect: words::keys::RESTORE_EFFECT.to_owned(),
            action: format!("{}/restore", href(key)),
            label: words::keys::RESTORE,
            dangerous: false,
            typed: None,
            open: dialog == "restore",
        }],
        KeyState::Revoked => Vec::new(),
    }
}

/// Whether tokens that a key signed may still be valid.
pub(super) fn is_needed(seat: &Seat, key: &KeyView) -> bool {
    key.state == KeyState::Retired && key.removable_at.is_none_or(|at| at.0 > seat.app.now())
}

fn removal(seat: &Seat, key: &KeyView, dialog: &str) -> KeyDialog {
    let needed = is_needed(seat, key);
    let until = key.removable_at.map(|at| exactly(at.0)).unwrap_or_default();
    let effect = match key.state {
        KeyState::Next => words::keys::REMOVE_NEXT.to_owned(),
        _ if needed => words::keys::remove_early(&until),
        _ => words::keys::REMOVE_SAFE.to_owned(),
    };
    KeyDialog {
        id: "remove",
        title: words::keys::remove(&short(&key.kid)),
        effect,
        action: format!("{}/remove", href(key)),
        label: words::keys::REMOVE,
        dangerous: needed,
        typed: needed.then(|| short(&key.kid)),
        open: dialog == "remove",
    }
}

pub(super) fn revocation(key: &KeyView, dialog: &str) -> KeyDialog {
    let is_active = key.state == KeyState::Active;
    KeyDialog {
        id: "revoke",
        title: words::keys::revoke(&short(&key.kid)),
        effect: if is_active { words::keys::REVOKE_EFFECT_ACTIVE } else { words::keys::REVOKE_EFFECT }.to_owned(),
        action: format!("{}/revoke", href(key)),
        label: words::keys::REVOKE,
        dangerous: true,
        typed: Some(short(&key.kid)),
        open: dialog == "revoke",
    }
}
