//! The pages about secrets that leaked: the list, and each leak's own page with what can be decided about it.

mod list;
mod one;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use mintmark_core::model::{EnvironmentName, LeakState};

use super::AdminApp;
use super::views::insight::Verdict;
use super::words;

pub(super) use one::path_of;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    let one = |end: &str| format!("/{{environment}}/leaks/{{leak}}{end}");
    Router::new()
        .route("/{environment}/leaks", get(list::show))
        .route(&one(""), get(one::show))
        .route(&one("/revoke"), post(one::revoke))
        .route(&one("/release"), post(one::release))
}

/// A path below the list.
fn path(environment: &EnvironmentName, below: &str) -> String {
    format!("/{environment}/leaks{below}")
}

/// The word for a state, with its shape and colour.
fn verdict(state: LeakState) -> Verdict {
    match state {
        LeakState::Reported => Verdict::warning(words::leaks::REPORTED),
        LeakState::Quarantined => Verdict::bad(words::leaks::QUARANTINED),
        LeakState::Released => Verdict::note(words::leaks::RELEASED),
        LeakState::Revoked => Verdict::off(words::leaks::REVOKED),
    }
}
