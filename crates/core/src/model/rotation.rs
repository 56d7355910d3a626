//! A secret on its way out, with its successor.

use serde::{Deserialize, Serialize};

use super::CredentialId;
use crate::clock::Timestamp;

/// What the old secret of a rotation remembers. Whether the rotation is under way is for [`crate::registry::RotationState`] to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRotation {
    /// The old secret.
    pub old: CredentialId,
    /// The secret that takes its place.
    pub new: CredentialId,
    /// When the rotation began.
    pub started_at: Timestamp,
    /// From this second on the old secret proves nothing.
    pub deadline: Timestamp,
    /// When the old one would have expired without the rotation: what a cancelled rotation gives back to it.
    pub former_expires_at: Option<Timestamp>,
}
