//! Counting, without a request: windows, what is taken back, and what two processes hear of each other.

use std::sync::Arc;

use super::Quotas;
use super::meter::Meter;
use crate::clock::{Clock, FakeClock, Timestamp};
use crate::model::{EnvironmentName, Quota, QuotaLimits, QuotaMode, QuotaSubject, TenantId};
use crate::notice::Event;
use crate::random::SeededRandom;
use crate::store::memory::MemoryStore;
use crate::store::{NoticeFilter, NoticeStore, Store};
use crate::usage::{UsageStep, WriterId};

/// The first second of a day.
const MIDNIGHT: i64 = 1_800_057_600;

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn quota(limits: QuotaLimits, mode: QuotaMode) -> Quota {
    let tenant_id = TenantId::generate(&SeededRandom::new(1));
    Quota {
        environment: sandbox(),
        subject: QuotaSubject::Tenant(tenant_id),
        tenant_id,
        limits,
        mode,
        headers: false,
        changed_at: Timestamp(0),
        version: 1,
    }
}

fn limits(per_minute: u32, per_hour: u32, per_day: u32) -> QuotaLimits {
    let some = |limit: u32| (limit > 0).then_some(limit);
    QuotaLimits { per_minute: some(per_minute), per_hour: some(per_hour), per_day: some(per_day) }
}

/// A process: its quotas and its name.
struct Process {
    quotas: Quotas,
    writer: WriterId,
    quota: Quota,
}

impl Process {
    fn new(number: u8, quota: &Quota, now: Timestamp) -> Self {
        let quotas = Quotas::default();
        quotas.replace(vec![quota.clone()], now);
        Self { quotas, writer: WriterId([number; 16]), quota: quota.clone() }
    }

    fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.quotas.held()[0].meter)
    }

    /// Gives as many tokens as it can, up to so many.
    fn give(&self, tokens: u32, now: Timestamp) -> u32 {
        let meter = self.meter();
        u32::try_from((0..tokens).filter(|_| meter.reserve(&self.quota, now).is_ok()).count()).unwrap()
    }

    async fn exchange(&self, store: &MemoryStore, clock: &FakeClock) {
        let random = SeededRandom::new(u64::from(self.writer.0[0]));
        self.quotas.exchange(store, self.writer, (clock, &random)).await.unwrap();
    }
}

async fn told(store: &MemoryStore) -> Vec<(String, i64, u32)> {
    let filter = NoticeFilter { environment: sandbox(), tenant: None };
    let all = store.notices(&filter, None, 1000).await.unwrap();
    let mut told: Vec<_> = all
        .into_iter()
        .filter_map(|notice| match notice.event {
            Event::QuotaCrossed { window, window_start, threshold_percent, .. } => {
                Some((window, window_start.0, threshold_percent))
            }
            _ => None,
        })
        .collect();
    told.sort();
    told
}

#[test]
fn windows_are_those_of_the_calendar() {
    let (meter, quota) = (Meter::default(), quota(limits(2, 0, 0), QuotaMode::Enforce));
    let at = |second: i64| Timestamp(MIDNIGHT + second);
    assert!(meter.reserve(&quota, at(58)).is_ok() && meter.reserve(&quota, at(59)).is_ok());
    let full = meter.reserve(&quota, at(59)).unwrap_err();
    assert_eq!((full.step, full.until), (UsageStep::Minute, at(60)));
    assert!(meter.reserve(&quota, at(60)).is_ok(), "the next minute");
}

#[test]
fn of_several_full_windows_the_longest_is_told() {
    let (meter, quota) = (Meter::default(), quota(limits(2, 2, 2), QuotaMode::Enforce));
    let now = Timestamp(MIDNIGHT + 5);
    assert!(meter.reserve(&quota, now).is_ok() && meter.reserve(&quota, now).is_ok());
    let full = meter.reserve(&quota, now).unwrap_err();
    assert_eq!((full.step, full.until), (UsageStep::Day, Timestamp(MIDNIGHT + 86_400)));
    assert!(meter.reserve(&quota, Timestamp(MIDNIGHT + 7200)).is_err(), "two hours later the day is the same");
    assert!(meter.reserve(&quota, Timestamp(MIDNIGHT + 86_400)).is_ok());
}

#[test]
fn what_is_taken_back_can_be_given_also_when_its_window_has_ended() {
    let (meter, quota) = (Meter::default(), quota(limits(1, 0, 2), QuotaMode::Enforce));
    let (before, after) = (Timestamp(MIDNIGHT + 59), Timestamp(MIDNIGHT + 60));
    assert!(meter.reserve(&quota, before).is_ok() && meter.reserve(&quota, after).is_ok());
    meter.take_back(before);
    assert_eq!(meter.reserve(&quota, after).unwrap_err().step, UsageStep::Minute, "this minute's is given");
    assert!(meter.reserve(&quota, Timestamp(MIDNIGHT + 120)).is_ok(), "the day has one left again");
}

#[test]
fn a_clock_that_goes_back_gives_no_window_twice() {
    let (meter, quota) = (Meter::default(), quota(limits(1, 0, 0), QuotaMode::Enforce));
    assert!(meter.reserve(&quota, Timestamp(MIDNIGHT + 60)).is_ok());
    assert!(meter.reserve(&quota, Timestamp(MIDNIGHT + 59)).is_err());
}

#[test]
fn an_observing_quota_refuses_nothing_and_says_what_it_would_have() {
    let (meter, quota) = (Meter::default(), quota(limits(1, 0, 0), QuotaMode::Observe));
    let now = Timestamp(MIDNIGHT);
    assert_eq!(meter.reserve(&quota, now).unwrap(), None);
    assert_eq!(meter.reserve(&quota, now).unwrap().map(|excess| excess.step), Some(UsageStep::Minute));
    assert!(meter.look(&quota, now).is_ok());
}

