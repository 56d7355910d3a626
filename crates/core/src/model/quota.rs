use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{BusinessId, ClientId, EnvironmentName, NameError, TenantId};
use crate::clock::Timestamp;
use crate::store::Subject;
use crate::usage::UsageStep;

/// What a quota is about, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKind {
    /// All clients of a tenant together, in one environment.
    Tenant,
    /// One client.
    Client,
    /// All tokens that are scoped to one business, of whatever client.
    Business,
}

impl QuotaKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tenant, Self::Client, Self::Business];

    /// The word that the store and people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Client => "client",
            Self::Business => "business",
        }
    }

    /// What a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whose tokens a quota counts, in one environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum QuotaSubject {
    /// Those of all clients of a tenant.
    Tenant(TenantId),
    /// Those of a client.
    Client(ClientId),
    /// Those that are scoped to a business.
    Business(BusinessId),
}

impl QuotaSubject {
    /// The kind.
    pub fn kind(&self) -> QuotaKind {
        match self {
            Self::Tenant(_) => QuotaKind::Tenant,
            Self::Client(_) => QuotaKind::Client,
            Self::Business(_) => QuotaKind::Business,
        }
    }

    /// Which of its kind.
    pub fn id(&self) -> String {
        match self {
            Self::Tenant(id) => id.to_string(),
            Self::Client(id) => id.to_string(),
            Self::Business(id) => id.to_string(),
        }
    }

    /// The object that it is, as changes and notices name it.
    pub fn in_environment(&self, environment: &EnvironmentName) -> Subject {
        let environment = environment.clone();
        match self {
            Self::Tenant(id) => Subject::Tenant { id: *id },
            Self::Client(id) => Subject::Client { environment, id: id.clone() },
            Self::Business(id) => Subject::Business { environment, id: *id },
        }
    }

    /// What a kind and an identifier name; none if it is no identifier of that kind.
    pub fn parse(kind: QuotaKind, id: &str) -> Option<Self> {
        match kind {
            QuotaKind::Tenant => id.parse().ok().map(Self::Tenant),
            QuotaKind::Client => id.parse().ok().map(Self::Client),
            QuotaKind::Business => id.parse().ok().map(Self::Business),
        }
    }
}

/// As it is displayed.
impl FromStr for QuotaSubject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (kind, id) = text.split_once(' ').unwrap_or_default();
        let subject = QuotaKind::from_word(kind).and_then(|kind| Self::parse(kind, id));
        subject.ok_or(NameError { expected: "tenant, client or business, a space and its identifier" })
    }
}

impl fmt::Display for QuotaSubject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind().as_str(), self.id())
    }
}

/// How many tokens there may be in one window of each length. Windows are those of the calendar, in UTC: the minute 12:34, the hour
/// 12, the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaLimits {
    /// In a minute; any number if none is set.
    pub per_minute: Option<u32>,
    /// In an hour.
    pub per_hour: Option<u32>,
    /// In a day of UTC.
    pub per_day: Option<u32>,
}

impl QuotaLimits {
    /// That of one window's length.
    pub fn of(&self, step: UsageStep) -> Option<u32> {
        match step {
            UsageStep::Minute => self.per_minute,
            UsageStep::Hour => self.per_hour,
            UsageStep::Day => self.per_day,
        }
    }

    /// Those that are set.
    pub fn each(self) -> impl Iterator<Item = (UsageStep, u32)> {
        UsageStep::ALL.into_iter().filter_map(move |step| Some((step, self.of(step)?)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a quota does when it is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaMode {
    /// No more tokens until the next window.
    #[default]
    Enforce,
    /// Tokens go on; what would have been refused is counted and told.
    Observe,
}

impl QuotaMode {
    /// The word that the store and people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }

    /// What a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Enforce, Self::Observe].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// How many tokens a tenant, a client or a business may be given in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose tokens it counts.
    pub subject: QuotaSubject,
    /// The tenant that the subject is, or belongs to.
    pub tenant_id: TenantId,
    /// How many there may be.
    pub limits: QuotaLimits,
    /// What happens when they are used up.
    pub mode: QuotaMode,
    /// Whether answers tell the client what is left.
    pub headers: bool,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}
