//! Exchanges with an existing token endpoint, kept without what is secret in them (rule S26).
//!
//! | file | is |
//! |---|---|
//! | `exchange.rs` | the form that a recording has, and reading it |
//! | `placeholder.rs` | what stands in place of a value |
//! | `request.rs`, `answer.rs` | what of a request and of an answer is kept |
//! | `token.rs` | the shape of a token |
//! | `replay.rs`, `compare.rs` | Mintmark asked the same, and where its answers differ |
//!
//! Everything that is not on a list of what may be kept is replaced before anything is written: what a list forgets is lost, not leaked.

mod answer;
mod compare;
mod exchange;
mod placeholder;
mod replay;
mod request;
mod token;

use http::{HeaderMap, Method, StatusCode, Uri};

pub use compare::{Difference, differences};
pub use exchange::{EXCHANGES, Exchange, RecordedAnswer, RecordedRequest, TokenShape, read_exchanges};
pub use placeholder::Placeholders;
pub use replay::Replay;

/// A request as it came.
#[derive(Clone, Copy)]
pub struct SeenRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// An answer as it came.
#[derive(Clone, Copy)]
pub struct SeenAnswer<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// What is kept of an exchange.
pub fn keep(placeholders: &mut Placeholders, request: SeenRequest<'_>, answer: SeenAnswer<'_>) -> Exchange {
    placeholders.begin();
    // Twice: what is a secret is known when all of it was seen, and it may stand in another place as well.
    let first = request::keep(placeholders, request);
    placeholders.begin_answer();
    let _ = answer::keep(placeholders, answer, &first);
    placeholders.begin_again();
    let request = request::keep(placeholders, request);
    let answer = answer::keep(placeholders, answer, &request);
    Exchange { format: exchange::FORMAT, request, answer }
}

#[cfg(test)]
mod tests;
