//! Counting the tokens of one subject: exactly on this node, with what is known of the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::place;
use crate::clock::Timestamp;
use crate::model::{Quota, QuotaLimits, QuotaMode};
use crate::usage::UsageStep;

/// The counts of one subject. It has a lock of its own, so that requests of others never wait for it.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    windows: Mutex<Windows>,
}

/// The windows that are now, and those before them that the store has not heard the last of.
#[derive(Debug, Default)]
struct Windows {
    now: [Window; 3],
    ended: [Option<Window>; 3],
}

/// One window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// Its number since 1970.
    pub(super) period: i64,
    /// How many tokens this node gave.
    pub(super) own: u64,
    /// How many of them the store has.
    pub(super) written: u64,
    /// How many the others had given when the store was last read.
    pub(super) others: u64,
    /// Which thresholds need no telling any more: a bit each.
    pub(super) told: u8,
}

impl Window {
    pub(super) fn used(&self) -> u64 {
        self.own.saturating_add(self.others)
    }
}

/// That a limit is reached, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) step: UsageStep,
    /// When the next window begins.
    pub(crate) until: Timestamp,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) step: UsageStep,
    pub(super) limit: u32,
    pub(super) remaining: u64,
    pub(super) until: Timestamp,
}

impl Windows {
    /// Begins the windows that a moment is in. A clock that goes back counts on in the window that it has.
    fn turn(&mut self, now: Timestamp) {
        for (step, (window, ended)) in UsageStep::ALL.into_iter().zip(self.now.iter_mut().zip(&mut self.ended)) {
            let period = step.period(now);
            if window.period < period {
                if window.used() > 0 {
                    *ended = Some(*window);
                }
                *window = Window { period, ..Window::default() };
            }
        }
    }

    /// The longest window in which nothing is left, as that is how long there will be nothing.
    fn excess(&self, limits: QuotaLimits) -> Option<Excess> {
        let steps = [UsageStep::Day, UsageStep::Hour, UsageStep::Minute].into_iter();
        let full = |step: &UsageStep| {
            let window = self.window(*step);
            limits.of(*step).is_some_and(|limit| window.used() >= u64::from(limit))
        };
        steps.into_iter().find(full).map(|step| Excess { step, until: step.start(self.window(step).period + 1) })
    }

    #[expect(clippy::indexing_slicing, reason = "there is a place for each step")]
    fn window(&self, step: UsageStep) -> &Window {
        &self.now[place(step)]
    }
}

impl Meter {
    /// Counts one more token, if the quota allows it; `Ok` with the excess where it only observes.
    pub(crate) fn reserve(&self, quota: &Quota, now: Timestamp) -> Result<Option<Excess>, Excess> {
        let mut windows = self.locked();
        windows.turn(now);
        let excess = windows.excess(quota.limits);
        if let (Some(excess), QuotaMode::Enforce) = (excess, quota.mode) {
            return Err(excess);
        }
        for window in &mut windows.now {
            window.own += 1;
        }
        Ok(excess)
    }

    /// What reserving would say.
    pub(crate) fn look(&self, quota: &Quota, now: Timestamp) -> Result<(), Excess> {
        let mut windows = self.locked();
        windows.turn(now);
        let excess = windows.excess(quota.limits).filter(|_| quota.mode == QuotaMode::Enforce);
        excess.map_or(Ok(()), Err)
    }

    /// Takes back what was reserved at a moment.
    pub(crate) fn take_back(&self, reserved_at: Timestamp) {
        let Windows { now, ended } = &mut *self.locked();
        for (step, (now, ended)) in UsageStep::ALL.into_iter().zip(now.iter_mut().zip(ended)) {
            let period = step.period(reserved_at);
            let ended = ended.as_mut().filter(|ended| ended.period == period);
            if let Some(window) = Some(now).filter(|now| now.period == period).or(ended) {
                window.own = window.own.saturating_sub(1);
            }
        }
    }

    /// What is left of each limit.
    pub(super) fn left(&self, limits: QuotaLimits, now: Timestamp) -> Vec<Left> {
        let mut windows = self.locked();
        windows.turn(now);
        let left = |(step, limit): (UsageStep, u32)| {
            let window = windows.window(step);
            let remaining = u64::from(limit).saturating_sub(window.used());
            Left { step, limit, remaining, until: step.start(window.period + 1) }
        };
        limits.each().map(left).collect()
    }

    /// Goes through the windows of a step: the one that is now, and the one before it that is not done with.
    pub(super) fn each_window<T>(
        &self,
        step: UsageStep,
        now: Timestamp,
        mut look: impl FnMut(&mut Window) -> Option<T>,
    ) -> Vec<T> {
        let mut windows = self.locked();
        windows.turn(now);
        let Windows { now, ended } = &mut *windows;
        let at = place(step);
        let ended = ended.get_mut(at).and_then(Option::as_mut);
        ended.into_iter().chain(now.get_mut(at)).filter_map(&mut look).collect()
    }

    /// Is done with a window that ended, if it was told and written as it is.
    pub(super) fn forget_ended(&self, step: UsageStep, is_done: impl Fn(&Window) -> bool) {
        if let Some(ended) = self.locked().ended.get_mut(place(step)) {
            *ended = ended.filter(|window| !is_done(window));
        }
    }

    /// Has thresholds told again: they are those of other limits now.
    pub(super) fn untell(&self) {
        self.locked().now.iter_mut().for_each(|window| window.told = 0);
    }

    /// Whether it counted something that a quota, set again, would have to go on from.
    pub(super) fn is_of_use(&self, now: Timestamp) -> bool {
        let mut windows = self.locked();
        windows.turn(now);
        windows.now.iter().any(|window| window.own > 0)
    }

    fn locked(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
