//! Reports of secrets that leaked: what is done about them, and whose reports are believed in a body of many.

mod in_work;
mod reporters;

use std::sync::Arc;

use mintmark_core::model::EnvironmentName;
use mintmark_core::registry::LeakPolicy;

pub(crate) use in_work::InWork;
pub use reporters::{Reporters, ReportersError};

use crate::config::LeakSettings;

/// What is done about secrets that leaked.
#[derive(Clone, Debug)]
pub struct LeakRules {
    policy: LeakPolicy,
    observed: Vec<String>,
    reporters: Arc<Reporters>,
    /// Reports of strangers that are being looked into.
    pub(crate) in_work: Arc<InWork>,
}

impl LeakRules {
    /// Those of the configuration, without scanners.
    pub fn new(settings: &LeakSettings) -> Self {
        let hours = u32::try_from(settings.revoke_after).unwrap_or(u32::MAX);
        let policy = match settings.policy.as_str() {
            "observe" => LeakPolicy::Observe,
            _ => LeakPolicy::Quarantine { revoke_after: hours.saturating_mul(3600), end_tokens: settings.end_tokens },
        };
        Self { policy, observed: settings.observe.clone(), reporters: Arc::default(), in_work: Arc::default() }
    }

    pub(crate) fn with_reporters(self, reporters: Arc<Reporters>) -> Self {
        Self { reporters, ..self }
    }

    /// What a report does in an environment.
    pub fn policy(&self, environment: &EnvironmentName) -> LeakPolicy {
        let is_observed = self.observed.iter().any(|name| name == environment.as_str());
        if is_observed { LeakPolicy::Observe } else { self.policy }
    }

    /// The scanners.
    pub(crate) fn reporters(&self) -> &Reporters {
        &self.reporters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Variables};

    #[test]
    fn an_environment_may_observe_while_others_act() {
        let text = "[environments.sandbox]\nlisten = \"127.0.0.1:0\"\n[leaks]\nobserve = [\"sandbox\"]\nrevoke_after = 2\n";
        let config = Config::parse("test", text.to_owned(), ".".as_ref(), &Variables::none()).unwrap();
        let rules = LeakRules::new(&config.leaks);
        assert_eq!(rules.policy(&"sandbox".parse().unwrap()), LeakPolicy::Observe);
        let expected = LeakPolicy::Quarantine { revoke_after: 7200, end_tokens: false };
        assert_eq!(rules.policy(&"production".parse().unwrap()), expected);
    }
}
