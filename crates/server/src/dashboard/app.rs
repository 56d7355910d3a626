use std::fmt;
use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Management;

use crate::store::SqlStore;

/// What every page is given.
#[derive(Clone)]
pub struct AdminApp {
    management: Arc<Management<SqlStore>>,
    development: bool,
}

impl AdminApp {
    /// For a dashboard that browsers know by the origin of `management`. In `development` it also shows what is for developers of
    /// the dashboard.
    pub fn new(management: Arc<Management<SqlStore>>, development: bool) -> Self {
        Self { management, development }
    }

    pub(crate) fn management(&self) -> &Management<SqlStore> {
        &self.management
    }

    pub(crate) fn origin(&self) -> &str {
        self.management.origin.as_str()
    }

    /// Whether it is reached by TLS, as the origin says.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin().starts_with("https://")
    }

    pub(crate) fn development(&self) -> bool {
        self.development
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.management.registry.clock.now()
    }
}

impl fmt::Debug for AdminApp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AdminApp").field("origin", &self.origin()).finish_non_exhaustive()
    }
}
