//! The process's environment variables: the one place that reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mintmark_core::document::{Diagnostic, Diagnostics};
use zeroize::Zeroizing;

/// Holds the text of the root keys instead of a file.
const ROOT_KEYS: &str = "MINTMARK_ROOT_KEYS";
/// Holds the secret that `mintmark token` uses; no setting of a server.
const CLIENT_SECRET: &str = "MINTMARK_CLIENT_SECRET";

/// The `MINTMARK_*` variables, as they were when the process started.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, Zeroizing<String>>,
    taken: RefCell<Vec<String>>,
    mistakes: RefCell<Vec<Diagnostic>>,
}

impl std::fmt::Debug for Variables {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.values.keys()).finish()
    }
}

impl Variables {
    /// No variable at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The process's.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self::from_pairs(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Whether the user wants no colours (no-color.org).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn no_color() -> bool {
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    }

    /// The secret that `mintmark token` uses.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn client_secret() -> Option<String> {
        std::env::var(CLIENT_SECRET).ok()
    }

    /// These; names that do not start with `MINTMARK_` are left out, and so are the tests' own.
    pub fn from_pairs(pairs: impl Iterator<Item = (String, String)>) -> Self {
        let ours = |(name, _): &(String, String)| {
            name.starts_with("MINTMARK_") && !name.starts_with("MINTMARK_TEST_") && name != CLIENT_SECRET
        };
        let values = pairs.filter(ours).map(|(name, value)| (name, Zeroizing::new(value))).collect();
        Self { values, ..Self::default() }
    }

    /// The value of a variable, which is known from now on.
    pub(super) fn take(&self, name: &str) -> Option<String> {
        self.taken.borrow_mut().push(name.to_owned());
        self.values.get(name).map(|value| value.to_string())
    }

    /// The text of the root keys.
    pub fn take_root_keys(&self) -> Option<Zeroizing<String>> {
        self.taken.borrow_mut().push(ROOT_KEYS.to_owned());
        self.values.get(ROOT_KEYS).cloned()
    }

    /// Notes a mistake in a variable.
    pub(super) fn report(&self, name: &str, message: &str) {
        let diagnostic = Diagnostic { file: format!("${name}"), line: 1, column: 1, message: message.to_owned() };
        self.mistakes.borrow_mut().push(diagnostic);
    }

    /// Reports what was noted, and every variable that no setting has.
    pub(super) fn report_unknown(&self, diagnostics: &Diagnostics) {
        diagnostics.extend(self.mistakes.take());
        let taken = self.taken.borrow();
        for name in self.values.keys().filter(|name| !taken.contains(name)) {
            let nearest = taken.iter().map(|known| (strsim::osa_distance(name, known), known)).min();
            let hint = nearest
                .filter(|(distance, _)| *distance <= 6)
                .map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"));
            let message = format!("no setting has this variable{hint}");
            diagnostics.extend([Diagnostic { file: format!("${name}"), line: 1, column: 1, message }]);
        }
    }
}
