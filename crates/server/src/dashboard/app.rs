use std::fmt;
use std::sync::Arc;

use mintmark_core::clock::{Clock, Timestamp};

/// What every page is given.
#[derive(Clone)]
pub struct AdminApp {
    origin: Arc<str>,
    development: bool,
    clock: Arc<dyn Clock>,
}

impl AdminApp {
    /// For a dashboard that browsers know by `origin`: scheme, host and, where it is not the scheme's own, port. In
    /// `development` it also shows what is for developers of the dashboard, and its cookies do without TLS.
    pub fn new(origin: &str, development: bool, clock: Arc<dyn Clock>) -> Self {
        Self { origin: origin.into(), development, clock }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn development(&self) -> bool {
        self.development
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for AdminApp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AdminApp")
            .field("origin", &self.origin)
            .field("development", &self.development)
            .finish_non_exhaustive()
    }
}
