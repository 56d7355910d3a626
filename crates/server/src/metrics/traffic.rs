//! Connections, and requests that are for no token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use super::counters::{Sharded, count, value};

/// What is asked for, with the paths that ask for it; the first that fits counts.
const ROUTES: [(&str, &[&str]); 14] = [
    ("jwks", &["/.well-known/jwks.json", "/.well-known/jwks/"]),
    ("revocations", &["/.well-known/mintmark-revocations"]),
    ("metadata", &["/.well-known/"]),
    ("introspect", &["/oauth/introspect"]),
    ("revoke", &["/oauth/revoke"]),
    ("verify", &["/verify/"]),
    ("business", &["/v0/business"]),
    ("health", &["/livez", "/readyz", "/startupz"]),
    ("metrics", &["/metrics"]),
    ("management", &["/admin/"]),
    ("other", &[""]),
    // These are no path's.
    ("misdirected", &[]),
    ("redirect", &[]),
    ("unknown", &[]),
];
/// The places of those that are no path's, and of the one that is every path's.
const UNKNOWN: usize = ROUTES.len() - 1;
const REDIRECT: usize = UNKNOWN - 1;
const MISDIRECTED: usize = REDIRECT - 1;
const OTHER: usize = MISDIRECTED - 1;
/// The kinds of status, from 1xx to 5xx.
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

type Answers = [[AtomicU64; STATUSES.len()]; ROUTES.len()];

/// What goes on at one listener.
#[derive(Debug)]
pub(crate) struct ListenerTraffic {
    /// The environment's name, `admin` or `metrics`.
    pub(super) listener: String,
    pub(super) open: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) failed: AtomicU64,
    /// How many connections there may be.
    pub(super) most: AtomicU64,
    answers: Sharded<Answers>,
}

impl ListenerTraffic {
    pub(super) fn new(listener: String) -> Self {
        let [open, accepted, failed, most] = [const { AtomicU64::new(0) }; 4];
        Self { listener, open, accepted, failed, most, answers: Sharded::default() }
    }

    /// Says how many connections there may be.
    pub(crate) fn limit(&self, connections: u64) {
        self.most.store(connections, Ordering::Relaxed);
    }

    /// One connection more, until what is given is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> OpenConnection {
        count(&self.accepted);
        count(&self.open);
        OpenConnection(Arc::clone(self))
    }

    /// A connection could not be accepted.
    pub(crate) fn note_failed(&self) {
        count(&self.failed);
    }

    /// Notes the answer to a request that was for no token.
    pub(crate) fn note_answer(&self, route: Route, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        let own = self.answers.mine().and_then(|answers| answers.get(route.0)).and_then(|route| route.get(class));
        if let Some(own) = own {
            count(own);
        }
    }

    /// How many answers of each kind there were: route, status, number.
    pub(super) fn answers(&self) -> Vec<(&'static str, &'static str, u64)> {
        let mut all = Vec::new();
        for (at, (route, _)) in ROUTES.iter().enumerate() {
            for (class, status) in STATUSES.iter().enumerate() {
                let own = |answers: &Answers| answers.get(at).and_then(|route| route.get(class)).map_or(0, value);
                let answers: u64 = self.answers.all().map(own).sum();
                if answers > 0 {
                    all.push((*route, *status, answers));
                }
            }
        }
        all
    }
}

/// What a request asks for, by its path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route(usize);

impl Route {
    /// Whatever is asked for, of a host that is not served at the listener.
    pub(crate) const MISDIRECTED: Self = Self(MISDIRECTED);
    /// A path that leads to the one of a token endpoint.
    pub(crate) const REDIRECT: Self = Self(REDIRECT);
    /// A path that is nobody's.
    pub(crate) const UNKNOWN: Self = Self(UNKNOWN);

    pub(crate) fn of(path: &str) -> Self {
        let fits = |(_, paths): &(&str, &[&str])| paths.iter().any(|known| path.starts_with(known));
        Self(ROUTES.iter().position(fits).unwrap_or(OTHER))
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<ListenerTraffic>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_what_was_asked_for_and_status() {
        let traffic = ListenerTraffic::new("sandbox".to_owned());
        for (path, status) in [
            ("/.well-known/jwks.json", 200),
            ("/.well-known/oauth-authorization-server", 200),
            ("/verify/r/x", 401),
            ("/x", 404),
        ] {
            traffic.note_answer(Route::of(path), StatusCode::from_u16(status).unwrap());
        }
        traffic.note_answer(Route::MISDIRECTED, StatusCode::MISDIRECTED_REQUEST);
        traffic.note_answer(Route::UNKNOWN, StatusCode::NOT_FOUND);
        let expected = [
            ("jwks", "2xx", 1),
            ("metadata", "2xx", 1),
            ("verify", "4xx", 1),
            ("other", "4xx", 1),
            ("misdirected", "4xx", 1),
            ("unknown", "4xx", 1),
        ];
        assert_eq!(traffic.answers(), expected);
    }

    #[test]
    fn a_connection_counts_as_open_until_it_ends() {
        let traffic = Arc::new(ListenerTraffic::new("sandbox".to_owned()));
        let (first, second) = (traffic.open(), traffic.open());
        drop(first);
        assert_eq!((value(&traffic.open), value(&traffic.accepted)), (1, 2));
        drop(second);
        assert_eq!((value(&traffic.open), value(&traffic.accepted)), (0, 2));
    }
}
