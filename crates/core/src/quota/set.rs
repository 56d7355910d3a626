//! Which quotas there are. All are held by every node, and replaced together; what was counted stays.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::meter::{Excess, Meter};
use super::{kind_place, place};
use crate::clock::Timestamp;
use crate::model::{BusinessId, ClientId, EnvironmentName, Quota, QuotaKind, QuotaLimits, QuotaMode, QuotaSubject, TenantId};
use crate::usage::UsageStep;

/// A quota with its counts.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) quota: Quota,
    pub(crate) meter: Arc<Meter>,
}

type Key = (EnvironmentName, QuotaSubject);

#[derive(Debug, Default)]
struct OfEnvironment {
    tenants: HashMap<TenantId, Arc<Held>>,
    clients: HashMap<ClientId, Arc<Held>>,
    businesses: HashMap<BusinessId, Arc<Held>>,
}

#[derive(Debug, Default)]
struct Set {
    environments: HashMap<EnvironmentName, OfEnvironment>,
    all: Vec<Arc<Held>>,
    /// Also those of quotas that were removed today: one that is set again goes on from there.
    meters: HashMap<Key, Arc<Meter>>,
}

impl Set {
    /// The limits of a subject that has a quota already.
    fn limits_of(&self, quota: &Quota) -> Option<QuotaLimits> {
        let here = self.environments.get(&quota.environment)?;
        let held = match &quota.subject {
            QuotaSubject::Tenant(id) => here.tenants.get(id),
            QuotaSubject::Client(id) => here.clients.get(id),
            QuotaSubject::Business(id) => here.businesses.get(id),
        };
        held.map(|held| held.quota.limits)
    }
}

/// The quotas that count one request: that of the client, of its tenant and of the business, as far as there are any.
#[derive(Debug, Default)]
pub(crate) struct HeldQuotas([Option<Arc<Held>>; 3]);

impl HeldQuotas {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.0.iter().flatten()
    }
}

/// How often a quota was used up, since this process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverQuota {
    /// Whose quota.
    pub of: QuotaKind,
    /// Which window.
    pub step: UsageStep,
    /// Whether the request was refused, or would have been.
    pub mode: QuotaMode,
    /// How many requests.
    pub requests: u64,
}

/// What there is to say of a node's quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaStatistics {
    /// How many quotas there are.
    pub quotas: u64,
    /// By whose quota, window and mode: all that there can be.
    pub over: Vec<OverQuota>,
    /// How long ago what other nodes counted was last read, in seconds; none before the first time.
    pub heard_seconds_ago: Option<u64>,
}

/// All quotas of a deployment, and what was counted of them.
#[derive(Debug, Default)]
pub struct Quotas {
    /// Whether there is one at all: what a request looks at that has none.
    any: AtomicBool,
    set: ArcSwap<Set>,
    over: [[[AtomicU64; 3]; 3]; 2],
    /// When the store was last heard, in milliseconds of the boot-time clock and one more; 0 before the first time.
    heard_at: AtomicU64,
}

impl Quotas {
    /// Puts these in the place of what was known. Counts go on.
    pub(crate) fn replace(&self, quotas: Vec<Quota>, now: Timestamp) {
        let old = self.set.load();
        let mut set = Set::default();
        let of_use = old.meters.iter().filter(|(_, meter)| meter.is_of_use(now));
        set.meters.extend(of_use.map(|(key, meter)| (key.clone(), Arc::clone(meter))));
        for quota in quotas {
            let key = (quota.environment.clone(), quota.subject.clone());
            // A request that is under way may hold a meter that has counted nothing yet.
            let meter = old.meters.get(&key).map(Arc::clone).unwrap_or_default();
            if old.limits_of(&quota).is_some_and(|limits| limits != quota.limits) {
                meter.untell();
            }
            set.meters.insert(key, Arc::clone(&meter));
            let held = Arc::new(Held { quota, meter });
            set.all.push(Arc::clone(&held));
            let here = set.environments.entry(held.quota.environment.clone()).or_default();
            match &held.quota.subject {
                QuotaSubject::Tenant(id) => here.tenants.insert(*id, Arc::clone(&held)),
                QuotaSubject::Client(id) => here.clients.insert(id.clone(), Arc::clone(&held)),
                QuotaSubject::Business(id) => here.businesses.insert(*id, Arc::clone(&held)),
            };
        }
        self.any.store(!set.all.is_empty(), Ordering::Relaxed);
        self.set.store(Arc::new(set));
    }

    /// Those that count a request; none for nearly every one.
    pub(crate) fn of_request(
        &self,
        environment: &EnvironmentName,
        (client, tenant, business): (&ClientId, TenantId, Option<BusinessId>),
    ) -> Option<HeldQuotas> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let set = self.set.load();
        let here = set.environments.get(environment)?;
        let held = [
            here.clients.get(client).cloned(),
            here.tenants.get(&tenant).cloned(),
            business.and_then(|business| here.businesses.get(&business).cloned()),
        ];
        held.iter().any(Option::is_some).then_some(HeldQuotas(held))
    }

    /// All quotas that this node holds.
    pub fn all(&self) -> Vec<Quota> {
        self.set.load().all.iter().map(|held| held.quota.clone()).collect()
    }

    pub(super) fn held(&self) -> Vec<Arc<Held>> {
        self.set.load().all.clone()
    }

    /// Notes that a quota was used up when a request came.
    pub(crate) fn note_over(&self, quota: &Quota, excess: Excess) {
        if let Some(counter) = self.counter(quota.mode, quota.subject.kind(), excess.step) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter(&self, mode: QuotaMode, of: QuotaKind, step: UsageStep) -> Option<&AtomicU64> {
        let of_mode = self.over.get(usize::from(mode == QuotaMode::Observe))?;
        of_mode.get(kind_place(of))?.get(place(step))
    }

    pub(super) fn note_heard(&self, boot_milliseconds: u64) {
        self.heard_at.store(boot_milliseconds.saturating_add(1), Ordering::Relaxed);
    }

    /// What metrics tell.
    pub fn statistics(&self, boot_milliseconds: u64) -> QuotaStatistics {
        let mut over = Vec::new();
        for mode in [QuotaMode::Enforce, QuotaMode::Observe] {
            for of in QuotaKind::ALL {
                for step in UsageStep::ALL {
                    let requests = self.counter(mode, of, step).map_or(0, |counter| counter.load(Ordering::Relaxed));
                    over.push(OverQuota { of, step, mode, requests });
                }
            }
        }
        let heard_at = self.heard_at.load(Ordering::Relaxed).checked_sub(1);
        QuotaStatistics {
            quotas: self.set.load().all.len() as u64,
            over,
            heard_seconds_ago: heard_at.map(|at| boot_milliseconds.saturating_sub(at) / 1000),
        }
    }
}
