//! Reads all that is measured. It takes some hundred microseconds, and is asked for every few seconds.

use std::collections::BTreeMap;

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::SignerStatistics;
use mintmark_core::directory::{CacheStatistics, RevocationSize};
use mintmark_core::model::{EnvironmentName, KeyState};
use mintmark_core::quota::OverQuota;
use mintmark_core::store::Backlog;
use mintmark_core::token::RequestStep;

use super::counters::value;
use super::exposition::{Exposition, seconds};
use super::families as f;
use super::process::ProcessState;
use crate::node::Node;
use crate::store::PoolUse;

/// What is under the name of no environment: no environment can have it.
const ALL_ENVIRONMENTS: &str = "_all";

/// The metrics of a node in the Prometheus text format.
pub fn text(node: &Node) -> String {
    let mut out = Exposition::default();
    requests(&mut out, node);
    traffic(&mut out, node);
    caches(&mut out, node);
    feed(&mut out, node);
    store(&mut out, node);
    quotas(&mut out, node);
    webhooks(&mut out, node);
    keys(&mut out, node);
    revocations(&mut out, node);
    queues(&mut out, node);
    process(&mut out, node);
    out.into_text()
}

fn requests(out: &mut Exposition, node: &Node) {
    let environments = node.metrics.environments();
    let dialects: Vec<_> = environments
        .iter()
        .flat_map(|own| own.dialects().into_iter().map(|dialect| (own.environment.as_str(), dialect)))
        .collect();
    let counts: Vec<_> = dialects.iter().map(|(environment, dialect)| (*environment, dialect, dialect.counts())).collect();
    let values = counts.iter().flat_map(|(environment, dialect, counts)| {
        let labels = |outcome, code| vec![*environment, dialect.dialect.as_str(), outcome, code];
        counts.iter().map(move |count| (labels(count.outcome, count.code), count.requests))
    });
    out.values(&f::TOKEN_REQUESTS, values);
    let reused = dialects.iter().map(|(environment, own)| (vec![*environment, own.dialect.as_str()], own.reused()));
    out.values(&f::TOKENS_REUSED, reused);
    let durations = dialects.iter().flat_map(|(environment, dialect)| {
        let labels = |result| vec![*environment, dialect.dialect.as_str(), result];
        dialect.durations().into_iter().map(move |(result, durations)| (labels(result), durations))
    });
    out.histograms(&f::TOKEN_DURATION, durations);
    let steps = environments.iter().flat_map(|own| {
        RequestStep::ALL.into_iter().map(|step| (vec![own.environment.as_str(), step.as_str()], own.step(step)))
    });
    out.histograms(&f::STEP_DURATION, steps);
    out.value(&f::IN_FLIGHT, node.endpoint.in_flight.load(std::sync::atomic::Ordering::Relaxed));
    out.value(&f::IN_FLIGHT_MAX, node.endpoint.in_flight_max);
}

fn traffic(out: &mut Exposition, node: &Node) {
    let listeners = node.metrics.listeners();
    let answers: Vec<_> = listeners.iter().map(|own| (own.listener.as_str(), own.answers())).collect();
    let values = answers.iter().flat_map(|(listener, answers)| {
        answers.iter().map(move |(route, status, answers)| (vec![*listener, *route, *status], *answers))
    });
    out.values(&f::HTTP_REQUESTS, values);
    let all = |counter: fn(&super::ListenerTraffic) -> &std::sync::atomic::AtomicU64| {
        listeners.iter().map(move |own| (vec![own.listener.as_str()], value(counter(own))))
    };
    out.values(&f::CONNECTIONS, all(|own| &own.open));
    out.values(&f::CONNECTIONS_MAX, all(|own| &own.most));
    out.values(&f::CONNECTIONS_ACCEPTED, all(|own| &own.accepted));
    out.values(&f::CONNECTIONS_FAILED, all(|own| &own.failed));
}

