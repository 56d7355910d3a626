//! Why a measurement or the program ended without a result.

use std::fmt;

/// What was expected, what was found, and what to do about it.
#[derive(Debug, Clone)]
pub struct Failure(pub String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A result, or why there is none.
pub type Done<T> = Result<T, Failure>;

/// A failure in the words of `format!`.
#[macro_export]
macro_rules! fail {
    ($($text:tt)*) => { Err($crate::failure::Failure(format!($($text)*))) };
}
pub use crate::fail;

/// Says what was being done when an error came.
pub trait Context<T> {
    /// Adds it to the error.
    fn context(self, what: impl FnOnce() -> String) -> Done<T>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Done<T> {
        self.map_err(|error| Failure(format!("{}: {error}", what())))
    }
}
