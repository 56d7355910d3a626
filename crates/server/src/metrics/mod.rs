//! What a node measures of itself, and how it tells it: metrics in the Prometheus text format, at an operator's own listener.
//!
//! The token path counts into arrays of atomics, of which each thread has its own: it takes no lock, formats nothing and asks for no
//! memory. Everything else is read when it is asked for. No label holds what a request or the registry can make many of: no client,
//! tenant, business or source.
//!
//! | File | Owns |
//! |---|---|
//! | `counters` | counters and histograms that cores do not share |
//! | `requests` | token requests by environment, dialect, outcome and code; how long they and their steps took |
//! | `traffic` | connections, and requests that are for no token |
//! | `statements` | what the store was asked, how long it took, what failed |
//! | `families` | every metric: its name, kind, labels and meaning |
//! | `gather` | reads it all |
//! | `process` | what the operating system knows of the process |
//! | `exposition` | the text format |
//! | `listener` | where it is served, to whom |

mod counters;
mod exposition;
mod families;
mod gather;
mod listener;
mod process;
mod requests;
mod statements;
mod traffic;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use mintmark_core::clock::Timestamp;
use mintmark_core::model::EnvironmentName;
use mintmark_core::store::{Backlog, Incarnation};

pub use families::{FAMILIES, Family, Kind, reference};
pub use gather::text;
pub use listener::{MetricsAccess, service};
pub(crate) use requests::EnvironmentRequests;
pub(crate) use statements::{Failed, Statements};
pub(crate) use traffic::{ListenerTraffic, Route};

/// What a node counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// When the node was made.
    pub(crate) started_at: Timestamp,
    environments: Mutex<Vec<Arc<EnvironmentRequests>>>,
    listeners: Mutex<Vec<Arc<ListenerTraffic>>>,
    /// What the store's history is called, as it was last known.
    store: Mutex<String>,
    /// What endpoints were still to be told when that was last read.
    backlog: ArcSwapOption<Backlog>,
}

impl Metrics {
    pub(crate) fn new(started_at: Timestamp) -> Self {
        Self {
            started_at,
            environments: Mutex::default(),
            listeners: Mutex::default(),
            store: Mutex::default(),
            backlog: ArcSwapOption::empty(),
        }
    }

    /// What a store's history is called: the beginning of a digest, by which alerts tell nodes of one store from those of another.
    /// Where none is known at the moment, as it was called before.
    fn store_name(&self, history: Option<&Incarnation>) -> String {
        let mut name = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Incarnation(history)) = history {
            let digest = digest(&SHA256, history.as_bytes());
            let beginning = digest.as_ref().iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            *name = format!("{beginning:012x}");
        }
        name.clone()
    }

    /// What endpoints are still to be told.
    pub(crate) fn note_backlog(&self, backlog: Option<Backlog>) {
        self.backlog.store(backlog.map(Arc::new));
    }

    /// The counts of an environment's token requests: one for all its listeners.
    pub(crate) fn requests_of(&self, environment: &EnvironmentName) -> Arc<EnvironmentRequests> {
        let mut environments = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        let known = environments.iter().find(|known| known.environment == *environment);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let new = Arc::new(EnvironmentRequests::new(environment.clone()));
        environments.push(Arc::clone(&new));
        new
    }

    /// The counts of a listener's connections and other requests.
    pub(crate) fn traffic_of(&self, listener: &str) -> Arc<ListenerTraffic> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let known = listeners.iter().find(|known| known.listener == listener);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let new = Arc::new(ListenerTraffic::new(listener.to_owned()));
        listeners.push(Arc::clone(&new));
        new
    }

    /// The environments that have a listener.
    pub(crate) fn served(&self) -> Vec<EnvironmentName> {
        self.environments().iter().map(|own| own.environment.clone()).collect()
    }

    fn environments(&self) -> Vec<Arc<EnvironmentRequests>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn listeners(&self) -> Vec<Arc<ListenerTraffic>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests;
