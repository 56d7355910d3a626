//! Passkeys: one's own, and signing in by one. What the browser sends is an ordinary field of an ordinary form.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use mintmark_core::management::{ManagementError, NewSession, PasskeyAssertion, PasskeyAttestation};
use mintmark_core::model::{Passkey, SensitiveAction};
use mintmark_core::registry::RegistryError;

use super::{Caller, said};
use crate::admin::Refusal;
use crate::dashboard::components::{PasskeyButton, When};
use crate::dashboard::forms::Fields;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{PasskeyPage, PasskeyRow};
use crate::dashboard::{AdminApp, problem, words};

/// Where one registers a passkey.
const NEW: &str = "/account/passkeys/new";

/// The button that signs in by passkey; none if no challenge can be made.
pub(super) fn sign_in_button(app: &AdminApp) -> Option<PasskeyButton> {
    let challenge = app.management.begin_passkey_sign_in().ok()?;
    Some(PasskeyButton::get(words::passkey::SIGN_IN, challenge))
}

/// What the sign-in form's browser answered; nothing where it is a password that was sent.
pub(super) async fn sign_in(app: &AdminApp, fields: &Fields, caller: &Caller) -> Option<Result<NewSession, ManagementError>> {
    let answer = fields.one("passkey").filter(|answer| !answer.is_empty())?;
    let Ok(assertion) = PasskeyAssertion::parse(answer) else { return Some(Err(ManagementError::Refused)) };
    let handle = fields.one("passkey_handle").unwrap_or_default();
    Some(app.management.finish_passkey_sign_in(handle, &assertion, caller.visitor()).await)
}

/// What is said of a passkey that did not sign in.
pub(super) fn said_of_passkey(error: &ManagementError) -> (StatusCode, String) {
    let (status, why) = said(error);
    match error {
        ManagementError::Refused => (status, words::passkey::WRONG.to_owned()),
        ManagementError::Registry(RegistryError::NotAllowed(why)) => (StatusCode::CONFLICT, why.clone()),
        ManagementError::Registry(RegistryError::Exists(_)) => (status, words::passkey::EXISTS.to_owned()),
        _ => (status, why),
    }
}

/// One's own passkeys, as the account's page shows them.
pub(super) fn rows(seat: &Seat) -> Vec<PasskeyRow> {
    let row = |passkey: &Passkey| PasskeyRow {
        id: URL_SAFE_NO_PAD.encode(&passkey.credential_id),
        name: passkey.name.clone(),
        created: When::exact(passkey.created_at),
        last_used: When::relative(passkey.last_used_at, seat.app.now()),
    };
    seat.signed_in.member.passkeys.iter().map(row).collect()
}

/// `GET /account/passkeys/new`.
pub(super) async fn form(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    Ok(problem::page(&page(&seat, None)?))
}

fn page(seat: &Seat, error: Option<String>) -> Result<PasskeyPage, Stop> {
    let begun = seat.management().begin_passkey_registration(&seat.signed_in);
    let challenge = begun.map_err(|error| seat.stop_managing(&error))?;
    let mut frame = seat.frame(words::passkey::NEW, None);
    frame.breadcrumbs = crumbs([(words::account::TITLE.to_owned(), super::ACCOUNT.to_owned())]);
    let button = PasskeyButton::create(words::passkey::REGISTER, challenge).needs("name");
    Ok(PasskeyPage { frame, name: seat.fields.one("name").unwrap_or_default().to_owned(), button, error })
}

/// `POST /account/passkeys/new`.
pub(super) async fn register(seat: Seat) -> Answer {
    if seat.signed_in.check_stepped_up(SensitiveAction::Access, seat.app.now()).is_err() {
        // The challenge would be over too.
        return Ok(go(NEW, None));
    }
    match try_register(&seat).await {
        Ok(()) => Ok(go(super::ACCOUNT, Some("passkey-added"))),
        Err(error) => again(&seat, &error),
    }
}

async fn try_register(seat: &Seat) -> Result<(), ManagementError> {
    let field = |name| seat.fields.one(name).unwrap_or_default();
    let attestation = PasskeyAttestation::parse(field("passkey")).map_err(|_| ManagementError::Refused)?;
    let (handle, name) = (field("passkey_handle"), field("name").trim());
    seat.management().register_passkey(&seat.signed_in, handle, &attestation, name).await.map(drop)
}

fn again(seat: &Seat, error: &ManagementError) -> Result<Response, Stop> {
    let (status, why) = said_of_passkey(error);
    Ok((status, problem::page(&page(seat, Some(why))?)).into_response())
}

/// `POST /account/passkeys/remove`.
pub(super) async fn remove(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = seat.fields.one("passkey").and_then(|id| URL_SAFE_NO_PAD.decode(id).ok());
    let id = id.ok_or_else(|| seat.stop(Refusal::NotFound))?;
    match seat.management().remove_passkey(&seat.signed_in, &id).await {
        Ok(_) => Ok(go(super::ACCOUNT, Some("passkey-removed"))),
        Err(error) => Err(problem::failed(&seat.visit, said_of_passkey(&error)).into()),
    }
}
