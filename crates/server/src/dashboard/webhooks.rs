//! The pages about endpoints that are told notices: the list, a new one, and each one's own page with its deliveries.

mod change;
mod form;
mod list;
mod one;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, SensitiveAction};
use mintmark_core::notice::NoticeKind;

use super::AdminApp;
use super::mistake::Mistake;
use super::seat::{Seat, Stop};
use super::views::{KindChoice, Kinds};
use super::words;
use crate::admin::Refusal;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    let one = |end: &str| format!("/{{environment}}/webhooks/{{webhook}}{end}");
    Router::new()
        .route("/{environment}/webhooks", get(list::show))
        .route("/{environment}/webhooks/new", get(form::blank).post(form::create))
        .route(&one(""), get(one::show).post(change::save))
        .route(&one("/test"), post(change::test))
        .route(&one("/disable"), post(change::disable))
        .route(&one("/enable"), post(change::enable))
        .route(&one("/remove"), post(change::remove))
}

/// A path below the list.
fn path(environment: &EnvironmentName, below: &str) -> String {
    format!("/{environment}/webhooks{below}")
}

/// The environment of an address.
fn environment(seat: &Seat, name: &str) -> Result<EnvironmentName, Stop> {
    seat.environment(name).map(|record| record.environment.name.clone())
}

/// Sees that whoever changes who is told may, and showed anew who they are: with a session that somebody else found, an endpoint would be
/// told elsewhere, or the right one nothing.
fn admit(seat: &Seat) -> Result<(), Stop> {
    require_edit(seat)?;
    seat.require_step_up(SensitiveAction::Access)
}

fn require_edit(seat: &Seat) -> Result<(), Stop> {
    if seat.may(Permission::EditClients) { Ok(()) } else { Err(seat.stop(Refusal::Forbidden(Permission::EditClients))) }
}

/// The kinds that can be chosen. Test notices go to whichever endpoint is tried out.
fn offered_kinds(is_chosen: impl Fn(NoticeKind) -> bool, mistake: Option<&Mistake>) -> Kinds {
    let offered = NoticeKind::ALL.into_iter().filter(|kind| *kind != NoticeKind::Test);
    let choice =
        |kind: NoticeKind| KindChoice { word: kind.as_str(), means: words::webhooks::kind(kind), is_chosen: is_chosen(kind) };
    let error = mistake.filter(|mistake| mistake.field == "kinds").map(|mistake| mistake.text.clone());
    Kinds { choices: offered.map(choice).collect(), error }
}

/// What somebody typed as a URL.
fn typed_url(seat: &Seat) -> String {
    seat.fields.one("url").unwrap_or_default().trim().to_owned()
}

/// The kinds that somebody ticked.
fn typed_kinds(seat: &Seat) -> Result<Vec<NoticeKind>, Refusal> {
    let expected = || Refusal::Invalid { field: "kinds", expected: "kinds of notices that there are".to_owned() };
    seat.fields.many("kind").map(|word| NoticeKind::from_word(word).ok_or_else(expected)).collect()
}