fn caches(out: &mut Exposition, node: &Node) {
    let directory = &node.endpoint.directory;
    let (statistics, limits) = (directory.statistics(), directory.limits());
    let caches =
        [("clients", statistics.clients, limits.client_bytes), ("businesses", statistics.businesses, limits.business_bytes)];
    out.values(&f::CACHE_ENTRIES, caches.map(|(cache, own, _)| (vec![cache], own.held)));
    out.values(&f::CACHE_BYTES, caches.map(|(cache, own, _)| (vec![cache], own.bytes)));
    out.values(&f::CACHE_BYTES_MAX, caches.map(|(cache, _, bytes)| (vec![cache], bytes)));
    let lookups = caches.into_iter().flat_map(|(cache, CacheStatistics { hits, misses, absent, refused, .. }, _)| {
        let results = [("hit", hits), ("miss", misses), ("absent", absent), ("refused", refused)];
        results.map(|(result, lookups)| (vec![cache, result], lookups))
    });
    out.values(&f::CACHE_LOOKUPS, lookups);
    out.values(&f::CLIENT_NAMES, statistics.names.map(|names| (Vec::new(), names)));
}

fn feed(out: &mut Exposition, node: &Node) {
    let directory = &node.endpoint.directory;
    let served = node.served();
    let ready = served.iter().map(|name| (vec![name.as_str()], u64::from(node.readiness_for(name).is_ok())));
    out.values(&f::READY, ready);
    let store = node.metrics.store_name(directory.history().as_ref());
    out.values(&f::STORE_INFO, [(vec![store.as_str()], 1_u64)]);
    // A clock is off by seconds or minutes.
    out.value(&f::CLOCK_OFFSET, f64::from(i32::try_from(node.clock_offset()).unwrap_or(i32::MAX)));
    out.value(&f::FEED_POSITION, directory.applied_position().0);
    out.value(&f::FEED_HEAD, directory.head_position().0);
    let milliseconds = |milliseconds: u64| seconds(milliseconds.saturating_mul(1_000_000));
    out.value(&f::FEED_AGE, milliseconds(directory.age_milliseconds()));
    out.value(&f::FEED_AGE_MAX, milliseconds(directory.limits().max_staleness_milliseconds));
}

fn store(out: &mut Exposition, node: &Node) {
    let store = node.endpoint.directory.store();
    let statements = store.measured().by_name();
    out.histograms(&f::STORE_DURATION, [(Vec::new(), store.measured().durations())]);
    out.values(&f::STORE_STATEMENTS, statements.iter().map(|(name, count)| (vec![*name], count.asked)));
    out.values(&f::STORE_SECONDS, statements.iter().map(|(name, count)| (vec![*name], seconds(count.nanoseconds))));
    out.values(&f::STORE_ERRORS, statements.iter().map(|(name, count)| (vec![*name], count.failed)));
    out.value(&f::STORE_RETRIES, store.measured().retries());
    let pools = store.pools();
    let connections = pools.iter().flat_map(|PoolUse { pool, used, idle, .. }| {
        [(vec![*pool, "used"], u64::from(*used)), (vec![*pool, "idle"], u64::from(*idle))]
    });
    out.values(&f::STORE_CONNECTIONS, connections);
    out.values(&f::STORE_CONNECTIONS_MAX, pools.iter().map(|own| (vec![own.pool], u64::from(own.most))));
}

fn quotas(out: &mut Exposition, node: &Node) {
    let statistics = node.endpoint.directory.quotas().statistics(node.endpoint.clock.boot_milliseconds());
    out.value(&f::QUOTAS, statistics.quotas);
    let labels = |over: &OverQuota| vec![over.of.as_str(), over.step.as_str(), over.mode.as_str()];
    out.values(&f::QUOTA_EXCEEDED, statistics.over.iter().map(|over| (labels(over), over.requests)));
    out.values(&f::QUOTA_HEARD, statistics.heard_seconds_ago.map(|seconds| (Vec::new(), seconds)));
}

