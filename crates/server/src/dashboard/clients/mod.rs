//! The pages about clients: the list, making one, and all that one client has.

mod add_credential;
mod answers;
mod credentials;
mod leaked;
mod limits;
mod list;
mod new;
mod one;
mod promotion;
pub(crate) mod public_key;
mod ready;
mod rotation;
mod settings;
mod show;
mod snippets;

#[cfg(test)]
pub(super) mod tests;

use axum::Router;
use axum::routing::{get, post};
use mintmark_core::model::EnvironmentName;

use super::AdminApp;
use super::frame::Frame;
use super::navigation::Section;
use super::seat::{Seat, Stop, crumbs};
use super::words;

pub(super) use one::href_of;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    Router::new()
        .route("/{environment}/clients", get(list::show))
        .route("/{environment}/clients/new", get(new::show).post(new::send))
        .merge(of_one())
}

/// The pages about one client.
fn of_one() -> Router<AdminApp> {
    let one = |end: &str| format!("/{{environment}}/clients/{{client}}{end}");
    let credential = |end: &str| one(&format!("/credentials/{{credential}}{end}"));
    Router::new()
        .route(&one(""), get(show::show))
        .route(&one("/settings"), get(settings::form).post(settings::save))
        .route(&one("/promotion"), get(promotion::show).post(promotion::apply))
        .route(&one("/disable"), post(settings::disable))
        .route(&one("/enable"), post(settings::enable))
        .route(&one("/revoke"), post(settings::revoke))
        .route(&one("/credentials"), get(credentials::list))
        .route(&one("/credentials/new"), get(add_credential::ask).post(add_credential::add))
        .route(&credential(""), get(credentials::show))
        .route(&credential("/expiry"), post(credentials::set_expiry))
        .route(&credential("/limits"), post(limits::set))
        .route(&credential("/disable"), post(credentials::disable))
        .route(&credential("/revoke"), post(credentials::revoke))
        .route(&credential("/rotation"), post(rotation::start))
        .route(&credential("/rotation/cancel"), post(rotation::cancel))
        .route(&credential("/rotation/complete"), post(rotation::complete))
        .route(&credential("/rotation/extend"), post(rotation::extend))
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
