use std::cell::RefCell;
use std::fmt;

use super::Place;

/// One mistake in a file: where, what was expected, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Diagnostic {
    /// The file, as it was named when it was read.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The mistake.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// Collects mistakes, so that one run reports all of them.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: RefCell<Vec<Diagnostic>>,
}

impl Diagnostics {
    /// Notes a mistake at a place.
    pub fn report(&self, place: &Place, message: impl Into<String>) {
        self.found.borrow_mut().push(place.diagnose(message.into()));
    }

    /// Notes mistakes that somebody else found.
    pub fn extend(&self, others: impl IntoIterator<Item = Diagnostic>) {
        self.found.borrow_mut().extend(others);
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// How many mistakes were noted.
    pub fn len(&self) -> usize {
        self.found.borrow().len()
    }

    /// All mistakes, in the order of their places.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}
