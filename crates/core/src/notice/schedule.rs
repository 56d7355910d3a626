//! When a delivery is tried, and when no more. Pure.

use crate::clock::Timestamp;
use crate::model::{Delivery, DeliveryState};
use crate::notice::NoticeKind;
use crate::random::Random;

/// For how many seconds a notice is tried to be delivered: a day.
pub const DELIVERY_AGE_MAX: i64 = 86_400;
/// How often it is tried at most: about as often as a day allows.
pub const DELIVERY_TRIES_MAX: u32 = 32;
/// How many deliveries to one endpoint wait at most; what is more is counted and left out.
const DELIVERIES_WAITING_MAX: u64 = 1000;
/// Of these, how many may wait before others than leaks find no room any more.
pub const OTHERS_WAITING_MAX: u64 = 800;
/// How many deliveries of one endpoint that are over are kept, for people to look at.
pub const DELIVERIES_LISTED_MAX: u32 = 500;
/// For how many seconds they are kept: fourteen days.
pub const DELIVERIES_KEPT: i64 = 14 * 86_400;

/// How many seconds after the first try the second comes; each later pause is twice as long.
const FIRST_PAUSE: u32 = 30;
/// The longest pause, in seconds.
const LONGEST_PAUSE: u32 = 3600;
/// The endpoint is gone for good (RFC 9110 section 15.5.11).
const GONE: u16 = 410;

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// There was an answer, of this status.
    Answered(u16),
    /// There was none: no address, no connection, no HTTP, or not in time.
    Unanswered,
}

impl Tried {
    /// Whether the endpoint says that it is not there any more: nothing is sent to it until somebody turns it on again.
    pub fn is_gone(self) -> bool {
        self == Tried::Answered(GONE)
    }

    fn is_success(self) -> bool {
        matches!(self, Tried::Answered(200..=299))
    }
}

/// A delivery after a try at it. What follows a failure is a pause for the whole endpoint, so that a dead one costs a try in each pause
/// and not one for each notice.
pub fn after_try(delivery: &Delivery, tried: Tried, now: Timestamp, random: &dyn Random) -> Delivery {
    let attempts = delivery.tries.saturating_add(1);
    let answer = match tried {
        Tried::Answered(status) => status,
        Tried::Unanswered => 0,
    };
    let next_at = now.plus(pause(attempts, random));
    let state = if tried.is_success() {
        DeliveryState::Delivered
    } else if tried.is_gone() || attempts >= DELIVERY_TRIES_MAX || is_too_old(delivery, next_at) {
        DeliveryState::Failed
    } else {
        DeliveryState::Waiting
    };
    Delivery { state, tries: attempts, next_at, last_at: Some(now), answer: Some(answer), ..delivery.clone() }
}

/// Whether there is room for another delivery to an endpoint for which so many wait.
pub fn has_room(kind: NoticeKind, waiting: u64) -> bool {
    waiting < if kind.is_of_leak() { DELIVERIES_WAITING_MAX } else { OTHERS_WAITING_MAX }
}

/// Whether a notice is too old to be delivered at a moment.
pub fn is_too_old(delivery: &Delivery, at: Timestamp) -> bool {
    at.0.saturating_sub(delivery.made_at.0) > DELIVERY_AGE_MAX
}

/// So many seconds before the next try, a quarter more or less by chance: endpoints that failed together are not tried together.
fn pause(tries: u32, random: &dyn Random) -> u32 {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1).min(16)).unwrap_or(u32::MAX));
    let longest = doubled.min(LONGEST_PAUSE);
    let mut chance = [0; 4];
    random.fill(&mut chance);
    let spread = longest / 2 + 1;
    longest - longest / 4 + u32::from_be_bytes(chance) % spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NoticeId, WebhookId};
    use crate::random::SeededRandom;

    fn delivery() -> Delivery {
        Delivery {
            webhook_id: WebhookId::none(),
            notice_id: NoticeId::none(),
            kind: NoticeKind::Test,
            state: DeliveryState::Waiting,
            made_at: Timestamp(0),
            tries: 0,
            next_at: Timestamp(0),
            last_at: None,
            answer: None,
        }
    }

    fn tried(tried: Tried) -> Delivery {
        after_try(&delivery(), tried, Timestamp(7), &SeededRandom::new(1))
    }

    #[test]
    fn every_2xx_is_success_410_is_the_end_and_the_rest_is_tried_again() {
        for status in [200, 202, 204, 299] {
            assert_eq!(tried(Tried::Answered(status)).state, DeliveryState::Delivered, "{status}");
        }
        assert_eq!(tried(Tried::Answered(410)).state, DeliveryState::Failed);
        for status in [100, 199, 300, 301, 307, 400, 401, 404, 429, 500, 503, 600] {
            assert_eq!(tried(Tried::Answered(status)).state, DeliveryState::Waiting, "{status}");
        }
        let none = tried(Tried::Unanswered);
        assert_eq!(
            (none.state, none.tries, none.last_at, none.answer),
            (DeliveryState::Waiting, 1, Some(Timestamp(7)), Some(0))
        );
    }

    #[test]
    fn all_others_leave_room_for_leaks() {
        for kind in NoticeKind::ALL {
            let is_of_leak = matches!(kind, NoticeKind::LeakReported | NoticeKind::LeakQuarantined);
            assert!(has_room(kind, 799), "{kind:?}");
            assert_eq!(has_room(kind, 999), is_of_leak, "{kind:?}");
            assert!(!has_room(kind, 1000), "{kind:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_differ_by_chance() {
        let random = SeededRandom::new(5);
        for (tries, middle) in [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (31, 3600), (u32::MAX, 3600)] {
            let all: std::collections::BTreeSet<u32> = (0..100).map(|_| pause(tries, &random)).collect();
            assert!(all.len() > 5, "{tries}");
            let (low, high) = (middle - middle / 4, middle + middle / 4 + 1);
            assert!(all.iter().all(|pause| (low..=high).contains(pause)), "{tries}: {all:?}");
        }
    }

    #[test]
    fn a_dead_endpoint_is_tried_for_a_day_and_a_bounded_number_of_times() {
        let random = SeededRandom::new(2);
        let mut one = delivery();
        while one.state == DeliveryState::Waiting {
            let now = one.next_at;
            assert!(!is_too_old(&one, now));
            one = after_try(&one, Tried::Unanswered, now, &random);
        }
        assert_eq!(one.state, DeliveryState::Failed);
        assert!((20..=DELIVERY_TRIES_MAX).contains(&one.tries), "{}", one.tries);
        assert!(one.last_at.is_some_and(|at| at.0 > 20 * 3600), "{one:?}");
    }
}
