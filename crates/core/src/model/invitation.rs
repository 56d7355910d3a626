use serde::{Deserialize, Serialize};

use super::{EmailAddress, InvitationId, MemberId, TenantId, TokenDigest};
use crate::clock::Timestamp;
use crate::management::{Principal, Role};

/// What a link or code lets its holder do, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationKind {
    /// Become a member; or, for one who lost what they sign in with, set it anew.
    Invite,
    /// Become the first admin, of a server without members.
    SetUp,
    /// Get back in as an admin, on the word of whoever has the machine.
    BreakGlass,
}

impl InvitationKind {
    /// The word that the store uses.
    pub fn as_str(self) -> &'static str {
        match self {
            InvitationKind::Invite => "invite",
            InvitationKind::SetUp => "set_up",
            InvitationKind::BreakGlass => "break_glass",
        }
    }

    /// The kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Invite, Self::SetUp, Self::BreakGlass].into_iter().find(|kind| kind.as_str() == word)
    }

    /// For how many seconds it can be used.
    pub fn lifetime(self) -> u32 {
        match self {
            InvitationKind::Invite => 72 * 3600,
            InvitationKind::SetUp | InvitationKind::BreakGlass => 30 * 60,
        }
    }
}

/// A link or code that makes its holder a member, once (rule S24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Names it in lists. It lets nobody in.
    pub id: InvitationId,
    /// What it is for.
    pub kind: InvitationKind,
    /// What is stored of its token.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// The tenant whose member its holder becomes; none for the operator's.
    pub tenant_id: Option<TenantId>,
    /// The role that it gives.
    pub role: Role,
    /// The address that its holder signs in with. Who sets up a server says so then.
    pub email: Option<EmailAddress>,
    /// The member who gets back in.
    pub member_id: Option<MemberId>,
    /// Who invited, and must still be allowed to when it is accepted; none for somebody on the machine itself.
    pub invited_by: Option<Principal>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it can be used no more.
    pub expires_at: Timestamp,
    /// When it was used, or taken back.
    pub ended_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: u64,
}

impl Invitation {
    /// Whether it can be used.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}
