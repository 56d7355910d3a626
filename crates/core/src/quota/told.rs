//! What an answer's headers say of quotas: `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers has them since
//! its version 08 (both fields are lists of items; read in version 10).
//!
//! A header is there only where a quota says so, since a provider's wire format has none of its own accord. A client is told of its
//! own quota, its tenant's and its business's: the tenant's remaining tokens say how much its other clients ask for, which is why each
//! quota says for itself. Quotas that only observe are not told, as nothing ends with them.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::HeldQuotas;
use super::meter::Left;
use crate::clock::Timestamp;
use crate::model::{QuotaKind, QuotaMode};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// What is told.
#[derive(Debug)]
pub(crate) struct QuotaTold {
    policy: HeaderValue,
    state: HeaderValue,
}

impl QuotaTold {
    /// What the quotas of a request have told of them; none if none has.
    pub(crate) fn of(held: &HeldQuotas, now: Timestamp) -> Option<Box<Self>> {
        let told = held.iter().filter(|held| held.quota.headers && held.quota.mode == QuotaMode::Enforce);
        let left: Vec<(QuotaKind, Left)> = told
            .flat_map(|held| {
                let kind = held.quota.subject.kind();
                held.meter.left(held.quota.limits, now).into_iter().map(move |left| (kind, left))
            })
            .collect();
        // The least that is left; of several with nothing left the one that lasts longest.
        let (kind, least) = left.iter().min_by_key(|(_, left)| (left.remaining, -left.until.0))?;
        let policies: Vec<String> = left
            .iter()
            .map(|(kind, left)| format!("\"{}\";q={};w={}", name(*kind, left), left.limit, left.step.seconds()))
            .collect();
        let seconds = least.until.0.saturating_sub(now.0).max(0);
        let state = format!("\"{}\";r={};t={seconds}", name(*kind, least), least.remaining);
        let policy = HeaderValue::try_from(policies.join(", ")).ok()?;
        Some(Box::new(Self { policy, state: HeaderValue::try_from(state).ok()? }))
    }

    /// Adds the headers, where the dialect has none of these names.
    pub(crate) fn add_to(self, headers: &mut HeaderMap) {
        headers.entry(POLICY).or_insert(self.policy);
        headers.entry(STATE).or_insert(self.state);
    }
}

fn name(kind: QuotaKind, left: &Left) -> String {
    format!("{}-{}", kind.as_str(), left.step.as_str())
}
