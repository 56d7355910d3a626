//! Counts of quotas in memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EnvironmentName, QuotaSubject};
use crate::quota::QuotaCount;
use crate::usage::{UsageStep, WriterId};

type Window = (UsageStep, i64, EnvironmentName, QuotaSubject);

#[derive(Debug, Default)]
pub(super) struct QuotaTables {
    counts: BTreeMap<(Window, WriterId), u64>,
}

impl QuotaTables {
    pub(super) fn record(&mut self, writer: WriterId, counts: &[QuotaCount]) {
        for QuotaCount { environment, subject, step, period, tokens } in counts {
            self.counts.insert(((*step, *period, environment.clone(), subject.clone()), writer), *tokens);
        }
    }

    pub(super) fn totals(&self, step: UsageStep, from: i64, without: Option<WriterId>) -> Vec<QuotaCount> {
        let mut totals: BTreeMap<Window, u64> = BTreeMap::new();
        let of_others = self.counts.iter().filter(|((_, writer), _)| Some(*writer) != without);
        for ((window, _), tokens) in of_others.filter(|((window, _), _)| window.0 == step && window.1 >= from) {
            *totals.entry(window.clone()).or_insert(0) += tokens;
        }
        let count = |((step, period, environment, subject), tokens)| QuotaCount { environment, subject, step, period, tokens };
        totals.into_iter().map(count).collect()
    }

    pub(super) fn used(&self, environment: &EnvironmentName, subject: &QuotaSubject, (step, period): (UsageStep, i64)) -> u64 {
        let window = (step, period, environment.clone(), subject.clone());
        self.counts.iter().filter(|((known, _), _)| *known == window).map(|(_, tokens)| tokens).sum()
    }

    pub(super) fn forget_counts(&mut self, step: UsageStep, before: i64, limit: u32) -> u64 {
        let over = self.counts.keys().filter(|(window, _)| window.0 == step && window.1 < before);
        let over: BTreeSet<_> = over.take(limit as usize).cloned().collect();
        self.counts.retain(|key, _| !over.contains(key));
        over.len() as u64
    }
}