#[tokio::test]
async fn of_a_minute_two_processes_give_no_more_than_the_limit_and_what_the_other_gave_since_the_last_exchange() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    let quota = quota(limits(100, 0, 0), QuotaMode::Enforce);
    let (one, two) = (Process::new(1, &quota, clock.now()), Process::new(2, &quota, clock.now()));
    // Each could give ten between two exchanges, and never hears of the other's last ten.
    let mut given = 0;
    for _ in 0..20 {
        given += one.give(10, clock.now()) + two.give(10, clock.now());
        one.exchange(&store, &clock).await;
        two.exchange(&store, &clock).await;
    }
    assert!((100..=100 + 2 * 10).contains(&given), "{given}");
    let window = (UsageStep::Minute, UsageStep::Minute.period(clock.now()));
    assert_eq!(store.quota_used(&sandbox(), &quota.subject, window).await.unwrap(), u64::from(given), "none is forgotten");
    clock.advance(60);
    assert_eq!(one.give(200, clock.now()), 100, "the next minute is whole");
}

#[tokio::test]
async fn a_process_that_takes_anothers_place_goes_on_from_its_counts() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    let quota = quota(limits(0, 0, 10), QuotaMode::Enforce);
    let ended = Process::new(1, &quota, clock.now());
    assert_eq!(ended.give(7, clock.now()), 7);
    ended.exchange(&store, &clock).await;
    clock.advance(3600);
    let successor = Process::new(2, &quota, clock.now());
    successor.exchange(&store, &clock).await;
    assert_eq!(successor.give(10, clock.now()), 3);
}

#[tokio::test]
async fn while_the_store_is_away_each_goes_on_by_what_it_knows_and_nothing_is_counted_twice() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    let quota = quota(limits(0, 10, 0), QuotaMode::Enforce);
    let (one, two) = (Process::new(1, &quota, clock.now()), Process::new(2, &quota, clock.now()));
    one.give(4, clock.now());
    one.exchange(&store, &clock).await;
    two.exchange(&store, &clock).await;
    store.fail(true);
    let random = SeededRandom::new(1);
    assert_eq!(two.give(100, clock.now()), 6);
    assert!(two.quotas.exchange(&store, two.writer, (&clock, &random)).await.is_err());
    store.fail(false);
    for _ in 0..3 {
        two.exchange(&store, &clock).await;
        one.exchange(&store, &clock).await;
    }
    assert_eq!((one.give(1, clock.now()), two.give(1, clock.now())), (0, 0));
    let window = (UsageStep::Hour, UsageStep::Hour.period(clock.now()));
    assert_eq!(store.quota_used(&sandbox(), &quota.subject, window).await.unwrap(), 10);
}

#[tokio::test]
async fn each_threshold_is_told_once_for_each_window_whoever_crosses_it_and_of_minutes_once_an_hour() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    let quota = quota(limits(10, 0, 0), QuotaMode::Observe);
    let (one, two) = (Process::new(1, &quota, clock.now()), Process::new(2, &quota, clock.now()));
    let exchange = async || {
        for _ in 0..2 {
            one.exchange(&store, &clock).await;
            two.exchange(&store, &clock).await;
        }
    };
    let minute = |start: i64, percents: &[u32]| -> Vec<_> {
        percents.iter().map(|percent| ("minute".to_owned(), MIDNIGHT + start, *percent)).collect()
    };
    one.give(3, clock.now());
    two.give(2, clock.now());
    exchange().await;
    assert_eq!(told(&store).await, []);
    one.give(1, clock.now());
    exchange().await;
    assert_eq!(told(&store).await, minute(0, &[60]));
    two.give(30, clock.now());
    // The last seconds of a window are told of after its end.
    clock.advance(60);
    exchange().await;
    assert_eq!(told(&store).await, minute(0, &[60, 80, 100]));
    one.give(8, clock.now());
    exchange().await;
    assert_eq!(told(&store).await, minute(0, &[60, 80, 100]));
    clock.advance(3540);
    one.give(8, clock.now());
    exchange().await;
    assert_eq!(told(&store).await, [minute(0, &[60, 80, 100]), minute(3600, &[60, 80])].concat());
}

#[tokio::test]
async fn a_quota_that_is_changed_or_set_again_goes_on_with_its_counts() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    let tight = quota(limits(0, 0, 5), QuotaMode::Enforce);
    let mut process = Process::new(1, &tight, clock.now());
    assert_eq!(process.give(9, clock.now()), 5);
    process.exchange(&store, &clock).await;
    assert_eq!(told(&store).await.len(), 3);
    process.quota.limits = limits(0, 0, 8);
    process.quotas.replace(vec![process.quota.clone()], clock.now());
    assert_eq!(process.give(9, clock.now()), 3);
    process.exchange(&store, &clock).await;
    assert_eq!(told(&store).await.len(), 6, "the thresholds of the new limit are others");
    process.quotas.replace(Vec::new(), clock.now());
    process.quotas.replace(vec![process.quota.clone()], clock.now());
    assert_eq!(process.give(9, clock.now()), 0);
}

#[tokio::test]
async fn where_there_is_no_quota_the_store_hears_nothing() {
    let (store, clock) = (MemoryStore::new(), FakeClock::at(MIDNIGHT));
    store.fail(true);
    let quotas = Quotas::default();
    quotas.exchange(&store, WriterId([1; 16]), (&clock, &SeededRandom::new(1))).await.unwrap();
    let id = "client".parse().unwrap();
    assert!(quotas.of_request(&sandbox(), (&id, TenantId::generate(&SeededRandom::new(1)), None)).is_none());
}
