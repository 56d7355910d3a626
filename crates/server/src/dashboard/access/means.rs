//! One's own password and codes. Neither goes through the page that asks who one is: that comes first, and whoever took too long is
//! asked again and types anew.

use axum::response::{IntoResponse, Response};
use mintmark_core::management::{ManagementError, TotpEnrolment};
use mintmark_core::model::SensitiveAction;

use super::{ACCOUNT, said};
use crate::dashboard::frame::Frame;
use crate::dashboard::seat::{Answer, Seat, crumbs, go};
use crate::dashboard::views::{AuthenticatorPage, Enrolment, PasswordPage};
use crate::dashboard::{problem, words};

const PASSWORD: &str = "/account/password";
const AUTHENTICATOR: &str = "/account/authenticator";

fn frame(seat: &Seat, title: &'static str) -> Frame {
    let mut frame = seat.frame(title, None);
    frame.breadcrumbs = crumbs([(words::account::TITLE.to_owned(), ACCOUNT.to_owned())]);
    frame
}

fn is_stepped_up(seat: &Seat) -> bool {
    seat.signed_in.check_stepped_up(SensitiveAction::Access, seat.app.now()).is_ok()
}

/// `GET /account/password`.
pub(super) async fn password_form(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    Ok(problem::page(&password_page(&seat, None)))
}

fn password_page(seat: &Seat, error: Option<String>) -> PasswordPage {
    let member = &seat.signed_in.member;
    PasswordPage {
        frame: frame(seat, words::account::CHANGE_PASSWORD),
        email: member.email.as_str().to_owned(),
        // A password alone signs nobody in.
        needs_codes: member.totp.is_none(),
        error,
    }
}

/// `POST /account/password`.
pub(super) async fn change_password(seat: Seat) -> Answer {
    if !is_stepped_up(&seat) {
        return Ok(go(PASSWORD, None));
    }
    let (password, again) = (seat.fields.secret("new_password"), seat.fields.secret("again"));
    if password.expose() != again.expose() {
        let page = password_page(&seat, Some(words::account::NOT_THE_SAME.to_owned()));
        return Ok(problem::again(&page));
    }
    match seat.management().change_password(&seat.signed_in, &password).await {
        Ok(()) => Ok(go(ACCOUNT, Some("password-changed"))),
        Err(error) => {
            let (status, why) = said(&error);
            Ok((status, problem::page(&password_page(&seat, Some(why)))).into_response())
        }
    }
}

/// `GET /account/authenticator`: another secret for codes.
pub(super) async fn authenticator_form(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let begun = seat.management().begin_totp(&seat.signed_in).map_err(|error| seat.stop_managing(&error))?;
    Ok(problem::secret(&authenticator_page(&seat, enrolment_of(&begun), None)))
}

fn enrolment_of(begun: &TotpEnrolment) -> Enrolment {
    Enrolment { secret: begun.secret.expose().to_owned(), uri: begun.uri.expose().to_owned(), handle: begun.handle.clone() }
}

fn authenticator_page(seat: &Seat, enrolment: Enrolment, error: Option<String>) -> AuthenticatorPage {
    AuthenticatorPage { frame: frame(seat, words::account::CHANGE_AUTHENTICATOR), enrolment, error }
}

/// `POST /account/authenticator`.
pub(super) async fn change_authenticator(seat: Seat) -> Answer {
    if !is_stepped_up(&seat) {
        return Ok(go(AUTHENTICATOR, None));
    }
    let handle = seat.fields.one("handle").unwrap_or_default();
    match seat.management().enrol_totp(&seat.signed_in, handle, &seat.fields.secret("code")).await {
        Ok(()) => Ok(go(ACCOUNT, Some("authenticator-changed"))),
        Err(error) => Ok(authenticator_again(&seat, &error)),
    }
}

/// The page with the secret that is already in somebody's authenticator program.
fn authenticator_again(seat: &Seat, error: &ManagementError) -> Response {
    let (status, mut why) = said(error);
    if matches!(error, ManagementError::Refused) {
        words::invitation::WRONG_CODE.clone_into(&mut why);
    }
    let field = |name| seat.fields.one(name).unwrap_or_default().to_owned();
    let enrolment = Enrolment { secret: field("secret"), uri: field("uri"), handle: field("handle") };
    (status, problem::secret(&authenticator_page(seat, enrolment, Some(why)))).into_response()
}
