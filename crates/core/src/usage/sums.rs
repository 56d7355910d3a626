use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

use super::metered::is_metered;
use super::{OutcomeClass, UsageCount};
use crate::clock::Timestamp;
use crate::model::{BusinessId, ClientId, CredentialId, DialectName, EnvironmentName, TenantId};

/// What a count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageLevel {
    /// A whole environment, requests of nobody known included.
    Environment,
    /// A tenant in one environment.
    Tenant,
    /// A client, by credential and business.
    Client,
    /// A client by business and dialect, or its tenant, or nobody that is known: tokens, and what quotas refused. In hours and days.
    Metering,
}

impl UsageLevel {
    /// The number that the store uses.
    pub fn number(self) -> i64 {
        match self {
            Self::Environment => 0,
            Self::Tenant => 1,
            Self::Client => 2,
            Self::Metering => 3,
        }
    }

    /// What a number names.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Environment, Self::Tenant, Self::Client, Self::Metering].into_iter().find(|level| level.number() == number)
    }
}

/// How much time one count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageStep {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl UsageStep {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Those that bills are written from.
    pub const BILLED: &[Self] = &[Self::Hour, Self::Day];

    /// How long it is.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// How long the store keeps counts of this step: 48 hours, 90 days, two years; in seconds.
    pub const fn kept_seconds(self) -> i64 {
        match self {
            Self::Minute => 48 * 3600,
            Self::Hour => 90 * 86_400,
            Self::Day => 731 * 86_400,
        }
    }

    /// The number that the store uses.
    pub fn number(self) -> i64 {
        match self {
            Self::Minute => 0,
            Self::Hour => 1,
            Self::Day => 2,
        }
    }

    /// What a number names.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }

    /// The word that people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The number of the step that a moment is in, counted from 1970.
    pub fn period(self, at: Timestamp) -> i64 {
        at.0.div_euclid(self.seconds())
    }

    /// When a step begins.
    pub fn start(self, period: i64) -> Timestamp {
        Timestamp(period.saturating_mul(self.seconds()))
    }
}

/// What a count is about, without its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// What kind of thing.
    pub level: UsageLevel,
    /// Where.
    pub environment: EnvironmentName,
    /// The tenant; none of an environment.
    pub tenant_id: Option<TenantId>,
    /// The client, of a client.
    pub client_id: Option<ClientId>,
    /// What proved it.
    pub credential_id: Option<CredentialId>,
    /// The business that the tokens are scoped to.
    pub business_id: Option<BusinessId>,
    /// What became of the requests.
    pub outcome: OutcomeClass,
    /// Why; empty for tokens.
    pub code: Cow<'static, str>,
    /// The wire format, of what is metered.
    pub dialect: Option<DialectName>,
}

impl UsageKey {
    /// The number that the store knows the key by: the same on every node, so that none has to ask for it. Of ten million keys two have
    /// the same one with a chance of about 1 in 400,000.
    pub fn number(&self) -> i64 {
        let text = |id: Option<String>| id.unwrap_or_default();
        let mut parts = vec![
            self.level.number().to_string(),
            self.environment.to_string(),
            text(self.tenant_id.map(|id| id.to_string())),
            text(self.client_id.as_ref().map(ToString::to_string)),
            text(self.credential_id.map(|id| id.to_string())),
            text(self.business_id.map(|id| id.to_string())),
            self.outcome.as_str().to_owned(),
            self.code.to_string(),
        ];
        parts.extend(self.dialect.as_ref().map(ToString::to_string));
        // No part holds a line feed.
        let digest = digest(&SHA256, parts.join("\n").as_bytes());
        digest.as_ref().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }

    /// What a noted count is about: a client where one is known, its tenant where that is known, and its environment.
    fn all_of(count: &UsageCount) -> impl Iterator<Item = Self> {
        let client = Self {
            level: UsageLevel::Client,
            environment: count.environment.clone(),
            tenant_id: count.tenant_id,
            client_id: count.client_id.clone(),
            credential_id: count.credential_id,
            business_id: count.business_id,
            outcome: count.outcome,
            code: Cow::Borrowed(count.code),
            dialect: None,
        };
        let metered =
            Self { level: UsageLevel::Metering, credential_id: None, dialect: Some(count.dialect.clone()), ..client.clone() };
        let tenant =
            Self { level: UsageLevel::Tenant, client_id: None, credential_id: None, business_id: None, ..client.clone() };
        let environment = Self { level: UsageLevel::Environment, tenant_id: None, ..tenant.clone() };
        let client = Some(client).filter(|key| key.client_id.is_some());
        let tenant = Some(tenant).filter(|key| key.tenant_id.is_some());
        let metered = Some(metered).filter(|_| is_metered(count));
        client.into_iter().chain(tenant).chain([environment]).chain(metered)
    }
}

/// What counts add to: for each key, step and period the number of requests.
pub fn sums(counts: &[UsageCount]) -> BTreeMap<UsageKey, BTreeMap<(UsageStep, i64), u64>> {
    let mut all: BTreeMap<UsageKey, BTreeMap<(UsageStep, i64), u64>> = BTreeMap::new();
    for count in counts {
        let at = UsageStep::Minute.start(count.minute);
        for key in UsageKey::all_of(count) {
            let steps = if key.level == UsageLevel::Metering { UsageStep::BILLED } else { &UsageStep::ALL };
            let sums = all.entry(key).or_default();
            for step in steps.iter().copied() {
                *sums.entry((step, step.period(at))).or_insert(0) += count.requests;
            }
        }
    }
    all
}
