//! Usage and refusals in memory.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::store::OldUsage;
use crate::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, OutcomeClass, REFUSALS_OF_CLIENT, REFUSALS_OF_TENANT, REFUSALS_OF_UNKNOWN, Refusal,
    RefusalFilter, RefusedBefore, StoredUsage, UsageBatch, UsageKey, UsageLevel, UsageQuery, UsageRow, UsageStep, WriterId,
    add_up, is_asked_for, sums,
};

#[derive(Debug, Default)]
pub(super) struct UsageTables {
    counts: BTreeMap<(UsageKey, UsageStep, i64), u64>,
    writers: BTreeMap<WriterId, (u64, Timestamp)>,
    refusals: BTreeMap<RefusedBefore, Refusal>,
}

impl UsageTables {
    pub(super) fn record(&mut self, batch: &UsageBatch) {
        let (last, at) = self.writers.entry(batch.writer).or_insert((0, batch.at));
        if *last >= batch.sequence {
            return;
        }
        (*last, *at) = (batch.sequence, batch.at);
        for (key, periods) in sums(&batch.counts) {
            for ((step, period), requests) in periods {
                *self.counts.entry((key.clone(), step, period)).or_insert(0) += requests;
            }
        }
        for refusal in &batch.refusals {
            self.refusals.insert(refusal.into(), refusal.clone());
        }
        for refusal in &batch.refusals {
            self.keep_last_like(refusal);
        }
    }

    /// Keeps the last refusals of one client and code, and of one tenant.
    fn keep_last_like(&mut self, like: &Refusal) {
        let is_here = |other: &Refusal| other.environment == like.environment;
        let limit = if like.client_id.is_some() { REFUSALS_OF_CLIENT } else { REFUSALS_OF_UNKNOWN };
        self.keep_last(limit, |other| is_here(other) && other.client_id == like.client_id && other.code == like.code);
        if like.tenant_id.is_some() {
            self.keep_last(REFUSALS_OF_TENANT, |other| is_here(other) && other.tenant_id == like.tenant_id);
        }
    }

    fn keep_last(&mut self, limit: u32, is_alike: impl Fn(&Refusal) -> bool) {
        let alike = self.refusals.iter().rev().filter(|(_, refusal)| is_alike(refusal));
        let over: Vec<_> = alike.skip(limit as usize).map(|(key, _)| key.clone()).collect();
        self.refusals.retain(|key, _| !over.contains(key));
    }

    pub(super) fn ask(&self, query: &UsageQuery) -> Vec<UsageRow> {
        let (first, end) = query.periods();
        let is_in = |(key, step, period): &(UsageKey, UsageStep, i64)| {
            *step == query.step && (first..end).contains(period) && is_asked_for(query, key)
        };
        let found = self.counts.iter().filter(|(place, _)| is_in(place)).map(|((key, _, period), requests)| StoredUsage {
            key: key.clone(),
            period: query.each_step.then_some(*period),
            requests: *requests,
        });
        add_up(query, found)
    }

    pub(super) fn metered(
        &self,
        query: &MeteredQuery,
        period: i64,
        after: Option<&MeteredPlace>,
        limit: u32,
    ) -> Vec<MeteredRow> {
        let mut rows: BTreeMap<MeteredPlace, (u64, u64)> = BTreeMap::new();
        for ((key, step, at), requests) in &self.counts {
            let is_here = key.level == UsageLevel::Metering && key.environment == query.environment;
            let is_then = *step == query.step && *at == period;
            if !is_here || !is_then || query.tenant.is_some_and(|tenant| key.tenant_id != Some(tenant)) {
                continue;
            }
            let (tenant_id, client_id) = (key.tenant_id, key.client_id.clone());
            let (business_id, dialect) = (key.business_id, key.dialect.clone());
            let row = MeteredRow { tenant_id, client_id, business_id, dialect, tokens: 0, refused: 0 };
            let sums = rows.entry((&row).into()).or_default();
            *(if key.outcome == OutcomeClass::Issued { &mut sums.0 } else { &mut sums.1 }) += requests;
        }
        let later = rows.into_iter().filter(|(place, _)| after.is_none_or(|after| place > after));
        later.take(limit as usize).filter_map(|(place, (tokens, refused))| place.row(tokens, refused)).collect()
    }

    pub(super) fn refusal(&self, request_id: &str) -> Option<Refusal> {
        self.refusals.values().find(|refusal| refusal.request_id == request_id).cloned()
    }

    pub(super) fn refusals(&self, filter: &RefusalFilter, before: Option<&RefusedBefore>, limit: u32) -> Vec<Refusal> {
        let earlier = self.refusals.iter().rev().filter(|(key, _)| before.is_none_or(|before| *key < before));
        let asked_for = earlier.map(|(_, refusal)| refusal).filter(|refusal| filter.takes(refusal));
        asked_for.take(limit as usize).cloned().collect()
    }

    pub(super) fn forget(&mut self, old: OldUsage, limit: u32) -> u64 {
        let limit = limit as usize;
        match old {
            OldUsage::Counts(step, before) => {
                forget(&mut self.counts, limit, |(_, own, period), _| *own == step && *period < before)
            }
            // A key is part of its counts here, and counts of quotas are removed with these.
            OldUsage::Keys(_) | OldUsage::QuotaCounts(..) => 0,
            OldUsage::Writers(before) => forget(&mut self.writers, limit, |_, (_, at)| *at < before),
            OldUsage::Refusals(before) => forget(&mut self.refusals, limit, |key, _| key.at < before),
        }
    }
}

fn forget<K: Ord + Clone, V>(table: &mut BTreeMap<K, V>, limit: usize, is_over: impl Fn(&K, &V) -> bool) -> u64 {
    let over: Vec<K> =
        table.iter().filter(|(key, value)| is_over(key, value)).map(|(key, _)| key.clone()).take(limit).collect();
    for key in &over {
        table.remove(key);
    }
    over.len() as u64
}