fn webhooks(out: &mut Exposition, node: &Node) {
    let now = node.endpoint.clock.now();
    let since = |at: Option<Timestamp>| at.map_or(0, |at| u64::try_from(now.0.saturating_sub(at.0)).unwrap_or(0));
    if let Some(backlog) = node.metrics.backlog.load_full() {
        let Backlog { notices, oldest_notice, deliveries, oldest_delivery, due } = *backlog;
        let kinds = [("notice", notices, oldest_notice), ("delivery", deliveries, oldest_delivery)];
        out.values(&f::WEBHOOK_WAITING, kinds.map(|(kind, waiting, _)| (vec![kind], waiting)));
        out.values(&f::WEBHOOK_OLDEST, kinds.map(|(kind, _, oldest)| (vec![kind], since(oldest))));
        out.value(&f::WEBHOOK_OVERDUE, since(due));
    }
    out.value(&f::NOTICES_UNREADABLE, node.endpoint.directory.store().unreadable_notices());
}

fn keys(out: &mut Exposition, node: &Node) {
    let environments = node.endpoint.directory.environments();
    let mut states: BTreeMap<(&str, String, &str), u64> = BTreeMap::new();
    let mut active = Vec::new();
    for view in &environments {
        let name = view.environment.name.as_str();
        for key in view.signing_keys() {
            *states.entry((name, key.algorithm.to_string(), key.state.as_str())).or_default() += 1;
            if key.state == KeyState::Active {
                active.push((name, key.algorithm.to_string(), u64::try_from(key.active_since().0).unwrap_or(0)));
            }
        }
    }
    let labels = |(environment, algorithm, state)| vec![environment, algorithm, state];
    out.values(
        &f::KEYS,
        states.iter().map(|((name, algorithm, state), keys)| (labels((*name, algorithm.as_str(), *state)), *keys)),
    );
    out.values(&f::KEY_ACTIVE_SINCE, active.iter().map(|(name, algorithm, since)| (vec![*name, algorithm.as_str()], *since)));
    let unusable = environments.iter().map(|view| (vec![view.environment.name.as_str()], view.ring.unusable.len()));
    out.values(&f::KEYS_UNUSABLE, unusable);
    out.value(&f::KEY_ROTATION, u64::from(node.rotate_after()));
}

fn revocations(out: &mut Exposition, node: &Node) {
    let set = node.endpoint.directory.revocations();
    let sizes = set.sizes();
    let values = sizes.iter().flat_map(|(environment, RevocationSize { tokens, marks })| {
        let environment = environment.map_or(ALL_ENVIRONMENTS, EnvironmentName::as_str);
        [(vec![environment, "token"], *tokens), (vec![environment, "mark"], *marks)]
    });
    out.values(&f::REVOCATIONS, values);
}

fn queues(out: &mut Exposition, node: &Node) {
    let SignerStatistics { room, waiting, refused, .. } = node.endpoint.signers.statistics();
    out.value(&f::SIGNER_WAITING, waiting);
    out.value(&f::SIGNER_ROOM, room);
    out.value(&f::SIGNER_REFUSED, refused);
    let waiting = node.endpoint.directory.waiting();
    let kinds = [("usage", node.endpoint.usage.rows()), ("uses", waiting.uses), ("renewals", waiting.renewals)];
    out.values(&f::WAITING_WRITES, kinds.map(|(kind, waiting)| (vec![kind], waiting)));
    out.value(&f::LOG_LINES_LOST, crate::logging::lines_lost());
    let counts = node.traces.as_ref().map(|traces| {
        let counts = traces.counts();
        [("exported", &counts.exported), ("dropped", &counts.dropped), ("failed", &counts.failed)]
    });
    let traces = counts.into_iter().flatten();
    out.values(&f::TRACES, traces.map(|(result, count)| (vec![result], value(count))));
}

fn process(out: &mut Exposition, node: &Node) {
    let state = ProcessState::read();
    out.values(&f::BUILD, [(vec![env!("CARGO_PKG_VERSION")], 1_u64)]);
    out.value(&f::PROCESS_CPU, state.cpu_seconds);
    let known = [
        (&f::PROCESS_FDS, state.open_files),
        (&f::PROCESS_FDS_MAX, state.open_files_max),
        (&f::PROCESS_RESIDENT, state.resident_bytes),
        (&f::PROCESS_VIRTUAL, state.virtual_bytes),
        (&f::PROCESS_THREADS, state.threads),
    ];
    for (family, number) in known {
        out.values(family, number.map(|number| (Vec::new(), number)));
    }
    out.value(&f::PROCESS_START, u64::try_from(node.metrics.started_at.0).unwrap_or(0));
}
