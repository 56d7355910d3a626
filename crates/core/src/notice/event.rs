//! The kinds of notices, and what each tells.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::model::{ClientId, CredentialId, Leak, LeakId};
use crate::store::Subject;
use crate::usage::UsageStep;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal),+ $(,)?) => {
        /// What kind of event a notice is about. Whoever is told chooses by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum NoticeKind {
            $($(#[$doc])* #[serde(rename = $word)] $kind),+
        }

        impl NoticeKind {
            /// All of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$kind),+];

            /// The word for it: in the store, on the wire, on the command line.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $word),+
                }
            }

            /// The kind that a word names.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|kind| kind.as_str() == word)
            }
        }
    };
}

kinds! {
    /// A secret or other credential expires soon.
    SecretExpiring = "secret.expiring",
    /// A step of a secret's rotation.
    SecretRotation = "secret.rotation",
    /// A quota, or a part of it, was used up.
    QuotaCrossed = "quota.crossed",
    /// Somebody reported that a credential leaked; nothing follows by itself.
    LeakReported = "leak.reported",
    /// A credential that leaked gives no tokens, until somebody decides or its time is over.
    LeakQuarantined = "leak.quarantined",
    /// Somebody decided that a credential may be used again.
    LeakReleased = "leak.released",
    /// A credential that leaked was turned off for ever.
    LeakRevoked = "leak.revoked",
    /// An address is refused for a while, because it tried a client's name with what does not prove the client too often.
    ClientLockedOut = "client.locked_out",
    /// Somebody tries an endpoint out.
    Test = "webhook.test",
}

impl NoticeKind {
    /// Whether they tell that a secret is in wrong hands.
    pub fn is_of_leak(self) -> bool {
        matches!(self, Self::LeakReported | Self::LeakQuarantined)
    }
}

/// A step of a secret's rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are the steps that the registry has")]
pub enum RotationStep {
    Started,
    Extended,
    Completed,
    Cancelled,
}

impl RotationStep {
    fn as_str(self) -> &'static str {
        match self {
            RotationStep::Started => "started",
            RotationStep::Extended => "extended",
            RotationStep::Completed => "completed",
            RotationStep::Cancelled => "cancelled",
        }
    }
}

/// What a notice tells. Receivers read it as JSON: what is here can be added to, and nothing taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// A credential that is in force expires within so many days.
    #[serde(rename = "secret.expiring")]
    SecretExpiring {
        /// Its client.
        client_id: ClientId,
        /// The credential.
        credential_id: CredentialId,
        /// What people tell it from others by.
        hint: String,
        /// When it expires.
        expires_at: Timestamp,
        /// Which of the warnings it is: so many days before.
        days: u32,
    },
    /// A secret takes another's place.
    #[serde(rename = "secret.rotation")]
    SecretRotation {
        /// Their client.
        client_id: ClientId,
        /// The secret on its way out.
        old_credential_id: CredentialId,
        /// Its successor.
        new_credential_id: CredentialId,
        /// What was done.
        step: RotationStep,
        /// From when on the old one proves nothing; none after a cancelled rotation, unless it expires anyway.
        old_expires_at: Option<Timestamp>,
        /// Counts the changes of the old secret: it tells two steps of one kind apart.
        version: u64,
    },
    /// A part of a quota is used up.
    #[serde(rename = "quota.crossed")]
    QuotaCrossed {
        /// Whose quota.
        subject: Subject,
        /// For how long the quota counts, such as `day`.
        window: String,
        /// When the window began.
        window_start: Timestamp,
        /// Which part was crossed, in percent.
        threshold_percent: u32,
        /// How much was used when that was noticed.
        used: u64,
        /// The quota.
        limit: u64,
        /// What follows at 100 percent, such as `observe` or `enforce`.
        mode: String,
    },
    /// A credential was reported as leaked, where the environment only observes.
    #[serde(rename = "leak.reported")]
    LeakReported(Leaked),
    /// A credential was reported as leaked and gives no tokens.
    #[serde(rename = "leak.quarantined")]
    LeakQuarantined(Leaked),
    /// Somebody decided that it may be used again.
    #[serde(rename = "leak.released")]
    LeakReleased(Leaked),
    /// It was turned off for ever.
    #[serde(rename = "leak.revoked")]
    LeakRevoked(Leaked),
    /// An address is refused for a while.
    #[serde(rename = "client.locked_out")]
    ClientLockedOut {
        /// Which client it tried.
        client_id: ClientId,
        /// The address, or the network of an IPv6 address.
        source: String,
        /// For how many seconds.
        retry_after: u32,
        /// The hour in which it was, from 1970: of each client there is one notice in it.
        hour: i64,
    },
    /// Somebody tries an endpoint out.
    #[serde(rename = "webhook.test")]
    Test,
}

