//! What people are told about without asking: an outbox of notices, from which webhooks are fed.
//!
//! A notice is added once, whoever finds it out: its key says what it is about, and the store keeps the first of a key. One that
//! belongs to a change is added by it ([`Write::AddNotice`](crate::store::Write::AddNotice)), so that neither is without the other; what
//! upkeep and flushes find out is added by [`NoticeStore::add_notices`](crate::store::NoticeStore::add_notices). A notice holds no
//! secret and no token, ever: it leaves the deployment.
//!
//! | File | Owns |
//! |---|---|
//! | `mod` | what a notice is, and its key |
//! | `event` | the kinds, and what each tells |
//! | `expiring` | who finds out that credentials expire soon |
//! | `schedule` | when a delivery is tried, and when no more |
//! | `signature` | the signed request that delivers a notice |

mod event;
mod expiring;
mod schedule;
mod signature;

use serde::{Deserialize, Serialize};

pub use event::{Event, Leaked, NoticeKind, RotationStep};
pub use expiring::{Expiring, tell_of_expiring};
pub use schedule::{
    DELIVERIES_KEPT, DELIVERIES_LISTED_MAX, DELIVERY_AGE_MAX, DELIVERY_TRIES_MAX, OTHERS_WAITING_MAX, Tried, after_try,
    has_room, is_too_old,
};
pub use signature::{SignedDelivery, sign};

use crate::clock::Timestamp;
use crate::model::{EnvironmentName, NoticeId, TenantId};
use crate::random::Random;

/// For how many seconds a notice is kept: thirty days.
pub const NOTICES_KEPT: i64 = 30 * 86_400;
/// The longest text that a notice carries from elsewhere, in characters.
pub const NOTICE_TEXT_MAX: usize = 500;

/// Something that happened, for those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its identifier: the same for every endpoint and at every try, so that whoever is told twice can know.
    pub id: NoticeId,
    /// Where.
    pub environment: EnvironmentName,
    /// Whom it concerns, besides the operator; none for the operator alone.
    pub tenant_id: Option<TenantId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

impl Notice {
    /// A new notice.
    pub fn new(
        (environment, tenant_id): (&EnvironmentName, Option<TenantId>),
        event: Event,
        at: Timestamp,
        random: &dyn Random,
    ) -> Self {
        Self { id: NoticeId::generate(random), environment: environment.clone(), tenant_id, at, event }
    }

    /// Its kind.
    pub fn kind(&self) -> NoticeKind {
        self.event.kind()
    }

    /// What tells it from other notices: two of one key are the same event, found out twice. It holds no secret.
    pub fn key(&self) -> String {
        let tenant = self.tenant_id.map_or_else(String::new, |id| id.to_string());
        let event = self.event.key().unwrap_or_else(|| self.id.to_string());
        format!("{}/{tenant}/{}/{event}", self.environment, self.kind().as_str())
    }
}

/// A text from elsewhere as a notice may carry it: without control characters, and cut to [`NOTICE_TEXT_MAX`].
pub fn clean_text(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(NOTICE_TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CredentialId;
    use crate::random::SeededRandom;
    use crate::store::Subject;

    fn notice(environment: &str, tenant_id: Option<TenantId>, event: Event, seed: u64) -> Notice {
        Notice::new((&environment.parse().unwrap(), tenant_id), event, Timestamp(5), &SeededRandom::new(seed))
    }

    fn expiring(days: u32) -> Event {
        Event::SecretExpiring {
            client_id: "ledger".parse().unwrap(),
            credential_id: CredentialId::none(),
            hint: "x9Qz".to_owned(),
            expires_at: Timestamp(900),
            days,
        }
    }

    fn quota(percent: u32) -> Event {
        quota_of("day", 0, percent)
    }

    fn quota_of(window: &str, start: i64, percent: u32) -> Event {
        Event::QuotaCrossed {
            subject: Subject::Tenant { id: TenantId::none() },
            window: window.to_owned(),
            window_start: Timestamp(start),
            threshold_percent: percent,
            used: 90,
            limit: 100,
            mode: "observe".to_owned(),
        }
    }

    #[test]
    fn what_two_nodes_find_out_has_one_key_and_two_ids() {
        let (one, other) = (notice("sandbox", None, quota(80), 1), notice("sandbox", None, quota(80), 2));
        assert_eq!(one.key(), other.key());
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn what_differs_in_one_thing_has_another_key() {
        let tenant = Some(TenantId::generate(&SeededRandom::new(9)));
        let all = [
            notice("sandbox", None, quota(80), 1),
            notice("sandbox", None, quota(100), 1),
            notice("sandbox", tenant, quota(80), 1),
            notice("production", None, quota(80), 1),
            notice("sandbox", None, expiring(7), 1),
            notice("sandbox", None, expiring(1), 1),
            notice("sandbox", None, Event::Test, 1),
            notice("sandbox", None, Event::Test, 2),
        ];
        let keys: std::collections::BTreeSet<_> = all.iter().map(Notice::key).collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn of_the_minutes_of_an_hour_one_is_told_for_each_threshold() {
        let key = |window: &str, start| notice("sandbox", None, quota_of(window, start, 80), 1).key();
        assert_eq!(key("minute", 7200), key("minute", 7200 + 3540));
        assert_ne!(key("minute", 7200), key("minute", 3600 + 3540));
        assert_ne!(key("minute", 7200), key("hour", 7200));
        assert_ne!(key("hour", 7200), key("hour", 3600));
    }

    #[test]
    fn every_event_is_read_as_it_was_written_and_its_kind_is_its_word() {
        for event in [quota(80), expiring(30), Event::Test] {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["kind"], event.kind().as_str());
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::from_word(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_text_from_elsewhere_is_cut_and_ends_no_line() {
        assert_eq!(clean_text("a\r\nb\u{1b}[31m"), "ab[31m");
        assert_eq!(clean_text(&"é".repeat(600)).chars().count(), NOTICE_TEXT_MAX);
    }
}
