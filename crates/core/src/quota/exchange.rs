//! Telling the store what this node gave, hearing what the others gave, and seeing which thresholds were crossed.

use std::collections::HashMap;
use std::sync::Arc;

use super::QuotaCount;
use super::meter::Window;
use super::set::{Held, Quotas};
use crate::clock::{Clock, Timestamp};
use crate::model::{EnvironmentName, QuotaSubject};
use crate::notice::{Event, Notice};
use crate::random::Random;
use crate::store::{Read, Store};
use crate::usage::{UsageStep, WriterId};

/// At how many per cent of a limit somebody is told: once in each window, by one node.
pub const QUOTA_THRESHOLDS: [u8; 3] = [60, 80, 100];

/// How many rows are written at once.
const AT_ONCE: usize = 500;

type Totals = HashMap<(EnvironmentName, QuotaSubject), HashMap<i64, u64>>;

impl Quotas {
    /// Reads what was given by others, and writes nothing: for a node that begins, and for whoever only looks.
    pub(crate) async fn learn<S: Store>(&self, store: &S, writer: WriterId, clock: &dyn Clock) -> Read<()> {
        let held = self.held();
        let (now, started) = (clock.now(), clock.boot_milliseconds());
        for step in UsageStep::ALL {
            let limited: Vec<_> = held.iter().filter(|held| held.quota.limits.of(step).is_some()).collect();
            if !limited.is_empty() {
                hear(store, writer, step, &limited, now).await?;
            }
        }
        self.note_heard(started);
        Ok(())
    }

    /// One exchange. What could not be done is done by the next one: counts are absolute, and a threshold that was not told
    /// is still there to be told.
    pub(crate) async fn exchange<S: Store>(
        &self,
        store: &S,
        writer: WriterId,
        (clock, random): (&dyn Clock, &dyn Random),
    ) -> Read<()> {
        let held = self.held();
        let (now, started) = (clock.now(), clock.boot_milliseconds());
        for step in UsageStep::ALL {
            let limited: Vec<_> = held.iter().filter(|held| held.quota.limits.of(step).is_some()).collect();
            if limited.is_empty() {
                continue;
            }
            write(store, writer, step, &limited, now).await?;
            hear(store, writer, step, &limited, now).await?;
        }
        self.note_heard(started);
        tell(store, &held, now, random).await
    }
}

/// Writes the counts that the store has not, or has otherwise.
async fn write<S: Store>(store: &S, writer: WriterId, step: UsageStep, held: &[&Arc<Held>], now: Timestamp) -> Read<()> {
    let mut changed: Vec<QuotaCount> = Vec::new();
    let mut meters = Vec::new();
    for held in held {
        let counts = held.meter.each_window(step, now, |window| {
            let Window { period, own, written, .. } = *window;
            let (environment, subject) = (held.quota.environment.clone(), held.quota.subject.clone());
            (own != written).then_some(QuotaCount { environment, subject, step, period, tokens: own })
        });
        meters.extend(counts.iter().map(|_| *held));
        changed.extend(counts);
    }
    for (counts, meters) in changed.chunks(AT_ONCE).zip(meters.chunks(AT_ONCE)) {
        store.record_quota_counts(writer, counts).await?;
        for (count, held) in counts.iter().zip(meters) {
            held.meter.each_window(step, now, |window| {
                if window.period == count.period {
                    window.written = count.tokens;
                }
                None::<()>
            });
        }
    }
    Ok(())
}

/// Takes over what all other writers gave.
async fn hear<S: Store>(store: &S, writer: WriterId, step: UsageStep, held: &[&Arc<Held>], now: Timestamp) -> Read<()> {
    let from = step.period(now).saturating_sub(1);
    let mut totals = Totals::new();
    for count in store.quota_totals(step, from, Some(writer)).await? {
        let QuotaCount { environment, subject, period, tokens, .. } = count;
        totals.entry((environment, subject)).or_default().insert(period, tokens);
    }
    for held in held {
        let key = (held.quota.environment.clone(), held.quota.subject.clone());
        let of_subject = totals.get(&key);
        held.meter.each_window(step, now, |window| {
            window.others = of_subject.and_then(|periods| periods.get(&window.period)).copied().unwrap_or(0);
            None::<()>
        });
    }
    Ok(())
}

/// Adds a notice for each threshold that was crossed and not told yet, and is done with windows that ended. Several nodes find out the
/// same; the outbox keeps one of them.
async fn tell<S: Store>(store: &S, held: &[Arc<Held>], now: Timestamp, random: &dyn Random) -> Read<()> {
    let mut found = Vec::new();
    for held in held {
        for (step, limit) in held.quota.limits.each() {
            let windows = held.meter.each_window(step, now, |window| {
                let crossed = crossed(window, limit);
                (!crossed.is_empty()).then_some((window.period, window.used(), crossed))
            });
            for (period, used, thresholds) in windows {
                let notice = |(bit, percent)| {
                    (held, step, period, bit, notice(held, (step, period), (percent, limit, used), now, random))
                };
                found.extend(thresholds.into_iter().map(notice));
            }
        }
    }
    for part in found.chunks(AT_ONCE) {
        let notices: Vec<Notice> = part.iter().map(|(.., notice)| notice.clone()).collect();
        store.add_notices(&notices).await?;
        for (held, step, period, bit, _) in part {
            held.meter.each_window(*step, now, |window| {
                if window.period == *period {
                    window.told |= bit;
                }
                None::<()>
            });
        }
    }
    for held in held {
        for step in UsageStep::ALL {
            let limit = held.quota.limits.of(step);
            let is_told = |window: &Window| limit.is_none_or(|limit| crossed(window, limit).is_empty());
            held.meter.forget_ended(step, |window| limit.is_none() || window.own == window.written && is_told(window));
        }
    }
    Ok(())
}

/// The thresholds that were crossed and are not known to be told, with their bits.
fn crossed(window: &Window, limit: u32) -> Vec<(u8, u8)> {
    let reached = |percent: u8| u128::from(window.used()) * 100 >= u128::from(limit) * u128::from(percent);
    let bits = [1, 2, 4].into_iter().zip(QUOTA_THRESHOLDS);
    bits.filter(|(bit, percent)| window.told & bit == 0 && reached(*percent)).collect()
}

fn notice(
    held: &Held,
    (step, period): (UsageStep, i64),
    (percent, limit, used): (u8, u32, u64),
    at: Timestamp,
    random: &dyn Random,
) -> Notice {
    let quota = &held.quota;
    let event = Event::QuotaCrossed {
        subject: quota.subject.in_environment(&quota.environment),
        window: step.as_str().to_owned(),
        window_start: step.start(period),
        threshold_percent: percent.into(),
        used,
        limit: limit.into(),
        mode: quota.mode.as_str().to_owned(),
    };
    Notice::new((&quota.environment, Some(quota.tenant_id)), event, at, random)
}