/// A credential that leaked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaked {
    /// The report.
    pub leak_id: LeakId,
    /// The credential's client.
    pub client_id: ClientId,
    /// The credential.
    pub credential_id: CredentialId,
    /// What people tell it from others by.
    pub hint: String,
    /// Who reported it: `holder`, or the name of a scanner.
    pub reporter: String,
    /// Where it was found, as the reporter says; a text of a stranger's.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub found_at: String,
    /// When it is turned off for ever, unless somebody decides otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoke_at: Option<Timestamp>,
    /// Counts the changes of the report: it tells two of one kind apart.
    pub version: u64,
}

impl From<&Leak> for Leaked {
    fn from(leak: &Leak) -> Self {
        Self {
            leak_id: leak.id,
            client_id: leak.client_id.clone(),
            credential_id: leak.credential_id,
            hint: leak.hint.clone(),
            reporter: leak.reporter.clone(),
            found_at: leak.found_at.clone(),
            revoke_at: leak.revoke_at,
            version: leak.version,
        }
    }
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> NoticeKind {
        match self {
            Event::SecretExpiring { .. } => NoticeKind::SecretExpiring,
            Event::SecretRotation { .. } => NoticeKind::SecretRotation,
            Event::QuotaCrossed { .. } => NoticeKind::QuotaCrossed,
            Event::LeakReported(_) => NoticeKind::LeakReported,
            Event::LeakQuarantined(_) => NoticeKind::LeakQuarantined,
            Event::LeakReleased(_) => NoticeKind::LeakReleased,
            Event::LeakRevoked(_) => NoticeKind::LeakRevoked,
            Event::ClientLockedOut { .. } => NoticeKind::ClientLockedOut,
            Event::Test => NoticeKind::Test,
        }
    }

    /// What makes two of them the same event; none where no two are.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Event::SecretExpiring { credential_id, expires_at, days, .. } => {
                Some(format!("{credential_id}/{}/{days}", expires_at.0))
            }
            Event::SecretRotation { old_credential_id, step, version, .. } => {
                Some(format!("{old_credential_id}/{}/{version}", step.as_str()))
            }
            Event::QuotaCrossed { subject, window, window_start, threshold_percent, limit, .. } => {
                // Of all minutes of an hour one is told: a quota that is used up in each would fill the queues of endpoints.
                let is_minute = window == UsageStep::Minute.as_str();
                let hour = || UsageStep::Hour.start(UsageStep::Hour.period(*window_start));
                let start = if is_minute { hour() } else { *window_start };
                Some(format!("{subject}/{window}/{}/{threshold_percent}/{limit}", start.0))
            }
            Event::LeakReported(leaked)
            | Event::LeakQuarantined(leaked)
            | Event::LeakReleased(leaked)
            | Event::LeakRevoked(leaked) => Some(format!("{}/{}", leaked.leak_id, leaked.version)),
            Event::ClientLockedOut { client_id, hour, .. } => Some(format!("{client_id}/{hour}")),
            Event::Test => None,
        }
    }
}
