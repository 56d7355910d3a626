//! Telling the store what this node gave, hearing what the others gave, and seeing which thresholds were crossed.

use std::collections::HashMap;
use std::sync::Arc;

use super::meter::Window;
use super::set::{Held, Quotas};
use super::{QuotaCount, QuotaCrossing};
use crate::clock::{Clock, Timestamp};
use crate::model::{EnvironmentName, QuotaSubject};
use crate::store::{Read, Store};
use crate::usage::{UsageStep, WriterId};

/// At how many per cent of a limit somebody is told: once in each window, by one node.
pub const QUOTA_THRESHOLDS: [u8; 3] = [60, 80, 100];

/// How many rows are written at once.
const AT_ONCE: usize = 500;
/// How many crossings are claimed in one exchange; the next one goes on.
const CLAIMS: usize = 500;

type Totals = HashMap<(EnvironmentName, QuotaSubject), HashMap<i64, u64>>;

impl Quotas {
    /// One exchange. What could not be done is done by the next one: counts are absolute, and a threshold that nobody has claimed is
    /// still there to be claimed.
    pub(crate) async fn exchange<S: Store>(&self, store: &S, writer: WriterId, clock: &dyn Clock) -> Read<()> {
        let held = self.held();
        if held.is_empty() {
            return Ok(());
        }
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
        tell(store, &held, now).await
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

/// Claims the thresholds that were crossed and not told yet, and is done with windows that ended.
async fn tell<S: Store>(store: &S, held: &[Arc<Held>], now: Timestamp) -> Read<()> {
    let mut left = CLAIMS;
    for held in held {
        for (step, limit) in held.quota.limits.each() {
            let crossings = held.meter.each_window(step, now, |window| {
                let crossed = crossed(window, limit);
                (!crossed.is_empty()).then_some((window.period, window.used(), crossed))
            });
            for (period, used, thresholds) in crossings {
                for (bit, percent) in thresholds {
                    left = match left.checked_sub(1) {
                        Some(left) => left,
                        None => return Ok(()),
                    };
                    let crossing = crossing_of(held, (step, period), (percent, limit, used), now);
                    store.claim_quota_crossing(&crossing).await?;
                    held.meter.each_window(step, now, |window| {
                        if window.period == period {
                            window.told |= bit;
                        }
                        None::<()>
                    });
                }
            }
            held.meter.forget_ended(step, |window| window.own == window.written && crossed(window, limit).is_empty());
        }
        for step in UsageStep::ALL.into_iter().filter(|step| held.quota.limits.of(*step).is_none()) {
            held.meter.forget_ended(step, |_| true);
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

fn crossing_of(
    held: &Held,
    (step, period): (UsageStep, i64),
    (percent, limit, used): (u8, u32, u64),
    at: Timestamp,
) -> QuotaCrossing {
    let quota = &held.quota;
    QuotaCrossing {
        environment: quota.environment.clone(),
        subject: quota.subject.clone(),
        tenant_id: quota.tenant_id,
        step,
        period,
        percent,
        limit,
        used,
        mode: quota.mode,
        at,
    }
}
