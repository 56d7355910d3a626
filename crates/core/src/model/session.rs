use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{MemberId, SessionId};
use crate::clock::Timestamp;

/// The SHA-256 of a text of 256 random bits that is shown once: a session's, an invitation's. Whoever reads it cannot use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[digest]")
    }
}

/// What somebody shows anew who they are for (rule S24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveAction {
    /// Making and ending secrets and other credentials, and giving a client more than it has.
    Credentials,
    /// Rotating and revoking signing keys.
    Keys,
    /// Members, roles, management clients, one's own means to sign in, what a tenant may give its clients, and which endpoints are told
    /// what happens.
    Access,
}

impl SensitiveAction {
    /// The word that the store and the wire use.
    pub fn as_str(self) -> &'static str {
        match self {
            SensitiveAction::Credentials => "credentials",
            SensitiveAction::Keys => "keys",
            SensitiveAction::Access => "access",
        }
    }

    /// The action that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Credentials, Self::Keys, Self::Access].into_iter().find(|action| action.as_str() == word)
    }
}

/// That somebody showed anew who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StepUp {
    /// When.
    pub at: Timestamp,
    /// What for.
    pub action: SensitiveAction,
}

/// A person who is signed in at one browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Names it in lists. It signs nobody in.
    pub id: SessionId,
    /// What is stored of its token.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// Whose it is.
    pub member_id: MemberId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// When somebody last showed anew who they are, and what for.
    pub step_up: Option<StepUp>,
    /// From where it began.
    pub source: Option<IpAddr>,
    /// What the browser called itself.
    pub user_agent: String,
    /// Counts the changes.
    pub version: u64,
}

impl Session {
    /// For how many seconds a session lasts that is not used.
    pub const IDLE_MAX: u32 = 30 * 60;
    /// For how many seconds a session lasts that is used all the time.
    pub const LIFETIME: u32 = 12 * 3600;
    /// For how many seconds one is taken for who one has shown to be.
    pub const STEP_UP_MAX: u32 = 10 * 60;
    /// By how many seconds the clocks of two nodes may differ.
    const CLOCKS_APART: u32 = 10;
    /// How much is kept of what a browser calls itself, in characters.
    pub const USER_AGENT_MAX: usize = 200;

    /// Whether it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.last_seen_at.plus(Self::IDLE_MAX)
    }

    /// Whether somebody showed who they are within the last ten minutes, for whatever action.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.step_up
            .is_some_and(|step_up| step_up.at <= now.plus(Self::CLOCKS_APART) && now < step_up.at.plus(Self::STEP_UP_MAX))
    }

    /// Whether they showed it for this action (rule S24).
    pub fn is_stepped_up_for(&self, action: SensitiveAction, now: Timestamp) -> bool {
        self.is_stepped_up(now) && self.step_up.is_some_and(|step_up| step_up.action == action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn session() -> Session {
        let random = SeededRandom::new(1);
        Session {
            id: SessionId::generate(&random),
            digest: TokenDigest([7; 32]),
            member_id: MemberId::generate(&random),
            created_at: Timestamp(0),
            last_seen_at: Timestamp(0),
            expires_at: Timestamp(0).plus(Session::LIFETIME),
            step_up: None,
            source: None,
            user_agent: String::new(),
            version: 1,
        }
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
        let mut session = session();
        assert!(!session.is_over(Timestamp(1799)));
        assert!(session.is_over(Timestamp(1800)));
        session.last_seen_at = Timestamp(43_199);
        assert!(!session.is_over(Timestamp(43_199)));
        assert!(session.is_over(Timestamp(43_200)));
    }

    #[test]
    fn s24_a_step_up_is_good_for_ten_minutes_and_for_its_action() {
        let mut session = session();
        assert!(!session.is_stepped_up(Timestamp(100)));
        session.step_up = Some(StepUp { at: Timestamp(100), action: SensitiveAction::Keys });
        assert!(session.is_stepped_up(Timestamp(100)));
        assert!(session.is_stepped_up_for(SensitiveAction::Keys, Timestamp(699)));
        assert!(!session.is_stepped_up_for(SensitiveAction::Access, Timestamp(699)));
        assert!(!session.is_stepped_up_for(SensitiveAction::Keys, Timestamp(700)));
        // A clock that was set back gives nobody more time.
        assert!(!session.is_stepped_up(Timestamp(89)));
    }

    #[test]
    fn s10_the_audit_shows_no_digest() {
        assert!(!serde_json::to_string(&session()).unwrap().contains("digest"));
        assert!(!format!("{:?}", session()).contains('7'), "{:?}", session());
    }
}
