//! Becoming a member: by the code that a new server printed, or by an invitation's link (rule S24). Looking at either changes nothing;
//! sending the form uses it up.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{Acceptance, AcceptanceMeans, InvitationView, ManagementError, NewSession, PasskeyAttestation};

use super::{Caller, said, session};
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Visit};
use crate::dashboard::views::{AcceptPage, CodePage, Enrolment};
use crate::dashboard::{AdminApp, problem, words};

/// `GET /invitation`: asks for a code.
pub(super) async fn ask(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    let frame = Frame::bare(words::invitation::CODE_TITLE, &Visit::of(&app, &headers, "/invitation"));
    problem::page(&CodePage { frame, error: None })
}

/// `POST /invitation`: a code that was typed.
pub(super) async fn look(
    State(app): State<AdminApp>,
    caller: Caller,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Response {
    view(&app, &caller, &headers, &fields.secret("token")).await
}

/// `GET /invitation/{token}`: a link that was followed.
pub(super) async fn show(
    State(app): State<AdminApp>,
    caller: Caller,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Response {
    view(&app, &caller, &headers, &SecretText::new(token)).await
}

async fn view(app: &AdminApp, caller: &Caller, headers: &HeaderMap, token: &SecretText) -> Response {
    let visit = Visit::of(app, headers, "/invitation");
    match app.management.view_invitation(token, caller.visitor()).await {
        Ok(view) => problem::secret(&AcceptPage::new(&visit, token, &view)),
        Err(error) => refused(&visit, &error),
    }
}

fn refused(visit: &Visit, error: &ManagementError) -> Response {
    let (status, mut words) = said(error);
    if matches!(error, ManagementError::Refused) {
        words::invitation::OVER.clone_into(&mut words);
    }
    let frame = Frame::bare(words::invitation::CODE_TITLE, visit);
    (status, problem::page(&CodePage { frame, error: Some(words) })).into_response()
}

/// `POST /invitation/accept`.
pub(super) async fn accept(
    State(app): State<AdminApp>,
    caller: Caller,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Response {
    let token = fields.secret("token");
    match try_accept(&app, &caller, &token, &fields).await {
        Ok(started) => session::begin(&app, &started.token, "/"),
        Err(error) => again(&app, &caller, &headers, (&token, &fields), &error).await,
    }
}

/// Accepts by passkey, where the browser made one, else by password and code.
async fn try_accept(
    app: &AdminApp,
    caller: &Caller,
    token: &SecretText,
    fields: &Fields,
) -> Result<NewSession, ManagementError> {
    let field = |name| fields.one(name).unwrap_or_default();
    let (password, code) = (fields.secret("password"), fields.secret("code"));
    let attestation = match field("passkey") {
        "" => None,
        answer => Some(PasskeyAttestation::parse(answer).map_err(|_| ManagementError::Refused)?),
    };
    let means = match &attestation {
        Some(attestation) => {
            AcceptanceMeans::Passkey { handle: field("passkey_handle"), attestation, name: words::passkey::FIRST }
        }
        None => AcceptanceMeans::Password { password: &password, handle: field("handle"), code: &code },
    };
    let acceptance = Acceptance { name: field("name"), email: fields.one("email"), means };
    app.management.accept_invitation(token, &acceptance, caller.visitor()).await
}

/// The form with what was typed, but for secrets, and what is wrong with it. The secret for codes stays the one that is already in
/// somebody's authenticator program.
async fn again(
    app: &AdminApp,
    caller: &Caller,
    headers: &HeaderMap,
    (token, fields): (&SecretText, &Fields),
    error: &ManagementError,
) -> Response {
    let visit = Visit::of(app, headers, "/invitation");
    let view: InvitationView = match app.management.view_invitation(token, caller.visitor()).await {
        Ok(view) => view,
        Err(error) => return refused(&visit, &error),
    };
    let (status, mut words) = said(error);
    if matches!(error, ManagementError::Refused) {
        words::invitation::WRONG_CODE.clone_into(&mut words);
    }
    let mut page = AcceptPage::new(&visit, token, &view);
    fields.one("name").unwrap_or_default().clone_into(&mut page.name);
    fields.one("email").unwrap_or_default().clone_into(&mut page.email);
    page.error = Some(words);
    if let (Some(secret), Some(uri), Some(handle)) = (fields.one("secret"), fields.one("uri"), fields.one("handle")) {
        page.enrolment = Enrolment { secret: secret.to_owned(), uri: uri.to_owned(), handle: handle.to_owned() };
    }
    (status, problem::secret(&page)).into_response()
}
