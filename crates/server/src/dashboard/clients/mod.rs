//! The pages about clients: the list, making one, and all that one client has.

mod answers;
mod list;
mod new;
mod public_key;
mod ready;
mod snippets;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;
use mintmark_core::model::EnvironmentName;

use super::AdminApp;
use super::frame::Frame;
use super::navigation::Section;
use super::seat::{Seat, Stop, crumbs};
use super::words;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    Router::new()
        .route("/{environment}/clients", get(list::show))
        .route("/{environment}/clients/new", get(new::show).post(new::send))
}

/// The environment of an address.
fn environment(seat: &Seat, name: &str) -> Result<EnvironmentName, Stop> {
    seat.environment(name).map(|record| record.environment.name.clone())
}

/// Around a page below the list of clients.
fn frame(seat: &Seat, environment: &EnvironmentName, title: impl Into<String>) -> Frame {
    let mut frame = seat.frame_in(environment, title, Section::Clients);
    frame.breadcrumbs = crumbs([(words::list::TITLE.to_owned(), path(environment, ""))]);
    frame
}

/// A path below the list of clients.
fn path(environment: &EnvironmentName, below: &str) -> String {
    format!("/{environment}/clients{below}")
}
